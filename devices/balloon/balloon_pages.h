/* SPDX-License-Identifier: MIT */
/*
 * Which pages of guest RAM are in a balloon, and what of them is given back to the host.
 *
 * The host backs memory in units (one page, or one huge page).  A unit goes back when the
 * balloon has all of its pages: at the page that completes it, once.  Neighbouring units are
 * given back in one go: balloon_pages_flush() ends such a run.
 */
#ifndef DEVICES_BALLOON_PAGES_H
#define DEVICES_BALLOON_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/dma/ram.h"

#define BALLOON_PAGE 4096u

struct balloon_pages {
	const struct ram *ram;
	uint64_t unit; /* bytes; a power of two, at least BALLOON_PAGE */
	int (*give_back)(void *ctx, void *host, uint64_t len);
	void *ctx;

	uint64_t *map; /* one bit a page number below nr: it is in the balloon */
	uint64_t nr;
	uint64_t held; /* bits set */
	uint8_t *run; /* [run, run + run_len) shall go back; run_len 0: nothing */
	uint64_t run_len;

	uint64_t refused, /* page numbers that made no sense */
		given_back, /* bytes */
		failed; /* calls of give_back */
};

/* The first four fields are set.  0 or -ENOMEM. */
int balloon_pages_init(struct balloon_pages *p);
void balloon_pages_fini(struct balloon_pages *p);

/* The page goes into the balloon, or comes out.  False: it is not RAM, or was there (was
 * not there) before. */
bool balloon_pages_add(struct balloon_pages *p, uint64_t pfn);
bool balloon_pages_remove(struct balloon_pages *p, uint64_t pfn);
/* The whole units in [host, host + len), which is guest RAM, without regard to pages. */
void balloon_pages_report(struct balloon_pages *p, uint8_t *host, uint64_t len);
void balloon_pages_flush(struct balloon_pages *p);
/* The balloon is empty. */
void balloon_pages_clear(struct balloon_pages *p);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The DMA checker: judges what devices do to guest memory, and what the guest's drivers ask
 * of its DMA API, against the set of mappings that are live.
 *
 * The guest tells it of every call (abi/dma_check.h), devices tell it of every access
 * (struct dma_witness).  Before an access is judged, all calls that came before it are taken
 * from the guest's rings.  With `hash` it also knows the bytes: see dma_check_owner.h.
 *
 * A finding is reported once for each call chain that leads to it, and counted each time.
 * Without a guest that tells, nothing is judged.
 *
 * All of it under the lock of host.h.
 */
#ifndef VMM_DMA_CHECK_H
#define VMM_DMA_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "devices/dma/dma.h"
#include "devices/dma/ram.h"

struct dma_checker;

struct dma_checker_config {
	const struct ram *ram;
	bool hash; /* ownership is checked */
	/* The way to memory of the device at that endpoint; NULL: there is none.  May be NULL. */
	struct dma_port *(*port)(void *ctx, uint32_t endpoint);
	/* The code at a guest's address, as text. */
	void (*describe)(void *ctx, uint64_t pc, char *buf, size_t size);
	/* One line of a report; `information`: no fault, or one that the guest announced. */
	void (*say)(void *ctx, bool information, const char *line);
	void *ctx;
};

/* 0 or -ENOMEM. */
int dma_checker_create(const struct dma_checker_config *config, struct dma_checker **out);
/* No port may have it as its witness any more.  NULL is fine. */
void dma_checker_destroy(struct dma_checker *c);

/* For the ports of all devices. */
struct dma_witness *dma_checker_witness(struct dma_checker *c);
/* The guest wrote to PV_DMA_CHECK_PORT. */
void dma_checker_write(struct dma_checker *c, uint32_t value);
/* The guest starts again: what it told is forgotten, what was found is not. */
void dma_checker_reset(struct dma_checker *c);
/* Takes what the guest has still told: at the end of a run. */
void dma_checker_settle(struct dma_checker *c);

/* Findings that are faults and were not provoked. */
uint64_t dma_checker_unexpected(const struct dma_checker *c);
/* Says, as information, what is mapped now: a line for each device and call site. */
void dma_checker_say_mapped(struct dma_checker *c);
/* Counts, findings with their call chains, and what is mapped now by call site. */
json_t *dma_checker_report(struct dma_checker *c);

#endif

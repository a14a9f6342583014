/* SPDX-License-Identifier: MIT */
/* Uses of page frames in pictures: their order, names and colours. */
#ifndef VMM_REPORT_KINDS_H
#define VMM_REPORT_KINDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "vmm/memstate/memstate.h"

/* The kind of that name; FRAME_NONE for an unknown one. */
enum frame_kind report_kind(const char *name);
/* What people call it. */
const char *report_kind_title(enum frame_kind kind);
/* Its class in the style of the page: "k-slab". */
const char *report_kind_class(unsigned int kind);
bool report_kind_is_free(enum frame_kind kind);
/* The kinds that the letters of a sample's map stand for. */
struct report_key {
	enum frame_kind kind[128];
};

void report_key_read(struct report_key *key, const json_t *samples);
enum frame_kind report_key_kind(const struct report_key *key, char letter);

/* The legend of the kinds that are marked. */
void report_kind_legend(FILE *f, const bool used[FRAME_KINDS]);

#endif

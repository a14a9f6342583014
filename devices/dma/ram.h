/* SPDX-License-Identifier: MIT */
/*
 * Guest RAM: a few regions of guest-physical addresses, each backed by one range of host
 * memory.  Every guest address becomes a host pointer here and nowhere else.
 */
#ifndef DEVICES_RAM_H
#define DEVICES_RAM_H

#include <stdint.h>

#define RAM_MAX_REGIONS 8

struct ram_region {
	uint64_t gpa;
	uint64_t size;
	uint8_t *host;
};

/* Zeroed is empty.  Regions are sorted by gpa, none is empty, wraps or overlaps another. */
struct ram {
	unsigned int nr;
	struct ram_region region[RAM_MAX_REGIONS];
};

/* 0; -EINVAL: size 0, no host pointer or past 2^64; -EEXIST: overlap; -ENOSPC. */
int ram_add(struct ram *ram, uint64_t gpa, uint64_t size, void *host);

/*
 * The host's pointer to [gpa, gpa + len), or NULL when not all of it is inside one region
 * or len is 0.  Any gpa and len are allowed.
 */
void *ram_at(const struct ram *ram, uint64_t gpa, uint64_t len);

/*
 * How many bytes from gpa on are contiguous for the host, 0 when gpa is no RAM; the pointer
 * goes to *host (when not NULL).
 */
uint64_t ram_span(const struct ram *ram, uint64_t gpa, void **host);

/*
 * How many bytes of [gpa, gpa + len), which lie in one region, the host has given memory to;
 * looks without touching.  0 where the host does not say.
 */
uint64_t ram_resident(const struct ram *ram, uint64_t gpa, uint64_t len);

/* Bytes in all regions. */
uint64_t ram_size(const struct ram *ram);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Seeds of a device on a virtqueue: for one of its requests, what a driver may do around it.
 * An action is its number and what it reads: see chaos_driver.c.
 */
#include <string.h>

#include "tests/fuzz/lib/chaos.h"

struct script {
	uint8_t flags;
	uint8_t nr;
	uint8_t bytes[40];
};

#define HERE 0xee /* the request stands here */

static const struct script scripts[CHAOS_SEEDS] = {
	{ 0, 4, { CHAOS_REQUEST, HERE, CHAOS_KICK, 0 } },
	{ 0, 4, { CHAOS_REQUEST, HERE, CHAOS_KICK, 1 } },
	{ CHAOS_F_BEHIND, 4, { CHAOS_REQUEST, HERE, CHAOS_KICK, 0 } },
	{ CHAOS_F_NO_BELLS,
	  6,
	  { CHAOS_REQUEST, HERE, CHAOS_REQUEST, HERE, CHAOS_KICK, 0 } },
	/* A device reset, a queue reset with the request in flight. */
	{ 0,
	  9,
	  { CHAOS_REQUEST, HERE, CHAOS_KICK, 0, CHAOS_RESTART, 1, CHAOS_POLL, CHAOS_KICK,
	    0 } },
	{ 0,
	  9,
	  { CHAOS_REQUEST, HERE, CHAOS_KICK, 0, CHAOS_QUEUE, 0, 1, CHAOS_KICK, 0 } },
	/* Paused, resumed. */
	{ 0, 8, { CHAOS_PAUSE, 1, CHAOS_REQUEST, HERE, CHAOS_KICK, 0, CHAOS_PAUSE, 0 } },
	/* The mapping goes away, comes back. */
	{ CHAOS_F_BEHIND,
	  10,
	  { CHAOS_REQUEST, HERE, CHAOS_KICK, 0, CHAOS_IOMMU, 4, 0, CHAOS_IOMMU, 0x1e,
	    0 } },
	{ CHAOS_F_BEHIND,
	  10,
	  { CHAOS_IOMMU, 0, 0, CHAOS_REQUEST, HERE, CHAOS_KICK, 0, CHAOS_IOMMU, 1, 0 } },
	/* Any chain: a readable, a writable piece; a head twice. */
	{ 0,
	  14,
	  { CHAOS_CHAIN, 0, 1, 2, 16, 0, 64, 0, 0x81, 1, CHAOS_HEAD, 0, 0, CHAOS_KICK } },
	/* One too far in the table. */
	{ 0,
	  13,
	  { CHAOS_DESCRIPTOR, 0, 0, 3, 0, 32, 0, CHAOS_QUEUE_SIZE, CHAOS_HEAD, 0, 0,
	    CHAOS_KICK, 0 } },
	/* With every fault on request; late and out of order, and a reset meanwhile. */
	{ CHAOS_F_INJECT,
	  9,
	  { 0xff, 1, CHAOS_REQUEST, HERE, CHAOS_KICK, 0, CHAOS_POLL, CHAOS_KICK, 0 } },
	{ CHAOS_F_INJECT,
	  12,
	  { 0x0c, 0, CHAOS_REQUEST, HERE, CHAOS_REQUEST, HERE, CHAOS_KICK, 0,
	    CHAOS_RESTART, 0, CHAOS_KICK, 0 } },
	/* The machine starts again; registers, configuration, interrupts. */
	{ 0,
	  24,
	  { CHAOS_REQUEST,
	    HERE,
	    CHAOS_RESET,
	    0,
	    CHAOS_REGISTER,
	    0x14,
	    0,
	    0,
	    0,
	    CHAOS_CONFIG,
	    0,
	    2,
	    CHAOS_MSIX,
	    12,
	    7,
	    1,
	    0,
	    0,
	    0,
	    CHAOS_EVENT,
	    3,
	    CHAOS_KICK,
	    0,
	    CHAOS_POLL } },
};

size_t chaos_seed(unsigned int n, uint8_t *buf, size_t size, const void *request,
		  size_t len)
{
	const struct script *s = &scripts[n % CHAOS_SEEDS];
	struct fuzz_out out = { buf, size };

	fuzz_put(&out, s->flags, 1);
	fuzz_put(&out, n / CHAOS_SEEDS, 1);
	for (unsigned int i = 0; i < s->nr; i++) {
		if (s->bytes[i] == HERE) {
			/* Its queue, too. */
			fuzz_put_bytes(&out, request, len);
			continue;
		}
		fuzz_put(&out, s->bytes[i], 1);
	}
	return size - out.left;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "tests/unit/vmm/trace_guest.h"

struct trace_area *trace_guest_area(struct trace_guest *g)
{
	return (struct trace_area *)&g->ram[TRACE_GUEST_AREA];
}

void trace_guest_init(struct trace_guest *g, unsigned int nr, unsigned int records)
{
	uint32_t bytes = records * (uint32_t)sizeof(struct trace_record);

	memset(g, 0, sizeof(*g));
	*trace_guest_area(g) = (struct trace_area){
		.magic = TRACE_MAGIC,
		.version = TRACE_VERSION,
		.size = sizeof(struct trace_area),
		.nr_rings = nr,
		.ring_bytes = bytes,
		.rings = TRACE_GUEST_RINGS,
		.stride = sizeof(struct trace_ring) + bytes +
			  records * sizeof(struct trace_chain),
	};
}

static uint8_t *at(struct trace_guest *g, unsigned int ring, uint64_t offset)
{
	return &g->ram[TRACE_GUEST_RINGS + ring * trace_guest_area(g)->stride + offset];
}

struct trace_ring *trace_guest_ring(struct trace_guest *g, unsigned int ring)
{
	return (struct trace_ring *)at(g, ring, 0);
}

struct trace_record *trace_guest_record(struct trace_guest *g, unsigned int ring,
					uint64_t place)
{
	uint64_t offset = place % trace_guest_area(g)->ring_bytes;

	return (struct trace_record *)at(g, ring, sizeof(struct trace_ring) + offset);
}

struct trace_chain *trace_guest_chain(struct trace_guest *g, unsigned int ring,
				      uint64_t place)
{
	uint64_t bytes = trace_guest_area(g)->ring_bytes;
	uint64_t number = place % bytes / sizeof(struct trace_record);

	return (struct trace_chain *)at(g, ring,
					sizeof(struct trace_ring) + bytes +
						number * sizeof(struct trace_chain));
}

uint64_t trace_guest_begin(struct trace_guest *g, unsigned int ring)
{
	/* Whatever was written over it: a place is a multiple. */
	uint64_t place = trace_guest_ring(g, ring)->head &
			 ~(uint64_t)(sizeof(struct trace_record) - 1);

	trace_guest_ring(g, ring)->head = place + sizeof(struct trace_record);
	return place;
}

void trace_guest_finish(struct trace_guest *g, unsigned int ring, uint64_t place,
			unsigned int id, uint64_t value)
{
	struct trace_record *r = trace_guest_record(g, ring, place);

	r->tsc = value;
	r->site = value;
	for (unsigned int i = 0; i < 5; i++)
		r->arg[i] = value;
	r->head = place | id;
}

void trace_guest_write(struct trace_guest *g, unsigned int ring, unsigned int id,
		       uint64_t value)
{
	trace_guest_finish(g, ring, trace_guest_begin(g, ring), id, value);
}

static void write_segments(struct trace_guest *g, unsigned int ring, uint64_t place,
			   unsigned int first, unsigned int n)
{
	struct trace_segments more = { .head = place | TRACE_SEGMENTS };

	for (unsigned int i = 0; i < TRACE_SEGMENTS_EACH && first + i < n; i++)
		more.segment[i] = (struct trace_segment){
			.phys_addr = 4096ull * (first + i + 1),
			.dma_addr = 8192ull * (first + i + 1),
			.length = first + i + 1,
		};
	memcpy(trace_guest_record(g, ring, place), &more, sizeof(more));
}

uint64_t trace_guest_write_list(struct trace_guest *g, unsigned int ring,
				unsigned int nents, unsigned int n)
{
	uint64_t place = trace_guest_begin(g, ring);
	struct trace_record *r = trace_guest_record(g, ring, place);
	unsigned int follow = 0;

	for (unsigned int i = 0; i < n; i += TRACE_SEGMENTS_EACH, follow++)
		write_segments(g, ring, trace_guest_begin(g, ring), i, n);
	*r = (struct trace_record){
		.head = place | TRACE_DMA_MAP_SG,
		.tsc = nents,
		.arg = { 0x18 | 2ull << 32, nents | (uint64_t)nents << 32, 0x120, 4096,
			 follow },
	};
	return place;
}

static int read_ram(void *arg, uint64_t gpa, void *buf, size_t len)
{
	struct trace_guest *g = arg;

	/* It runs in the middle of a copy, too: in another place each time. */
	size_t first = len > 8 ? g->reads * 24u % len & ~(size_t)7 : 0;

	g->reads++;
	if (gpa > TRACE_GUEST_RAM || len > TRACE_GUEST_RAM - gpa)
		return -EFAULT;
	memcpy(buf, &g->ram[gpa], first);
	if (g->meanwhile)
		g->meanwhile(g);
	memcpy((uint8_t *)buf + first, &g->ram[gpa + first], len - first);
	return 0;
}

struct trace_source trace_guest_source(struct trace_guest *g)
{
	return (struct trace_source){ read_ram, g };
}

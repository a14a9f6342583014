/* SPDX-License-Identifier: MIT */
/*
 * The reader of memory events (vmm/trace/trace_reader.h).  The guest is that of the unit
 * tests; the input is what it does: an area and rings to begin with, then, before each read
 * of the reader, some bytes of its memory written:
 *
 *	rings, records	1 byte each
 *	writes		offset 2 bytes, value 8 bytes; or an event done properly
 *
 * Whatever it does, an event that is told is one that there is, all are counted, and a poll
 * reads no more than the rings hold.
 */
#include <string.h>

#include "tests/fuzz/lib/fuzz.h"
#include "tests/unit/vmm/trace_guest.h"
#include "vmm/trace/trace_format.h"

#define POLLS 16
#define READS_MAX \
	4096u /* of one poll: heads, records and chains of at most four small rings */

static struct trace_guest guest;
static struct fuzz *input;
static uint64_t told;

/* A list's entries follow it in records of their own. */
static void write_event(struct trace_guest *g, unsigned int ring, uint8_t how)
{
	unsigned int id = how >> 3;

	if (id == TRACE_DMA_MAP_SG)
		trace_guest_write_list(g, ring, how & 6, how & 6);
	else
		trace_guest_write(g, ring, id, how);
}

static void write_some(struct trace_guest *g)
{
	unsigned int n = input->left ? fuzz_below(input, 4) : 0;

	while (n--) {
		uint8_t how = fuzz_u8(input);

		if (how & 1) {
			uint64_t value = fuzz_u64(input);
			uint16_t offset = fuzz_u16(input);

			memcpy(&g->ram[offset & ~7u], &value, sizeof(value));
		} else if (g->ctx) {
			/* The area's own numbers may be anything by now: those of the start. */
			struct trace_guest *start = g->ctx;
			struct trace_area area = *trace_guest_area(g);

			*trace_guest_area(g) = *trace_guest_area(start);
			write_event(g, how % trace_guest_area(g)->nr_rings, how);
			*trace_guest_area(g) = area;
		}
	}
}

static void judge(void *arg, const struct trace_event *event, uint64_t lost)
{
	struct trace_names names = { .state = NULL };
	struct trace_values values;
	struct trace_entry entry = { event, &values, event->tsc, lost };
	static const struct trace_setting setting = { .guest = "it" };
	static uint8_t raw[TRACE_RAW_MAX];
	static char text[TRACE_TEXT_MAX];

	(void)arg;
	FUZZ_CHECK(event->id && event->id < TRACE_IDS);
	FUZZ_CHECK(event->cpu < TRACE_RINGS_MAX && event->depth <= TRACE_CHAIN_MAX);
	trace_values(event, &names, &values);
	trace_describe(&entry, &setting, text, sizeof(text));
	FUZZ_CHECK(strlen(text) < sizeof(text) - 1);
	FUZZ_CHECK(event->nr_segments <= TRACE_SEGMENTS_MAX);
	FUZZ_CHECK(trace_lay_out(&entry, 1, raw) <= sizeof(raw));
	told++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trace_guest start;
	struct fuzz f = { data, size };
	struct trace_source source;
	struct trace_reader reader;
	struct error err;

	trace_guest_init(&guest, 1 + fuzz_below(&f, 4), 1u << fuzz_below(&f, 5));
	start = guest;
	guest.ctx = &start;
	input = &f;
	told = 0;
	guest.meanwhile = write_some;
	source = trace_guest_source(&guest);
	if (trace_reader_open(&reader, &source, TRACE_GUEST_AREA, true, &err))
		return 0;
	for (unsigned int i = 0; i < POLLS; i++) {
		unsigned int before = guest.reads;

		trace_reader_poll(&reader, judge, NULL, &err);
		FUZZ_CHECK(guest.reads - before < READS_MAX);
	}
	FUZZ_CHECK(reader.counts.events == told);
	trace_reader_close(&reader);
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	struct fuzz_out out = { buf, size };

	if (n > 2)
		return 0;
	fuzz_put(&out, n, 1);
	fuzz_put(&out, 2 + n, 1);
	for (unsigned int i = 0; i < 40; i++) {
		fuzz_put(&out, 1, 1);
		fuzz_put(&out, i << 3 & 0xf8, 1);
	}
	return size - out.left;
}

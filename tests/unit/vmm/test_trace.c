/* SPDX-License-Identifier: MIT */
/*
 * The reader of memory events: against a guest that writes properly, at any moment of the
 * reading; and against one that writes whatever it likes (39 of the hostile cases).  And
 * which events are wanted.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/vmm/trace_guest.h"
#include "vmm/trace/trace_session.h"

#define RECORDS 8u

static struct trace_guest guest;
static struct trace_reader reader;
static struct error err;

/* What came: values in order, and how many were lost before. */
static struct {
	uint64_t value[4096], lost;
	unsigned int n, cpu[4096], depth[4096];
	unsigned int lists, segments; /* of the last list */
} got;

/* The entries of a list come as trace_guest_write_list() wrote them. */
static void note_list(const struct trace_event *event)
{
	for (unsigned int i = 0; i < event->nr_segments; i++) {
		const struct trace_segment *s = &event->segments[i];

		/* The last record may have room for one more. */
		if (i + 1 == event->nr_segments && !s->phys_addr)
			break;
		assert_int_equal(s->phys_addr, 4096 * (i + 1));
		assert_int_equal(s->dma_addr, 8192 * (i + 1));
		assert_int_equal(s->length, i + 1);
	}
	got.lists++;
	got.segments = event->nr_segments;
}

static void note(void *arg, const struct trace_event *event, uint64_t lost)
{
	(void)arg;
	if (event->id == TRACE_DMA_MAP_SG) {
		note_list(event);
		return;
	}
	assert_int_equal(event->nr_segments, 0);
	/* A record is of one piece, whoever wrote when. */
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(event->arg[i], event->tsc);
	assert_int_equal(event->site, event->tsc);
	assert_in_range(event->id, 1, TRACE_IDS - 1);
	assert_true(got.n < 4096);
	got.value[got.n] = event->tsc;
	got.depth[got.n] = event->depth;
	got.cpu[got.n++] = event->cpu;
	got.lost += lost;
}

static int poll_once(void)
{
	return trace_reader_poll(&reader, note, NULL, &err);
}

static int open_guest(bool all)
{
	struct trace_source source = trace_guest_source(&guest);

	return trace_reader_open(&reader, &source, TRACE_GUEST_AREA, all, &err);
}

static int setup(void **state)
{
	(void)state;
	trace_guest_init(&guest, 2, RECORDS);
	memset(&got, 0, sizeof(got));
	return open_guest(true);
}

static int teardown(void **state)
{
	(void)state;
	trace_reader_close(&reader);
	return 0;
}

static void in_order_and_once(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		trace_guest_write(&guest, 0, TRACE_KFREE, i);
		if (i % 5 == 4)
			assert_int_equal(poll_once(), 0);
	}
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.n, 100);
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(got.value[i], i);
	assert_int_equal(reader.counts.lost, 0);
	assert_int_equal(reader.counts.events, 100);
}

static void what_was_before_is_asked_for(void **state)
{
	(void)state;
	trace_guest_write(&guest, 1, TRACE_KFREE, 7);
	trace_reader_close(&reader);
	assert_int_equal(open_guest(false), 0);
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.n, 0);
	trace_reader_close(&reader);
	assert_int_equal(open_guest(true), 0);
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.n, 1);
	assert_int_equal(got.cpu[0], 1);
}

static void what_was_overwritten_is_lost(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 3 * RECORDS + 2; i++)
		trace_guest_write(&guest, 0, TRACE_KFREE, i);
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.n, RECORDS);
	assert_int_equal(got.value[0], 2 * RECORDS + 2);
	assert_int_equal(got.lost, 2 * RECORDS + 2);
	assert_int_equal(reader.counts.lost, 2 * RECORDS + 2);
}

static void one_not_done_holds_up_those_behind(void **state)
{
	uint64_t place;

	(void)state;
	trace_guest_write(&guest, 0, TRACE_KFREE, 1);
	place = trace_guest_begin(&guest, 0);
	trace_guest_write(&guest, 0, TRACE_KFREE, 3);
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.n, 1);
	trace_guest_finish(&guest, 0, place, TRACE_KFREE, 2);
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.n, 3);
	assert_int_equal(got.value[1], 2);
	/* One that is never done is lost with the next round. */
	trace_guest_begin(&guest, 0);
	for (uint64_t i = 0; i < RECORDS; i++)
		trace_guest_write(&guest, 0, TRACE_KFREE, 10 + i);
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.n, 3 + RECORDS);
	assert_int_equal(got.lost, 1);
}

static void chains(void **state)
{
	uint64_t place = trace_guest_begin(&guest, 0);

	(void)state;
	for (unsigned int i = 0; i < TRACE_CHAIN_MAX; i++)
		trace_guest_chain(&guest, 0, place)->pc[i] = i + 1;
	trace_guest_finish(&guest, 0, place, TRACE_KFREE | TRACE_HAS_CHAIN, 1);
	place = trace_guest_begin(&guest, 0);
	trace_guest_chain(&guest, 0, place)->pc[0] = 5;
	trace_guest_finish(&guest, 0, place, TRACE_KFREE | TRACE_HAS_CHAIN, 2);
	place = trace_guest_begin(&guest, 0);
	trace_guest_chain(&guest, 0, place)->pc[0] = 5;
	trace_guest_finish(&guest, 0, place, TRACE_KFREE, 3);
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.depth[0], TRACE_CHAIN_MAX);
	assert_int_equal(got.depth[1], 1);
	assert_int_equal(got.depth[2], 0);
}

/* --- events that are longer than a record ------------------------------------------------ */

static void lists_come_whole(void **state)
{
	static const unsigned int entries[] = { 0, 1, 2, 3, 6 };

	(void)state;
	/* Eight records: some lie across the end of the ring. */
	for (unsigned int i = 0; i < 100; i++) {
		unsigned int n = entries[i % 5];

		trace_guest_write_list(&guest, 0, n, n);
		trace_guest_write(&guest, 0, TRACE_KFREE, i);
		assert_int_equal(poll_once(), 0);
		assert_int_equal(got.lists, i + 1);
		assert_int_equal(got.segments, (n + 1) / 2 * 2);
		assert_int_equal(got.n, i + 1);
	}
	assert_int_equal(reader.counts.events, 200);
	assert_int_equal(reader.counts.lost + reader.counts.wrong, 0);
}

/* More than one batch of records, with the longest events anywhere in them. */
static void lists_lie_across_batches(void **state)
{
	(void)state;
	trace_reader_close(&reader);
	trace_guest_init(&guest, 1, 1024);
	assert_int_equal(open_guest(true), 0);
	for (unsigned int round = 0; round < 40; round++) {
		for (unsigned int i = 0; i < 13; i++) {
			trace_guest_write_list(&guest, 0, 200, TRACE_SEGMENTS_MAX);
			trace_guest_write(&guest, 0, TRACE_KFREE, i);
		}
		assert_int_equal(poll_once(), 0);
		assert_int_equal(got.lists, 13 * (round + 1));
		assert_int_equal(got.segments, TRACE_SEGMENTS_MAX);
	}
	assert_int_equal(reader.counts.lost + reader.counts.wrong, 0);
}

static void a_list_that_is_not_done_waits(void **state)
{
	uint64_t place = trace_guest_write_list(&guest, 0, 4, 4);
	struct trace_record *last = trace_guest_record(&guest, 0, place + 128);
	uint64_t head = last->head;

	(void)state;
	trace_guest_write(&guest, 0, TRACE_KFREE, 1);
	last->head = 0;
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.lists + got.n, 0);
	last->head = head;
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.lists, 1);
	assert_int_equal(got.n, 1);
}

/* Its first record is gone: so is all of it, though others of its records are still there. */
static void a_list_half_overwritten_is_lost(void **state)
{
	(void)state;
	trace_guest_write_list(&guest, 0, 12, 12);
	for (uint64_t i = 0; i < 3; i++)
		trace_guest_write(&guest, 0, TRACE_KFREE, i);
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.lists, 0);
	assert_int_equal(got.n, 3);
	assert_int_equal(got.lost, 7);
}

static void lists_that_lie(void **state)
{
	struct trace_record *r;
	uint64_t place;

	(void)state;
	/* More than there are, than there can be, and than any number. */
	for (uint64_t follow = 3; follow; follow <<= 31) {
		place = trace_guest_write_list(&guest, 0, 2, 2);
		trace_guest_record(&guest, 0, place)->arg[4] = follow;
		assert_int_equal(poll_once(), 0);
		assert_int_equal(got.lists, 0);
	}
	assert_int_equal(reader.counts.wrong, 3);
	assert_int_equal(reader.counts.lost, 3);
	/* What follows is something else. */
	place = trace_guest_write_list(&guest, 0, 4, 4);
	r = trace_guest_record(&guest, 0, place + 64);
	r->head = (place + 64) | TRACE_KFREE;
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.lists + got.n, 0);
	assert_int_equal(reader.counts.wrong, 4);
}

/* --- a guest that runs meanwhile ---------------------------------------------------------- */

static uint64_t written; /* by ring 0 */

/* Some events before each read, now and then more than a ring holds; every event's value is
 * its number, so that torn ones show. */
static void run_a_bit(struct trace_guest *g)
{
	unsigned int n = (unsigned int)rand() % 4;

	if (rand() % 16 == 0)
		n += RECORDS + (unsigned int)rand() % RECORDS;
	while (n--)
		trace_guest_write(g, 0, TRACE_KFREE, written++);
}

static void every_event_is_got_or_counted(void **state)
{
	uint64_t next = 0;

	(void)state;
	srand(1);
	written = 0;
	guest.meanwhile = run_a_bit;
	for (unsigned int i = 0; i < 500; i++)
		assert_int_equal(poll_once(), 0);
	guest.meanwhile = NULL;
	assert_int_equal(poll_once(), 0);
	for (unsigned int i = 0; i < got.n; i++) {
		assert_true(got.value[i] >= next);
		next = got.value[i] + 1;
	}
	assert_int_equal(next, written);
	assert_int_equal(got.n + reader.counts.lost, written);
	/* But for those behind the last event. */
	assert_int_equal(got.lost + reader.untold[0], reader.counts.lost);
	assert_true(got.n > 100 && got.lost > 100);
}

static void flood(struct trace_guest *g)
{
	for (unsigned int i = 0; i < RECORDS; i++)
		trace_guest_write(g, 0, TRACE_KFREE, 0);
}

static void a_flood_ends_no_poll_late(void **state)
{
	(void)state;
	guest.meanwhile = flood;
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(poll_once(), 0);
	/* A poll of two rings reads a head, a batch or two, chains, and heads again. */
	assert_true(guest.reads < 10 * 2 * (4 * RECORDS));
}

/* --- a guest that lies ------------------------------------------------------------------- */

static void areas_that_make_no_sense(void **state)
{
	struct trace_area good = *trace_guest_area(&guest);
	const struct {
		size_t offset, size;
		uint64_t value;
		int error;
	} bad[] = {
		{ offsetof(struct trace_area, magic), 8, 0, -EBADMSG },
		{ offsetof(struct trace_area, version), 4, 9, -EBADMSG },
		{ offsetof(struct trace_area, size), 4, 64, -EBADMSG },
		{ offsetof(struct trace_area, nr_rings), 4, 0, -EAGAIN },
		{ offsetof(struct trace_area, nr_rings), 4, 257, -EBADMSG },
		{ offsetof(struct trace_area, nr_rings), 4, UINT32_MAX, -EBADMSG },
		{ offsetof(struct trace_area, nr_rings), 4, 256, -EBADMSG },
		{ offsetof(struct trace_area, ring_bytes), 4, 0, -EBADMSG },
		{ offsetof(struct trace_area, ring_bytes), 4, 32, -EBADMSG },
		{ offsetof(struct trace_area, ring_bytes), 4, 513, -EBADMSG },
		{ offsetof(struct trace_area, ring_bytes), 4, 1u << 27, -EBADMSG },
		{ offsetof(struct trace_area, ring_bytes), 4, 1u << 31, -EBADMSG },
		{ offsetof(struct trace_area, rings), 8, TRACE_GUEST_RAM, -EBADMSG },
		{ offsetof(struct trace_area, rings), 8, UINT64_MAX - 8, -EBADMSG },
		{ offsetof(struct trace_area, stride), 8, 0, -EBADMSG },
		{ offsetof(struct trace_area, stride), 8, 64, -EBADMSG },
		{ offsetof(struct trace_area, stride), 8, UINT64_MAX, -EBADMSG },
		{ offsetof(struct trace_area, stride), 8, 1ull << 63, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		trace_reader_close(&reader);
		memcpy((uint8_t *)trace_guest_area(&guest) + bad[i].offset, &bad[i].value,
		       bad[i].size);
		err.text[0] = '\0';
		assert_int_equal(open_guest(true), bad[i].error);
		assert_true(err.text[0]);
		*trace_guest_area(&guest) = good;
	}
}

static void heads_that_make_no_sense(void **state)
{
	static const uint64_t heads[] = { 1, 63, 65, UINT64_MAX, UINT64_MAX - 63 };

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		trace_guest_write(&guest, 0, TRACE_KFREE, 1);
		poll_once();
		trace_guest_ring(&guest, 0)->head = heads[i];
		poll_once();
		assert_int_equal(trace_guest_ring(&guest, 0)->head, heads[i]);
		/* From 0 again it is backwards: said at most once, then followed. */
		trace_guest_ring(&guest, 0)->head = 0;
		poll_once();
		assert_int_equal(poll_once(), 0);
		got.n = 0;
		trace_guest_write(&guest, 0, TRACE_KFREE, 42);
		assert_int_equal(poll_once(), 0);
		assert_int_equal(got.n, 1);
		assert_int_equal(got.value[0], 42);
	}
}

static void records_that_make_no_sense(void **state)
{
	uint64_t place;

	(void)state;
	/* A number that no event has. */
	trace_guest_write(&guest, 0, TRACE_IDS, 1);
	trace_guest_write(&guest, 0, TRACE_SEGMENTS - 1, 1);
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.n, 0);
	assert_int_equal(reader.counts.wrong, 2);
	/* A place that is another's: as if not done, until it is overtaken. */
	place = trace_guest_begin(&guest, 0);
	trace_guest_finish(&guest, 0, place, TRACE_KFREE, 1);
	trace_guest_record(&guest, 0, place)->head += 1ull << 40;
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.n, 0);
	for (unsigned int i = 0; i < RECORDS; i++)
		trace_guest_write(&guest, 0, TRACE_KFREE, i);
	assert_int_equal(poll_once(), 0);
	assert_int_equal(got.n, RECORDS);
	assert_int_equal(got.lost, 1);
}

static void scribble(struct trace_guest *g)
{
	for (unsigned int i = 0; i < 16; i++)
		g->ram[TRACE_GUEST_RINGS + (unsigned int)rand() % 0x2000] =
			(uint8_t)rand();
}

static void note_anything(void *arg, const struct trace_event *event, uint64_t lost)
{
	struct trace_names names = { .state = NULL };
	struct trace_values values;

	(void)arg;
	(void)lost;
	assert_in_range(event->id, 1, TRACE_IDS - 1);
	assert_in_range(event->depth, 0, TRACE_CHAIN_MAX);
	trace_values(event, &names, &values);
}

static void anything_at_any_moment(void **state)
{
	(void)state;
	srand(2);
	guest.meanwhile = scribble;
	for (unsigned int i = 0; i < 20000; i++)
		trace_reader_poll(&reader, note_anything, NULL, &err);
}

/* --- what is wanted ---------------------------------------------------------------------- */

static void events_by_name(void **state)
{
	static const char *const bad[] = { "",	"chain",	  "kmalloc,nothing",
					   ",", "kmalloc,,kfree", "chain,chain" };
	uint8_t enable[TRACE_IDS_MAX];

	(void)state;
	assert_int_equal(trace_parse_events("kmem:k*,chain", enable, &err), 0);
	for (unsigned int id = 0; id < TRACE_IDS_MAX; id++)
		assert_int_equal(enable[id],
				 id >= TRACE_KMALLOC && id <= TRACE_KMEM_CACHE_FREE
					 ? TRACE_CHAIN
					 : TRACE_OFF);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(trace_parse_events(bad[i], enable, &err), -EINVAL);
}

static void filters(void **state)
{
	struct symbol functions[] = { { 0x1000, 0x2000, "alloc_it" },
				      { 0x2000, 0x3000, "main" } };
	struct symbols symbols = { 2, functions, NULL };
	struct trace_event e = { .id = TRACE_KMALLOC, .cpu = 1, .site = 0x1010 };
	struct trace_values v = { .bytes = 100 };
	struct trace_filter f = { .vcpu = TRACE_ANY_VCPU, .bytes_max = UINT64_MAX };

	(void)state;
	assert_false(trace_filter_passes(&f, &e, &v, &symbols));
	f.enable[TRACE_KMALLOC] = TRACE_PLAIN;
	assert_true(trace_filter_passes(&f, &e, &v, &symbols));
	f.vcpu = 0;
	assert_false(trace_filter_passes(&f, &e, &v, &symbols));
	f.vcpu = 1;
	f.bytes_min = 101;
	assert_false(trace_filter_passes(&f, &e, &v, &symbols));
	f.bytes_min = f.bytes_max = 100;
	assert_true(trace_filter_passes(&f, &e, &v, &symbols));
	v.bytes = 0; /* an event about no size */
	assert_false(trace_filter_passes(&f, &e, &v, &symbols));
	f.bytes_min = 0;
	f.bytes_max = UINT64_MAX;
	f.site = "alloc_*";
	assert_true(trace_filter_passes(&f, &e, &v, &symbols));
	f.site = "main";
	assert_false(trace_filter_passes(&f, &e, &v, &symbols));
	/* Where a call is the last instruction of its function it returns to the next one. */
	e.site = 0x3000;
	assert_true(trace_filter_passes(&f, &e, &v, &symbols));
	e.site = 0x1010;
	e.depth = 2;
	e.chain[0] = 0x1010;
	e.chain[1] = 0x2040;
	assert_true(trace_filter_passes(&f, &e, &v, &symbols));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_order_and_once),
		TEST(what_was_before_is_asked_for),
		TEST(what_was_overwritten_is_lost),
		TEST(one_not_done_holds_up_those_behind),
		TEST(chains),
		TEST(lists_come_whole),
		TEST(lists_lie_across_batches),
		TEST(a_list_that_is_not_done_waits),
		TEST(a_list_half_overwritten_is_lost),
		TEST(lists_that_lie),
		TEST(every_event_is_got_or_counted),
		TEST(a_flood_ends_no_poll_late),
		TEST(areas_that_make_no_sense),
		TEST(heads_that_make_no_sense),
		TEST(records_that_make_no_sense),
		TEST(anything_at_any_moment),
		cmocka_unit_test(events_by_name),
		cmocka_unit_test(filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The judgement of the DMA checker: each kind of finding, and what is no finding. */
#include <stdio.h>

#include "tests/unit/vmm/dma_judge.h"
#include "vmm/dma_check/dma_check_start.h"

#define A GUEST_FREE
#define B (GUEST_FREE + 0x1000u)

#define TO   DMA_CHECK_TO_DEVICE
#define FROM DMA_CHECK_FROM_DEVICE
#define BOTH DMA_CHECK_BIDIRECTIONAL

static uint8_t bytes[0x4000];

static void reads(uint64_t addr, uint64_t len)
{
	dma_read(&judge.disk, addr, bytes, len);
}

static void writes(uint64_t addr, uint64_t len)
{
	dma_write(&judge.disk, addr, bytes, len);
}

static void tell(uint8_t kind, uint64_t addr, uint64_t size, uint8_t dir)
{
	judge_tell(judge_call(kind, addr, size, dir, SITE_UNMAP));
}

static uint64_t last_site(void)
{
	return judge.guest.area->last_site;
}

/* --- accesses ------------------------------------------------------------------------------ */

static void what_is_mapped_may_be_used(void **state)
{
	(void)state;
	judge_map(A, 100, TO);
	reads(A, 100);
	reads(A + 99, 1);
	judge_unmap(A, 100, TO);
	judge_map(A, 100, FROM);
	writes(A, 100);
	judge_unmap(A, 100, FROM);
	judge_map(A, 100, BOTH);
	reads(A, 10);
	writes(A + 10, 90);
	judge_unmap(A, 100, BOTH);
	tell(DMA_CHECK_ALLOC, B, 0x1800, BOTH);
	reads(B, 0x1800);
	writes(B, 0x1800);
	tell(DMA_CHECK_FREE, B, 0x1800, BOTH);
	expect_nothing();
}

static void nothing_mapped_there(void **state)
{
	(void)state;
	reads(A, 8);
	expect_found(DMA_FOUND_OUTSIDE); /* of a device nobody told of */
	judge_map(B, 64, BOTH);
	reads(B - 1, 2);
	expect_found(DMA_FOUND_OUTSIDE);
	writes(B + 64, 1);
	expect_found(DMA_FOUND_OUTSIDE);
	assert_non_null(strstr(judge.said, "0 bytes behind the nearest mapping"));
	assert_int_equal(judge.guest.area->last_addr, B + 64);
	assert_int_equal(judge.guest.area->last_size, 1);
	/* Mapped for one device is not mapped for another. */
	dma_read(&judge.nic, B, bytes, 1);
	expect_found(DMA_FOUND_OUTSIDE);
	assert_int_equal(judge.guest.area->last_endpoint, NIC);
	judge_unmap(B, 64, BOTH);
}

static void past_the_end(void **state)
{
	(void)state;
	judge_map(A, 64, TO);
	reads(A, 65);
	expect_found(DMA_FOUND_PAST_END);
	assert_int_equal(last_site(), SITE_MAP);
	assert_non_null(strstr(judge.said, "disk0: access past the end of a mapping"));
	assert_non_null(strstr(judge.said, "mapped by map_it < driver"));
	/* Two mappings side by side are two. */
	judge_map(A + 64, 64, TO);
	reads(A + 60, 8);
	expect_found(DMA_FOUND_PAST_END);
	judge_unmap(A, 64, TO);
	judge_unmap(A + 64, 64, TO);
}

static void after_unmap(void **state)
{
	(void)state;
	judge_map(A, 64, FROM);
	judge_unmap(A, 64, FROM);
	writes(A + 8, 8);
	expect_found(DMA_FOUND_AFTER_UNMAP);
	assert_int_equal(last_site(), SITE_MAP);
	assert_non_null(strstr(judge.said, "unmapped by unmap_it < driver"));
	/* Mapped again, it is mapped. */
	judge_map(A, 64, FROM);
	writes(A + 8, 8);
	judge_unmap(A, 64, FROM);
	expect_nothing();
}

/* Who gave the device its work is named for what it does wrong, not for what a call does. */
static void who_started_it(void **state)
{
	json_t *report, *finding;

	(void)state;
	judge_tell(judge_call(DMA_CHECK_STARTED, 0, 0, 0, SITE_CALLER));
	judge_tell(judge_call(DMA_CHECK_STARTED, 0, 0, 0, SITE_START));
	judge_map(A, 64, TO);
	reads(A, 65);
	expect_found(DMA_FOUND_PAST_END);
	assert_int_equal(last_site(), SITE_MAP);
	assert_non_null(strstr(judge.said, "started by start_it < driver"));
	report = dma_checker_report(judge.checker);
	finding = json_array_get(json_object_get(report, "findings"), 0);
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(finding, "started_by"), 0)),
			    "start_it");
	json_decref(report);
	judge.said[0] = '\0';
	judge_unmap(A, 63, TO);
	expect_found(DMA_FOUND_UNMAP_SIZE);
	assert_null(strstr(judge.said, "started by"));
	/* Where nothing is mapped it is all that is known, and tells one place from another. */
	reads(B, 8);
	expect_found(DMA_FOUND_OUTSIDE);
	judge_tell(judge_call(DMA_CHECK_STARTED, 0, 0, 0, SITE_SYNC));
	reads(B, 8);
	expect_found(DMA_FOUND_OUTSIDE);
	assert_int_equal(last_site(), SITE_SYNC);
	assert_int_equal(judge.checker->nr_reports, 4);
	/* Of another device: not known. */
	judge.said[0] = '\0';
	dma_read(&judge.nic, B, bytes, 1);
	expect_found(DMA_FOUND_OUTSIDE);
	assert_null(strstr(judge.said, "started by"));
}

/* "disk0 reads B for the request": by whom was it started? */
static void expect_started(dma_request request, const char *by)
{
	char line[64];

	snprintf(line, sizeof(line), "started by %s", by);
	judge.said[0] = '\0';
	judge.disk.request = request;
	reads(B, 8);
	expect_found(DMA_FOUND_OUTSIDE);
	if (by[0] ? !strstr(judge.said, line) : !!strstr(judge.said, line))
		fail_msg("request %#x: not \"%s\": %s", request, line, judge.said);
	judge.checker->nr_reports = 0; /* so that the next one is said, too */
}

static void start(uint64_t queue, uint16_t first, uint16_t nr, uint64_t site)
{
	struct dma_check_entry e = judge_call(DMA_CHECK_STARTED, queue, nr, 0, site);

	e.phys = first;
	judge_tell(e);
}

/* Several queues, several requests for one doorbell, and doorbells since. */
static void who_started_that_request(void **state)
{
	(void)state;
	expect_started(dma_request_of(0, 0), "");
	start(0, 0xfffe, 3, SITE_MAP); /* 0xfffe, 0xffff, 0 */
	start(1, 0, 1, SITE_UNMAP);
	start(0, 1, 1, SITE_SYNC);
	start(0, 2, 0, SITE_START);
	expect_started(DMA_NO_REQUEST, "start_it");
	expect_started(dma_request_of(0, 0xfffd), "");
	expect_started(dma_request_of(0, 0xfffe), "map_it");
	expect_started(dma_request_of(0, 0xffff), "map_it");
	expect_started(dma_request_of(0, 0), "map_it");
	expect_started(dma_request_of(0, 1), "sync_it");
	expect_started(dma_request_of(0, 2), "");
	expect_started(dma_request_of(1, 0), "unmap_it");
	expect_started(dma_request_of(1, 1), "");
	expect_started(dma_request_of(2, 0), "");
	/* The queue was reset: the numbers come again. */
	start(0, 0, 2, SITE_CALLER);
	expect_started(dma_request_of(0, 0), "driver");
	expect_started(dma_request_of(0, 1), "driver");
	expect_started(dma_request_of(0, 0xffff), "map_it");
	/* What was long ago is forgotten, and nothing else takes its place. */
	for (unsigned int i = 0; i < DMA_STARTS_MAX; i++)
		start(1, (uint16_t)i, 1, SITE_START);
	expect_started(dma_request_of(0, 0), "");
	expect_started(dma_request_of(1, 0), "start_it");
}

static void against_the_direction(void **state)
{
	(void)state;
	judge_map(A, 64, TO);
	writes(A, 1);
	expect_found(DMA_FOUND_DIRECTION);
	judge_unmap(A, 64, TO);
	judge_map(A, 64, FROM);
	reads(A, 1);
	expect_found(DMA_FOUND_DIRECTION);
	/* A second mapping that allows it makes it right. */
	judge_map(A, 64, TO);
	reads(A, 1);
	expect_nothing();
	judge_unmap(A, 64, TO);
	judge_unmap(A, 64, FROM);
}

/* What RAM does not have is judged as well: the fault is the port's business. */
static void a_fault_is_judged_too(void **state)
{
	(void)state;
	assert_int_equal(dma_read(&judge.disk, GUEST_RAM + 5, bytes, 1), -EFAULT);
	expect_found(DMA_FOUND_OUTSIDE);
	judge_map(GUEST_RAM - 8, 64, TO);
	assert_int_equal(dma_read(&judge.disk, GUEST_RAM - 8, bytes, 64), -EFAULT);
	expect_nothing();
	judge_unmap(GUEST_RAM - 8, 64, TO);
}

static void before_the_guest_speaks(void **state)
{
	(void)state;
	dma_checker_reset(judge.checker);
	reads(A, 8);
	assert_int_equal(judge.checker->accesses, 0);
	assert_int_equal(dma_checker_unexpected(judge.checker), 0);
}

/* --- rings and transfers in flight ---------------------------------------------------------- */

static void a_queue_in_freed_memory(void **state)
{
	struct dma_window w = { 0 };

	(void)state;
	tell(DMA_CHECK_ALLOC, A, 0x1000, BOTH);
	dma_window_open(&w, &judge.disk, A, 0x100, DMA_WRITE);
	dma_window_refresh(&w);
	expect_nothing();
	tell(DMA_CHECK_FREE, A, 0x1000, BOTH);
	expect_found(DMA_FOUND_AFTER_UNMAP);
	assert_int_equal(last_site(), SITE_UNMAP);
	dma_window_refresh(&w);
	expect_found(DMA_FOUND_AFTER_UNMAP);
	dma_window_close(&w);
}

static void unmap_of_what_is_in_flight(void **state)
{
	struct dma_hold hold = { 0 };
	struct iovec iov[4];
	uint64_t mapped;

	(void)state;
	judge_map(A, 64, FROM);
	assert_int_equal(
		dma_map_iov(&judge.disk, &hold, A, 64, DMA_WRITE, iov, 4, &mapped), 1);
	judge_unmap(A, 64, FROM);
	expect_found(DMA_FOUND_AFTER_UNMAP);
	dma_unmap(&hold);
}

/* --- making mappings -------------------------------------------------------------------------- */

static void one_cache_line_twice(void **state)
{
	(void)state;
	judge_map(A, 8, FROM);
	judge_map(A + 56, 8, BOTH);
	expect_found(DMA_FOUND_DOUBLE_MAP);
	judge_map(A + 64, 8, FROM);
	expect_nothing();
	judge_map(A + 16, 8, TO); /* the device does not write it */
	expect_nothing();
	judge_unmap(A, 8, FROM);
	judge_unmap(A + 56, 8, BOTH);
	judge_unmap(A + 64, 8, FROM);
	judge_unmap(A + 16, 8, TO);
	judge_map(A, 8, FROM);
	judge_unmap(A, 8, FROM);
	expect_nothing();
}

static void beyond_the_mask(void **state)
{
	struct dma_check_entry e = judge_call(DMA_CHECK_ALLOC, A, 0x100, BOTH, SITE_MAP);

	(void)state;
	e.limit = A + 0xff;
	judge_tell(e);
	expect_nothing();
	tell(DMA_CHECK_FREE, A, 0x100, BOTH);
	e.limit = A + 0xfe;
	judge_tell(e);
	expect_found(DMA_FOUND_BEYOND_MASK);
	tell(DMA_CHECK_FREE, A, 0x100, BOTH);
	tell(DMA_CHECK_REFUSED_REACH, 0, 0x100, TO);
	expect_found(DMA_FOUND_BEYOND_MASK);
	tell(DMA_CHECK_REFUSED_ROOM, 0, 0x100, TO);
	expect_nothing();
}

static void memory_that_is_none(void **state)
{
	(void)state;
	tell(DMA_CHECK_REFUSED_MEMORY, 0, 0x100, TO);
	expect_found(DMA_FOUND_BAD_MEMORY);
	assert_int_equal(last_site(), SITE_UNMAP);
	tell(DMA_CHECK_REFUSED_STACK, 0, 0x100, TO);
	expect_found(DMA_FOUND_BAD_MEMORY);
	tell(DMA_CHECK_REFUSED_CALL, 0, 0, TO);
	expect_found(DMA_FOUND_BAD_CALL);
	judge.guest.area->text_start = B;
	judge.guest.area->text_end = B + 0x1000;
	judge_map(B - 8, 8, TO);
	judge_map(B + 0x1000, 8, TO);
	expect_nothing();
	judge_map(B + 0xfff, 1, TO);
	expect_found(DMA_FOUND_BAD_MEMORY);
	judge_unmap(B - 8, 8, TO);
	judge_unmap(B + 0x1000, 8, TO);
	judge_unmap(B + 0xfff, 1, TO);
}

/* --- ending them -------------------------------------------------------------------------------- */

static void unmap_of_nothing(void **state)
{
	(void)state;
	judge_unmap(A, 64, TO);
	expect_found(DMA_FOUND_DOUBLE_UNMAP);
	judge_map(A, 64, TO);
	judge_unmap(A + 1, 63, TO); /* not where it begins */
	expect_found(DMA_FOUND_DOUBLE_UNMAP);
	judge_unmap(A, 64, TO);
	expect_nothing();
	judge_unmap(A, 64, TO);
	expect_found(DMA_FOUND_DOUBLE_UNMAP);
	judge_unmap(UINT64_MAX, 64, TO);
	expect_found(DMA_FOUND_DOUBLE_UNMAP);
	tell(DMA_CHECK_UNMAP_SG, A, 64, TO);
	expect_found(DMA_FOUND_DOUBLE_UNMAP);
	tell(DMA_CHECK_FREE, A, 64, BOTH);
	expect_found(DMA_FOUND_DOUBLE_UNMAP);
}

static void unmap_with_other_values(void **state)
{
	struct dma_check_entry e = judge_call(DMA_CHECK_FREE, A, 64, BOTH, SITE_UNMAP);

	(void)state;
	judge_map(A, 64, TO);
	judge_unmap(A, 32, TO);
	expect_found(DMA_FOUND_UNMAP_SIZE);
	assert_int_equal(last_site(), SITE_UNMAP);
	judge_map(A, 64, TO);
	judge_unmap(A, 64, FROM);
	expect_found(DMA_FOUND_UNMAP_DIRECTION);
	judge_map(A, 64, TO);
	tell(DMA_CHECK_UNMAP_SG, A, 64, TO);
	expect_found(DMA_FOUND_UNMAP_KIND);
	tell(DMA_CHECK_ALLOC, A, 64, BOTH);
	e.phys++;
	judge_tell(e);
	expect_found(DMA_FOUND_UNMAP_ADDRESS);
	e.phys--;
	judge_tell(e); /* the first one freed nothing */
	expect_nothing();
	tell(DMA_CHECK_ALLOC, A, 64, BOTH);
	tell(DMA_CHECK_FREE, A, 65, BOTH);
	expect_found(DMA_FOUND_UNMAP_SIZE);
}

static void resources(void **state)
{
	(void)state;
	tell(DMA_CHECK_MAP_RESOURCE, A, 64, BOTH);
	tell(DMA_CHECK_ERROR_ASKED, A, 0, 0);
	writes(A, 64);
	tell(DMA_CHECK_UNMAP_RESOURCE, A, 64, BOTH);
	expect_nothing();
	tell(DMA_CHECK_MAP_RESOURCE, A, 64, BOTH);
	tell(DMA_CHECK_ERROR_ASKED, A, 0, 0);
	judge_unmap(A, 64, BOTH);
	expect_found(DMA_FOUND_UNMAP_KIND);
}

/* Of several mappings at one address the one that fits best is meant. */
static void the_best_fit_ends(void **state)
{
	(void)state;
	judge_map(A, 64, TO);
	judge_map(A, 128, TO);
	judge_map(A, 64, FROM);
	judge_unmap(A, 128, TO);
	judge_unmap(A, 64, FROM);
	judge_unmap(A, 64, TO);
	expect_nothing();
	assert_int_equal(judge.checker->maps.nr_live, 0);
}

static void nobody_asked(void **state)
{
	(void)state;
	tell(DMA_CHECK_MAP, A, 64, TO);
	judge_unmap(A, 64, TO);
	expect_found(DMA_FOUND_UNCHECKED);
	/* Each question is for one mapping. */
	tell(DMA_CHECK_MAP, A, 64, TO);
	tell(DMA_CHECK_MAP, A, 64, TO);
	tell(DMA_CHECK_ERROR_ASKED, A, 0, 0);
	judge_unmap(A, 64, TO);
	judge_unmap(A, 64, TO);
	expect_found(DMA_FOUND_UNCHECKED);
}

/* --- scatter lists --------------------------------------------------------------------------------- */

#define PIECES 5u

static void map_list(uint8_t dir)
{
	/* All on one CPU: the segments of a list follow each other in its ring. */
	for (unsigned int i = 0; i < PIECES; i++) {
		struct dma_check_entry e =
			judge_call(DMA_CHECK_MAP_SG, A + i * 0x400, 0x100, dir, SITE_MAP);

		e.entries = PIECES + 2;
		e.index = (le16)i;
		e.depth = i ? 0 : 2;
		e.max_segment = 0x100;
		e.boundary = 0xfff;
		dma_guest_tell(&judge.guest, 0, e);
	}
}

static void end_list(uint64_t size, unsigned int entries)
{
	struct dma_check_entry e =
		judge_call(DMA_CHECK_UNMAP_SG, A, size, TO, SITE_UNMAP);

	e.entries = (le16)entries;
	judge_tell(e);
}

static void a_list_is_one(void **state)
{
	(void)state;
	map_list(TO);
	reads(A, 0x100);
	reads(A + 0x400 * (PIECES - 1), 0x100);
	expect_nothing();
	reads(A + 0x100, 1);
	expect_found(DMA_FOUND_OUTSIDE);
	reads(A + 0x400, 0x101);
	expect_found(DMA_FOUND_PAST_END);
	assert_int_equal(last_site(), SITE_MAP); /* the first segment's chain */
	end_list(PIECES * 0x100, PIECES + 2);
	expect_nothing();
	assert_int_equal(judge.checker->maps.nr_live, 0);
	reads(A + 0x400, 1);
	expect_found(DMA_FOUND_AFTER_UNMAP);
	map_list(TO);
	end_list(0x100, 1);
	expect_found(DMA_FOUND_UNMAP_ENTRIES);
	assert_int_equal(judge.checker->maps.nr_live, 0);
}

static void segments_have_limits(void **state)
{
	struct dma_check_entry e = judge_call(DMA_CHECK_MAP_SG, A, 0x100, TO, SITE_MAP);

	(void)state;
	e.entries = 1;
	e.max_segment = 0xff;
	judge_tell(e);
	expect_found(DMA_FOUND_SEGMENT_LENGTH);
	end_list(0x100, 1);
	e.max_segment = 0;
	e.boundary = 0x7f;
	judge_tell(e);
	expect_found(DMA_FOUND_SEGMENT_BOUNDARY);
	end_list(0x100, 1);
	e.size = 0x80;
	judge_tell(e);
	end_list(0x80, 1);
	expect_nothing();
}

/* A segment whose list is gone, or of another device, is nonsense; nothing dangles. */
static void a_list_that_ends_half_way(void **state)
{
	struct dma_check_entry e = judge_call(DMA_CHECK_MAP_SG, A, 0x100, TO, SITE_MAP);

	(void)state;
	e.entries = 3;
	dma_guest_tell(&judge.guest, 0, e);
	e.kind = DMA_CHECK_UNMAP_SG;
	dma_guest_tell(&judge.guest, 1, e);
	e.kind = DMA_CHECK_MAP_SG;
	e.index = 1;
	e.addr = B;
	dma_guest_tell(&judge.guest, 0, e);
	expect_found(DMA_FOUND_CORRUPT);
	e.index = 0;
	dma_guest_tell(&judge.guest, 0, e);
	e.index = 1;
	e.endpoint = NIC;
	dma_guest_tell(&judge.guest, 0, e);
	expect_found(DMA_FOUND_CORRUPT);
	assert_int_equal(judge.checker->maps.nr_live, 1);
}

/* A direction that is none is a driver's mistake, where it can be one. */
static void an_unknown_direction(void **state)
{
	(void)state;
	judge_map(A, 64, TO);
	judge_tell(judge_call(DMA_CHECK_SYNC_FOR_CPU, A, 64, 9, SITE_SYNC));
	expect_found(DMA_FOUND_SYNC_DIRECTION);
	assert_int_equal(last_site(), SITE_SYNC);
	judge_unmap(A, 64, 9);
	expect_found(DMA_FOUND_UNMAP_DIRECTION);
	assert_non_null(strstr(judge.said, "mapped to-device, unmapped no direction"));
	judge_tell(
		judge_call(DMA_CHECK_MAP, A, 64, 9, SITE_MAP)); /* the API refuses it */
	expect_found(DMA_FOUND_CORRUPT);
	assert_int_equal(judge.checker->maps.nr_live, 0);
}

/* --- sync -------------------------------------------------------------------------------------------- */

static void sync(uint8_t kind, uint64_t addr, uint64_t size, uint8_t dir)
{
	judge_tell(judge_call(kind, addr, size, dir, SITE_SYNC));
}

static void syncs_are_inside(void **state)
{
	(void)state;
	judge_map(A, 64, TO);
	sync(DMA_CHECK_SYNC_FOR_CPU, A, 64, TO);
	sync(DMA_CHECK_SYNC_FOR_DEVICE, A + 60, 4, TO);
	expect_nothing();
	sync(DMA_CHECK_SYNC_FOR_DEVICE, A + 60, 5, TO);
	expect_found(DMA_FOUND_SYNC_OUTSIDE);
	assert_int_equal(last_site(), SITE_SYNC);
	sync(DMA_CHECK_SYNC_FOR_CPU, A - 1, 1, TO);
	expect_found(DMA_FOUND_SYNC_OUTSIDE);
	sync(DMA_CHECK_SYNC_FOR_CPU, A + 1, UINT64_MAX, TO);
	expect_found(DMA_FOUND_SYNC_OUTSIDE);
	sync(DMA_CHECK_SYNC_FOR_CPU, A, 64, FROM);
	expect_found(DMA_FOUND_SYNC_DIRECTION);
	sync(DMA_CHECK_SYNC_SG_FOR_CPU, A, 0, TO);
	expect_found(DMA_FOUND_SYNC_OUTSIDE);
	judge_unmap(A, 64, TO);
	sync(DMA_CHECK_SYNC_FOR_CPU, A, 64, TO);
	expect_found(DMA_FOUND_SYNC_OUTSIDE);
	judge_map(A, 64, BOTH);
	sync(DMA_CHECK_SYNC_FOR_CPU, A, 64, FROM);
	sync(DMA_CHECK_SYNC_FOR_DEVICE, A, 64, TO);
	expect_nothing();
	judge_unmap(A, 64, BOTH);
}

static void syncs_of_lists(void **state)
{
	struct dma_check_entry e =
		judge_call(DMA_CHECK_SYNC_SG_FOR_CPU, A, 0, TO, SITE_SYNC);

	(void)state;
	map_list(TO);
	e.entries = PIECES + 2;
	judge_tell(e);
	e.kind = DMA_CHECK_SYNC_SG_FOR_DEVICE;
	judge_tell(e);
	expect_nothing();
	e.entries = 1;
	judge_tell(e);
	expect_found(DMA_FOUND_SYNC_ENTRIES);
	e.entries = PIECES + 2;
	e.dir = FROM;
	judge_tell(e);
	expect_found(DMA_FOUND_SYNC_DIRECTION);
	end_list(PIECES * 0x100, PIECES + 2);
}

/* --- letting go, and how it is told ---------------------------------------------------------------- */

static void what_a_driver_leaves(void **state)
{
	(void)state;
	tell(DMA_CHECK_RELEASED, 0, 0, 0);
	expect_nothing();
	map_list(TO);
	tell(DMA_CHECK_RELEASED, 0, 0, 0);
	expect_found(DMA_FOUND_LEAK); /* a list is one */
	assert_int_equal(last_site(), SITE_MAP);
	end_list(PIECES * 0x100, PIECES + 2);
	tell(DMA_CHECK_RELEASED, 0, 0, 0);
	expect_nothing();
}

/* A guest writes only what the kind has: the rest is of the entry that stood there before. */
static void what_a_kind_does_not_have_is_not_looked_at(void **state)
{
	struct dma_check_entry e = judge_call(DMA_CHECK_MAP, A, 64, TO, SITE_MAP);

	(void)state;
	e.index = 2;
	e.entries = 7;
	e.boundary = 0xf;
	e.max_segment = 1;
	judge_tell(e);
	expect_nothing();
	tell(DMA_CHECK_RELEASED, 0, 0, 0);
	expect_found(DMA_FOUND_LEAK);
	tell(DMA_CHECK_ERROR_ASKED, A, 0, 0);
	e.kind = DMA_CHECK_UNMAP;
	e.limit = 1;
	judge_tell(e);
	expect_nothing();
}

static void once_for_each_call_site(void **state)
{
	unsigned int lines = 0;

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		judge_unmap(A, 64, TO);
		expect_found(DMA_FOUND_DOUBLE_UNMAP);
		if (!i)
			lines = judge.lines;
		assert_int_equal(judge.lines, lines);
	}
	assert_int_equal(judge.checker->nr_reports, 1);
	assert_int_equal(judge.checker->report[0].count, 3);
	tell(DMA_CHECK_UNMAP, A, 64, TO); /* the same site */
	expect_found(DMA_FOUND_DOUBLE_UNMAP);
	judge_tell(judge_call(DMA_CHECK_UNMAP, A, 64, TO, SITE_SYNC));
	expect_found(DMA_FOUND_DOUBLE_UNMAP);
	assert_int_equal(judge.checker->nr_reports, 2);
}

static void what_is_provoked_is_no_failure(void **state)
{
	(void)state;
	judge.guest.area->provoked = 1ull << DMA_FOUND_DOUBLE_UNMAP;
	judge_unmap(A, 64, TO);
	expect_found(DMA_FOUND_DOUBLE_UNMAP);
	assert_int_equal(dma_checker_unexpected(judge.checker), 0);
	assert_non_null(strstr(judge.said, "(provoked)"));
	assert_int_equal(judge.lines, 0); /* told as information */
	assert_true(judge.infos > 0);
	/* The same, not announced, is another report. */
	judge.guest.area->provoked = 1ull << DMA_FOUND_OUTSIDE;
	judge_unmap(A, 64, TO);
	expect_found(DMA_FOUND_DOUBLE_UNMAP);
	assert_int_equal(dma_checker_unexpected(judge.checker), 1);
	assert_int_equal(judge.guest.area->unexpected, 1);
	assert_true(judge.lines > 0);
	assert_int_equal(judge.checker->nr_reports, 2);
}

static void more_places_than_are_reported(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < DMA_REPORTS_MAX + 10; i++) {
		judge_tell(judge_call(DMA_CHECK_UNMAP, A, 64, TO, SITE_UNMAP + i));
		expect_found(DMA_FOUND_DOUBLE_UNMAP);
	}
	assert_int_equal(judge.checker->nr_reports, DMA_REPORTS_MAX);
	assert_int_equal(dma_checker_unexpected(judge.checker), DMA_REPORTS_MAX + 10);
}

static void the_report_for_programs(void **state)
{
	json_t *report, *finding;

	(void)state;
	judge_map(A, 64, TO);
	judge_map(B, 32, FROM);
	reads(A, 65);
	expect_found(DMA_FOUND_PAST_END);
	report = dma_checker_report(judge.checker);
	finding = json_array_get(json_object_get(report, "findings"), 0);
	assert_string_equal(json_string_value(json_object_get(finding, "kind")),
			    "past-end");
	assert_string_equal(json_string_value(json_object_get(finding, "device")),
			    "disk0");
	assert_int_equal(json_integer_value(json_object_get(finding, "address")), A);
	assert_int_equal(json_integer_value(json_object_get(finding, "length")), 65);
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(finding, "mapped_by"), 0)),
			    "map_it");
	assert_int_equal(json_integer_value(json_object_get(report, "unexpected")), 1);
	/* Both are mapped now, from one call site. */
	finding = json_array_get(json_object_get(report, "mapped"), 0);
	assert_int_equal(json_array_size(json_object_get(report, "mapped")), 1);
	assert_int_equal(json_integer_value(json_object_get(finding, "count")), 2);
	assert_int_equal(json_integer_value(json_object_get(finding, "bytes")), 96);
	json_decref(report);
	judge.said[0] = '\0';
	judge.infos = 0;
	dma_checker_say_mapped(judge.checker);
	assert_int_equal(judge.infos, 1);
	assert_string_equal(judge.said, "dma-check: disk0: still mapped at the end: 96 "
					"bytes, 2 times single, by map_it\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, judge_make, judge_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_mapped_may_be_used),
		T(nothing_mapped_there),
		T(past_the_end),
		T(after_unmap),
		T(who_started_it),
		T(who_started_that_request),
		T(an_unknown_direction),
		T(against_the_direction),
		T(a_fault_is_judged_too),
		T(a_queue_in_freed_memory),
		T(unmap_of_what_is_in_flight),
		T(one_cache_line_twice),
		T(beyond_the_mask),
		T(memory_that_is_none),
		T(unmap_of_nothing),
		T(unmap_with_other_values),
		T(resources),
		T(the_best_fit_ends),
		T(nobody_asked),
		T(a_list_is_one),
		T(segments_have_limits),
		T(a_list_that_ends_half_way),
		T(syncs_are_inside),
		T(syncs_of_lists),
		T(what_a_driver_leaves),
		T(what_a_kind_does_not_have_is_not_looked_at),
		T(once_for_each_call_site),
		T(what_is_provoked_is_no_failure),
		T(more_places_than_are_reported),
		T(the_report_for_programs),
		cmocka_unit_test_setup_teardown(before_the_guest_speaks, judge_make,
						judge_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

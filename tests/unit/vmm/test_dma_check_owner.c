/* SPDX-License-Identifier: MIT */
/*
 * Whose the bytes are: the checker with hashes, against a model that keeps a copy of each
 * chunk while it is the device's.
 */
#include "tests/unit/vmm/dma_judge.h"
#include "vmm/dma_check/dma_check_owner.h"

#define A     GUEST_FREE
#define SIZE  (3 * DMA_CHUNK_MIN + 100)
#define STEPS 4000

#define TO   DMA_CHECK_TO_DEVICE
#define FROM DMA_CHECK_FROM_DEVICE
#define BOTH DMA_CHECK_BIDIRECTIONAL

static uint8_t bytes[SIZE];

static uint8_t *at(uint64_t addr)
{
	return judge.guest.bytes + addr;
}

static void reads(uint64_t addr, uint64_t len)
{
	dma_read(&judge.disk, addr, bytes, len);
}

static void writes(uint64_t addr, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)rand();
	dma_write(&judge.disk, addr, bytes, len);
}

static void sync(uint8_t kind, uint64_t addr, uint64_t size, uint8_t dir)
{
	judge_tell(judge_call(kind, addr, size, dir, SITE_SYNC));
}

static void a_driver_that_keeps_off(void **state)
{
	(void)state;
	judge_map(A, SIZE, BOTH);
	reads(A, SIZE);
	writes(A + 100, 5000);
	reads(A + 200, 20);
	sync(DMA_CHECK_SYNC_FOR_CPU, A, SIZE, BOTH);
	*at(A + 5) += 1;
	sync(DMA_CHECK_SYNC_FOR_DEVICE, A, SIZE, BOTH);
	reads(A, SIZE);
	*at(A + SIZE) += 1; /* behind the buffer */
	judge_unmap(A, SIZE, BOTH);
	expect_nothing();
	*at(A) += 1;
	judge_map(A, SIZE, TO);
	judge_unmap(A, SIZE, TO);
	expect_nothing();
}

static void a_change_before_the_device_reads(void **state)
{
	(void)state;
	judge_map(A, SIZE, TO);
	*at(A + 2 * DMA_CHUNK_MIN) += 1;
	reads(A, DMA_CHUNK_MIN); /* another chunk */
	expect_nothing();
	reads(A + 2 * DMA_CHUNK_MIN - 1, 2);
	expect_found(DMA_FOUND_OWNERSHIP);
	assert_int_equal(judge.guest.area->last_site, SITE_MAP);
	assert_int_equal(judge.guest.area->last_addr, A + 2 * DMA_CHUNK_MIN);
	judge_unmap(A, SIZE, TO); /* told once */
	expect_nothing();
}

static void a_change_after_the_device_wrote(void **state)
{
	(void)state;
	judge_map(A, 64, FROM);
	writes(A, 64);
	*at(A + 63) += 1;
	judge_unmap(A, 64, FROM);
	expect_found(DMA_FOUND_OWNERSHIP);
	assert_int_equal(judge.guest.area->last_site, SITE_UNMAP);
	assert_int_equal(judge.guest.area->last_size, 64);
}

static void nothing_is_looked_at_where_the_cpu_is(void **state)
{
	struct dma_check_entry e = judge_call(DMA_CHECK_MAP, A, 64, TO, SITE_MAP);

	(void)state;
	e.flags = DMA_CHECK_F_SKIP_SYNC;
	judge_tell(e);
	judge_tell(judge_call(DMA_CHECK_ERROR_ASKED, A, 0, 0, SITE_MAP));
	*at(A) += 1;
	reads(A, 64);
	expect_nothing();
	sync(DMA_CHECK_SYNC_FOR_DEVICE, A, 64, TO);
	*at(A) += 1;
	reads(A, 64);
	expect_found(DMA_FOUND_OWNERSHIP);
	judge_unmap(A, 64, TO);
}

/* While a transfer is in flight its bytes change; when it has ended they stay. */
static void transfers_in_flight(void **state)
{
	struct dma_hold hold = { 0 };
	struct iovec iov[4];
	uint64_t mapped;

	(void)state;
	judge_map(A, 64, FROM);
	dma_map_iov(&judge.disk, &hold, A, 32, DMA_WRITE, iov, 4, &mapped);
	*at(A) += 1; /* the device */
	writes(A + 32, 8);
	*at(A + 1) += 1;
	dma_unmap(&hold);
	expect_nothing();
	*at(A + 2) += 1;
	writes(A + 40, 8);
	expect_found(DMA_FOUND_OWNERSHIP);
	judge_unmap(A, 64, FROM);
}

static void what_is_too_large_or_has_no_port(void **state)
{
	struct dma_check_entry e = judge_call(DMA_CHECK_MAP, A, 64, TO, SITE_MAP);

	(void)state;
	judge_map(A, DMA_HASHED_MAX + 1, TO);
	*at(A) += 1;
	judge_unmap(A, DMA_HASHED_MAX + 1, TO);
	e.endpoint = BARE;
	judge_tell(e);
	e.kind = DMA_CHECK_ERROR_ASKED;
	judge_tell(e);
	*at(A) += 1;
	e.kind = DMA_CHECK_UNMAP;
	judge_tell(e);
	expect_nothing();
	judge_map(A, DMA_HASHED_MAX, TO); /* most of it is no RAM */
	*at(A) += 1;
	judge_unmap(A, DMA_HASHED_MAX, TO);
	expect_found(DMA_FOUND_OWNERSHIP);
}

/* --- against a model ------------------------------------------------------------------------ */

#define CHUNKS 4u

/* By byte: is it the CPU's?  By chunk: what it held when it was looked at last, while none of
 * its bytes is the CPU's. */
static struct {
	bool cpu[SIZE];
	uint8_t held[SIZE];
} model;

static uint64_t chunk_end(unsigned int i)
{
	return i + 1 < CHUNKS ? (i + 1) * DMA_CHUNK_MIN : SIZE;
}

static bool still(unsigned int i)
{
	for (uint64_t b = i * DMA_CHUNK_MIN; b < chunk_end(i); b++)
		if (model.cpu[b])
			return false;
	return true;
}

static void hold(unsigned int i)
{
	uint64_t start = i * DMA_CHUNK_MIN;

	memcpy(model.held + start, at(A + start), chunk_end(i) - start);
}

/* Is a finding due for [first, first + len)?  Afterwards what is there counts as right. */
static bool model_judge(uint64_t first, uint64_t len)
{
	bool due = false;

	for (unsigned int i = 0; i < CHUNKS; i++) {
		uint64_t start = i * DMA_CHUNK_MIN;

		if (start >= first + len || chunk_end(i) <= first || !still(i))
			continue;
		due |= memcmp(model.held + start, at(A + start), chunk_end(i) - start) !=
		       0;
		hold(i);
	}
	return due;
}

static void model_hold(uint64_t first, uint64_t len)
{
	for (unsigned int i = 0; i < CHUNKS; i++)
		if (i * DMA_CHUNK_MIN < first + len && chunk_end(i) > first && still(i))
			hold(i);
}

static void expect_as_modelled(bool due)
{
	if (due)
		expect_found(DMA_FOUND_OWNERSHIP);
	else
		expect_nothing();
}

/* All that the CPU has goes to the device, in one piece or more. */
static void hand_over(void)
{
	for (uint64_t b = 0, n; b < SIZE; b += n) {
		for (n = 1; b + n < SIZE && model.cpu[b + n] == model.cpu[b]; n++)
			;
		if (!model.cpu[b] || rand() % 4 == 0)
			continue;
		sync(DMA_CHECK_SYNC_FOR_DEVICE, A + b, n, BOTH);
		memset(model.cpu + b, 0, n);
		model_hold(b, n);
	}
	expect_nothing();
}

/* A part that is the device's goes to the CPU; no byte is handed over twice. */
static void take_back(uint64_t first, uint64_t len)
{
	bool due;

	for (uint64_t b = first; b < first + len; b++)
		if (model.cpu[b])
			return;
	due = model_judge(first, len);
	sync(DMA_CHECK_SYNC_FOR_CPU, A + first, len, BOTH);
	memset(model.cpu + first, 1, len);
	expect_as_modelled(due);
}

static void device_touches(uint64_t first, uint64_t len, bool write)
{
	bool due = model_judge(first, len);

	if (write) {
		writes(A + first, len);
		model_hold(first, len);
	} else {
		reads(A + first, len);
	}
	expect_as_modelled(due);
}

static void a_random_life(void **state)
{
	(void)state;
	srand(5);
	judge_map(A, SIZE, BOTH);
	memset(&model, 0, sizeof(model));
	model_hold(0, SIZE);
	for (unsigned int step = 0; step < STEPS; step++) {
		uint64_t first = (uint64_t)rand() % SIZE;
		uint64_t len = 1 + (uint64_t)rand() % (SIZE - first);

		switch (rand() % 6) {
		case 0:
			*at(A + first) += (uint8_t)(rand() % 3); /* a bug, or none */
			break;
		case 1:
			device_touches(first, len, false);
			break;
		case 2:
			device_touches(first, len, true);
			break;
		case 3:
			take_back(first, len);
			break;
		default:
			hand_over();
			break;
		}
	}
	assert_true(judge.checker->found[DMA_FOUND_OWNERSHIP] > STEPS / 20);
}

#define T(f) cmocka_unit_test_setup_teardown(f, judge_make_hashing, judge_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_driver_that_keeps_off),
		T(a_change_before_the_device_reads),
		T(a_change_after_the_device_wrote),
		T(nothing_is_looked_at_where_the_cpu_is),
		T(transfers_in_flight),
		T(what_is_too_large_or_has_no_port),
		T(a_random_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

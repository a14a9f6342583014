/* SPDX-License-Identifier: MIT */
/*
 * Random calls and accesses, right and wrong ones, against a model that searches arrays; and
 * a guest that publishes noise.
 */
#include "tests/unit/vmm/dma_judge.h"

#define MAPS  24u
#define PLACE 0x400u /* from one mapping's start to the next */
#define STEPS 20000u

/* A place in I/O space; at most one mapping starts at each, but one may reach into the
 * next. */
static struct place {
	bool live, asked;
	uint64_t size;
	uint8_t dir;
	bool coherent;
} place[MAPS];
/* By byte: a mapping had it that has ended.  None is forgotten: there are fewer than
 * DMA_DEAD_MAX. */
static bool ended[(MAPS + 2) * PLACE];

static uint64_t start_of(unsigned int i)
{
	return GUEST_FREE + i * PLACE;
}

static bool allows(const struct place *p, bool write)
{
	return p->coherent || p->dir == DMA_CHECK_BIDIRECTIONAL ||
	       p->dir == (write ? DMA_CHECK_FROM_DEVICE : DMA_CHECK_TO_DEVICE);
}

static unsigned int judge_access(uint64_t first, uint64_t len, bool write)
{
	bool whole = false, part = false, dead = false;

	for (unsigned int i = 0; i < MAPS; i++) {
		const struct place *p = &place[i];
		uint64_t start = start_of(i), end = start + p->size;

		if (p->live && start <= first && first < end) {
			bool all = first + len <= end;

			if (all && allows(p, write))
				return 0;
			whole |= all;
			part = true;
		}
	}
	for (uint64_t b = first; b < first + len; b++)
		dead |= b - GUEST_FREE < sizeof(ended) && ended[b - GUEST_FREE];
	return whole  ? DMA_FOUND_DIRECTION
	       : part ? DMA_FOUND_PAST_END
	       : dead ? DMA_FOUND_AFTER_UNMAP
		      : DMA_FOUND_OUTSIDE;
}

static bool device_writes(const struct place *p)
{
	return p->live && !p->coherent && p->dir != DMA_CHECK_TO_DEVICE;
}

static unsigned int judge_lines(unsigned int n)
{
	uint64_t line = ~(uint64_t)(DMA_LINE - 1);

	if (!device_writes(&place[n]))
		return 0;
	for (unsigned int i = 0; i < MAPS; i++)
		if (i != n && device_writes(&place[i]) &&
		    (start_of(i) & line) < start_of(n) + place[n].size &&
		    (start_of(n) & line) < start_of(i) + place[i].size)
			return DMA_FOUND_DOUBLE_MAP;
	return 0;
}

static void expect_kind(unsigned int kind)
{
	if (kind)
		expect_found(kind);
	else
		expect_nothing();
}

static void map(unsigned int n)
{
	struct place *p = &place[n];

	*p = (struct place){ .live = true,
			     .size = 1 + (uint64_t)rand() % (PLACE + PLACE / 2),
			     .dir = (uint8_t)(rand() % 3),
			     .coherent = rand() % 4 == 0 };
	judge_tell(judge_call(p->coherent ? DMA_CHECK_ALLOC : DMA_CHECK_MAP, start_of(n),
			      p->size, p->dir, SITE_MAP));
	p->asked = p->coherent || rand() % 8;
	if (p->asked && !p->coherent)
		judge_tell(
			judge_call(DMA_CHECK_ERROR_ASKED, start_of(n), 0, 0, SITE_MAP));
	expect_kind(judge_lines(n));
}

static bool covered(uint64_t x)
{
	for (unsigned int i = 0; i < MAPS; i++)
		if (place[i].live && start_of(i) <= x && x < start_of(i) + place[i].size)
			return true;
	return false;
}

/* Ends it with at most one value wrong. */
static void unmap(unsigned int n)
{
	struct place *p = &place[n];
	struct dma_check_entry e =
		judge_call(p->coherent ? DMA_CHECK_FREE : DMA_CHECK_UNMAP, start_of(n),
			   p->size, p->dir, SITE_UNMAP);
	unsigned int kind = p->asked ? 0 : DMA_FOUND_UNCHECKED;

	if (p->asked && rand() % 4 == 0) {
		kind = DMA_FOUND_UNMAP_SIZE;
		e.size++;
	} else if (p->asked && rand() % 4 == 0) {
		kind = p->coherent ? DMA_FOUND_UNMAP_ADDRESS : DMA_FOUND_UNMAP_DIRECTION;
		e.phys += p->coherent;
		e.dir = (uint8_t)((e.dir + 1) % 3);
	} else if (p->asked && rand() % 8 == 0) {
		kind = DMA_FOUND_UNMAP_KIND;
		e.kind = DMA_CHECK_UNMAP_SG;
	}
	judge_tell(e);
	expect_kind(kind);
	if (kind == DMA_FOUND_UNMAP_ADDRESS)
		return;
	p->live = false;
	memset(ended + (start_of(n) - GUEST_FREE), 1, p->size);
}

static void access_somewhere(void)
{
	static uint8_t bytes[4 * PLACE];
	uint64_t first = GUEST_FREE + (uint64_t)rand() % (MAPS * PLACE);
	uint64_t len = 1 + (uint64_t)rand() % (rand() % 4 ? 64 : 2 * PLACE);
	bool write = rand() % 2;
	unsigned int kind = judge_access(first, len, write);

	if (write)
		dma_write(&judge.disk, first, bytes, len);
	else
		dma_read(&judge.disk, first, bytes, len);
	expect_kind(kind);
}

static void unmap_nothing(unsigned int n)
{
	uint64_t addr = start_of(n) + (uint64_t)rand() % 2;

	if (place[n].live && addr == start_of(n))
		return;
	judge_unmap(addr, 8, DMA_CHECK_TO_DEVICE);
	expect_found(DMA_FOUND_DOUBLE_UNMAP);
}

static void sync_somewhere(unsigned int n)
{
	const struct place *p = &place[n];
	uint64_t first = start_of(n), size = 1 + (uint64_t)rand() % (2 * PLACE);
	unsigned int kind = 0;

	if (!p->live && covered(first))
		return; /* which of several it is about is not this test's business */
	if (!p->live || size > p->size)
		kind = DMA_FOUND_SYNC_OUTSIDE;
	for (unsigned int i = 0; i < MAPS; i++)
		if (i != n && place[i].live && start_of(i) < first &&
		    start_of(i) + place[i].size > first)
			return;
	judge_tell(judge_call(DMA_CHECK_SYNC_FOR_CPU, first, size, p->dir, SITE_SYNC));
	expect_kind(kind);
}

static void a_random_life(void **state)
{
	(void)state;
	srand(23);
	memset(place, 0, sizeof(place));
	memset(ended, 0, sizeof(ended));
	for (unsigned int step = 0; step < STEPS; step++) {
		unsigned int n = (unsigned int)rand() % MAPS;

		switch (rand() % 8) {
		case 0:
		case 1:
			if (!place[n].live)
				map(n);
			else
				unmap(n);
			break;
		case 2:
			unmap_nothing(n);
			break;
		case 3:
			sync_somewhere(n);
			break;
		default:
			access_somewhere();
			break;
		}
	}
	assert_true(judge.checker->maps.ends < DMA_DEAD_MAX);
	for (unsigned int k = DMA_FOUND_OUTSIDE; k <= DMA_FOUND_DIRECTION; k++)
		assert_true(judge.checker->found[k] > 20);
}

/* --- a guest that publishes noise ------------------------------------------------------------- */

static uint64_t noise64(void)
{
	switch (rand() % 4) {
	case 0:
		return GUEST_FREE + (uint64_t)rand() % 0x2000;
	case 1:
		return UINT64_MAX - (uint64_t)rand() % 100;
	case 2:
		return (uint64_t)rand() % 100;
	default:
		return (uint64_t)rand() << 33 ^ (uint64_t)rand();
	}
}

static void tell_noise(void)
{
	struct dma_check_entry e = {
		.kind = (uint8_t)(rand() % (DMA_CHECK_KINDS + 2)),
		.dir = (uint8_t)(rand() % 5),
		.flags = (uint8_t)rand(),
		.depth = (uint8_t)(rand() % 3 ? rand() % 9 : rand()),
		.endpoint = rand() % 2 ? DISK : (uint32_t)noise64(),
		.addr = noise64(),
		.phys = noise64(),
		.size = noise64(),
		.limit = noise64(),
		.boundary = noise64(),
		.max_segment = (uint32_t)noise64(),
		.entries = (le16)noise64(),
		.index = (le16)(rand() % 3),
	};
	unsigned int ring = (unsigned int)rand() % GUEST_RINGS;

	if (dma_guest_ring(&judge.guest, ring)->head -
		    dma_guest_ring(&judge.guest, ring)->tail ==
	    GUEST_ENTRIES)
		dma_checker_write(judge.checker, DMA_CHECK_TAKE);
	dma_guest_tell(&judge.guest, ring, e);
}

static void noise(void **state)
{
	const struct dma_checker *c = judge.checker;
	uint8_t byte = 0;

	(void)state;
	srand(31);
	for (unsigned int n = 0; n < 30000; n++) {
		tell_noise();
		if (rand() % 8 == 0)
			dma_read(&judge.disk, noise64(), &byte, 1);
		if (rand() % 8 == 0)
			dma_write(&judge.nic, noise64(), &byte, 1);
		if (rand() % 3000 == 0)
			json_decref(dma_checker_report(judge.checker));
		if (rand() % 3000 == 0)
			dma_checker_write(judge.checker, GUEST_AREA >> 12);
	}
	dma_checker_settle(judge.checker);
	for (unsigned int i = 0; i < c->maps.nr_devices; i++)
		assert_true(interval_valid(&c->maps.device[i].live));
	assert_true(c->maps.nr_live <= DMA_LIVE_MAX && c->maps.nr_dead <= DMA_DEAD_MAX);
	/* It goes on as before. */
	dma_checker_write(judge.checker, GUEST_AREA >> 12);
	memcpy(judge.before, c->found, sizeof(judge.before));
	judge_map(GUEST_FREE, 64, DMA_CHECK_TO_DEVICE);
	dma_read(&judge.disk, GUEST_FREE, &byte, 1);
	judge_unmap(GUEST_FREE, 64, DMA_CHECK_TO_DEVICE);
	expect_nothing();
}

static void a_flood_of_mappings(void **state)
{
	uint64_t corrupt;

	(void)state;
	for (uint64_t n = 0; n < DMA_LIVE_MAX + 100; n++)
		judge_tell(judge_call(DMA_CHECK_ALLOC, n * 16, 8, 0, SITE_MAP));
	dma_checker_settle(judge.checker);
	assert_int_equal(judge.checker->maps.nr_live, DMA_LIVE_MAX);
	corrupt = judge.checker->found[DMA_FOUND_CORRUPT];
	assert_int_equal(corrupt, 100);
	for (uint64_t n = 0; n < DMA_LIVE_MAX; n++)
		judge_tell(judge_call(DMA_CHECK_FREE, n * 16, 8, 0, SITE_UNMAP));
	dma_checker_settle(judge.checker);
	assert_int_equal(judge.checker->maps.nr_live, 0);
	assert_int_equal(judge.checker->maps.nr_dead, DMA_DEAD_MAX);
	memcpy(judge.before, judge.checker->found, sizeof(judge.before));
	for (uint32_t n = 0; n < 2 * DMA_DEVICES_MAX; n++) {
		struct dma_check_entry e =
			judge_call(DMA_CHECK_RELEASED, 0, 0, 0, SITE_UNMAP);

		e.endpoint = 0x1000 + n;
		judge_tell(e);
	}
	dma_checker_settle(judge.checker);
	assert_int_equal(judge.checker->maps.nr_devices, DMA_DEVICES_MAX);
	memcpy(judge.before, judge.checker->found, sizeof(judge.before));
}

#define T(f) cmocka_unit_test_setup_teardown(f, judge_make, judge_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_random_life),
		T(noise),
		T(a_flood_of_mappings),
		cmocka_unit_test_setup_teardown(noise, judge_make_hashing, judge_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The user C library's malloc on a fake kernel: brk() in an array, mmap() counted and made
 * to fail; random operations beside a model, and each rule of glibc's by itself. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

/* The library's, under the names they have on the host (guest/user/user.mk). */
#undef malloc
#define malloc		   user_malloc
#define free		   user_free
#define calloc		   user_calloc
#define realloc		   user_realloc
#define reallocarray	   user_reallocarray
#define aligned_alloc	   user_aligned_alloc
#define memalign	   user_memalign
#define posix_memalign	   user_posix_memalign
#define malloc_usable_size user_malloc_usable_size
#define mallopt		   user_mallopt
#define malloc_trim	   user_malloc_trim
#define mallinfo2	   user_mallinfo2
#define malloc_stats	   user_malloc_stats
#define malloc_verify	   user_malloc_verify
#include "guest/user/include/malloc.h"
#include "guest/user/include/pool.h"
#include "guest/user/lib/heap.h"

#define KIB 1024UL
#define MIB (1024 * KIB)

/* --- the fake kernel -------------------------------------------------------------------- */

#define BRK_ROOM (32 * MIB)

static char room[BRK_ROOM] __attribute__((aligned(4096)));
static struct {
	size_t brk; /* offset in room */
	size_t brk_limit;
	unsigned int maps, discards;
	int maps_left; /* until mmap() fails; -1: never */
	char said[512]; /* what malloc printed */
	int aborts_expected;
	jmp_buf aborted;
} kernel;

int user_errno;
void *user_sbrk(intptr_t increment);
void *user_mmap(void *addr, size_t size, int prot, int flags, int fd, long offset);
int user_munmap(void *addr, size_t size);
void *user_mremap(void *addr, size_t old_size, size_t size, int flags);
int user_madvise(void *addr, size_t size, int advice);
int user_printf(const char *fmt, ...);
void user_abort(void);

void *user_sbrk(intptr_t increment)
{
	size_t old = kernel.brk, wanted = old + (size_t)increment;

	if (wanted > kernel.brk_limit)
		return (void *)-1;
	/* What comes is zero, what went is gone. */
	if (wanted > old)
		memset(room + old, 0, wanted - old);
	else
		memset(room + wanted, 0xdd, old - wanted);
	kernel.brk = wanted;
	return room + old;
}

void *user_mmap(void *addr, size_t size, int prot, int flags, int fd, long offset)
{
	if (!kernel.maps_left)
		return MAP_FAILED;
	kernel.maps_left -= kernel.maps_left > 0;
	kernel.maps++;
	return mmap(addr, size, prot, flags, fd, offset);
}

int user_munmap(void *addr, size_t size)
{
	kernel.maps--;
	return munmap(addr, size);
}

void *user_mremap(void *addr, size_t old_size, size_t size, int flags)
{
	return kernel.maps_left ? mremap(addr, old_size, size, flags) : MAP_FAILED;
}

int user_madvise(void *addr, size_t size, int advice)
{
	assert_int_equal(advice, MADV_DONTNEED);
	assert_int_equal((uintptr_t)addr % 4096, 0);
	assert_int_equal(size % 4096, 0);
	memset(addr, 0, size);
	kernel.discards++;
	return 0;
}

int user_printf(const char *fmt, ...)
{
	size_t used = strlen(kernel.said);
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(kernel.said + used, sizeof(kernel.said) - used, fmt, args);
	va_end(args);
	return n;
}

void user_abort(void)
{
	if (!kernel.aborts_expected)
		fail_msg("malloc aborted: %s", kernel.said);
	longjmp(kernel.aborted, 1);
}

#define assert_aborts(call, text)                           \
	do {                                                \
		kernel.aborts_expected = 1;                 \
		if (!setjmp(kernel.aborted)) {              \
			call;                               \
			fail_msg("%s went through", #call); \
		}                                           \
		kernel.aborts_expected = 0;                 \
		assert_non_null(strstr(kernel.said, text)); \
		kernel.said[0] = 0;                         \
	} while (0)

static struct heap pristine;

static int setup(void **state)
{
	(void)state;
	heap = pristine;
	memset(&kernel, 0, sizeof(kernel));
	kernel.brk_limit = BRK_ROOM;
	kernel.maps_left = -1;
	return 0;
}

static int in_heap(const void *p)
{
	return (const char *)p >= room && (const char *)p < room + kernel.brk;
}

static void assert_sound(void)
{
	const char *fault = malloc_verify();

	if (fault)
		fail_msg("%s", fault);
}

/* So that the next request needs more memory. */
static void use_up_top(void)
{
	while (mallinfo2().keepcost > 128)
		assert_non_null(malloc(mallinfo2().keepcost > 8192 ? 4000 : 24));
}

/* --- one rule each ----------------------------------------------------------------------- */

static void blocks_are_multiples_of_16(void **state)
{
	(void)state;
	assert_int_equal(malloc_usable_size(malloc(0)), 24);
	assert_int_equal(malloc_usable_size(malloc(24)), 24);
	assert_int_equal(malloc_usable_size(malloc(25)), 40);
	for (size_t n = 1; n < 600; n++) {
		void *p = malloc(n);

		assert_int_equal((uintptr_t)p % 16, 0);
		assert_in_range(malloc_usable_size(p), n, n + 24);
	}
	assert_int_equal(malloc_usable_size(NULL), 0);
	assert_sound();
}

static void threshold_decides_between_heap_and_mapping(void **state)
{
	void *p;

	(void)state;
	malloc(1);
	use_up_top();
	assert_true(in_heap(malloc(131048)));
	use_up_top();
	p = malloc(131049);
	assert_false(in_heap(p));
	assert_int_equal(mallinfo2().hblks, 1);
	assert_int_equal(mallinfo2().hblkhd, 33 * 4096);
	assert_int_equal(malloc_usable_size(p), 33 * 4096 - 16);
	free(p);
	assert_int_equal(kernel.maps, 0);
	/* The threshold has adapted: to the size of that mapping, trimming to twice that. */
	assert_int_equal(heap.mmap_threshold, 33 * 4096);
	assert_int_equal(heap.trim_threshold, 66 * 4096);
	assert_true(in_heap(malloc(131049)));
	assert_sound();
}

static void free_block_serves_even_above_the_threshold(void **state)
{
	char *p, *guard;

	(void)state;
	assert_int_equal(mallopt(M_MMAP_THRESHOLD, 1 << 20), 1);
	p = malloc(300 * KIB);
	guard = malloc(1);
	assert_true(in_heap(p) && in_heap(guard));
	free(p);
	assert_int_equal(mallopt(M_MMAP_THRESHOLD, 128 * 1024), 1);
	assert_ptr_equal(malloc(300 * KIB), p);
}

static void mallopt_stops_adapting(void **state)
{
	(void)state;
	assert_int_equal(mallopt(M_MMAP_THRESHOLD, 64 * 1024), 1);
	free(malloc(1 * MIB));
	assert_int_equal(heap.mmap_threshold, 64 * KIB);
	assert_int_equal(mallopt(M_MMAP_THRESHOLD, 33 << 20), 0);
	assert_int_equal(mallopt(99, 1), 0);
	assert_int_equal(mallopt(M_TOP_PAD, -1), 0);
}

static void no_mappings_with_mmap_max_0(void **state)
{
	(void)state;
	assert_int_equal(mallopt(M_MMAP_MAX, 0), 1);
	assert_true(in_heap(malloc(1 * MIB)));
	assert_int_equal(kernel.maps, 0);
	assert_sound();
}

static void hole_stays_and_is_used_again(void **state)
{
	char *below = malloc(100 * KIB), *above = malloc(64);
	size_t brk = kernel.brk;

	(void)state;
	assert_non_null(above);
	free(below);
	assert_int_equal(kernel.brk, brk);
	assert_ptr_equal(malloc(90 * KIB), below);
	assert_sound();
}

static void neighbours_join(void **state)
{
	char *p[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		p[i] = malloc(1000);
	malloc(1);
	free(p[0]);
	free(p[2]);
	assert_int_equal(heap.free_blocks, 2);
	free(p[1]);
	assert_int_equal(heap.free_blocks, 1);
	assert_sound();
	assert_ptr_equal(malloc(3000), p[0]);
	free(p[3]);
	assert_sound();
}

static void top_is_trimmed_at_its_threshold(void **state)
{
	char *p[16];
	size_t full;

	(void)state;
	for (int i = 0; i < 16; i++)
		p[i] = malloc(64 * KIB);
	full = kernel.brk;
	for (int i = 16; i--;)
		free(p[i]);
	assert_true(kernel.brk < full - 512 * KIB);
	assert_in_range(mallinfo2().keepcost, 128 * KIB, 128 * KIB + 8192);
	assert_int_equal(malloc_trim(0), 1);
	assert_true(mallinfo2().keepcost < 4096 + 64);
	assert_int_equal(malloc_trim(0), 0);
	assert_sound();
}

static void trim_discards_pages_of_holes_only(void **state)
{
	char *below = malloc(64), *hole = malloc(64 * KIB), *above = malloc(64);

	(void)state;
	memset(below, 1, 64);
	memset(hole, 2, 64 * KIB);
	memset(above, 3, 64);
	free(hole);
	assert_int_equal(malloc_trim(1 * MIB), 1);
	assert_int_equal(kernel.discards, 1);
	for (int i = 0; i < 64; i++)
		assert_true(below[i] == 1 && above[i] == 3);
	assert_sound();
	assert_ptr_equal(malloc(64 * KIB), hole);
}

static void memory_of_calloc_is_zero(void **state)
{
	unsigned char *p = malloc(5000), *guard = malloc(1);

	(void)state;
	memset(p, 0xff, 5000);
	free(p);
	p = calloc(50, 100);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(p[i], 0);
	assert_null(calloc(SIZE_MAX / 2, 3));
	free(guard);
}

static void realloc_grows_in_place_where_it_can(void **state)
{
	char *p = malloc(100), *q;

	(void)state;
	memset(p, 7, 100);
	assert_ptr_equal(realloc(p, 50 * KIB), p); /* into the top */
	assert_ptr_equal(realloc(p, 200), p);
	malloc(10);
	q = realloc(p, 100 * KIB);
	assert_true(q != p);
	for (int i = 0; i < 100; i++)
		assert_int_equal(q[i], 7);
	assert_null(realloc(q, 0));
	assert_null(realloc(malloc(10), SIZE_MAX));
	assert_non_null(realloc(NULL, 10));
	assert_sound();
}

static void reallocarray_finds_overflows(void **state)
{
	char *p = reallocarray(NULL, 10, 10);

	(void)state;
	memset(p, 5, 100);
	user_errno = 0;
	assert_null(reallocarray(p, SIZE_MAX / 2, 3));
	assert_int_equal(user_errno, ENOMEM);
	assert_null(realloc(p, SIZE_MAX));
	p = reallocarray(p, 30, 10);
	for (int i = 0; i < 100; i++)
		assert_int_equal(p[i], 5);
	free(p);
	assert_sound();
}

static void aligned_blocks_are_blocks(void **state)
{
	char *guard = malloc(40), *p;

	(void)state;
	for (size_t align = 1; align <= 1 << 20; align *= 2) {
		for (size_t size = 0; size < 400 * KIB; size = size * 3 + 7) {
			p = aligned_alloc(align, size);
			assert_non_null(p);
			assert_int_equal((uintptr_t)p % align, 0);
			assert_true(malloc_usable_size(p) >= size);
			memset(p, 1, malloc_usable_size(p));
			assert_sound();
			/* In the heap what is over is free, on both sides. */
			if (in_heap(p))
				assert_in_range(malloc_usable_size(p), size, size + 48);
			p = realloc(p, 2 * size + 100);
			assert_true(size == 0 || p[size - 1] == 1);
			free(p);
			assert_sound();
		}
	}
	free(guard);
	assert_int_equal(mallinfo2().uordblks, 0);
	assert_int_equal(kernel.maps, 0);
}

static void alignments_are_checked(void **state)
{
	void *p = &kernel;

	(void)state;
	user_errno = 0;
	assert_null(aligned_alloc(0, 8));
	assert_int_equal(user_errno, EINVAL);
	assert_null(aligned_alloc(24, 8));
	user_errno = 77;
	assert_int_equal(posix_memalign(&p, 0, 8), EINVAL);
	assert_int_equal(posix_memalign(&p, 4, 8), EINVAL);
	assert_int_equal(posix_memalign(&p, 24, 8), EINVAL);
	assert_int_equal(posix_memalign(&p, 64, SIZE_MAX - 10), ENOMEM);
	assert_int_equal(posix_memalign(&p, (size_t)1 << 63, 8), ENOMEM);
	assert_ptr_equal(p, &kernel);
	assert_int_equal(posix_memalign(&p, 8, 8), 0);
	assert_int_equal(user_errno, 77);
	free(p);
	assert_null(aligned_alloc((size_t)1 << 63, 8));
	assert_int_equal(user_errno, ENOMEM);
	p = memalign(24, 8);
	assert_int_equal((uintptr_t)p % 32, 0);
	free(p);
	assert_null(memalign(SIZE_MAX, 8));
	assert_sound();
}

static void mapping_is_remapped(void **state)
{
	char *p = malloc(1 * MIB);

	(void)state;
	p[MIB - 1] = 9;
	p = realloc(p, 8 * MIB);
	assert_int_equal(p[MIB - 1], 9);
	assert_int_equal(mallinfo2().hblkhd, 8 * MIB + 4096);
	p = realloc(p, 2 * MIB);
	assert_int_equal(p[MIB - 1], 9);
	assert_int_equal(mallinfo2().hblks, 1);
	free(p);
	assert_int_equal(mallinfo2().hblkhd, 0);
}

/* --- failures ------------------------------------------------------------------------------ */

static void without_memory_nothing_changes(void **state)
{
	char *p = malloc(1000), *big;
	size_t brk;

	(void)state;
	use_up_top();
	kernel.brk_limit = brk = kernel.brk;
	kernel.maps_left = 0;
	assert_null(malloc(100 * KIB));
	assert_null(malloc(1 * MIB));
	assert_null(malloc(SIZE_MAX));
	assert_null(malloc((size_t)1 << 60));
	assert_int_equal(user_errno, 12);
	assert_null(realloc(p, 1 * MIB));
	assert_int_equal(kernel.brk, brk);
	assert_sound();
	/* With no heap to be had a mapping serves, and the other way round. */
	kernel.maps_left = -1;
	big = malloc(100 * KIB);
	assert_non_null(big);
	assert_false(in_heap(big));
	kernel.maps_left = 0;
	assert_null(realloc(big, 4 * MIB));
	kernel.brk_limit = BRK_ROOM;
	assert_true(in_heap(malloc(1 * MIB)));
	free(big);
	assert_sound();
}

static void break_moved_by_others_is_respected(void **state)
{
	(void)state;
	malloc(1);
	use_up_top();
	user_sbrk(4096);
	memset(room + kernel.brk - 4096, 0x33, 4096);
	assert_false(in_heap(malloc(64 * KIB)));
	assert_int_equal(malloc_trim(0), 0);
	for (int i = 1; i <= 4096; i++)
		assert_int_equal(room[kernel.brk - (size_t)i], 0x33);
	assert_sound();
}

static void broken_rules_are_found(void **state)
{
	char *p = malloc(100), *q = malloc(100), *big = malloc(1 * MIB);

	(void)state;
	malloc(1);
	free(p);
	assert_aborts(free(p), "double free");
	assert_aborts(free(q + 8), "invalid pointer");
	assert_aborts(free(kernel.said), "invalid pointer");
	assert_aborts(free(big + 16), "invalid pointer");
	assert_aborts(realloc(p, 1000), "double free");
	free(NULL);
}

static void statistics_add_up(void **state)
{
	struct mallinfo2 info = mallinfo2();

	(void)state;
	assert_int_equal(info.arena, 0);
	malloc(1000);
	malloc(1 * MIB);
	info = mallinfo2();
	assert_int_equal(info.arena, kernel.brk);
	assert_int_equal(info.uordblks, 1008);
	assert_int_equal(info.fordblks, info.keepcost);
	assert_int_equal(info.ordblks, 1);
	malloc_stats();
	assert_non_null(strstr(kernel.said, "in use bytes     =       1008"));
	assert_non_null(strstr(kernel.said, "max mmap regions =          1"));
}

/* --- random operations ------------------------------------------------------------------------ */

#define SLOTS 300
#define STEPS 60000

static struct slot {
	unsigned char *p;
	size_t size;
	unsigned char byte;
} slots[SLOTS];
static uint32_t random_state;

static uint32_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static size_t random_size(void)
{
	uint32_t r = random_number();

	switch (r % 16) {
	case 0:
		return r / 16 % (200 * KIB);
	case 1:
	case 2:
		return r / 16 % (16 * KIB);
	default:
		return r / 16 % 300;
	}
}

static void check_slot(const struct slot *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s->p[i] != s->byte)
			fail_msg("byte %zu of %zu changed", i, s->size);
}

static void fill_slot(struct slot *s, void *p, size_t size)
{
	s->p = p;
	s->size = size;
	s->byte = (unsigned char)random_number();
	assert_int_equal((uintptr_t)p % 16, 0);
	assert_true(malloc_usable_size(p) >= size);
	/* All that may be used is used. */
	memset(p, s->byte, malloc_usable_size(p));
}

static void allocate_slot(struct slot *s)
{
	size_t size = random_size();
	int clear = random_number() % 4 == 0;
	size_t align = random_number() % 8 ? 1 : (size_t)1 << random_number() % 14;
	unsigned char *p = align > 1 ? aligned_alloc(align, size)
			   : clear   ? calloc(1, size)
				     : malloc(size);

	if (!p)
		return;
	assert_int_equal((uintptr_t)p % align, 0);
	clear &= align == 1;
	for (size_t i = 0; clear && i < size; i++)
		assert_int_equal(p[i], 0);
	fill_slot(s, p, size);
}

static void change_slot(struct slot *s)
{
	size_t old = s->size, size = random_size() + 1;
	unsigned char *p;

	check_slot(s, old);
	if (random_number() % 4) {
		free(s->p);
		s->p = NULL;
		return;
	}
	p = realloc(s->p, size);
	if (!p)
		return;
	s->p = p;
	check_slot(s, old < size ? old : size);
	fill_slot(s, p, size);
}

static size_t heap_bytes_in_slots(void)
{
	size_t sum = 0;

	for (int i = 0; i < SLOTS; i++)
		if (slots[i].p && in_heap(slots[i].p))
			sum += malloc_usable_size(slots[i].p) + 8;
	return sum;
}

static void random_operations(uint32_t seed, int failing)
{
	random_state = seed;
	memset(slots, 0, sizeof(slots));
	for (int step = 0; step < STEPS; step++) {
		struct slot *s = &slots[random_number() % SLOTS];

		if (failing && step % 16 == 0) {
			kernel.brk_limit = random_number() % 2 ? kernel.brk : BRK_ROOM;
			kernel.maps_left = random_number() % 2 ? 0 : -1;
		}
		if (s->p)
			change_slot(s);
		else
			allocate_slot(s);
		if (random_number() % 512 == 0)
			malloc_trim(random_size());
		if (step % 64)
			continue;
		assert_sound();
		assert_int_equal(mallinfo2().uordblks, heap_bytes_in_slots());
		assert_int_equal(mallinfo2().hblks, kernel.maps);
	}
	for (int i = 0; i < SLOTS; i++)
		free(slots[i].p);
	assert_sound();
	assert_int_equal(mallinfo2().uordblks, 0);
	assert_int_equal(heap.free_blocks, 0);
	assert_int_equal(kernel.maps, 0);
}

static void random_operations_keep_to_the_model(void **state)
{
	(void)state;
	random_operations(1, 0);
	setup(NULL);
	random_operations(77, 0);
}

static void random_operations_survive_failures(void **state)
{
	(void)state;
	random_operations(5, 1);
	setup(NULL);
	random_operations(4711, 1);
}

/* --- pools ------------------------------------------------------------------------------------ */

#define POOL_BLOCKS 1000

static void pool_blocks_are_apart_and_reused(void **state)
{
	struct pool *pool = pool_create(50, 64);
	unsigned char *p[POOL_BLOCKS];

	(void)state;
	assert_non_null(pool);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < POOL_BLOCKS; i++) {
			p[i] = pool_alloc(pool);
			assert_int_equal((uintptr_t)p[i] % 16, 0);
			memset(p[i], i, 50);
		}
		assert_int_equal(pool_used(pool), POOL_BLOCKS);
		for (int i = 0; i < POOL_BLOCKS; i++) {
			for (int at = 0; at < 50; at++)
				assert_int_equal(p[i][at], i & 0xff);
			pool_free(pool, p[i]);
		}
		assert_int_equal(kernel.maps, (POOL_BLOCKS + 63) / 64);
	}
	pool_free(pool, NULL);
	assert_int_equal(pool_used(pool), 0);
	pool_destroy(pool);
	assert_int_equal(kernel.maps, 0);
}

static void pool_fails_cleanly(void **state)
{
	struct pool *pool;

	(void)state;
	assert_null(pool_create(0, 10));
	assert_null(pool_create(10, 0));
	assert_null(pool_create(64 * KIB + 1, 1));
	assert_null(pool_create(16, ((size_t)1 << 20) + 1));
	kernel.maps_left = 1;
	pool = pool_create(64 * KIB, 2);
	assert_non_null(pool);
	assert_non_null(pool_alloc(pool));
	assert_non_null(pool_alloc(pool));
	assert_null(pool_alloc(pool));
	assert_null(pool_create(16, 16));
	kernel.maps_left = -1;
	assert_non_null(pool_alloc(pool));
	assert_int_equal(pool_used(pool), 3);
	pool_destroy(pool);
	assert_int_equal(kernel.maps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(blocks_are_multiples_of_16, setup),
		cmocka_unit_test_setup(threshold_decides_between_heap_and_mapping, setup),
		cmocka_unit_test_setup(free_block_serves_even_above_the_threshold, setup),
		cmocka_unit_test_setup(mallopt_stops_adapting, setup),
		cmocka_unit_test_setup(no_mappings_with_mmap_max_0, setup),
		cmocka_unit_test_setup(hole_stays_and_is_used_again, setup),
		cmocka_unit_test_setup(neighbours_join, setup),
		cmocka_unit_test_setup(top_is_trimmed_at_its_threshold, setup),
		cmocka_unit_test_setup(trim_discards_pages_of_holes_only, setup),
		cmocka_unit_test_setup(memory_of_calloc_is_zero, setup),
		cmocka_unit_test_setup(realloc_grows_in_place_where_it_can, setup),
		cmocka_unit_test_setup(reallocarray_finds_overflows, setup),
		cmocka_unit_test_setup(aligned_blocks_are_blocks, setup),
		cmocka_unit_test_setup(alignments_are_checked, setup),
		cmocka_unit_test_setup(mapping_is_remapped, setup),
		cmocka_unit_test_setup(without_memory_nothing_changes, setup),
		cmocka_unit_test_setup(break_moved_by_others_is_respected, setup),
		cmocka_unit_test_setup(broken_rules_are_found, setup),
		cmocka_unit_test_setup(statistics_add_up, setup),
		cmocka_unit_test_setup(random_operations_keep_to_the_model, setup),
		cmocka_unit_test_setup(random_operations_survive_failures, setup),
		cmocka_unit_test_setup(pool_blocks_are_apart_and_reused, setup),
		cmocka_unit_test_setup(pool_fails_cleanly, setup),
	};

	pristine = heap;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Entries come out of a guest's rings once, in their order; nonsense is left out. */
#include <pthread.h>
#include <sched.h>

#include "tests/unit/vmm/dma_guest.h"
#include "vmm/dma_check/dma_check_ring.h"

static struct dma_guest guest;
static struct dma_channel channel;
static uint64_t taken[4096];
static unsigned int nr_taken, nr_corrupt;

static void note(void *arg, unsigned int ring, const struct dma_check_entry *e)
{
	(void)arg;
	assert_true(ring < GUEST_RINGS);
	assert_true(nr_taken < sizeof(taken) / sizeof(taken[0]));
	taken[nr_taken++] = e->seq;
}

static void complain(void *arg, const char *what)
{
	(void)arg;
	assert_non_null(what);
	nr_corrupt++;
}

static const struct dma_channel_ops ops = { .entry = note, .corrupt = complain };

static int make(void **state)
{
	(void)state;
	dma_guest_make(&guest);
	nr_taken = nr_corrupt = 0;
	channel = (struct dma_channel){ 0 };
	return 0;
}

static int drop(void **state)
{
	(void)state;
	dma_guest_free(&guest);
	return 0;
}

static void open_channel(void)
{
	assert_null(dma_channel_open(&channel, &guest.ram, GUEST_AREA));
	assert_false(dma_channel_pending(&channel));
}

static void take(void)
{
	dma_channel_take(&channel, &ops, NULL);
}

static void tell(unsigned int ring)
{
	dma_guest_tell(&guest, ring, (struct dma_check_entry){ .kind = DMA_CHECK_MAP });
}

static void all_rings_are_one_order(void **state)
{
	static const unsigned int order[] = { 0, 2, 1, 1, 0, 2, 2, 2, 0, 1 };

	(void)state;
	open_channel();
	for (unsigned int i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		tell(order[i]);
	assert_true(dma_channel_pending(&channel));
	take();
	assert_int_equal(nr_taken, sizeof(order) / sizeof(order[0]));
	for (unsigned int i = 0; i < nr_taken; i++)
		assert_int_equal(taken[i], i + 1);
	assert_false(dma_channel_pending(&channel));
	for (unsigned int i = 0; i < GUEST_RINGS; i++)
		assert_int_equal(dma_guest_ring(&guest, i)->tail,
				 dma_guest_ring(&guest, i)->head);
	take();
	assert_int_equal(nr_taken, sizeof(order) / sizeof(order[0]));
}

/* Random rings and pauses, indices wrap: each entry once, in order. */
static void many_turns_of_the_rings(void **state)
{
	(void)state;
	srand(3);
	for (unsigned int i = 0; i < GUEST_RINGS; i++)
		dma_guest_ring(&guest, i)->head = dma_guest_ring(&guest, i)->tail =
			UINT32_MAX - 5 * i;
	open_channel();
	for (unsigned int n = 0; n < 3000; n++) {
		unsigned int ring = (unsigned int)rand() % GUEST_RINGS;
		const struct dma_check_ring *r = dma_guest_ring(&guest, ring);

		if (r->head - r->tail == GUEST_ENTRIES || rand() % 8 == 0)
			take();
		tell(ring);
	}
	take();
	assert_int_equal(nr_taken, 3000);
	assert_int_equal(nr_corrupt, 0);
	for (unsigned int i = 0; i < nr_taken; i++)
		assert_int_equal(taken[i], i + 1);
}

/* A call that has its number and not yet its place does not hold up what is complete. */
static void a_call_in_flight_comes_later(void **state)
{
	(void)state;
	open_channel();
	tell(0);
	guest.seq++; /* drawn by a CPU that is about to write to ring 1 */
	tell(2);
	take();
	assert_int_equal(nr_taken, 2);
	assert_int_equal(taken[1], 3);
	guest.seq = 1;
	tell(1);
	take();
	assert_int_equal(nr_taken, 3);
	assert_int_equal(taken[2], 2);
	assert_int_equal(nr_corrupt, 0);
}

/* The number is not seen before the entry is: what is beyond it waits for the next take. */
static void only_what_the_first_look_found(void **state)
{
	struct dma_check_ring *r = dma_guest_ring(&guest, 0);

	(void)state;
	open_channel();
	tell(0);
	tell(0);
	r->head--; /* the second one is not published */
	tell(1);
	take();
	assert_int_equal(nr_taken, 2);
	assert_int_equal(taken[0], 1);
	assert_int_equal(taken[1], 3);
	r->head++;
	take();
	assert_int_equal(taken[2], 2);
}

static void more_than_there_is_room_for(void **state)
{
	(void)state;
	open_channel();
	tell(0);
	dma_guest_ring(&guest, 1)->head += GUEST_ENTRIES + 1;
	take();
	assert_int_equal(nr_taken, 1);
	assert_true(nr_corrupt >= 1);
	/* It goes on from where the guest says it is. */
	assert_int_equal(dma_guest_ring(&guest, 1)->tail,
			 dma_guest_ring(&guest, 1)->head);
	tell(1);
	take();
	assert_int_equal(nr_taken, 2);
}

static void numbers_that_lie(void **state)
{
	(void)state;
	open_channel();
	tell(0);
	take();
	guest.seq = 0; /* the same number again */
	tell(0);
	take();
	assert_int_equal(nr_taken, 1);
	assert_int_equal(nr_corrupt, 1);
	guest.seq = UINT64_MAX - 1;
	tell(0);
	take();
	assert_int_equal(nr_taken, 2);
	guest.seq = 5;
	tell(1);
	take();
	assert_int_equal(nr_taken, 3);
}

/* Three CPUs pass a token on: each entry is written after the one before was complete.  The
 * taker looks meanwhile, and must never see an effect without its cause. */
#define PASSES 1000u

static unsigned int token; /* whose turn it is; atomic */

static void *pass_on(void *arg)
{
	unsigned int me = (unsigned int)(uintptr_t)arg;
	struct dma_check_ring *r = dma_guest_ring(&guest, me);
	struct dma_check_entry *entries = (void *)(r + 1);

	for (unsigned int n = me; n < PASSES; n += GUEST_RINGS) {
		while (__atomic_load_n(&token, __ATOMIC_ACQUIRE) != n ||
		       r->head - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE) ==
			       GUEST_ENTRIES)
			sched_yield();
		__atomic_store_n(&entries[r->head % GUEST_ENTRIES].seq, n + 1,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&r->head, r->head + 1, __ATOMIC_RELEASE);
		__atomic_store_n(&token, n + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void next_in_order(void *arg, unsigned int ring, const struct dma_check_entry *e)
{
	unsigned int *n = arg;

	(void)ring;
	assert_int_equal(e->seq, *n + 1);
	(*n)++;
}

static void causes_come_before_effects(void **state)
{
	const struct dma_channel_ops in_order = { .entry = next_in_order,
						  .corrupt = complain };
	pthread_t cpu[GUEST_RINGS];
	unsigned int n = 0;

	(void)state;
	open_channel();
	token = 0;
	for (unsigned int i = 0; i < GUEST_RINGS; i++)
		assert_int_equal(
			pthread_create(&cpu[i], NULL, pass_on, (void *)(uintptr_t)i), 0);
	while (n < PASSES)
		dma_channel_take(&channel, &in_order, &n);
	for (unsigned int i = 0; i < GUEST_RINGS; i++)
		pthread_join(cpu[i], NULL);
	assert_int_equal(nr_corrupt, 0);
}

/* Whatever stands in the rings: a take ends, and takes no more than they hold. */
static void noise(void **state)
{
	(void)state;
	srand(11);
	open_channel();
	for (unsigned int n = 0; n < 300; n++) {
		unsigned int before = nr_taken;

		for (unsigned int i = 0; i < GUEST_RINGS; i++) {
			struct dma_check_ring *r = dma_guest_ring(&guest, i);
			uint8_t *bytes = (uint8_t *)(r + 1);

			r->head = (uint32_t)rand() * (rand() % 2 ? 1u : 7919u);
			if (rand() % 2)
				r->head = r->tail + (uint32_t)rand() % 20;
			r->tail = (uint32_t)rand();
			for (size_t b = 0;
			     b < GUEST_ENTRIES * sizeof(struct dma_check_entry); b += 8)
				bytes[b] = (uint8_t)rand();
		}
		take();
		assert_true(nr_taken - before <= GUEST_RINGS * GUEST_ENTRIES);
		nr_taken = 0;
	}
}

static void refuse(void)
{
	assert_non_null(dma_channel_open(&channel, &guest.ram, GUEST_AREA));
	assert_null(channel.area);
	assert_false(dma_channel_pending(&channel));
	take();
	dma_guest_free(&guest);
	dma_guest_make(&guest);
}

static void an_area_that_makes_no_sense(void **state)
{
	(void)state;
	assert_non_null(dma_channel_open(&channel, &guest.ram, GUEST_RAM));
	assert_non_null(dma_channel_open(&channel, &guest.ram, GUEST_AREA + 8));
	assert_non_null(dma_channel_open(&channel, &guest.ram, UINT64_MAX - 4095));
	guest.area->magic++;
	refuse();
	guest.area->version++;
	refuse();
	guest.area->nr_rings = 0;
	refuse();
	guest.area->nr_rings = DMA_CHECK_RINGS_MAX + 1;
	refuse();
	guest.area->nr_rings =
		GUEST_RINGS + 1; /* the next ring's address is 0: it is RAM */
	assert_null(dma_channel_open(&channel, &guest.ram, GUEST_AREA));
	guest.area->ring_entries = 0;
	refuse();
	guest.area->ring_entries = 24;
	refuse();
	guest.area->ring_entries = DMA_CHECK_ENTRIES_MAX * 2;
	refuse();
	guest.area->ring[1] = GUEST_RAM - 128;
	refuse();
	guest.area->ring[2] = UINT64_MAX - 63;
	refuse();
	guest.area->ring[0] += 8;
	refuse();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_rings_are_one_order, make, drop),
		cmocka_unit_test_setup_teardown(many_turns_of_the_rings, make, drop),
		cmocka_unit_test_setup_teardown(a_call_in_flight_comes_later, make, drop),
		cmocka_unit_test_setup_teardown(only_what_the_first_look_found, make,
						drop),
		cmocka_unit_test_setup_teardown(more_than_there_is_room_for, make, drop),
		cmocka_unit_test_setup_teardown(numbers_that_lie, make, drop),
		cmocka_unit_test_setup_teardown(causes_come_before_effects, make, drop),
		cmocka_unit_test_setup_teardown(noise, make, drop),
		cmocka_unit_test_setup_teardown(an_area_that_makes_no_sense, make, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

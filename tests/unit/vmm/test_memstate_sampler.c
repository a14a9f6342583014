/* SPDX-License-Identifier: MIT */
/* Samples of a guest's memory: right, few enough, and none of what is corrupt. */
#include "tests/unit/vmm/memstate_image.h"
#include "tests/unit/vmm/vmm_test.h"
#include "vmm/memstate/memstate_sampler.h"

static struct image image;
static struct memstate_sampler sampler;
static struct loop loop;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int make(void **state)
{
	(void)state;
	image_make(&image);
	loop_init(&loop, &lock);
	memstate_sampler_start(&sampler, &loop, &image.ram, IMAGE_TABLE);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	memstate_sampler_fini(&sampler);
	loop_fini(&loop);
	image_free(&image);
	return 0;
}

static void a_sample_holds_what_the_guest_has(void **state)
{
	const struct memstate_sample *s = &sampler.sample[0];

	(void)state;
	memstate_sampler_take(&sampler, 17);
	assert_int_equal(sampler.nr_samples, 1);
	assert_int_equal(s->us, 17);
	assert_int_equal(s->zones.zone[0].nr_free[9], 1);
	assert_int_equal(s->pages[FRAME_FRESH], 0x800);
	assert_int_equal(s->pages[FRAME_USER], 2);
	assert_int_equal(sampler.nr_cells, SAMPLE_CELLS_MAX);
	assert_int_equal(sampler.cell_pages, IMAGE_FRAMES / SAMPLE_CELLS_MAX);
	assert_int_equal(s->cell[0], FRAME_RESERVED);
	assert_int_equal(s->cell[0x400 / sampler.cell_pages], FRAME_FREE);
	assert_int_equal(s->cell[SAMPLE_CELLS_MAX - 1], FRAME_FRESH);
	assert_int_equal(sampler.busiest.nr, IMAGE_CACHES);
	assert_int_equal(sampler.busiest_us, 17);
}

static void the_busiest_caches_are_kept(void **state)
{
	(void)state;
	image.caches[1].pages = 7;
	memstate_sampler_take(&sampler, 1);
	image.caches[1].pages = 3;
	memstate_sampler_take(&sampler, 2);
	assert_int_equal(sampler.busiest_us, 1);
	assert_int_equal(sampler.busiest.cache[1].pages, 7);
}

static void samples_thin_out(void **state)
{
	uint64_t interval = sampler.interval_us, us;
	unsigned int i;

	(void)state;
	for (us = 0; us < 10ul * SAMPLES_MAX; us++)
		memstate_sampler_take(&sampler, us);
	assert_true(sampler.nr_samples > SAMPLES_MAX / 2 - 1);
	assert_true(sampler.nr_samples <= SAMPLES_MAX);
	assert_true(sampler.interval_us > interval);
	assert_int_equal(sampler.sample[0].us, 0);
	for (i = 1; i < sampler.nr_samples; i++)
		assert_true(sampler.sample[i].us > sampler.sample[i - 1].us);
}

static void nothing_is_sampled_of_nothing(void **state)
{
	(void)state;
	*image.cache_list = 0;
	memstate_sampler_take(&sampler, 1);
	assert_int_equal(sampler.nr_samples, 0);
	image.table->magic = 0;
	memstate_sampler_take(&sampler, 2);
	assert_int_equal(sampler.nr_samples, 0);
}

static void corrupt_frames_make_no_sample(void **state)
{
	(void)state;
	image.pages[0x602].flags = IMAGE_LIVE | IMAGE_FREE;
	memstate_sampler_take(&sampler, 1);
	assert_int_equal(sampler.nr_samples, 0);
	image.pages[0x602].flags = IMAGE_LIVE;
	memstate_sampler_take(&sampler, 2);
	assert_int_equal(sampler.nr_samples, 1);
}

static void the_timer_takes_samples(void **state)
{
	(void)state;
	while (!sampler.nr_samples)
		loop_run_once(&loop);
	memstate_sampler_stop(&sampler);
	assert_int_equal(sampler.watch.fd, -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)
	const struct CMUnitTest tests[] = {
		TEST(a_sample_holds_what_the_guest_has),
		TEST(the_busiest_caches_are_kept),
		TEST(samples_thin_out),
		TEST(nothing_is_sampled_of_nothing),
		TEST(corrupt_frames_make_no_sample),
		TEST(the_timer_takes_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

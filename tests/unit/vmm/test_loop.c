/* SPDX-License-Identifier: MIT */
/* The event loop: who is called when, and never after it was taken away. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/unit/vmm/vmm_test.h"
#include "vmm/machine/loop.h"

#define WATCHES 8

struct source {
	struct host_watch watch;
	unsigned int calls;
	struct fixture *fixture;
	int victim; /* this callback takes that watch away; -1: none */
};

struct fixture {
	pthread_mutex_t lock;
	struct loop loop;
	struct source sources[WATCHES];
};

static bool is_locked(struct fixture *f)
{
	if (pthread_mutex_trylock(&f->lock))
		return true;
	pthread_mutex_unlock(&f->lock);
	return false;
}

static void on_event(void *arg, uint32_t events)
{
	struct source *s = arg;
	struct fixture *f = s->fixture;
	eventfd_t count;

	assert_true(is_locked(f));
	assert_true(events & EPOLLIN);
	s->calls++;
	eventfd_read(s->watch.fd, &count);
	if (s->victim >= 0)
		loop_unwatch(&f->loop, &f->sources[s->victim].watch);
}

static void on_urgent(void *arg, uint32_t events)
{
	struct source *s = arg;
	eventfd_t count;

	assert_true(events & EPOLLIN);
	s->calls++;
	eventfd_read(s->watch.fd, &count);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	unsigned int i;

	pthread_mutex_init(&f->lock, NULL);
	assert_int_equal(loop_init(&f->loop, &f->lock), 0);
	for (i = 0; i < WATCHES; i++) {
		struct source *s = &f->sources[i];

		s->fixture = f;
		s->victim = -1;
		s->watch = (struct host_watch){ .fd = eventfd(0, EFD_NONBLOCK),
						.fn = on_event,
						.arg = s };
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	unsigned int i;

	for (i = 0; i < WATCHES; i++)
		close(f->sources[i].watch.fd);
	loop_fini(&f->loop);
	pthread_mutex_destroy(&f->lock);
	free(f);
	return 0;
}

static void ring(struct fixture *f, unsigned int i)
{
	eventfd_write(f->sources[i].watch.fd, 1);
}

static void watch_all(struct fixture *f)
{
	unsigned int i;

	for (i = 0; i < WATCHES; i++)
		assert_int_equal(loop_watch(&f->loop, &f->sources[i].watch, EPOLLIN), 0);
}

static void callbacks_run_locked_and_once(void **state)
{
	struct fixture *f = *state;

	watch_all(f);
	ring(f, 2);
	ring(f, 5);
	loop_run_once(&f->loop);
	assert_false(is_locked(f));
	assert_int_equal(f->sources[2].calls, 1);
	assert_int_equal(f->sources[5].calls, 1);
	assert_int_equal(f->sources[0].calls, 0);
}

/* Each of two that are ready takes the other away: only one of them is ever called. */
static void nobody_is_called_after_unwatch(void **state)
{
	struct fixture *f = *state;

	watch_all(f);
	f->sources[0].victim = 1;
	f->sources[1].victim = 0;
	ring(f, 0);
	ring(f, 1);
	loop_run_once(&f->loop);
	assert_int_equal(f->sources[0].calls + f->sources[1].calls, 1);
	ring(f, 0);
	ring(f, 1);
	ring(f, 2); /* so that the loop does not wait */
	loop_run_once(&f->loop);
	assert_int_equal(f->sources[2].calls, 1);
	assert_int_equal(f->sources[0].calls + f->sources[1].calls, 2);
}

static void one_may_take_itself_away(void **state)
{
	struct fixture *f = *state;

	watch_all(f);
	f->sources[3].victim = 3;
	ring(f, 3);
	loop_run_once(&f->loop);
	ring(f, 3);
	ring(f, 4);
	loop_run_once(&f->loop);
	assert_int_equal(f->sources[3].calls, 1);
	assert_int_equal(f->sources[4].calls, 1);
	loop_unwatch(&f->loop, &f->sources[3].watch);
	assert_int_equal(loop_watch(&f->loop, &f->sources[3].watch, EPOLLIN), 0);
	loop_run_once(&f->loop);
	assert_int_equal(f->sources[3].calls, 2);
}

static void events_can_be_changed(void **state)
{
	struct fixture *f = *state;

	watch_all(f);
	assert_int_equal(loop_watch(&f->loop, &f->sources[0].watch, 0), 0);
	ring(f, 0);
	ring(f, 1);
	loop_run_once(&f->loop);
	assert_int_equal(f->sources[0].calls, 0);
	assert_int_equal(loop_watch(&f->loop, &f->sources[0].watch, EPOLLIN), 0);
	loop_run_once(&f->loop);
	assert_int_equal(f->sources[0].calls, 1);
}

static void urgent_ones_need_no_lock(void **state)
{
	struct fixture *f = *state;

	watch_all(f);
	f->sources[7].watch.fn = on_urgent;
	loop_unwatch(&f->loop, &f->sources[7].watch);
	assert_int_equal(loop_watch_urgent(&f->loop, &f->sources[7].watch), 0);
	ring(f, 7);
	ring(f, 0);
	pthread_mutex_lock(&f->lock); /* as a vCPU might, for long */
	loop_run_once(&f->loop);
	pthread_mutex_unlock(&f->lock);
	assert_int_equal(f->sources[7].calls, 1);
	assert_int_equal(f->sources[0].calls, 0);
	loop_run_once(&f->loop);
	assert_int_equal(f->sources[0].calls, 1);
}

static void plain_files_are_refused(void **state)
{
	struct fixture *f = *state;
	struct host_watch watch = { .fd = open("/dev/null", O_RDONLY), .fn = on_event };

	assert_int_equal(loop_watch(&f->loop, &watch, EPOLLIN), -EPERM);
	loop_unwatch(&f->loop, &watch); /* nothing to do */
	close(watch.fd);
}

#define LOOP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(callbacks_run_locked_and_once),
		LOOP_TEST(nobody_is_called_after_unwatch),
		LOOP_TEST(one_may_take_itself_away),
		LOOP_TEST(events_can_be_changed),
		LOOP_TEST(urgent_ones_need_no_lock),
		LOOP_TEST(plain_files_are_refused),
	};

	return cmocka_run_group_tests_name("vmm loop", tests, NULL, NULL);
}

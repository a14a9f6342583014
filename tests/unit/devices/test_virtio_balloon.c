/* SPDX-License-Identifier: MIT */
/* virtio-balloon: which pages it gives back, which page numbers it refuses, statistics. */
#include "devices/balloon/virtio_balloon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "devices/virtio/virtio_pci.h"
#include "tests/unit/devices/mock_hostile.h"

#define DEVFN	  HOSTILE_DEVFN
#define PAGE	  4096u
#define HUGE	  (2u << 20)
#define FIRST_PFN 512u /* [FIRST_PFN, LOW_PFNS): RAM that no test puts anything into */
#define LOW_PFNS  ((uint32_t)(MOCK_LOW_SIZE / PAGE))
#define HIGH_PFN  ((uint32_t)(MOCK_HIGH_BASE / PAGE))

enum { INFLATE, DEFLATE, STATS, REPORT, QUEUES };

static struct {
	struct machine *m;
	struct virtio_balloon *b;
	struct drv d;
	struct drvq q[QUEUES];
	uint64_t unit;
	unsigned int calls; /* of give_back */
	uint64_t bytes; /* of all of them */
	uint8_t *last; /* of the last one */
	int error; /* that it returns */
	unsigned int changes;
	uint32_t actual; /* of the last change */
	uint32_t next; /* page number of a hostile driver's next request */
} t;

static int give_back(void *ctx, void *host, uint64_t len)
{
	assert_ptr_equal(ctx, &t);
	assert_int_equal((uintptr_t)host % PAGE, 0);
	assert_int_equal(len % t.unit, 0);
	t.calls++;
	t.bytes += len;
	t.last = host;
	return t.error;
}

static void changed(void *ctx, uint32_t actual)
{
	assert_ptr_equal(ctx, &t);
	t.changes++;
	t.actual = actual;
}

static void plug(struct machine *m)
{
	struct virtio_balloon_config_in config = { .name = "balloon0",
						   .target = 100,
						   .deflate_on_oom = true,
						   .reporting = true,
						   .unit = t.unit,
						   .give_back = give_back,
						   .changed = changed,
						   .ctx = &t };

	assert_int_equal(virtio_balloon_create(&config, &t.b), 0);
	assert_int_equal(virtio_pci_plug(&m->pci, DEVFN, virtio_balloon_dev(t.b), NULL),
			 0);
	assert_int_equal(pci_assign(&m->pci), 0);
}

static void start_driver(uint64_t features, unsigned int queues)
{
	drv_probe(&t.d, t.m, DEVFN);
	drv_msix_on(&t.d);
	assert_true(drv_negotiate(&t.d, features));
	for (unsigned int i = 0; i < queues; i++)
		drv_queue(&t.d, &t.q[i], i, 0);
	drv_ok(&t.d);
}

static void start(uint64_t unit, uint64_t features)
{
	memset(&t, 0, sizeof(t));
	t.unit = unit;
	t.m = machine_new();
	plug(t.m);
	start_driver(features, QUEUES);
}

static int setup(void **state)
{
	(void)state;
	start(PAGE, DRV_ALL_FEATURES & ~VIRTIO_FEATURE(VIRTIO_BALLOON_F_PAGE_POISON));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_free(t.m);
	return 0;
}

/* --- what tests ask and say ------------------------------------------------------------- */

struct asked {
	const char *name;
	uint64_t value;
};

static void find_stat(void *arg, const char *name, uint64_t value)
{
	struct asked *asked = arg;

	if (!strcmp(name, asked->name))
		asked->value = value;
}

static uint64_t count(const char *name)
{
	struct asked asked = { name, UINT64_MAX };

	virtio_stats(virtio_balloon_dev(t.b), find_stat, &asked);
	assert_int_not_equal(asked.value, UINT64_MAX);
	return asked.value;
}

/* A list of len bytes: the device has answered when this returns. */
static void send(unsigned int queue, const uint32_t *numbers, uint32_t len)
{
	uint64_t at = machine_alloc(t.m, len, 1);
	struct drv_seg seg = { at, len, false };
	struct vring_used_elem elem;

	memcpy(machine_at(t.m, at, len), numbers, len);
	drvq_add(&t.q[queue], &seg, 1);
	assert_true(drvq_wait(&t.q[queue], &elem));
	assert_int_equal(elem.len, 0);
}

static void send_one(unsigned int queue, uint32_t number)
{
	send(queue, &number, sizeof(number));
}

static void report(unsigned int queue, uint64_t gpa, uint32_t len)
{
	struct drv_seg seg = { gpa, len, true };
	struct vring_used_elem elem;

	drvq_add(&t.q[queue], &seg, 1);
	assert_true(drvq_wait(&t.q[queue], &elem));
	assert_int_equal(elem.len, 0);
}

static void send_run(unsigned int queue, uint32_t first, unsigned int n)
{
	uint32_t *numbers = malloc(n * sizeof(*numbers));

	for (unsigned int i = 0; i < n; i++)
		numbers[i] = first + i;
	send(queue, numbers, n * (uint32_t)sizeof(*numbers));
	free(numbers);
}

static uint8_t *host_of(uint32_t pfn)
{
	return machine_at(t.m, (uint64_t)pfn * PAGE, PAGE);
}

/* --- pages ------------------------------------------------------------------------------ */

static void test_offer(void **state)
{
	uint64_t want = VIRTIO_FEATURE(VIRTIO_BALLOON_F_MUST_TELL_HOST) |
			VIRTIO_FEATURE(VIRTIO_BALLOON_F_STATS_VQ) |
			VIRTIO_FEATURE(VIRTIO_BALLOON_F_DEFLATE_ON_OOM) |
			VIRTIO_FEATURE(VIRTIO_BALLOON_F_PAGE_POISON) |
			VIRTIO_FEATURE(VIRTIO_BALLOON_F_PAGE_REPORTING);

	(void)state;
	assert_int_equal(t.d.offered & 0x3f, want);
	/* Page numbers are not translated. */
	assert_false(t.d.offered >> VIRTIO_F_ACCESS_PLATFORM & 1);
	assert_int_equal(t.d.config_len, sizeof(struct virtio_balloon_config));
	assert_int_equal(machine_read(t.m, t.d.config, 4), 100);
}

/* Neighbours go in one piece, in whichever direction they come. */
static void test_inflate(void **state)
{
	static const uint32_t up[] = { FIRST_PFN, FIRST_PFN + 1, FIRST_PFN + 2 };
	static const uint32_t down[] = { FIRST_PFN + 9, FIRST_PFN + 8, FIRST_PFN + 20 };

	(void)state;
	send(INFLATE, up, sizeof(up));
	assert_int_equal(t.calls, 1);
	assert_int_equal(t.bytes, 3 * PAGE);
	assert_ptr_equal(t.last, host_of(FIRST_PFN));
	send(INFLATE, down, sizeof(down));
	assert_int_equal(t.calls, 3);
	assert_int_equal(t.bytes, 6 * PAGE);
	send_one(INFLATE, HIGH_PFN + 255);
	assert_ptr_equal(t.last, host_of(HIGH_PFN + 255));
	assert_int_equal(count("held"), 7);
	assert_int_equal(count("refused"), 0);
	assert_int_equal(count("given_back_bytes"), 7 * PAGE);
}

/* HOSTILE 31: none of these reaches give_back(). */
static void test_refused(void **state)
{
	const uint32_t wrong[] = {
		0,
		UINT32_MAX,
		LOW_PFNS, /* the hole */
		HIGH_PFN - 1,
		HIGH_PFN + (uint32_t)(MOCK_HIGH_SIZE / PAGE),
		(uint32_t)(t.q[INFLATE].desc / PAGE),
		(uint32_t)(t.q[INFLATE].used / PAGE),
		(uint32_t)(t.q[STATS].avail / PAGE),
	};

	(void)state;
	send(INFLATE, wrong, sizeof(wrong));
	assert_int_equal(count("refused"), sizeof(wrong) / sizeof(wrong[0]));
	send(DEFLATE, wrong, sizeof(wrong));
	assert_int_equal(count("refused"), 2 * sizeof(wrong) / sizeof(wrong[0]));
	assert_int_equal(t.calls, 0);
	assert_int_equal(count("held"), 0);
}

static void test_twice(void **state)
{
	static const uint32_t twice[] = { FIRST_PFN, FIRST_PFN };

	(void)state;
	send(INFLATE, twice, sizeof(twice));
	assert_int_equal(t.bytes, PAGE);
	assert_int_equal(count("refused"), 1);
	send(DEFLATE, twice, sizeof(twice));
	assert_int_equal(count("refused"), 2);
	assert_int_equal(count("held"), 0);
	send_one(INFLATE, FIRST_PFN);
	assert_int_equal(t.bytes, 2 * PAGE);
}

static void test_odd_length(void **state)
{
	static const uint32_t two[] = { FIRST_PFN, FIRST_PFN + 1 };

	(void)state;
	send(INFLATE, two, 7);
	assert_int_equal(t.bytes, PAGE);
	assert_int_equal(count("refused"), 1);
	send(INFLATE, two, 3);
	assert_int_equal(count("refused"), 2);
	assert_int_equal(count("held"), 1);
}

/* A request of more numbers than the device looks at. */
static void test_endless_list(void **state)
{
	(void)state;
	send_run(INFLATE, FIRST_PFN, 5000);
	assert_int_equal(count("held"), LOW_PFNS - FIRST_PFN);
	assert_int_equal(count("refused"), 5000 - (LOW_PFNS - FIRST_PFN));
	assert_int_equal(count("inflated"), LOW_PFNS - FIRST_PFN);
}

/* Requests of many pages: one a turn of the event loop, and none is forgotten. */
static void test_turns(void **state)
{
	struct drvq *q = &t.q[INFLATE];
	struct drv_seg seg = { .len = 4096 * sizeof(uint32_t) };
	unsigned int answered = 0;

	(void)state;
	seg.addr = machine_alloc(t.m, seg.len, 4); /* all of them page 0 */
	for (unsigned int i = 0; i < 5; i++)
		drvq_add(q, &seg, 1);
	machine_write(t.m, q->bell, 2, q->index);
	while (answered < 5) {
		uint16_t before = drvq_used(q)->idx, now;

		assert_true(mock_host_poll(&t.m->mh, 0) > 0);
		now = drvq_used(q)->idx;
		assert_true((uint16_t)(now - before) <= 1);
		answered += (uint16_t)(now - before);
	}
	assert_int_equal(count("refused"), 5 * 4096);
}

static void test_host_refuses(void **state)
{
	(void)state;
	t.error = -12;
	send_one(INFLATE, FIRST_PFN);
	assert_int_equal(count("give_back_failed"), 1);
	assert_int_equal(count("given_back_bytes"), 0);
	assert_int_equal(count("held"), 1);
}

/* A huge page goes back with the last of its pages, and again after one came out. */
static void test_huge_unit(void **state)
{
	(void)state;
	teardown(NULL);
	start(HUGE, DRV_ALL_FEATURES);
	send_run(INFLATE, FIRST_PFN, 511);
	assert_int_equal(t.calls, 0);
	send_one(INFLATE, FIRST_PFN + 511);
	assert_int_equal(t.calls, 1);
	assert_int_equal(t.bytes, HUGE);
	send_one(DEFLATE, FIRST_PFN + 7);
	send_one(INFLATE, FIRST_PFN + 7);
	assert_int_equal(t.calls, 2);
	assert_ptr_equal(t.last, host_of(FIRST_PFN));
}

/* A driver that need not tell may use a page of a huge one that goes back. */
static void test_huge_unit_untold(void **state)
{
	(void)state;
	teardown(NULL);
	start(HUGE, DRV_ALL_FEATURES & ~VIRTIO_FEATURE(VIRTIO_BALLOON_F_MUST_TELL_HOST));
	send_run(INFLATE, FIRST_PFN, 512);
	assert_int_equal(t.calls, 0);
}

/* No descriptors: there is no device, and nothing is left. */
static void test_no_timer(void **state)
{
	struct virtio_balloon_config_in config = { .name = "b", .unit = PAGE };
	struct machine *m = machine_new();
	struct virtio_balloon *b;

	(void)state;
	assert_int_equal(virtio_balloon_create(&config, &b), 0);
	m->mh.fail_watch = -24;
	assert_int_equal(virtio_pci_plug(&m->pci, DEVFN, virtio_balloon_dev(b), NULL),
			 -24);
	virtio_destroy(virtio_balloon_dev(b));
	machine_free(m);
}

static void test_units(void **state)
{
	static const uint64_t wrong[] = { 0, 1, 2048, 4097, 12288 };
	struct virtio_balloon *b;

	(void)state;
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct virtio_balloon_config_in config = { .name = "b",
							   .unit = wrong[i] };

		assert_int_equal(virtio_balloon_create(&config, &b), -22);
	}
}

/* Any sequence, against a set of pages. */
static void test_random(void **state)
{
	static bool in[LOW_PFNS];
	uint64_t held = 0, refused = 0, given = 0;
	unsigned int seed = 5;

	(void)state;
	memset(in, 0, sizeof(in));
	for (unsigned int i = 0; i < 3000; i++) {
		uint32_t pfn = FIRST_PFN - 256 + (uint32_t)rand_r(&seed) % LOW_PFNS;
		bool inflate = rand_r(&seed) % 5 > 1;
		bool ram = pfn < LOW_PFNS && pfn >= FIRST_PFN;

		if (pfn < FIRST_PFN)
			continue;
		if (!ram || in[pfn] == inflate) {
			refused++;
		} else {
			in[pfn] = inflate;
			held = inflate ? held + 1 : held - 1;
			given += inflate ? PAGE : 0;
		}
		t.m->next = t.m->next > FIRST_PFN / 2 * PAGE ? FIRST_PFN / 4 * PAGE
							     : t.m->next;
		send_one(inflate ? INFLATE : DEFLATE, pfn);
		assert_int_equal(count("held"), held);
		assert_int_equal(count("refused"), refused);
		assert_int_equal(t.bytes, given);
	}
}

/* --- reporting -------------------------------------------------------------------------- */

static void test_report(void **state)
{
	uint64_t at = (uint64_t)FIRST_PFN * PAGE;

	(void)state;
	report(REPORT, at, 4 * PAGE);
	assert_int_equal(t.bytes, 4 * PAGE);
	assert_ptr_equal(t.last, host_of(FIRST_PFN));
	/* Only whole pages. */
	report(REPORT, at + 1, 3 * PAGE);
	assert_int_equal(t.bytes, 6 * PAGE);
	assert_ptr_equal(t.last, host_of(FIRST_PFN + 1));
	report(REPORT, at + 1, PAGE);
	report(REPORT, at + 4095, 1);
	assert_int_equal(t.calls, 2);
	/* They are not the balloon's. */
	assert_int_equal(count("held"), 0);
	report(REPORT, t.q[INFLATE].used & ~(PAGE - 1ull), PAGE);
	assert_int_equal(t.calls, 2);
	assert_int_equal(count("refused"), 1);
}

/* As the specification numbers the queues. */
static void test_report_queue_4(void **state)
{
	struct drvq q;
	struct drv_seg seg = { (uint64_t)FIRST_PFN * PAGE, PAGE, true };
	struct vring_used_elem elem;

	(void)state;
	drv_queue(&t.d, &q, 4, 0);
	drvq_add(&q, &seg, 1);
	assert_true(drvq_wait(&q, &elem));
	assert_int_equal(t.bytes, PAGE);
}

/* What the driver fills free pages with must stay. */
static void test_poison(void **state)
{
	(void)state;
	machine_write(t.m, t.d.config + 12, 4, 0xaaaaaaaa);
	report(REPORT, (uint64_t)FIRST_PFN * PAGE, PAGE);
	assert_int_equal(t.calls, 1); /* not agreed on: not written */
	teardown(NULL);
	start(PAGE, DRV_ALL_FEATURES);
	report(REPORT, (uint64_t)FIRST_PFN * PAGE, PAGE);
	assert_int_equal(t.calls, 1);
	machine_write(t.m, t.d.config + 12, 4, 0xaaaaaaaa);
	report(REPORT, (uint64_t)FIRST_PFN * PAGE, PAGE);
	assert_int_equal(t.calls, 1);
}

/* --- configuration ---------------------------------------------------------------------- */

static void test_target(void **state)
{
	unsigned int before = mock_host_fired_data(&t.m->mh, DRV_MSI_DATA(&t.d, 0));

	(void)state;
	virtio_balloon_set_target(t.b, 100); /* as it is */
	assert_int_equal(mock_host_fired_data(&t.m->mh, DRV_MSI_DATA(&t.d, 0)), before);
	virtio_balloon_set_target(t.b, 70000);
	assert_int_equal(mock_host_fired_data(&t.m->mh, DRV_MSI_DATA(&t.d, 0)),
			 before + 1);
	assert_int_equal(machine_read(t.m, t.d.config, 4), 70000);
	assert_int_equal(virtio_balloon_target(t.b), 70000);
	machine_write(t.m, t.d.config, 4, 5); /* not the driver's */
	assert_int_equal(virtio_balloon_target(t.b), 70000);
	drv_reset(&t.d);
	assert_int_equal(virtio_balloon_target(t.b), 70000);
}

static void test_actual(void **state)
{
	(void)state;
	assert_int_equal(virtio_balloon_actual(t.b), 0);
	machine_write(t.m, t.d.config + 4, 4, 0x01020304);
	assert_int_equal(t.changes, 1);
	assert_int_equal(t.actual, 0x01020304);
	assert_int_equal(virtio_balloon_actual(t.b), 0x01020304);
	machine_write(t.m, t.d.config + 5, 1, 0xff);
	assert_int_equal(virtio_balloon_actual(t.b), 0x0102ff04);
	machine_write(t.m, t.d.config + 8, 4, 1);
	assert_int_equal(machine_read(t.m, t.d.config + 8, 4), 0);
	assert_true(virtio_balloon_has(t.b, VIRTIO_BALLOON_F_STATS_VQ));
	drv_reset(&t.d);
	assert_int_equal(virtio_balloon_actual(t.b), 0);
	assert_false(virtio_balloon_has(t.b, VIRTIO_BALLOON_F_STATS_VQ));
}

/* After a reset the driver has no balloon, so the same pages can go in again. */
static void test_reset(void **state)
{
	(void)state;
	send_run(INFLATE, FIRST_PFN, 10);
	drv_reset(&t.d);
	assert_int_equal(count("held"), 0);
	start_driver(DRV_ALL_FEATURES, QUEUES);
	send_run(INFLATE, FIRST_PFN, 10);
	assert_int_equal(t.bytes, 20 * PAGE);
}

static void test_pause(void **state)
{
	static const uint32_t number = FIRST_PFN;
	uint64_t at = machine_alloc(t.m, 4, 4);
	struct drv_seg seg = { at, 4, false };
	struct vring_used_elem elem;

	(void)state;
	memcpy(machine_at(t.m, at, 4), &number, 4);
	device_quiesce_all(&t.m->devices);
	drvq_add(&t.q[INFLATE], &seg, 1);
	assert_false(drvq_wait(&t.q[INFLATE], &elem));
	assert_int_equal(t.calls, 0);
	device_resume_all(&t.m->devices);
	assert_true(drvq_wait(&t.q[INFLATE], &elem));
	assert_int_equal(t.calls, 1);
}

/* --- statistics ------------------------------------------------------------------------- */

/* Offers a buffer of n statistics and some bytes more. */
static void offer_stats(const struct virtio_balloon_stat *stats, unsigned int n,
			uint32_t more)
{
	uint32_t len = n * (uint32_t)sizeof(*stats);
	uint64_t at = machine_alloc(t.m, len + more + 1, 1);
	struct drv_seg seg = { at, len + more, false };

	memcpy(machine_at(t.m, at, len), stats, len);
	drvq_add(&t.q[STATS], &seg, 1);
	drvq_kick(&t.q[STATS]);
}

static void test_stats(void **state)
{
	static const struct virtio_balloon_stat first[] = {
		{ VIRTIO_BALLOON_S_MEMFREE, 0x123456789abcull },
		{ VIRTIO_BALLOON_S_MEMTOT, UINT64_MAX },
		{ 77, 5 },
	};
	static const struct virtio_balloon_stat second[] = { { VIRTIO_BALLOON_S_AVAIL,
							       7 } };
	const struct virtio_balloon_stats *s = virtio_balloon_stats(t.b);
	struct vring_used_elem elem;

	(void)state;
	assert_int_equal(s->last_update, 0);
	assert_int_equal(virtio_balloon_ask_stats(t.b), -11);
	offer_stats(first, 3, 9);
	assert_int_equal(s->valid,
			 1u << VIRTIO_BALLOON_S_MEMFREE | 1u << VIRTIO_BALLOON_S_MEMTOT);
	assert_int_equal(s->value[VIRTIO_BALLOON_S_MEMFREE], 0x123456789abcull);
	assert_true(s->last_update && s->last_update <= time(NULL));
	/* The buffer stays with the device until it wants to know more. */
	assert_false(drvq_get(&t.q[STATS], &elem));
	assert_int_equal(virtio_balloon_ask_stats(t.b), 0);
	assert_true(drvq_get(&t.q[STATS], &elem));
	assert_int_equal(virtio_balloon_ask_stats(t.b), -11);
	offer_stats(second, 1, 0);
	assert_int_equal(s->valid, 1u << VIRTIO_BALLOON_S_AVAIL);
	assert_int_equal(s->value[VIRTIO_BALLOON_S_AVAIL], 7);
}

/* Pause, resume and needless bells do not make old numbers new. */
static void test_stats_once(void **state)
{
	struct virtio_balloon_stat stat = { VIRTIO_BALLOON_S_MEMFREE, 1 };
	const struct virtio_balloon_stats *s = virtio_balloon_stats(t.b);
	uint64_t at = t.m->next;

	(void)state;
	offer_stats(&stat, 1, 0);
	assert_int_equal(s->value[VIRTIO_BALLOON_S_MEMFREE], 1);
	stat.val = 2;
	memcpy(machine_at(t.m, at, sizeof(stat)), &stat, sizeof(stat));
	drvq_kick(&t.q[STATS]);
	device_quiesce_all(&t.m->devices);
	assert_int_equal(virtio_balloon_ask_stats(t.b), -11);
	device_resume_all(&t.m->devices);
	assert_int_equal(s->value[VIRTIO_BALLOON_S_MEMFREE], 1);
	assert_int_equal(virtio_balloon_ask_stats(t.b), 0);
}

static void test_stats_poll(void **state)
{
	struct virtio_balloon_stat stat = { VIRTIO_BALLOON_S_MEMFREE, 1 };
	struct vring_used_elem elem;

	(void)state;
	assert_int_equal(virtio_balloon_poll_interval(t.b), 0);
	offer_stats(&stat, 1, 0);
	assert_int_equal(virtio_balloon_poll_stats(t.b, 1), 0);
	assert_int_equal(virtio_balloon_poll_interval(t.b), 1);
	for (int i = 0; i < 50 && !drvq_get(&t.q[STATS], &elem); i++)
		mock_host_poll(&t.m->mh, 200);
	assert_int_equal(drvq_used(&t.q[STATS])->idx, 1);
	assert_int_equal(virtio_balloon_poll_stats(t.b, 0), 0);
	/* A machine may go while the timer runs. */
	assert_int_equal(virtio_balloon_poll_stats(t.b, 1), 0);
}

/* --- hostile drivers -------------------------------------------------------------------- */

static void plug_hostile(struct machine *m)
{
	t.unit = PAGE;
	t.m = m;
	plug(m);
}

static uint64_t seen_before;

/* 64 page numbers. */
static unsigned int hostile_request(struct drv *d, struct drv_seg *segs)
{
	uint64_t at = machine_alloc(d->m, HOSTILE_BYTES, 4);
	uint32_t *numbers = machine_at(d->m, at, HOSTILE_BYTES);

	for (unsigned int i = 0; i < HOSTILE_BYTES / 4; i++)
		numbers[i] = FIRST_PFN + t.next++ % (LOW_PFNS - FIRST_PFN);
	seen_before = count("inflated") + count("refused");
	segs[0] = (struct drv_seg){ at, HOSTILE_BYTES / 2, false };
	segs[1] = (struct drv_seg){ at + HOSTILE_BYTES / 2, HOSTILE_BYTES / 2, false };
	return 2;
}

/* All numbers were judged, in each of the times that the request was offered. */
static bool hostile_succeeded(struct drv *d, const struct drv_seg *segs, unsigned int n,
			      uint32_t used_len)
{
	uint64_t seen = count("inflated") + count("refused") - seen_before;

	(void)d;
	(void)segs;
	(void)n;
	return seen && seen % (HOSTILE_BYTES / 4) == 0 && !used_len;
}

static void test_hostile(void **state)
{
	static const struct hostile_target target = {
		.name = "balloon",
		.plug = plug_hostile,
		.queue = INFLATE,
		.never_behind = true,
		.writes_nothing = true,
		.request = hostile_request,
		.succeeded = hostile_succeeded,
	};

	(void)state;
	memset(&t, 0, sizeof(t));
	hostile_run(&target);
}

#define BALLOON_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BALLOON_TEST(test_offer),	   BALLOON_TEST(test_inflate),
		BALLOON_TEST(test_refused),	   BALLOON_TEST(test_twice),
		BALLOON_TEST(test_odd_length),	   BALLOON_TEST(test_endless_list),
		BALLOON_TEST(test_turns),	   BALLOON_TEST(test_host_refuses),
		BALLOON_TEST(test_huge_unit),	   BALLOON_TEST(test_huge_unit_untold),
		cmocka_unit_test(test_no_timer),   cmocka_unit_test(test_units),
		BALLOON_TEST(test_random),	   BALLOON_TEST(test_report),
		BALLOON_TEST(test_report_queue_4), BALLOON_TEST(test_poison),
		BALLOON_TEST(test_target),	   BALLOON_TEST(test_actual),
		BALLOON_TEST(test_reset),	   BALLOON_TEST(test_pause),
		BALLOON_TEST(test_stats),	   BALLOON_TEST(test_stats_once),
		BALLOON_TEST(test_stats_poll),	   cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

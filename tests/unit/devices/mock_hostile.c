/* SPDX-License-Identifier: MIT */
/* The frame around each hostile case. */
#include "tests/unit/devices/mock_hostile.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/devices/mock_model.h"

#define SCRATCH_BYTES 65536u
/* Turns of the event loop after which a device that has not finished is stuck. */
#define SETTLE_TURNS   200
#define SETTLE_MS      2
#define RANDOM_DRIVERS 3

void hostile_start_driver(const struct hostile_target *target, struct machine *m,
			  uint64_t without, struct drv *d, struct drvq *q)
{
	drv_probe(d, m, HOSTILE_DEVFN);
	drv_msix_on(d);
	assert_true(drv_negotiate(d, (DRV_FEATURES | target->features) & ~without));
	drv_queue(d, q, target->queue, HOSTILE_QUEUE_SIZE);
	drv_ok(d);
}

static void put_behind(struct hostile *h)
{
	static const uint8_t devfn[] = { HOSTILE_DEVFN, HOSTILE_OTHER };
	const struct virtio_iommu_params params = { .name = "iommu0" };

	viommu_plug(&h->iommu, h->m, &params);
	viommu_start(&h->iommu, DRV_ALL_FEATURES);
	for (unsigned int i = 0; i < 2; i++) {
		viommu_adopt(&h->iommu, devfn[i]);
		viommu_attach(&h->iommu, i, devfn[i], 0);
		viommu_map_ram(&h->iommu, i, VIOMMU_RW);
	}
}

static void prepare(struct hostile *h, const struct hostile_target *target,
		    uint64_t without, bool behind)
{
	*h = (struct hostile){
		.target = target, .m = machine_new(), .behind = behind, .offered = 1
	};
	mock_model_plug(h->m, HOSTILE_OTHER);
	target->plug(h->m);
	if (behind)
		put_behind(h);
	hostile_start_driver(target, h->m, without, &h->d, &h->q);
	h->scratch = machine_alloc(h->m, SCRATCH_BYTES, 4096);
	h->n = target->request(&h->d, h->seg);
	assert_in_range(h->n, 1, HOSTILE_SEGS);
}

static uint64_t hash(struct hostile *h)
{
	struct mock_range except[HOSTILE_ALLOWED + 1];

	memcpy(except, h->allowed, sizeof(h->allowed));
	except[h->nr_allowed] = drvq_used_range(&h->q);
	return machine_hash(h->m, except, h->nr_allowed + 1);
}

/* Lets the device work until it has answered everything or asks for a reset. */
static void settle(struct hostile *h, unsigned int *good, unsigned int *bad)
{
	unsigned int quiet = 0;

	drvq_kick(&h->q);
	while (quiet < SETTLE_TURNS && *good + *bad < h->offered) {
		struct vring_used_elem elem;

		while (drvq_get(&h->q, &elem)) {
			assert_in_range(elem.id, 0, h->q.size - 1);
			if ((elem.len || h->target->writes_nothing) &&
			    h->target->succeeded(&h->d, h->seg, h->n, elem.len))
				(*good)++;
			else
				(*bad)++;
			assert_true(*good + *bad <= h->offered);
		}
		if (drv_status(&h->d) & VIRTIO_CONFIG_S_NEEDS_RESET)
			break;
		quiet = mock_host_poll(&h->m->mh, SETTLE_MS) ? 0 : quiet + 1;
	}
}

static void judge(struct hostile *h, enum hostile_expect expect, unsigned int good,
		  unsigned int bad)
{
	bool reset = drv_status(&h->d) & VIRTIO_CONFIG_S_NEEDS_RESET;

	if (reset)
		assert_true(drv_needs_reset(&h->d));
	if (expect == EXPECT_BROKEN)
		assert_true(reset);
	if (expect == EXPECT_GOOD) {
		assert_false(reset);
		assert_int_equal(good, h->offered);
		assert_int_equal(bad, 0);
	} else if (expect != EXPECT_ANY) {
		assert_int_equal(good, 0);
		assert_true(reset || bad > 0);
	}
}

static void other_answers(struct hostile *h)
{
	uint64_t at = machine_alloc(h->m, 32, 16);
	struct drv_seg segs[] = { { at, 16, false }, { at + 16, 16, true } };
	struct vring_used_elem elem;
	struct drvq q;
	struct drv d;

	drv_start(&d, h->m, HOSTILE_OTHER, &q, 0, 8);
	drvq_add(&q, segs, 2);
	assert_true(drvq_wait(&q, &elem));
	assert_int_equal(elem.len, 16);
}

static void device_recovers(struct hostile *h)
{
	struct vring_used_elem elem;

	hostile_start_driver(h->target, h->m, 0, &h->d, &h->q);
	h->n = h->target->request(&h->d, h->seg);
	drvq_add(&h->q, h->seg, h->n);
	assert_true(drvq_wait(&h->q, &elem));
	assert_true(h->target->succeeded(&h->d, h->seg, h->n, elem.len));
}

#define HALF 256u

unsigned int hostile_fill_request(struct drv *d, struct drv_seg *segs)
{
	uint64_t at = machine_alloc(d->m, 2 * HALF, 16);

	segs[0] = (struct drv_seg){ at, HALF, true };
	segs[1] = (struct drv_seg){ at + HALF, HALF, true };
	return 2;
}

bool hostile_filled(struct drv *d, const struct drv_seg *segs, unsigned int n,
		    uint32_t used_len)
{
	(void)d;
	(void)segs;
	(void)n;
	return used_len == 2 * HALF;
}

static void run_case(const struct hostile_target *target, const struct hostile_case *c,
		     bool behind)
{
	unsigned int good = 0, bad = 0;
	struct hostile h;
	uint64_t before;

	prepare(&h, target, c->without, behind);
	if (c->spoil(&h)) {
		before = hash(&h);
		settle(&h, &good, &bad);
		assert_int_equal(hash(&h), before);
		judge(&h, c->expect, good, bad);
		other_answers(&h);
		device_recovers(&h);
	}
	machine_free(h.m);
}

void hostile_run(const struct hostile_target *target)
{
	for (unsigned int i = 0; i < hostile_nr_cases; i++) {
		printf("# %s: %s\n", target->name, hostile_cases[i].name);
		fflush(stdout);
		run_case(target, &hostile_cases[i], false);
		if (!target->never_behind)
			run_case(target, &hostile_cases[i], true);
	}
	for (uint32_t seed = 1; seed <= RANDOM_DRIVERS; seed++)
		hostile_random(target, seed);
}

/* SPDX-License-Identifier: MIT */
/*
 * The hostile cases against the simplest device, and those that need to see inside it:
 * chains held by the device, a descriptor table that another CPU rewrites meanwhile.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/devices/mock_hostile.h"
#include "tests/unit/devices/mock_model.h"

static void plug(struct machine *m)
{
	mock_model_plug(m, HOSTILE_DEVFN);
}

static unsigned int request(struct drv *d, struct drv_seg *segs)
{
	uint64_t at = machine_alloc(d->m, 384, 64);

	memset(machine_at(d->m, at, 128), 0x11, 128);
	segs[0] = (struct drv_seg){ at, 16, false };
	segs[1] = (struct drv_seg){ at + 16, 112, false };
	segs[2] = (struct drv_seg){ at + 128, 256, true };
	return 3;
}

static bool succeeded(struct drv *d, const struct drv_seg *segs, unsigned int n,
		      uint32_t used_len)
{
	const uint8_t *out = machine_at(d->m, segs[n - 1].addr, segs[n - 1].len);

	return used_len == 256 && out[0] == 0x12 && out[255] == 0;
}

static void hostile_table(void **state)
{
	static const struct hostile_target target = {
		.name = "mock", .plug = plug, .request = request, .succeeded = succeeded
	};

	(void)state;
	hostile_run(&target);
}

/* 9: in flight means popped and not yet completed. */
static void same_head_in_flight(void **state)
{
	struct machine *m = machine_new();
	struct mock_model *mm = mock_model_plug(m, HOSTILE_DEVFN);
	struct drv_seg segs[HOSTILE_SEGS];
	struct vring_used_elem elem;
	struct drvq q;
	struct drv d;
	uint16_t head;

	(void)state;
	mm->hold = true;
	drv_start(&d, m, HOSTILE_DEVFN, &q, 0, 0);
	head = drvq_add(&q, segs, request(&d, segs));
	drvq_kick(&q);
	assert_int_equal(mm->nr_held, 1);
	drvq_offer(&q, head);
	drvq_kick(&q);
	assert_true(drv_needs_reset(&d));
	assert_int_equal(mm->nr_held, 1);
	mock_model_complete(mm, 0);
	assert_false(drvq_get(&q, &elem));
	machine_free(m);
}

/* 22: what was popped does not change any more. */
static void chain_is_a_snapshot(void **state)
{
	struct machine *m = machine_new();
	struct mock_model *mm = mock_model_plug(m, HOSTILE_DEVFN);
	struct drv_seg segs[HOSTILE_SEGS];
	struct vring_used_elem elem;
	struct mock_range may[2];
	struct drvq q;
	struct drv d;
	uint64_t before;
	unsigned int n;

	(void)state;
	mm->hold = true;
	drv_start(&d, m, HOSTILE_DEVFN, &q, 0, 0);
	n = request(&d, segs);
	drvq_add(&q, segs, n);
	drvq_kick(&q);
	for (unsigned int i = 0; i < n; i++)
		drvq_set_desc(&q, i, 0x2000 + i, 0x1000000, VRING_DESC_F_WRITE, 9);
	may[0] = (struct mock_range){ segs[2].addr, segs[2].len };
	may[1] = drvq_used_range(&q);
	before = machine_hash(m, may, 2);
	mock_model_complete(mm, 0);
	assert_int_equal(machine_hash(m, may, 2), before);
	assert_true(drvq_get(&q, &elem));
	assert_true(succeeded(&d, segs, n, elem.len));
	machine_free(m);
}

/* 28, with requests that the device holds: nothing arrives after the reset. */
static void reset_with_held_requests(void **state)
{
	struct machine *m = machine_new();
	struct mock_model *mm = mock_model_plug(m, HOSTILE_DEVFN);
	struct drv_seg segs[HOSTILE_SEGS];
	struct vring_used_elem elem;
	struct drvq q[2];
	struct drv d;
	unsigned int fired;

	(void)state;
	mm->hold = true;
	drv_start(&d, m, HOSTILE_DEVFN, &q[0], 0, 0);
	drv_queue(&d, &q[1], 1, 0);
	for (unsigned int i = 0; i < 10; i++)
		drvq_add(&q[i % 2], segs, request(&d, segs));
	drvq_kick(&q[0]);
	drvq_kick(&q[1]);
	assert_int_equal(mm->nr_held, 10);
	fired = mock_host_fired(&m->mh);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	assert_int_equal(mm->nr_held, 5);
	assert_int_equal(mm->vd.queue[0].nr_in_flight, 5);
	drv_reset(&d);
	assert_int_equal(mm->nr_held, 0);
	for (unsigned int i = 0; i < 2; i++)
		assert_false(drvq_get(&q[i], &elem));
	assert_int_equal(mock_host_fired(&m->mh), fired);
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_table),
		cmocka_unit_test(same_head_in_flight),
		cmocka_unit_test(chain_is_a_snapshot),
		cmocka_unit_test(reset_with_held_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* virtio-rng: what it fills, how much, what it does when the source runs dry. */
#include "devices/virtio_rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "devices/virtio/virtio_pci.h"
#include "tests/unit/devices/mock_hostile.h"

#define DEVFN HOSTILE_DEVFN

static struct {
	struct machine *m;
	struct drv d;
	struct drvq q;
	size_t most; /* the source gives at most so much a call */
	size_t supply; /* and so much in all */
	bool interrupt; /* the next call is interrupted */
	uint8_t next;
} t;

/* Bytes 1, 2, 3, ... 255, 1, 2, ...: never 0, in order. */
static ssize_t source(void *bytes, size_t count)
{
	uint8_t *to = bytes;

	if (t.interrupt) {
		t.interrupt = false;
		errno = EINTR;
		return -1;
	}
	if (!t.supply) {
		errno = EAGAIN;
		return -1;
	}
	count = count < t.most ? count : t.most;
	count = count < t.supply ? count : t.supply;
	for (size_t i = 0; i < count; i++)
		to[i] = (uint8_t)(t.next++ % 255 + 1);
	t.supply -= count;
	return (ssize_t)count;
}

static void plug(struct machine *m, ssize_t (*from)(void *, size_t))
{
	struct virtio_rng_config config = { .name = "rng0", .source = from };
	struct virtio_dev *vd;

	assert_int_equal(virtio_rng_create(&config, &vd), 0);
	assert_int_equal(virtio_pci_plug(&m->pci, DEVFN, vd, NULL), 0);
	assert_int_equal(pci_assign(&m->pci), 0);
}

static void plug_real(struct machine *m)
{
	plug(m, NULL);
}

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.most = SIZE_MAX;
	t.supply = SIZE_MAX;
	t.m = machine_new();
	plug(t.m, source);
	drv_start(&t.d, t.m, DEVFN, &t.q, 0, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_free(t.m);
	return 0;
}

/* One request; the used length. */
static uint32_t ask(const struct drv_seg *segs, unsigned int n)
{
	struct vring_used_elem elem;

	drvq_add(&t.q, segs, n);
	assert_true(drvq_wait(&t.q, &elem));
	return elem.len;
}

static void assert_filled(const struct drv_seg *segs, unsigned int n, uint32_t used)
{
	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *bytes = machine_at(t.m, segs[i].addr, segs[i].len);

		for (uint32_t k = 0; k < segs[i].len; k++) {
			if (used) {
				assert_int_not_equal(bytes[k], 0);
				used--;
			} else {
				assert_int_equal(bytes[k], 0);
			}
		}
	}
	assert_int_equal(used, 0);
}

static void test_fill(void **state)
{
	uint64_t at = machine_alloc(t.m, 10000, 1);
	struct drv_seg segs[] = { { at, 1, true }, { at + 100, 4000, true } };

	(void)state;
	assert_int_equal(ask(segs, 2), 4001);
	assert_filled(segs, 2, 4001);
}

static void test_short_source(void **state)
{
	uint64_t at = machine_alloc(t.m, 1000, 1);
	struct drv_seg segs[] = { { at, 500, true }, { at + 500, 500, true } };

	(void)state;
	t.most = 7;
	t.interrupt = true;
	assert_int_equal(ask(segs, 2), 1000);
	assert_filled(segs, 2, 1000);
}

static void test_dry_source(void **state)
{
	uint64_t at = machine_alloc(t.m, 1000, 1);
	struct drv_seg segs[] = { { at, 500, true }, { at + 500, 500, true } };

	(void)state;
	t.supply = 600;
	assert_int_equal(ask(segs, 2), 600);
	assert_filled(segs, 2, 600);
	assert_int_equal(ask(segs, 2), 0);
}

static void test_limit(void **state)
{
	uint64_t at = machine_alloc(t.m, 0x30000, 1);
	struct drv_seg seg = { at, 0x30000, true };

	(void)state;
	assert_int_equal(ask(&seg, 1), 0x10000);
	assert_filled(&seg, 1, 0x10000);
}

/* The second segment cannot be written: what came before it counts. */
static void test_fault_halfway(void **state)
{
	uint64_t at = machine_alloc(t.m, 1000, 1);
	struct drv_seg segs[] = { { at, 300, true },
				  { MOCK_LOW_SIZE - 8, 16, true },
				  { at + 300, 300, true } };
	uint32_t used = ask(segs, 3);
	struct drv_seg reached[] = { segs[0], segs[2] };

	(void)state;
	assert_int_equal(used, 300);
	assert_filled(reached, 2, 300);
}

static void test_unwritable(void **state)
{
	uint64_t at = machine_alloc(t.m, 100, 1);
	struct drv_seg seg = { at, 100, false };
	uint64_t hash;

	(void)state;
	hash = machine_hash(t.m, (struct mock_range[]){ { t.q.desc, 0x4000 } }, 1);
	assert_int_equal(ask(&seg, 1), 0);
	assert_true(machine_hash(t.m, (struct mock_range[]){ { t.q.desc, 0x4000 } }, 1) ==
		    hash);
}

/* From the host: two buffers, neither empty nor the same. */
static void test_host_source(void **state)
{
	struct drv_seg segs[2];

	(void)state;
	machine_free(t.m);
	t.m = machine_new();
	plug_real(t.m);
	drv_start(&t.d, t.m, DEVFN, &t.q, 0, 0);
	for (int i = 0; i < 2; i++) {
		segs[i] = (struct drv_seg){ machine_alloc(t.m, 64, 1), 64, true };
		assert_int_equal(ask(&segs[i], 1), 64);
	}
	assert_memory_not_equal(machine_at(t.m, segs[0].addr, 64),
				machine_at(t.m, segs[1].addr, 64), 64);
}

static void test_pause(void **state)
{
	struct device *dev = device_find(&t.m->devices, "rng0");
	struct drv_seg seg = { machine_alloc(t.m, 16, 1), 16, true };
	struct vring_used_elem elem;

	(void)state;
	dev->ops->quiesce(dev);
	drvq_add(&t.q, &seg, 1);
	drvq_kick(&t.q);
	assert_false(drvq_get(&t.q, &elem));
	dev->ops->resume(dev);
	mock_host_run(&t.m->mh, 10);
	assert_true(drvq_get(&t.q, &elem));
	assert_int_equal(elem.len, 16);
}

static void count(void *arg, const char *name, uint64_t value)
{
	unsigned int *found = arg;

	if (strcmp(name, "bytes") == 0) {
		assert_int_equal(value, 10);
		++*found;
	} else if (strcmp(name, "dry") == 0) {
		assert_int_equal(value, 1);
		++*found;
	}
}

static void test_stats(void **state)
{
	struct device *dev = device_find(&t.m->devices, "rng0");
	struct drv_seg seg = { machine_alloc(t.m, 16, 1), 16, true };
	unsigned int found = 0;

	(void)state;
	t.supply = 10;
	ask(&seg, 1);
	dev->ops->stats(dev, count, &found);
	assert_int_equal(found, 2);
}

static void test_hostile(void **state)
{
	static const struct hostile_target target = { .name = "rng",
						      .plug = plug_real,
						      .request = hostile_fill_request,
						      .succeeded = hostile_filled };

	(void)state;
	hostile_run(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fill, setup, teardown),
		cmocka_unit_test_setup_teardown(test_short_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dry_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fault_halfway, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unwritable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_host_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stats, setup, teardown),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

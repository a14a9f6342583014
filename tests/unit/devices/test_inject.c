/* SPDX-License-Identifier: MIT */
/*
 * Injected faults: each kind happens when and as its rule says, is counted, and leaves
 * everything else as it was; a drain and a reset find what waits.  The device is virtio-rng
 * on a source of one byte, so that each wrong bit shows.
 */
#include "devices/inject/inject.h"

#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include <abi/edu.h>

#include "devices/edu.h"
#include "devices/virtio/virtio_pci.h"
#include "devices/virtio_rng.h"
#include "tests/unit/devices/mock_blk.h"
#include "tests/unit/devices/mock_driver.h"

#define RNG	 PCI_DEVFN(2, 0)
#define EDU	 PCI_DEVFN(4, 0)
#define LEN	 64u
#define BYTE	 0x55
#define REQUESTS 32u
#define VECTOR	 1 /* of queue 0 */
#define WAIT_MS	 2000 /* for a timer that is known to be set */
#define TURNS	 20

static struct {
	struct machine *m;
	struct pci_dev *dev;
	struct drv d;
	struct drvq q;
	uint64_t at; /* of REQUESTS buffers of LEN bytes */
} t;

static ssize_t source(void *bytes, size_t count)
{
	memset(bytes, BYTE, count);
	return (ssize_t)count;
}

static int setup(void **state)
{
	struct virtio_rng_config config = { .name = "rng0", .source = source };
	struct virtio_dev *vd;

	(void)state;
	t.m = machine_new();
	assert_int_equal(virtio_rng_create(&config, &vd), 0);
	assert_int_equal(virtio_pci_plug(&t.m->pci, RNG, vd, &t.dev), 0);
	assert_int_equal(pci_assign(&t.m->pci), 0);
	drv_start(&t.d, t.m, RNG, &t.q, 0, 0);
	t.at = machine_alloc(t.m, REQUESTS * LEN, LEN);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_free(t.m);
	return 0;
}

static void rule(enum inject_kind kind, unsigned int every, uint64_t seed)
{
	const struct inject_rule r = { kind, every, seed };

	assert_int_equal(inject_add(t.dev, &r), 0);
}

static void find_stat(void *arg, const char *name, uint64_t value)
{
	const char *const *wanted = arg;

	if (!strcmp(name, wanted[0]))
		*(uint64_t *)(uintptr_t)wanted[1] = value;
}

static uint64_t stat(const char *name)
{
	uint64_t value = ~0ull;
	const char *wanted[2] = { name, (const char *)&value };

	t.dev->device.ops->stats(&t.dev->device, find_stat, wanted);
	return value;
}

static uint16_t offer(unsigned int i)
{
	struct drv_seg seg = { t.at + i * LEN, LEN, true };

	memset(machine_at(t.m, seg.addr, LEN), 0, LEN);
	return drvq_add(&t.q, &seg, 1);
}

/* One request: what was used, or false when nothing is. */
static bool ask(unsigned int i, struct vring_used_elem *elem)
{
	offer(i);
	drvq_kick(&t.q);
	return drvq_get(&t.q, elem);
}

/* Bits of request i that differ from what the source gives. */
static unsigned int wrong_bits(unsigned int i)
{
	const uint8_t *bytes = machine_at(t.m, t.at + i * LEN, LEN);
	unsigned int wrong = 0;

	for (unsigned int k = 0; k < LEN; k++)
		wrong += (unsigned int)__builtin_popcount(bytes[k] ^ BYTE);
	return wrong;
}

static unsigned int interrupts(void)
{
	return mock_host_fired_data(&t.m->mh, DRV_MSI_DATA(&t.d, VECTOR));
}

/* Turns of the event loop until a chain comes back. */
static bool wait_used(struct vring_used_elem *elem)
{
	while (!drvq_get(&t.q, elem))
		if (!mock_host_poll(&t.m->mh, WAIT_MS))
			return false;
	return true;
}

/* --- rules -------------------------------------------------------------------------------- */

static void off(void **state)
{
	struct vring_used_elem elem;

	(void)state;
	assert_null(t.dev->dma.inject);
	assert_int_equal(stat("inject.flip"), ~0ull);
	assert_true(ask(0, &elem));
	assert_int_equal(elem.len, LEN);
	assert_int_equal(wrong_bits(0), 0);
}

static void rules_refused(void **state)
{
	const struct inject_rule flip = { INJECT_FLIP, 1, 1 },
				 late = { INJECT_LATE, 1, 1 };
	const struct edu_params params = { .name = "edu0" };
	struct pci_dev *edu;

	(void)state;
	assert_int_equal(inject_add(t.dev, &flip), 0);
	assert_int_equal(inject_add(t.dev, &flip), -EEXIST);
	assert_int_equal(edu_plug(&t.m->pci, EDU, &params, &edu), 0);
	assert_int_equal(inject_add(edu, &late), -EOPNOTSUPP);
	assert_null(edu->dma.inject);
	t.m->mh.fail_watch = -ENOSPC;
	assert_int_equal(inject_add(edu, &flip), -ENOSPC);
	assert_null(edu->dma.inject);
}

/* --- kinds -------------------------------------------------------------------------------- */

static void flip(void **state)
{
	struct vring_used_elem elem;
	unsigned int wrong = 0;

	(void)state;
	rule(INJECT_FLIP, 4, 1);
	for (unsigned int i = 0; i < REQUESTS; i++) {
		assert_true(ask(i, &elem));
		assert_int_equal(elem.len, LEN);
		assert_int_equal(wrong_bits(i), i % 4 == 3);
		wrong += wrong_bits(i);
	}
	assert_int_equal(wrong, REQUESTS / 4);
	assert_int_equal(stat("inject.flip"), REQUESTS / 4);
}

static void shorter(void **state)
{
	struct vring_used_elem elem;

	(void)state;
	rule(INJECT_SHORT, 2, 1);
	for (unsigned int i = 0; i < REQUESTS; i++) {
		assert_true(ask(i, &elem));
		if (i % 2)
			assert_in_range(elem.len, 0, LEN - 1);
		else
			assert_int_equal(elem.len, LEN);
	}
	assert_int_equal(stat("inject.short"), REQUESTS / 2);
}

static void error_by_length(void **state)
{
	struct vring_used_elem elem;

	(void)state;
	rule(INJECT_ERROR, 2, 1);
	for (unsigned int i = 0; i < 4; i++) {
		assert_true(ask(i, &elem));
		assert_int_equal(elem.len, i % 2 ? 0 : LEN);
	}
}

static void lost(void **state)
{
	struct vring_used_elem elem;
	unsigned int before;

	(void)state;
	rule(INJECT_LOST, 2, 1);
	for (unsigned int i = 0; i < 4; i++) {
		before = interrupts();
		assert_true(ask(i, &elem));
		drvq_avail(&t.q)->ring[t.q.size] = t.q.last_used;
		assert_int_equal(interrupts() - before, i % 2 ? 0 : 1);
	}
	assert_int_equal(stat("inject.lost"), 2);
}

static void spurious(void **state)
{
	unsigned int before = interrupts();

	(void)state;
	rule(INJECT_SPURIOUS, 1, 1);
	drvq_kick(&t.q);
	assert_int_equal(interrupts() - before, 1);
	drv_reset(&t.d);
	drvq_kick(&t.q);
	assert_int_equal(interrupts() - before, 1);
}

static void late(void **state)
{
	struct vring_used_elem elem;

	(void)state;
	rule(INJECT_LATE, 2, 1);
	assert_true(ask(0, &elem));
	assert_false(ask(1, &elem));
	assert_int_equal(virtio_pci_device(t.dev)->queue[0].nr_in_flight, 1);
	assert_true(ask(2, &elem));
	assert_true(wait_used(&elem));
	assert_int_equal(elem.len, LEN);
	assert_int_equal(wrong_bits(1), 0);
	assert_int_equal(virtio_pci_device(t.dev)->queue[0].nr_in_flight, 0);
}

static void reorder(void **state)
{
	struct vring_used_elem first = { 0 }, second = { 0 };
	uint16_t head[2];

	(void)state;
	rule(INJECT_REORDER, 2, 1);
	assert_true(ask(0, &first));
	head[0] = offer(1);
	head[1] = offer(2);
	drvq_kick(&t.q);
	assert_true(drvq_get(&t.q, &first) && drvq_get(&t.q, &second));
	assert_int_equal(first.id, head[1]);
	assert_int_equal(second.id, head[0]);
	/* Nobody comes after it: it does not wait for ever. */
	assert_true(ask(3, &first));
	assert_false(ask(4, &first));
	assert_true(wait_used(&first));
	assert_int_equal(stat("inject.reorder"), 2);
}

static void gone(void **state)
{
	struct vring_used_elem elem;
	unsigned int fired;

	(void)state;
	rule(INJECT_GONE, 2, 1);
	assert_true(ask(0, &elem));
	offer(1);
	drvq_kick(&t.q);
	fired = mock_host_fired(&t.m->mh);
	assert_int_equal(machine_config_read(t.m, RNG, PCI_VENDOR_ID, 4), ~0u);
	assert_int_equal(machine_read(t.m, t.d.common, 4), ~0u);
	offer(2);
	drvq_kick(&t.q);
	machine_config_write(t.m, RNG, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(machine_read(t.m, t.d.common, 4), ~0u);
	assert_int_equal(mock_host_fired(&t.m->mh), fired);
	assert_int_equal(t.m->mh.nr_doorbells, 0);

	device_reset_all(&t.m->devices);
	assert_int_equal(pci_assign(&t.m->pci), 0);
	drv_start(&t.d, t.m, RNG, &t.q, 0, 0);
	assert_true(ask(3, &elem));
	assert_int_equal(wrong_bits(3), 0);
}

/* The machine starts again in the moment before the device goes: it stays. */
static void a_reset_is_faster_than_gone(void **state)
{
	struct vring_used_elem elem;

	(void)state;
	rule(INJECT_GONE, 1, 1);
	offer(0);
	machine_write(t.m, t.q.bell, 2, 0);
	mock_host_poll(&t.m->mh, 0); /* the doorbell, and nothing after it */
	assert_int_equal(stat("inject.gone"), 1);
	device_reset_all(&t.m->devices);
	assert_int_equal(pci_assign(&t.m->pci), 0);
	mock_host_run(&t.m->mh, 10);
	drv_start(&t.d, t.m, RNG, &t.q, 0, 0);
	offer(1);
	machine_write(t.m, t.q.bell, 2, 0);
	mock_host_poll(&t.m->mh, 0);
	assert_true(drvq_get(&t.q, &elem));
}

/* The same seed meets the same faults, another one others. */
static void seeds(void **state)
{
	static const uint64_t seed[3] = { 7, 7, 8 };
	uint8_t result[3][REQUESTS * LEN];

	for (unsigned int run = 0; run < 3; run++) {
		if (run) {
			teardown(state);
			setup(state);
		}
		rule(INJECT_FLIP, 1, seed[run]);
		for (unsigned int i = 0; i < REQUESTS; i++) {
			struct vring_used_elem elem;

			assert_true(ask(i, &elem));
		}
		memcpy(result[run], machine_at(t.m, t.at, REQUESTS * LEN),
		       REQUESTS * LEN);
	}
	assert_memory_equal(result[0], result[1], REQUESTS * LEN);
	assert_memory_not_equal(result[0], result[2], REQUESTS * LEN);
}

/* --- what waits is found ------------------------------------------------------------------ */

static void pause_completes(void **state)
{
	struct vring_used_elem elem;

	(void)state;
	rule(INJECT_LATE, 1, 1);
	assert_false(ask(0, &elem));
	device_quiesce_all(&t.m->devices);
	assert_true(drvq_get(&t.q, &elem));
	device_resume_all(&t.m->devices);
	assert_false(ask(1, &elem));
	assert_true(wait_used(&elem));
}

static void reset_forgets(void **state)
{
	struct vring_used_elem elem;
	struct mock_range none = { 0, 0 };
	unsigned int fired;
	uint64_t hash;

	(void)state;
	rule(INJECT_LATE, 1, 1);
	for (unsigned int i = 0; i < 8; i++)
		assert_false(ask(i, &elem));
	fired = mock_host_fired(&t.m->mh);
	hash = machine_hash(t.m, &none, 1);
	drv_reset(&t.d);
	assert_int_equal(mock_host_poll(&t.m->mh, INJECT_LATE_MS), 0);
	assert_int_equal(mock_host_fired(&t.m->mh), fired);
	assert_int_equal(machine_hash(t.m, &none, 1), hash);
}

static void queue_reset_forgets(void **state)
{
	struct vring_used_elem elem;

	(void)state;
	rule(INJECT_LATE, 1, 1);
	assert_false(ask(0, &elem));
	drv_put(&t.d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
	drv_put(&t.d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	assert_false(drvq_get(&t.q, &elem));
	assert_int_equal(virtio_pci_device(t.dev)->queue[0].nr_in_flight, 0);
}

/* Unplugged with chains that wait: teardown would find a leak, a watch, a chain. */
static void unplugged(void **state)
{
	struct vring_used_elem elem;

	(void)state;
	rule(INJECT_LATE, 1, 1);
	assert_false(ask(0, &elem));
}

/* --- status fields and transfers ---------------------------------------------------------- */

static void error_by_status(void **state)
{
	const struct inject_rule error = { INJECT_ERROR, 2, 1 };
	struct blk_params params = { .size = 0 };
	struct blk b;

	(void)state;
	blk_start(&b, &params);
	assert_int_equal(inject_add(b.m->pci.dev[BLK_DEVFN], &error), 0);
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_IN, 0, 512, true, NULL),
			 VIRTIO_BLK_S_OK);
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_IN, 0, 512, true, NULL),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_IN, 0, 512, true, NULL),
			 VIRTIO_BLK_S_OK);
	blk_stop(&b);
}

static uint64_t edu_bar(void)
{
	return machine_config_read(t.m, EDU, PCI_BASE_ADDRESS_0, 4) &
	       PCI_BASE_ADDRESS_MEM_MASK;
}

/* 64 bytes between t.at and edu's buffer: the result. */
static uint64_t edu_move(bool to_memory)
{
	uint64_t bar = edu_bar();

	machine_write(t.m, bar + EDU_REG_DMA_SRC, 8, to_memory ? EDU_BUF_BASE : t.at);
	machine_write(t.m, bar + EDU_REG_DMA_DST, 8, to_memory ? t.at : EDU_BUF_BASE);
	machine_write(t.m, bar + EDU_REG_DMA_COUNT, 8, LEN);
	machine_write(t.m, bar + EDU_REG_DMA_CMD, 4,
		      EDU_DMA_RUN | (to_memory ? EDU_DMA_TO_MEMORY : 0u));
	mock_host_run(&t.m->mh, TURNS);
	return machine_read(t.m, bar + EDU_REG_DMA_RESULT, 4);
}

static void plug_edu(enum inject_kind kind)
{
	const struct edu_params params = { .name = "edu0" };

	assert_int_equal(edu_plug(&t.m->pci, EDU, &params, &t.dev), 0);
	assert_int_equal(pci_assign(&t.m->pci), 0);
	machine_config_write(t.m, EDU, PCI_COMMAND, 2,
			     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	memset(machine_at(t.m, t.at, LEN), BYTE, LEN);
	assert_int_equal(edu_move(false), EDU_DMA_R_OK);
	rule(kind, 2, 1);
}

static void transfer_error(void **state)
{
	(void)state;
	plug_edu(INJECT_ERROR);
	assert_int_equal(edu_move(true), EDU_DMA_R_OK);
	memset(machine_at(t.m, t.at, LEN), 0, LEN);
	assert_int_equal(edu_move(true), EDU_DMA_R_FAULT);
	assert_int_equal(wrong_bits(0), LEN * 4);
	assert_int_equal(edu_move(true), EDU_DMA_R_OK);
	assert_int_equal(wrong_bits(0), 0);
}

static void transfer_short(void **state)
{
	(void)state;
	plug_edu(INJECT_SHORT);
	assert_int_equal(edu_move(true), EDU_DMA_R_OK);
	memset(machine_at(t.m, t.at, LEN), 0, LEN);
	assert_int_equal(edu_move(true), EDU_DMA_R_FAULT);
	assert_in_range(wrong_bits(0), 4, (LEN - 1) * 4);
}

/* In both directions: what arrived is wrong, what it came from is not. */
static void transfer_flip(void **state)
{
	(void)state;
	plug_edu(INJECT_FLIP);
	assert_int_equal(edu_move(true), EDU_DMA_R_OK);
	assert_int_equal(edu_move(true), EDU_DMA_R_OK);
	assert_int_equal(wrong_bits(0), 1);
	assert_int_equal(edu_move(true), EDU_DMA_R_OK);
	assert_int_equal(wrong_bits(0), 0);
	assert_int_equal(edu_move(false), EDU_DMA_R_OK);
	assert_int_equal(wrong_bits(0), 0);
	assert_int_equal(edu_move(true), EDU_DMA_R_OK);
	assert_int_equal(wrong_bits(0), 1);
}

static void transfer_gone(void **state)
{
	(void)state;
	plug_edu(INJECT_GONE);
	assert_int_equal(edu_move(true), EDU_DMA_R_OK);
	assert_int_equal(edu_move(true), ~0u);
	assert_int_equal(machine_config_read(t.m, EDU, PCI_VENDOR_ID, 4), ~0u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(off, setup, teardown),
		cmocka_unit_test_setup_teardown(rules_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(flip, setup, teardown),
		cmocka_unit_test_setup_teardown(shorter, setup, teardown),
		cmocka_unit_test_setup_teardown(error_by_length, setup, teardown),
		cmocka_unit_test_setup_teardown(lost, setup, teardown),
		cmocka_unit_test_setup_teardown(spurious, setup, teardown),
		cmocka_unit_test_setup_teardown(late, setup, teardown),
		cmocka_unit_test_setup_teardown(reorder, setup, teardown),
		cmocka_unit_test_setup_teardown(gone, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reset_is_faster_than_gone, setup,
						teardown),
		cmocka_unit_test_setup_teardown(seeds, setup, teardown),
		cmocka_unit_test_setup_teardown(pause_completes, setup, teardown),
		cmocka_unit_test_setup_teardown(reset_forgets, setup, teardown),
		cmocka_unit_test_setup_teardown(queue_reset_forgets, setup, teardown),
		cmocka_unit_test_setup_teardown(unplugged, setup, teardown),
		cmocka_unit_test(error_by_status),
		cmocka_unit_test_setup_teardown(transfer_error, setup, teardown),
		cmocka_unit_test_setup_teardown(transfer_short, setup, teardown),
		cmocka_unit_test_setup_teardown(transfer_flip, setup, teardown),
		cmocka_unit_test_setup_teardown(transfer_gone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

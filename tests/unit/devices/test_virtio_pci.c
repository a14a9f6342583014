/* SPDX-License-Identifier: MIT */
/* The modern PCI transport: registers, negotiation, set-up rules, interrupts, doorbells. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "devices/util.h"
#include "devices/virtio/virtio_pci.h"
#include "tests/unit/devices/mock_model.h"

#define SLOT PCI_DEVFN(2, 0)

static struct machine *m;
static struct mock_model *mm;
static struct drv d;

static int setup(void **state)
{
	(void)state;
	m = machine_new();
	mm = mock_model_plug(m, SLOT);
	drv_probe(&d, m, SLOT);
	drv_msix_on(&d);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_free(m);
	return 0;
}

static void add_request(struct drvq *q)
{
	uint64_t at = machine_alloc(m, 32, 16);
	struct drv_seg segs[] = { { at, 16, false }, { at + 16, 16, true } };

	drvq_add(q, segs, 2);
}

static bool answered(struct drvq *q)
{
	struct vring_used_elem elem;

	return drvq_get(q, &elem) && elem.len == 16;
}

/* --- what a driver finds ----------------------------------------------------------------- */

static void identity(void **state)
{
	(void)state;
	assert_int_equal(machine_config_read(m, SLOT, PCI_VENDOR_ID, 2), 0x1af4);
	assert_int_equal(machine_config_read(m, SLOT, PCI_DEVICE_ID, 2), 0x10f0);
	assert_int_equal(machine_config_read(m, SLOT, PCI_REVISION_ID, 1), 1);
	assert_int_equal(machine_config_read(m, SLOT, PCI_HEADER_TYPE, 1), 0);
	assert_int_equal(machine_config_read(m, SLOT, PCI_INTERRUPT_PIN, 1), 1);
	assert_int_equal(d.nr_queues, MOCK_MODEL_QUEUES);
	assert_int_equal(d.nr_vectors, MOCK_MODEL_QUEUES + 1);
	assert_int_equal(d.notify_step, 4);
	assert_int_equal(d.config_len, sizeof(struct mock_model_config));
}

static void common_at_any_width(void **state)
{
	struct virtio_pci_common_cfg cfg;
	uint8_t bytes[sizeof(cfg)] = { 0 };
	struct drvq q;

	(void)state;
	drv_negotiate(&d, DRV_FEATURES);
	drv_queue(&d, &q, 1, 16);
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)drv_get(&d, i, 1);
	memcpy(&cfg, bytes, sizeof(cfg));
	assert_int_equal(cfg.num_queues, 2);
	assert_int_equal(cfg.queue_select, 1);
	assert_int_equal(cfg.queue_size, 16);
	assert_int_equal(cfg.queue_enable, 1);
	assert_int_equal(cfg.queue_msix_vector, 2);
	assert_int_equal(cfg.queue_desc, q.desc);
	assert_int_equal(cfg.queue_driver, q.avail);
	assert_int_equal(cfg.queue_device, q.used);
	for (unsigned int width = 2; width <= 8; width *= 2) {
		uint64_t value = 0;

		for (unsigned int i = 0; i + width <= sizeof(bytes); i += width) {
			memcpy(&value, bytes + i, width);
			assert_true(drv_get(&d, i, width) == value);
		}
	}
	assert_int_equal(drv_get(&d, sizeof(cfg), 4), 0);
	assert_int_equal(drv_get(&d, sizeof(cfg) - 2, 4), 0);
}

static void wrong_width_is_ignored(void **state)
{
	(void)state;
	drv_put(&d, VIRTIO_PCI_COMMON_STATUS, 4, 0x01);
	drv_put(&d, VIRTIO_PCI_COMMON_STATUS, 2, 0x01);
	assert_int_equal(drv_status(&d), 0);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 4, 1);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 1, 1);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2), 0);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_SIZE + 1, 2, 1);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_DESCLO, 2, 0x1234);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_DESCLO + 2, 4, 0x1234);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_DESCLO, 4), 0);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_DESCLO, 8, 0x123456789abcdef0ull);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_DESCHI, 4), 0x12345678);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2), MOCK_MODEL_QUEUE_SIZE);
	drv_put(&d, VIRTIO_PCI_COMMON_NUMQ, 2, 7);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_NUMQ, 2), MOCK_MODEL_QUEUES);
}

/* --- features and status ------------------------------------------------------------------ */

static void negotiation(void **state)
{
	uint64_t wanted = DRV_FEATURES | VIRTIO_FEATURE(MOCK_MODEL_FEATURE);

	(void)state;
	assert_true(drv_negotiate(&d, DRV_ALL_FEATURES));
	assert_true(d.offered == wanted);
	assert_true(mm->vd.accepted == wanted);
	/* There is no third word. */
	drv_put(&d, VIRTIO_PCI_COMMON_DFSELECT, 4, 2);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_DF, 4), 0);
	/* 38: changed after FEATURES_OK. */
	drv_put(&d, VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
	drv_put(&d, VIRTIO_PCI_COMMON_GF, 4, 0);
	assert_true(mm->vd.accepted == wanted);
}

static void features_refused(void **state)
{
	(void)state;
	assert_false(
		drv_negotiate(&d, DRV_FEATURES & ~VIRTIO_FEATURE(VIRTIO_F_VERSION_1)));
	drv_reset(&d);
	drv_put(&d, VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	drv_put(&d, VIRTIO_PCI_COMMON_GF, 4, 1 | 1u << 31); /* bit 63 is not offered */
	drv_set_status(&d, VIRTIO_CONFIG_S_FEATURES_OK);
	assert_int_equal(drv_status(&d) & VIRTIO_CONFIG_S_FEATURES_OK, 0);
	drv_put(&d, VIRTIO_PCI_COMMON_GF, 4, 1);
	drv_set_status(&d, VIRTIO_CONFIG_S_FEATURES_OK);
	assert_int_equal(drv_status(&d) & VIRTIO_CONFIG_S_FEATURES_OK,
			 VIRTIO_CONFIG_S_FEATURES_OK);
}

/* 38 */
static void status_only_grows(void **state)
{
	(void)state;
	drv_set_status(&d, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER_OK);
	assert_int_equal(drv_status(&d), VIRTIO_CONFIG_S_ACKNOWLEDGE);
	assert_int_equal(mm->activated, 0);
	drv_negotiate(&d, DRV_FEATURES);
	drv_ok(&d);
	assert_int_equal(mm->activated, 1);
	drv_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	assert_int_equal(drv_status(&d), 0xf);
	drv_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 0xf);
	assert_int_equal(mm->activated, 1);
	/* NEEDS_RESET is the device's bit, and so are the unknown ones. */
	drv_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 0x70);
	assert_int_equal(drv_status(&d), 0xf);
	drv_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, VIRTIO_CONFIG_S_FAILED);
	assert_int_equal(drv_status(&d), 0x8f);
	drv_reset(&d);
	drv_put(&d, VIRTIO_PCI_COMMON_DFSELECT, 4, 0);
	assert_int_equal(mm->vd.accepted, 0);
}

/* --- queue set-up --------------------------------------------------------------------------- */

struct wrong {
	const char *what;
	uint16_t size;
	uint64_t desc, avail, used;
};

/* 26 */
static void enabling_is_refused(void **state)
{
	static const struct wrong wrong[] = {
		{ "size 0", 0, 0x1000, 0x2000, 0x3000 },
		{ "not a power of two", 12, 0x1000, 0x2000, 0x3000 },
		{ "above the maximum", 128, 0x1000, 0x2000, 0x3000 },
		{ "largest size", 0x8000, 0x1000, 0x2000, 0x3000 },
		{ "misaligned descriptors", 16, 0x1008, 0x2000, 0x3000 },
		{ "misaligned available", 16, 0x1000, 0x2001, 0x3000 },
		{ "misaligned used", 16, 0x1000, 0x2000, 0x3002 },
		{ "available in descriptors", 16, 0x1000, 0x10f0, 0x3000 },
		{ "used in available", 16, 0x1000, 0x2000, 0x2020 },
		{ "descriptors in used", 16, 0x3010, 0x2000, 0x3000 },
		{ "all the same", 16, 0x1000, 0x1000, 0x1000 },
		{ "descriptors past RAM", 16, MOCK_LOW_SIZE - 16, 0x2000, 0x3000 },
		{ "available in the hole", 16, 0x1000, MOCK_LOW_SIZE, 0x3000 },
		{ "used in a BAR", 16, 0x1000, 0x2000, PV_MMIO_BASE },
		{ "used past the end", 16, 0x1000, 0x2000, ~0ull - 3 },
		{ "descriptors wrap", 16, ~0ull - 15, 0x2000, 0x3000 },
	};
	struct drvq q = { .d = &d, .index = 0 };

	(void)state;
	drv_negotiate(&d, DRV_FEATURES);
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		unsigned int reports = m->mh.reports;

		q.size = wrong[i].size;
		q.desc = wrong[i].desc;
		q.avail = wrong[i].avail;
		q.used = wrong[i].used;
		assert_false(drvq_enable(&q));
		if (i < 8)
			assert_int_equal(m->mh.reports, reports + 1);
	}
	drv_queue(&d, &q, 0, 16);
	drv_reset(&d);
	/* Before features are agreed. */
	assert_false(drvq_enable(&q));
}

static void rings_in_high_memory(void **state)
{
	struct drvq q = { .d = &d, .index = 0, .size = 16 };

	(void)state;
	drv_negotiate(&d, DRV_FEATURES);
	drvq_alloc(&d, &q, 0, 16);
	q.desc = MOCK_HIGH_BASE;
	q.avail = MOCK_HIGH_BASE + 0x1000;
	q.used = MOCK_HIGH_BASE + MOCK_HIGH_SIZE - 136; /* used ring, event field: 134 */
	assert_true(drvq_enable(&q));
	drv_ok(&d);
	add_request(&q);
	drvq_kick(&q);
	assert_true(answered(&q));
}

/* 25 */
static void fixed_while_enabled(void **state)
{
	struct drvq q;

	(void)state;
	drv_negotiate(&d, DRV_FEATURES);
	drv_queue(&d, &q, 0, 16);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2, 8);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_DESCLO, 4, 0);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_AVAILHI, 4, 1);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_USEDLO, 8, 0);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 0);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2), 16);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_DESCLO, 8), q.desc);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_AVAILLO, 8), q.avail);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_USEDLO, 8), q.used);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
}

static void no_such_queue(void **state)
{
	(void)state;
	drv_negotiate(&d, DRV_FEATURES);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, MOCK_MODEL_QUEUES);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2), 0);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
	for (unsigned int r = VIRTIO_PCI_COMMON_Q_SIZE; r < 0x40; r += 2)
		drv_put(&d, r, 2, 1);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
}

static void vectors(void **state)
{
	(void)state;
	drv_put(&d, VIRTIO_PCI_COMMON_MSIX, 2, 2);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_MSIX, 2), 2);
	drv_put(&d, VIRTIO_PCI_COMMON_MSIX, 2, 3); /* 29: there are 0, 1, 2 */
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2, 0xfffe);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2, 1);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2), 1);
	drv_reset(&d);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
}

/* --- notifications ------------------------------------------------------------------------- */

/* 27 */
static void rung_too_early(void **state)
{
	struct drvq q;

	(void)state;
	machine_write(m, d.notify, 2, 0);
	mock_host_run(&m->mh, 10);
	drv_negotiate(&d, DRV_FEATURES);
	drv_queue(&d, &q, 0, 16);
	add_request(&q);
	drvq_kick(&q);
	assert_int_equal(mm->notified, 0);
	assert_false(answered(&q));
	/* What was offered early is served when the driver is ready. */
	drv_ok(&d);
	assert_true(answered(&q));
	machine_write(m, d.notify + 4, 2, 1); /* not enabled */
	machine_write(m, d.notify + 8, 2, 2); /* does not exist */
	mock_host_run(&m->mh, 10);
	assert_int_equal(mm->notified, 1);
}

static void doorbell_without_the_host(void **state)
{
	struct drvq q;

	(void)state;
	assert_int_equal(m->mh.nr_doorbells, 0);
	drv_start(&d, m, SLOT, &q, 0, 16);
	assert_int_equal(m->mh.nr_doorbells, 1);
	/* Setting it up again costs the host nothing. */
	drv_start(&d, m, SLOT, &q, 0, 16);
	assert_int_equal(m->mh.nr_doorbells, 1);
	/* Not by the host: the write arrives in the BAR and is served at once. */
	m->mh.fail_doorbell = -EINVAL;
	machine_config_write(m, SLOT, PCI_COMMAND, 2, 0);
	assert_int_equal(m->mh.nr_doorbells, 0);
	machine_config_write(m, SLOT, PCI_COMMAND, 2,
			     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	add_request(&q);
	machine_write(m, q.bell, 2, 0);
	assert_true(answered(&q));
}

static void doorbells_follow_the_bar(void **state)
{
	uint64_t base = PV_MMIO64_BASE + 0x10000, old;
	struct drvq q;

	(void)state;
	drv_start(&d, m, SLOT, &q, 0, 16);
	old = q.bell;
	machine_config_write(m, SLOT, 0x18, 4, (uint32_t)base);
	machine_config_write(m, SLOT, 0x1c, 4, base >> 32);
	add_request(&q);
	machine_write(m, old, 2, 0);
	mock_host_run(&m->mh, 10);
	assert_false(answered(&q));
	drv_probe(&d, m, SLOT);
	assert_int_equal(d.notify, base + VIRTIO_PCI_REGS_NOTIFY);
	assert_true(mock_host_ring(&m->mh, d.notify, 4));
	mock_host_run(&m->mh, 10);
	assert_true(answered(&q));
}

/* --- interrupts ----------------------------------------------------------------------------- */

static void by_pin(void **state)
{
	unsigned int gsi = PV_INTX_GSI + 2;
	struct drvq q;

	(void)state;
	machine_config_write(m, SLOT, d.msix_cap + PCI_MSIX_FLAGS, 2, 0);
	drv_negotiate(&d, DRV_FEATURES);
	drv_queue(&d, &q, 0, 16);
	drv_ok(&d);
	add_request(&q);
	drvq_kick(&q);
	assert_true(m->mh.line[gsi]);
	assert_int_equal(machine_read(m, d.isr, 1), VIRTIO_PCI_ISR_QUEUE);
	assert_false(m->mh.line[gsi]);
	assert_int_equal(machine_read(m, d.isr, 1), 0);
	virtio_config_changed(&mm->vd);
	assert_true(m->mh.line[gsi]);
	assert_int_equal(machine_read(m, d.isr, 1), VIRTIO_PCI_ISR_CONFIG);
	virtio_config_changed(&mm->vd);
	drv_reset(&d);
	assert_false(m->mh.line[gsi]);
	assert_int_equal(mock_host_fired(&m->mh), 0);
}

static void by_message(void **state)
{
	struct drvq q;

	(void)state;
	drv_start(&d, m, SLOT, &q, 1, 16);
	add_request(&q);
	drvq_kick(&q);
	assert_int_equal(mock_host_fired_data(&m->mh, DRV_MSI_DATA(&d, 2)), 1);
	assert_int_equal(mock_host_fired(&m->mh), 1);
	virtio_config_changed(&mm->vd);
	assert_int_equal(mock_host_fired_data(&m->mh, DRV_MSI_DATA(&d, 0)), 1);
	assert_int_equal(m->mh.line_changes, 0);
	assert_int_equal(machine_read(m, d.isr, 1), VIRTIO_PCI_ISR_CONFIG);
}

static void broken_once(void **state)
{
	struct drvq q;

	(void)state;
	drv_negotiate(&d, DRV_FEATURES);
	/* Before DRIVER_OK there is nobody to interrupt. */
	virtio_broken(&mm->vd, "test");
	assert_int_equal(drv_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET,
			 VIRTIO_CONFIG_S_NEEDS_RESET);
	assert_int_equal(mock_host_fired(&m->mh), 0);
	drv_start(&d, m, SLOT, &q, 0, 16);
	virtio_broken(&mm->vd, "test %d", 1);
	virtio_broken(&mm->vd, "test %d", 2);
	assert_true(drv_needs_reset(&d));
	assert_int_equal(mock_host_fired(&m->mh), 1);
	assert_int_equal(m->mh.reports, 2);
	assert_string_equal(m->mh.last_report, "mock: test 1");
	/* Broken: nothing is served, nothing can be set up. */
	add_request(&q);
	drvq_kick(&q);
	assert_false(answered(&q));
	drvq_alloc(&d, &q, 1, 16);
	assert_false(drvq_enable(&q));
}

/* --- configuration ---------------------------------------------------------------------------- */

static void device_configuration(void **state)
{
	uint64_t generation = drv_get(&d, VIRTIO_PCI_COMMON_CFGGENERATION, 1);

	(void)state;
	assert_int_equal(machine_read(m, d.config, 4), 42);
	assert_int_equal(machine_read(m, d.config, 8), 42);
	machine_write(m, d.config, 4, 43);
	assert_int_equal(machine_read(m, d.config, 4), 42);
	machine_write(m, d.config + 4, 4, 0x01020304);
	assert_int_equal(machine_read(m, d.config + 5, 2), 0x0203);
	assert_int_equal(machine_read(m, d.config + 8, 4), 0);
	machine_write(m, d.config + 6, 4, 1);
	machine_write(m, d.config + 0xff0, 8, 1);
	assert_int_equal(mm->config_writes, 2);
	assert_int_equal(mm->config.scratch, 0x01020304);
	virtio_config_changed(&mm->vd);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_CFGGENERATION, 1), generation + 1);
}

static void aim_window(uint8_t bar, uint32_t offset, uint32_t len)
{
	machine_config_write(m, SLOT, d.cfg_cap + 4, 1, bar);
	machine_config_write(m, SLOT, d.cfg_cap + 8, 4, offset);
	machine_config_write(m, SLOT, d.cfg_cap + 12, 4, len);
}

static void window_in_configuration_space(void **state)
{
	unsigned int data = d.cfg_cap + 16;
	struct drvq q;

	(void)state;
	/* Works with decoding off: that is what it is for. */
	machine_config_write(m, SLOT, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	aim_window(VIRTIO_PCI_BAR_REGS, VIRTIO_PCI_COMMON_STATUS, 1);
	machine_config_write(m, SLOT, data, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	assert_int_equal(mm->vd.status, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	assert_int_equal(machine_config_read(m, SLOT, data, 1),
			 VIRTIO_CONFIG_S_ACKNOWLEDGE);
	machine_config_write(m, SLOT, PCI_COMMAND, 2,
			     PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	drv_start(&d, m, SLOT, &q, 0, 16);
	add_request(&q);
	aim_window(VIRTIO_PCI_BAR_REGS, VIRTIO_PCI_REGS_NOTIFY, 2);
	machine_config_write(m, SLOT, data, 2, 0);
	assert_true(answered(&q));
	/* 29: BARs, offsets and lengths that are not there. */
	for (unsigned int bar = 0; bar < 256; bar++) {
		aim_window((uint8_t)bar, 0x3ffe, 4);
		machine_config_write(m, SLOT, data, 4, ~0u);
		machine_config_read(m, SLOT, data, 4);
		aim_window((uint8_t)bar, ~0u - 3, 4);
		machine_config_write(m, SLOT, data, 4, ~0u);
		aim_window((uint8_t)bar, 0, 0);
		machine_config_write(m, SLOT, data, 4, ~0u);
		aim_window((uint8_t)bar, VIRTIO_PCI_COMMON_Q_DESCLO, 8);
		machine_config_write(m, SLOT, data, 4, ~0u);
		aim_window((uint8_t)bar, 0, 3);
		machine_config_write(m, SLOT, data, 4, ~0u);
		machine_config_read(m, SLOT, data, 2);
	}
	assert_int_equal(drv_status(&d), 0xf);
}

/* --- life -------------------------------------------------------------------------------------- */

static void pause_and_resume(void **state)
{
	struct device *dev = device_find(&m->devices, "mock");
	struct drvq q;

	(void)state;
	mm->hold = true;
	drv_start(&d, m, SLOT, &q, 0, 16);
	add_request(&q);
	drvq_kick(&q);
	assert_int_equal(mm->nr_held, 1);
	dev->ops->quiesce(dev);
	dev->ops->quiesce(dev);
	assert_int_equal(mm->drains, 2); /* one by drv_negotiate's reset */
	assert_true(answered(&q));
	add_request(&q);
	drvq_kick(&q);
	assert_int_equal(mm->nr_held, 0);
	assert_false(answered(&q));
	mm->hold = false;
	dev->ops->resume(dev);
	dev->ops->resume(dev);
	assert_true(answered(&q));
	/* A reset while paused stays paused. */
	dev->ops->quiesce(dev);
	drv_start(&d, m, SLOT, &q, 0, 16);
	add_request(&q);
	drvq_kick(&q);
	assert_false(answered(&q));
	dev->ops->resume(dev);
	assert_true(answered(&q));
}

static void queue_reset(void **state)
{
	struct drvq q[2];

	(void)state;
	drv_start(&d, m, SLOT, &q[0], 0, 16);
	drv_queue(&d, &q[1], 1, 16);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2), MOCK_MODEL_QUEUE_SIZE);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_DESCLO, 8), 0);
	add_request(&q[1]);
	drvq_kick(&q[1]);
	assert_true(answered(&q[1]));
	drv_queue(&d, &q[0], 0, 32);
	add_request(&q[0]);
	drvq_kick(&q[0]);
	assert_true(answered(&q[0]));
	/* Not negotiated: the register does nothing. */
	drv_negotiate(&d, DRV_FEATURES & ~VIRTIO_FEATURE(VIRTIO_F_RING_RESET));
	drv_queue(&d, &q[0], 0, 32);
	drv_put(&d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
}

static void machine_reset(void **state)
{
	struct drvq q;

	(void)state;
	mm->hold = true;
	drv_start(&d, m, SLOT, &q, 0, 16);
	add_request(&q);
	drvq_kick(&q);
	device_reset_all(&m->devices);
	assert_int_equal(mm->nr_held, 0);
	assert_false(answered(&q));
	assert_int_equal(m->mh.nr_doorbells, 0);
	assert_int_equal(mock_host_fired(&m->mh), 0);
	assert_int_equal(mm->vd.status, 0);
	mm->hold = false;
	assert_int_equal(pci_assign(&m->pci), 0);
	drv_start(&d, m, SLOT, &q, 0, 16);
	add_request(&q);
	drvq_kick(&q);
	assert_true(answered(&q));
}

static void destroyed_in_flight(void **state)
{
	bool destroyed = false;
	struct drvq q;

	(void)state;
	mm->hold = true;
	mm->destroyed = &destroyed;
	drv_start(&d, m, SLOT, &q, 0, 16);
	add_request(&q);
	drvq_kick(&q);
	device_destroy_all(&m->devices);
	assert_true(destroyed);
	assert_false(answered(&q));
	assert_int_equal(machine_read(m, d.common, 4), 0xffffffff);
}

static void plug_fails_half_way(void **state)
{
	struct mock_model *other = mock_model_new();
	struct pci_host *pci = &m->pci;
	unsigned int watches = m->mh.nr_watches, msis = mock_host_msi_open_count(&m->mh);

	(void)state;
	other->vd.name = "other";
	assert_int_equal(virtio_pci_plug(pci, SLOT, &other->vd, NULL), -EBUSY);
	m->mh.fail_msi_open = -ENOSPC;
	assert_int_equal(virtio_pci_plug(pci, 0x18, &other->vd, NULL), -ENOSPC);
	m->mh.fail_msi_open = 0;
	other->fail_attach = -ENOENT;
	assert_int_equal(virtio_pci_plug(pci, 0x18, &other->vd, NULL), -ENOENT);
	assert_int_equal(m->mh.nr_watches, watches);
	assert_int_equal(mock_host_msi_open_count(&m->mh), msis);
	assert_null(device_find(&m->devices, "other"));
	other->fail_attach = 0;
	/* A host without an event loop or interrupts will do. */
	m->mh.fail_watch = m->mh.fail_msi_open = -ENOSYS;
	assert_int_equal(virtio_pci_plug(pci, 0x18, &other->vd, NULL), 0);
	m->mh.fail_watch = m->mh.fail_msi_open = 0;
}

/* The second eventfd is one too many for the process. */
static void out_of_descriptors(void **state)
{
	struct mock_model *other = mock_model_new();
	unsigned int watches = m->mh.nr_watches;
	struct rlimit limit, tight;
	int fd = dup(STDERR_FILENO);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	tight = limit;
	tight.rlim_cur = (rlim_t)fd + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	assert_int_equal(virtio_pci_plug(&m->pci, 0x18, &other->vd, NULL), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(m->mh.nr_watches, watches);
	fd = dup(STDERR_FILENO);
	assert_int_equal(fd, (int)tight.rlim_cur - 1); /* the first was closed again */
	close(fd);
	assert_int_equal(virtio_pci_plug(&m->pci, 0x18, &other->vd, NULL), 0);
}

static void add_stat(void *arg, const char *name, uint64_t value)
{
	if (strcmp(name, "queue.completions") == 0 ||
	    strcmp(name, "dma.written_bytes") == 0)
		*(uint64_t *)arg += value;
}

static void statistics(void **state)
{
	struct device *dev = device_find(&m->devices, "mock");
	uint64_t sum = 0;
	struct drvq q;

	(void)state;
	drv_start(&d, m, SLOT, &q, 0, 16);
	add_request(&q);
	drvq_kick(&q);
	dev->ops->stats(dev, add_stat, &sum);
	assert_int_equal(sum, 1 + 16);
}

#define WITH(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(identity),
		WITH(common_at_any_width),
		WITH(wrong_width_is_ignored),
		WITH(negotiation),
		WITH(features_refused),
		WITH(status_only_grows),
		WITH(enabling_is_refused),
		WITH(rings_in_high_memory),
		WITH(fixed_while_enabled),
		WITH(no_such_queue),
		WITH(vectors),
		WITH(rung_too_early),
		WITH(doorbell_without_the_host),
		WITH(doorbells_follow_the_bar),
		WITH(by_pin),
		WITH(by_message),
		WITH(broken_once),
		WITH(device_configuration),
		WITH(window_in_configuration_space),
		WITH(pause_and_resume),
		WITH(queue_reset),
		WITH(machine_reset),
		WITH(destroyed_in_flight),
		WITH(plug_fails_half_way),
		WITH(out_of_descriptors),
		WITH(statistics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Register accesses in the order in which Linux's PCI core, virtio_pci_modern and virtio
 * core make them (probe, reset, negotiate, queues, DRIVER_OK, config read under generation,
 * remove), each answer checked where that driver checks it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/devices/mock_model.h"

#define SLOT PCI_DEVFN(2, 0)

static struct machine *m;
static struct drv d;
static struct drvq q[2];

static uint32_t cfg(unsigned int offset, unsigned int size)
{
	return machine_config_read(m, SLOT, offset, size);
}

/* pci_read_bases: decoding off, ones, read, restore; for every BAR. */
static void pci_core_probe(void)
{
	uint32_t command = cfg(PCI_COMMAND, 2);

	assert_int_equal(cfg(PCI_VENDOR_ID, 4), 0x10f01af4);
	assert_int_equal(cfg(PCI_HEADER_TYPE, 1) & 0x7f, 0);
	machine_config_write(m, SLOT, PCI_COMMAND, 2,
			     command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	for (unsigned int reg = PCI_BASE_ADDRESS_0; reg <= PCI_BASE_ADDRESS_5; reg += 4) {
		uint32_t old = cfg(reg, 4), size;

		machine_config_write(m, SLOT, reg, 4, ~0u);
		size = cfg(reg, 4);
		machine_config_write(m, SLOT, reg, 4, old);
		assert_int_equal(cfg(reg, 4), old);
		if (reg == PCI_BASE_ADDRESS_0 + 4 * 2)
			assert_int_equal(size, 0xffffc004);
	}
	machine_config_write(m, SLOT, PCI_ROM_ADDRESS, 4, 0xfffff800);
	assert_int_equal(cfg(PCI_ROM_ADDRESS, 4), 0);
	machine_config_write(m, SLOT, PCI_COMMAND, 2, command);
	assert_true(cfg(PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
}

/* virtio_pci_find_capability: the first of each type whose BAR is memory and not empty. */
static unsigned int find_capability(uint8_t type)
{
	for (unsigned int at = drv_find_cap(&d, PCI_CAP_ID_VNDR, 0); at;
	     at = drv_find_cap(&d, PCI_CAP_ID_VNDR, at)) {
		if (cfg(at + offsetof(struct virtio_pci_cap, cfg_type), 1) != type)
			continue;
		assert_true(cfg(at + offsetof(struct virtio_pci_cap, length), 4) > 0);
		assert_int_equal(cfg(at + offsetof(struct virtio_pci_cap, offset), 4) % 4,
				 0);
		assert_true(cfg(at + offsetof(struct virtio_pci_cap, bar), 1) <= 5);
		return at;
	}
	return 0;
}

static void modern_probe(void)
{
	d = (struct drv){ .m = m, .devfn = SLOT };
	assert_in_range(cfg(PCI_DEVICE_ID, 2), 0x1040, 0x10ff);
	assert_true(find_capability(VIRTIO_PCI_CAP_COMMON_CFG));
	assert_true(find_capability(VIRTIO_PCI_CAP_ISR_CFG));
	assert_true(find_capability(VIRTIO_PCI_CAP_NOTIFY_CFG));
	assert_true(find_capability(VIRTIO_PCI_CAP_DEVICE_CFG));
	drv_probe(&d, m, SLOT); /* pci_enable_device, pci_set_master, the maps */
}

static void reset_device(void)
{
	drv_put(&d, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	while (drv_get(&d, VIRTIO_PCI_COMMON_STATUS, 1))
		;
}

static uint64_t get_features(void)
{
	uint64_t features;

	drv_put(&d, VIRTIO_PCI_COMMON_DFSELECT, 4, 0);
	features = drv_get(&d, VIRTIO_PCI_COMMON_DF, 4);
	drv_put(&d, VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
	return features | drv_get(&d, VIRTIO_PCI_COMMON_DF, 4) << 32;
}

static void finalize_features(uint64_t features)
{
	assert_true(features & VIRTIO_FEATURE(VIRTIO_F_VERSION_1));
	drv_put(&d, VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
	drv_put(&d, VIRTIO_PCI_COMMON_GF, 4, (uint32_t)features);
	drv_put(&d, VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	drv_put(&d, VIRTIO_PCI_COMMON_GF, 4, features >> 32);
}

static void add_status(uint8_t status)
{
	drv_put(&d, VIRTIO_PCI_COMMON_STATUS, 1,
		drv_get(&d, VIRTIO_PCI_COMMON_STATUS, 1) | status);
}

/* vp_request_msix_vectors: pci_alloc_irq_vectors (function masked meanwhile). */
static void request_vectors(void)
{
	machine_config_write(m, SLOT, d.msix_cap + PCI_MSIX_FLAGS, 2,
			     PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	for (unsigned int v = 0; v < d.nr_vectors; v++)
		machine_write(m, d.msix_table + 16 * v + 12, 4, 1);
	machine_config_write(m, SLOT, PCI_COMMAND, 2,
			     cfg(PCI_COMMAND, 2) | PCI_COMMAND_INTX_DISABLE);
	machine_config_write(m, SLOT, d.msix_cap + PCI_MSIX_FLAGS, 2,
			     PCI_MSIX_FLAGS_ENABLE);
	for (unsigned int v = 0; v < d.nr_vectors; v++) {
		uint64_t entry = d.msix_table + 16 * v;

		machine_write(m, entry, 4, DRV_MSI_ADDRESS);
		machine_write(m, entry + 4, 4, 0);
		machine_write(m, entry + 8, 4, DRV_MSI_DATA(&d, v));
		machine_write(m, entry + 12, 4, 0);
	}
	drv_put(&d, VIRTIO_PCI_COMMON_MSIX, 2, 0);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_MSIX, 2), 0);
}

/* setup_vq, then vp_modern_set_queue_enable over all queues. */
static void setup_queues(void)
{
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_NUMQ, 2), 2);
	for (unsigned int i = 0; i < 2; i++) {
		drv_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
		assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
		drvq_alloc(&d, &q[i], i, 0);
		assert_int_equal(q[i].size & (q[i].size - 1), 0);
		drv_put(&d, VIRTIO_PCI_COMMON_Q_SIZE, 2, q[i].size);
		drv_put(&d, VIRTIO_PCI_COMMON_Q_DESCLO, 4, q[i].desc);
		drv_put(&d, VIRTIO_PCI_COMMON_Q_DESCHI, 4, 0);
		drv_put(&d, VIRTIO_PCI_COMMON_Q_AVAILLO, 4, q[i].avail);
		drv_put(&d, VIRTIO_PCI_COMMON_Q_AVAILHI, 4, 0);
		drv_put(&d, VIRTIO_PCI_COMMON_Q_USEDLO, 4, q[i].used);
		drv_put(&d, VIRTIO_PCI_COMMON_Q_USEDHI, 4, 0);
		drv_put(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2, 1 + i);
		assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2), 1 + i);
	}
	for (unsigned int i = 0; i < 2; i++) {
		drv_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
		drv_put(&d, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	}
}

static uint64_t read_config(void)
{
	uint64_t value, before, after;

	do {
		before = drv_get(&d, VIRTIO_PCI_COMMON_CFGGENERATION, 1);
		value = machine_read(m, d.config, 4);
		after = drv_get(&d, VIRTIO_PCI_COMMON_CFGGENERATION, 1);
	} while (before != after);
	return value;
}

static void use_queue(unsigned int i)
{
	uint64_t at = machine_alloc(m, 64, 16);
	struct drv_seg segs[] = { { at, 16, false }, { at + 16, 16, true } };
	unsigned int before = mock_host_fired_data(&m->mh, DRV_MSI_DATA(&d, 1 + i));
	struct vring_used_elem elem;

	/* virtqueue_enable_cb */
	*(le16 *)machine_at(m, q[i].avail + VRING_USED_EVENT_OFFSET(q[i].size), 2) =
		q[i].last_used;
	drvq_add_indirect(&q[i], segs, 2, NULL);
	assert_true(drvq_wait(&q[i], &elem));
	assert_int_equal(elem.len, 16);
	assert_int_equal(mock_host_fired_data(&m->mh, DRV_MSI_DATA(&d, 1 + i)),
			 before + 1);
}

static void probe(void)
{
	uint64_t features;

	modern_probe();
	reset_device();
	add_status(VIRTIO_CONFIG_S_ACKNOWLEDGE);
	add_status(VIRTIO_CONFIG_S_DRIVER);
	features = get_features();
	finalize_features(features);
	add_status(VIRTIO_CONFIG_S_FEATURES_OK);
	assert_true(drv_get(&d, VIRTIO_PCI_COMMON_STATUS, 1) &
		    VIRTIO_CONFIG_S_FEATURES_OK);
	assert_int_equal(read_config(), 42);
	request_vectors();
	setup_queues();
	add_status(VIRTIO_CONFIG_S_DRIVER_OK);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_STATUS, 1), 0xf);
}

/* vp_del_vqs after a reset, then pci_disable_device. */
static void remove_driver(void)
{
	reset_device();
	drv_put(&d, VIRTIO_PCI_COMMON_MSIX, 2, VIRTIO_MSI_NO_VECTOR);
	assert_int_equal(drv_get(&d, VIRTIO_PCI_COMMON_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
	for (unsigned int i = 0; i < 2; i++) {
		drv_put(&d, VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
		drv_put(&d, VIRTIO_PCI_COMMON_Q_MSIX, 2, VIRTIO_MSI_NO_VECTOR);
	}
	machine_config_write(m, SLOT, d.msix_cap + PCI_MSIX_FLAGS, 2, 0);
	machine_config_write(m, SLOT, PCI_COMMAND, 2,
			     cfg(PCI_COMMAND, 2) & ~PCI_COMMAND_MASTER);
}

static void probe_use_remove(void **state)
{
	(void)state;
	m = machine_new();
	mock_model_plug(m, SLOT);
	for (unsigned int round = 0; round < 3; round++) {
		pci_core_probe();
		probe();
		for (unsigned int i = 0; i < 300; i++)
			use_queue(i % 2);
		remove_driver();
	}
	assert_int_equal(m->mh.reports, 0);
	assert_int_equal(m->mh.line_changes, 0);
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(probe_use_remove) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

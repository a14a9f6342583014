/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/mock_driver.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

unsigned int drv_find_cap(struct drv *d, uint8_t id, unsigned int after)
{
	unsigned int at = after ? after + 1 : PCI_CAPABILITY_LIST;

	for (unsigned int turns = 0; turns < 64; turns++) {
		at = machine_config_read(d->m, d->devfn, at, 1);
		if (!at || machine_config_read(d->m, d->devfn, at, 1) == id)
			return at;
		at++;
	}
	fail_msg("the capability list loops");
	return 0;
}

static void read_bars(struct drv *d)
{
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++) {
		uint32_t low = machine_config_read(d->m, d->devfn,
						   PCI_BASE_ADDRESS_0 + 4 * i, 4);

		d->bar[i] = low & PCI_BASE_ADDRESS_MEM_MASK;
		if ((low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) !=
		    PCI_BASE_ADDRESS_MEM_TYPE_64)
			continue;
		d->bar[i] |= (uint64_t)machine_config_read(
				     d->m, d->devfn, PCI_BASE_ADDRESS_0 + 4 * i + 4, 4)
			     << 32;
		i++;
		d->bar[i] = 0;
	}
}

static uint64_t cap_address(struct drv *d, unsigned int at)
{
	unsigned int bar = machine_config_read(
		d->m, d->devfn, at + offsetof(struct virtio_pci_cap, bar), 1);

	assert_true(bar < PCI_STD_NUM_BARS);
	return d->bar[bar] +
	       machine_config_read(d->m, d->devfn,
				   at + offsetof(struct virtio_pci_cap, offset), 4);
}

static void read_cap(struct drv *d, unsigned int at)
{
	switch (machine_config_read(d->m, d->devfn,
				    at + offsetof(struct virtio_pci_cap, cfg_type), 1)) {
	case VIRTIO_PCI_CAP_COMMON_CFG:
		d->common = cap_address(d, at);
		break;
	case VIRTIO_PCI_CAP_ISR_CFG:
		d->isr = cap_address(d, at);
		break;
	case VIRTIO_PCI_CAP_DEVICE_CFG:
		d->config = cap_address(d, at);
		d->config_len = machine_config_read(
			d->m, d->devfn, at + offsetof(struct virtio_pci_cap, length), 4);
		break;
	case VIRTIO_PCI_CAP_NOTIFY_CFG:
		d->notify = cap_address(d, at);
		d->notify_step =
			machine_config_read(d->m, d->devfn,
					    at + offsetof(struct virtio_pci_notify_cap,
							  notify_off_multiplier),
					    4);
		break;
	case VIRTIO_PCI_CAP_PCI_CFG:
		d->cfg_cap = at;
		break;
	default:
		break;
	}
}

static void read_msix(struct drv *d)
{
	uint32_t table, pba;

	d->msix_cap = drv_find_cap(d, PCI_CAP_ID_MSIX, 0);
	if (!d->msix_cap)
		return;
	d->nr_vectors =
		(machine_config_read(d->m, d->devfn, d->msix_cap + PCI_MSIX_FLAGS, 2) &
		 PCI_MSIX_FLAGS_QSIZE) +
		1;
	table = machine_config_read(d->m, d->devfn, d->msix_cap + PCI_MSIX_TABLE, 4);
	pba = machine_config_read(d->m, d->devfn, d->msix_cap + PCI_MSIX_PBA, 4);
	d->msix_table =
		d->bar[table & PCI_MSIX_TABLE_BIR] + (table & PCI_MSIX_TABLE_OFFSET);
	d->msix_pba = d->bar[pba & PCI_MSIX_TABLE_BIR] + (pba & PCI_MSIX_TABLE_OFFSET);
}

void drv_probe(struct drv *d, struct machine *m, uint8_t devfn)
{
	uint32_t command;

	*d = (struct drv){ .m = m, .devfn = devfn };
	command = machine_config_read(m, devfn, PCI_COMMAND, 2);
	machine_config_write(m, devfn, PCI_COMMAND, 2,
			     command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	read_bars(d);
	for (unsigned int at = drv_find_cap(d, PCI_CAP_ID_VNDR, 0); at;
	     at = drv_find_cap(d, PCI_CAP_ID_VNDR, at))
		read_cap(d, at);
	assert_true(d->common && d->isr && d->notify && d->notify_step && d->cfg_cap);
	read_msix(d);
	d->nr_queues = (unsigned int)drv_get(d, VIRTIO_PCI_COMMON_NUMQ, 2);
}

void drv_msix_on(struct drv *d)
{
	for (unsigned int v = 0; v < d->nr_vectors; v++) {
		uint64_t entry = d->msix_table + v * sizeof(struct pci_msix_entry);

		machine_write(d->m, entry, 4, DRV_MSI_ADDRESS);
		machine_write(d->m, entry + 4, 4, 0);
		machine_write(d->m, entry + 8, 4, DRV_MSI_DATA(d, v));
		machine_write(d->m, entry + 12, 4, 0);
	}
	machine_config_write(d->m, d->devfn, d->msix_cap + PCI_MSIX_FLAGS, 2,
			     PCI_MSIX_FLAGS_ENABLE);
}

uint64_t drv_get(struct drv *d, unsigned int reg, unsigned int size)
{
	return machine_read(d->m, d->common + reg, size);
}

void drv_put(struct drv *d, unsigned int reg, unsigned int size, uint64_t value)
{
	machine_write(d->m, d->common + reg, size, value);
}

uint8_t drv_status(struct drv *d)
{
	return (uint8_t)drv_get(d, VIRTIO_PCI_COMMON_STATUS, 1);
}

void drv_set_status(struct drv *d, uint8_t status)
{
	drv_put(d, VIRTIO_PCI_COMMON_STATUS, 1, drv_status(d) | status);
}

void drv_reset(struct drv *d)
{
	drv_put(d, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	assert_int_equal(drv_status(d), 0);
}

bool drv_negotiate(struct drv *d, uint64_t features)
{
	drv_reset(d);
	drv_set_status(d, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	drv_set_status(d, VIRTIO_CONFIG_S_DRIVER);
	d->offered = 0;
	for (unsigned int word = 0; word < 2; word++) {
		drv_put(d, VIRTIO_PCI_COMMON_DFSELECT, 4, word);
		d->offered |= drv_get(d, VIRTIO_PCI_COMMON_DF, 4) << (32 * word);
	}
	d->accepted = features & d->offered;
	for (unsigned int word = 0; word < 2; word++) {
		drv_put(d, VIRTIO_PCI_COMMON_GFSELECT, 4, word);
		drv_put(d, VIRTIO_PCI_COMMON_GF, 4, (uint32_t)(d->accepted >> 32 * word));
	}
	drv_set_status(d, VIRTIO_CONFIG_S_FEATURES_OK);
	drv_put(d, VIRTIO_PCI_COMMON_MSIX, 2, 0);
	return drv_status(d) & VIRTIO_CONFIG_S_FEATURES_OK;
}

void drv_ok(struct drv *d)
{
	drv_set_status(d, VIRTIO_CONFIG_S_DRIVER_OK);
}

void drv_start(struct drv *d, struct machine *m, uint8_t devfn, struct drvq *q,
	       unsigned int index, uint16_t size)
{
	drv_probe(d, m, devfn);
	drv_msix_on(d);
	assert_true(drv_negotiate(d, DRV_FEATURES));
	drv_queue(d, q, index, size);
	drv_ok(d);
}

bool drv_needs_reset(struct drv *d)
{
	return (drv_status(d) & VIRTIO_CONFIG_S_NEEDS_RESET) &&
	       mock_host_fired_data(&d->m->mh, DRV_MSI_DATA(d, 0)) > 0;
}

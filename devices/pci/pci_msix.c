/* SPDX-License-Identifier: MIT */
/*
 * MSI-X (PCI 3.0, 6.8.2).  The guest's table is kept here; the host learns an entry's
 * message when the vector is first sent after a change, so masking and unmasking, which
 * guests do often, cost it nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/inject/inject.h"
#include "devices/pci/pci_internal.h"

#define ENTRY_BYTES   sizeof(struct pci_msix_entry)
#define PENDING_WORDS (PCI_MSIX_MAX / 64)

static uint16_t flags(const struct pci_dev *dev)
{
	return pci_get16(dev->config, dev->msix.cap + PCI_MSIX_FLAGS);
}

bool pci_msix_enabled(const struct pci_dev *dev)
{
	return dev->msix.nr && (flags(dev) & PCI_MSIX_FLAGS_ENABLE);
}

int pci_add_msix(struct pci_dev *dev, unsigned int nr, unsigned int bar, uint32_t table,
		 uint32_t pba)
{
	struct pci_msix *m = &dev->msix;

	if (!nr || nr > PCI_MSIX_MAX)
		return -EINVAL;
	m->table = calloc(nr, sizeof(*m->table));
	m->pending = calloc(PENDING_WORDS, sizeof(*m->pending));
	m->routed = calloc(nr, sizeof(*m->routed));
	if (!m->table || !m->pending || !m->routed) {
		pci_msix_unplug(dev);
		return -ENOMEM;
	}
	m->nr = nr;
	m->first = -ENOSYS;
	m->cap = (uint8_t)pci_add_cap(dev, PCI_CAP_ID_MSIX, PCI_CAP_MSIX_SIZEOF);
	pci_put16(dev->config, m->cap + PCI_MSIX_FLAGS, (uint16_t)(nr - 1));
	pci_put16(dev->writable, m->cap + PCI_MSIX_FLAGS,
		  PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	pci_put32(dev->config, m->cap + PCI_MSIX_TABLE, table | bar);
	pci_put32(dev->config, m->cap + PCI_MSIX_PBA, pba | bar);
	pci_msix_reset(dev);
	return 0;
}

void pci_msix_reset(struct pci_dev *dev)
{
	struct pci_msix *m = &dev->msix;

	if (!m->nr)
		return;
	memset(m->pending, 0, PENDING_WORDS * sizeof(*m->pending));
	for (unsigned int i = 0; i < m->nr; i++) {
		m->table[i] =
			(struct pci_msix_entry){ .ctrl = PCI_MSIX_ENTRY_CTRL_MASKBIT };
		m->routed[i] = false;
	}
}

int pci_msix_plug(struct pci_dev *dev)
{
	struct pci_msix *m = &dev->msix;

	if (m->nr)
		m->first = host_msi_open(dev->pci->host, dev->device.name, m->nr);
	return m->nr && m->first < 0 && m->first != -ENOSYS ? m->first : 0;
}

void pci_msix_unplug(struct pci_dev *dev)
{
	struct pci_msix *m = &dev->msix;

	if (m->nr && m->first >= 0)
		host_msi_close(dev->pci->host, m->first, m->nr);
	free(m->table);
	free(m->pending);
	free(m->routed);
	*m = (struct pci_msix){ 0 };
}

static bool is_pending(const struct pci_msix *m, unsigned int v)
{
	return m->pending[v / 64] >> v % 64 & 1;
}

/* May the vector be sent now? */
static bool open_for(const struct pci_dev *dev, unsigned int v)
{
	return !(flags(dev) & PCI_MSIX_FLAGS_MASKALL) &&
	       (pci_command(dev) & PCI_COMMAND_MASTER) &&
	       !(dev->msix.table[v].ctrl & PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

static void send(struct pci_dev *dev, unsigned int v)
{
	struct pci_msix *m = &dev->msix;
	const struct pci_msix_entry *e = &m->table[v];
	int err = 0;

	m->pending[v / 64] &= ~(1ull << v % 64);
	if (m->first < 0)
		return;
	if (!m->routed[v]) {
		const struct msi_msg msg = { (uint64_t)e->addr_hi << 32 | e->addr_lo,
					     e->data };

		err = host_msi_route(dev->pci->host, m->first + (int)v, &msg);
		m->routed[v] = !err;
	}
	if (!err)
		host_msi_fire(dev->pci->host, m->first + (int)v);
	else if (host_limit_pass(&m->reports))
		host_report(dev->pci->host, HOST_WARN, dev->device.name,
			    "vector %u has no route: %s", v, strerror(-err));
}

void pci_msix_fire(struct pci_dev *dev, unsigned int vector)
{
	if (!pci_msix_enabled(dev) || vector >= dev->msix.nr)
		return;
	if (dev->dma.inject && inject_interrupt(dev->dma.inject))
		return;
	if (open_for(dev, vector))
		send(dev, vector);
	else
		dev->msix.pending[vector / 64] |= 1ull << vector % 64;
}

void pci_msix_update(struct pci_dev *dev)
{
	if (!pci_msix_enabled(dev))
		return;
	for (unsigned int v = 0; v < dev->msix.nr; v++)
		if (is_pending(&dev->msix, v) && open_for(dev, v))
			send(dev, v);
}

/* Accesses are of 4 or 8 aligned bytes (6.8.2); others read ones and write nothing. */
static bool table_access(const struct pci_dev *dev, uint64_t offset, unsigned int size)
{
	return (size == 4 || size == 8) && offset % size == 0 &&
	       offset < dev->msix.nr * ENTRY_BYTES;
}

uint64_t pci_msix_table_read(struct pci_dev *dev, uint64_t offset, unsigned int size)
{
	uint64_t value = 0;

	if (!table_access(dev, offset, size))
		return ~0ull;
	memcpy(&value, (const char *)dev->msix.table + offset, size);
	return value;
}

void pci_msix_table_write(struct pci_dev *dev, uint64_t offset, unsigned int size,
			  uint64_t value)
{
	struct pci_msix *m = &dev->msix;
	struct pci_msix_entry old, *e;

	if (!table_access(dev, offset, size))
		return;
	e = &m->table[offset / ENTRY_BYTES];
	old = *e;
	memcpy((char *)m->table + offset, &value, size);
	e->addr_lo &= ~3u;
	e->ctrl &= PCI_MSIX_ENTRY_CTRL_MASKBIT;
	if (old.addr_lo != e->addr_lo || old.addr_hi != e->addr_hi || old.data != e->data)
		m->routed[offset / ENTRY_BYTES] = false;
	pci_msix_update(dev);
}

uint64_t pci_msix_pba_read(struct pci_dev *dev, uint64_t offset, unsigned int size)
{
	uint64_t value = 0;

	if ((size == 4 || size == 8) && offset % size == 0 &&
	    offset < PENDING_WORDS * sizeof(uint64_t))
		memcpy(&value, (const char *)dev->msix.pending + offset, size);
	return value;
}

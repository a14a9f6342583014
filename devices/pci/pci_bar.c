/* SPDX-License-Identifier: MIT */
/* BARs: building them, moving them, and what firmware does with them at start. */
#include <errno.h>
#include <string.h>

#include "devices/pci/pci_internal.h"
#include "devices/util.h"

#define PIO_LIMIT 0x10000ull

static bool is_io(const struct pci_bar *bar)
{
	return bar->type & PCI_BASE_ADDRESS_SPACE_IO;
}

static bool is_64bit(const struct pci_bar *bar)
{
	return !is_io(bar) && (bar->type & PCI_BASE_ADDRESS_MEM_TYPE_MASK) ==
				      PCI_BASE_ADDRESS_MEM_TYPE_64;
}

static unsigned int bar_offset(const struct pci_dev *dev, const struct pci_bar *bar)
{
	return PCI_BASE_ADDRESS_0 + 4 * (unsigned int)(bar - dev->bar);
}

void pci_add_bar(struct pci_dev *dev, unsigned int index, uint64_t size, uint8_t type,
		 const struct bus_ops *ops, void *arg)
{
	struct pci_bar *bar = &dev->bar[index];
	unsigned int at = PCI_BASE_ADDRESS_0 + 4 * index;
	uint32_t fixed = is_io(&(struct pci_bar){ .type = type }) ? 0x3 : 0xf;

	*bar = (struct pci_bar){
		.size = size,
		.type = type,
		.range = { .name = dev->device.name,
			   .size = size,
			   .ops = ops,
			   .arg = arg },
	};
	pci_put32(dev->config, at, type);
	pci_put32(dev->writable, at, (uint32_t) ~(size - 1) & ~fixed);
	if (is_64bit(bar))
		pci_put32(dev->writable, at + 4, (uint32_t)(~(size - 1) >> 32));
}

/* Where the registers put the BAR; false: nowhere. */
static bool wanted(const struct pci_dev *dev, const struct pci_bar *bar, uint64_t *base)
{
	unsigned int at = bar_offset(dev, bar);
	uint16_t need = is_io(bar) ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	uint64_t last;

	if (!bar->size || !(pci_command(dev) & need))
		return false;
	*base = pci_get32(dev->config, at) & ~(bar->size - 1);
	if (is_64bit(bar))
		*base |= (uint64_t)pci_get32(dev->config, at + 4) << 32;
	if (!*base || __builtin_add_overflow(*base, bar->size, &last))
		return false;
	return !is_io(bar) || last <= PIO_LIMIT;
}

static struct bus *bus_of(const struct pci_dev *dev, const struct pci_bar *bar)
{
	return is_io(bar) ? dev->pci->pio : dev->pci->mmio;
}

static void unmap(struct pci_dev *dev, struct pci_bar *bar)
{
	if (dev->ops && dev->ops->bar_changed)
		dev->ops->bar_changed(dev, (unsigned int)(bar - dev->bar), false);
	bus_remove(bus_of(dev, bar), &bar->range);
	bar->mapped = false;
}

static void map(struct pci_dev *dev, struct pci_bar *bar, uint64_t base)
{
	bar->range.base = base;
	if (bus_add(bus_of(dev, bar), &bar->range)) {
		if (!bar->collided)
			host_report(dev->pci->host, HOST_WARN, dev->device.name,
				    "BAR %u at 0x%llx meets something else: not decoded",
				    (unsigned int)(bar - dev->bar),
				    (unsigned long long)base);
		bar->collided = true;
		return;
	}
	bar->mapped = true;
	if (dev->ops && dev->ops->bar_changed)
		dev->ops->bar_changed(dev, (unsigned int)(bar - dev->bar), true);
}

/* First what leaves, then what arrives: two BARs may change places. */
static void update(struct pci_dev *dev, bool arrive)
{
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++) {
		struct pci_bar *bar = &dev->bar[i];
		uint64_t base = 0;
		bool want = wanted(dev, bar, &base);

		if (!arrive && bar->mapped && (!want || base != bar->range.base))
			unmap(dev, bar);
		if (arrive && !bar->mapped && want)
			map(dev, bar, base);
	}
}

void pci_update_bars(struct pci_host *pci)
{
	for (unsigned int arrive = 0; arrive < 2; arrive++)
		for (unsigned int i = 0; i < PCI_MAX_DEVFN; i++)
			if (pci->dev[i])
				update(pci->dev[i], arrive);
}

void pci_remove_bars(struct pci_dev *dev)
{
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++)
		if (dev->bar[i].mapped)
			unmap(dev, &dev->bar[i]);
}

/* --- firmware ------------------------------------------------------------------------ */

struct window {
	uint64_t next, end;
};

static int place(struct pci_dev *dev, struct pci_bar *bar, struct window *w)
{
	uint64_t base = (w->next + bar->size - 1) & ~(bar->size - 1);
	unsigned int at = bar_offset(dev, bar);

	if (base > w->end || bar->size > w->end - base)
		return -ENOSPC;
	w->next = base + bar->size;
	pci_put32(dev->config, at, (uint32_t)base | bar->type);
	if (is_64bit(bar))
		pci_put32(dev->config, at + 4, (uint32_t)(base >> 32));
	return 0;
}

static int assign(struct pci_dev *dev, struct window *mem, struct window *io)
{
	uint16_t command = pci_command(dev);

	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++) {
		struct pci_bar *bar = &dev->bar[i];

		if (!bar->size)
			continue;
		if (place(dev, bar, is_io(bar) ? io : mem))
			return -ENOSPC;
		command |= is_io(bar) ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	}
	pci_put16(dev->config, PCI_COMMAND, command);
	if (dev->config[PCI_INTERRUPT_PIN])
		dev->config[PCI_INTERRUPT_LINE] = (uint8_t)pci_intx_gsi(dev);
	return 0;
}

int pci_assign(struct pci_host *pci)
{
	struct window mem = { PV_MMIO_BASE, PV_MMIO_BASE + PV_MMIO_SIZE };
	struct window io = { PV_PIO_BASE, PV_PIO_BASE + PV_PIO_SIZE };

	for (unsigned int i = 0; i < PCI_MAX_DEVFN; i++) {
		int err = pci->dev[i] ? assign(pci->dev[i], &mem, &io) : 0;

		if (err)
			return err;
	}
	pci_update_bars(pci);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* BARs: what firmware assigned, how large it is, mapping it, decoding and bus mastering. */
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <guest/pci.h>

#define BAR(n) (PCI_BASE_ADDRESS_0 + 4 * (n))

/* What sticks of all ones tells which address bits the BAR decodes. */
static u32 size_mask(struct pci_dev *dev, int where, u32 value)
{
	u32 mask;

	pci_write_config_dword(dev, where, ~0U);
	pci_read_config_dword(dev, where, &mask);
	pci_write_config_dword(dev, where, value);
	return mask;
}

static void set_resource(struct resource *r, u64 start, u64 mask, unsigned long flags)
{
	u64 size = mask & -mask; /* the lowest address bit that can be set */

	if (!size || start + size - 1 < start)
		return;
	*r = (struct resource){ .start = start, .end = start + size - 1, .flags = flags };
}

static void read_io_bar(struct pci_dev *dev, int n, u32 value)
{
	u32 mask = size_mask(dev, BAR(n), value) & (u32)PCI_BASE_ADDRESS_IO_MASK;

	/* The upper half may be wired to zero. */
	set_resource(&dev->resource[n], value & (u32)PCI_BASE_ADDRESS_IO_MASK,
		     mask & 0xffff, IORESOURCE_IO);
}

/* True when it is 64 bits wide and took the next one as well. */
static bool read_memory_bar(struct pci_dev *dev, int n, u32 value)
{
	bool wide = (value & PCI_BASE_ADDRESS_MEM_TYPE_MASK) ==
		    PCI_BASE_ADDRESS_MEM_TYPE_64;
	u64 mask = size_mask(dev, BAR(n), value) & PCI_BASE_ADDRESS_MEM_MASK;
	u64 start = value & PCI_BASE_ADDRESS_MEM_MASK;
	unsigned long flags = IORESOURCE_MEM;
	u32 high;

	if (value & PCI_BASE_ADDRESS_MEM_PREFETCH)
		flags |= IORESOURCE_PREFETCH;
	if (wide && n + 1 < PCI_STD_NUM_BARS) {
		pci_read_config_dword(dev, BAR(n + 1), &high);
		start |= (u64)high << 32;
		mask |= (u64)size_mask(dev, BAR(n + 1), high) << 32;
		flags |= IORESOURCE_MEM_64;
	}
	if (start)
		set_resource(&dev->resource[n], start, mask, flags);
	return wide;
}

void pci_read_bars(struct pci_dev *dev)
{
	u16 command;
	u32 value;

	pci_read_config_word(dev, PCI_COMMAND, &command);
	pci_write_config_word(dev, PCI_COMMAND,
			      command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	for (int n = 0; n < PCI_STD_NUM_BARS; n++) {
		pci_read_config_dword(dev, BAR(n), &value);
		if (!value) /* none, or nobody gave it an address */
			continue;
		if (value & PCI_BASE_ADDRESS_SPACE_IO)
			read_io_bar(dev, n, value);
		else if (read_memory_bar(dev, n, value))
			n++;
	}
	pci_write_config_word(dev, PCI_COMMAND, command);
}

static void change_command(struct pci_dev *dev, u16 set, u16 clear)
{
	u16 command;

	pci_read_config_word(dev, PCI_COMMAND, &command);
	pci_write_config_word(dev, PCI_COMMAND, (u16)((command & ~clear) | set));
}

int pci_enable_device(struct pci_dev *dev)
{
	u16 decode = 0;

	for (int n = 0; n < PCI_STD_NUM_BARS; n++) {
		if (dev->resource[n].flags & IORESOURCE_IO)
			decode |= PCI_COMMAND_IO;
		if (dev->resource[n].flags & IORESOURCE_MEM)
			decode |= PCI_COMMAND_MEMORY;
	}
	if (!decode)
		return -ENODEV;
	change_command(dev, decode, 0);
	return 0;
}

void pci_disable_device(struct pci_dev *dev)
{
	change_command(dev, 0, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

void pci_set_master(struct pci_dev *dev)
{
	change_command(dev, PCI_COMMAND_MASTER, 0);
}

void pci_clear_master(struct pci_dev *dev)
{
	change_command(dev, 0, PCI_COMMAND_MASTER);
}

void *pci_iomap_range(struct pci_dev *dev, int bar, unsigned long offset,
		      unsigned long max)
{
	unsigned long len;

	if (bar < 0 || bar >= PCI_STD_NUM_BARS ||
	    !(dev->resource[bar].flags & IORESOURCE_MEM))
		return NULL;
	len = pci_resource_len(dev, bar);
	if (offset >= len)
		return NULL;
	len -= offset;
	if (max && len > max)
		len = max;
	return ioremap(pci_resource_start(dev, bar) + offset, len);
}

void *pci_iomap(struct pci_dev *dev, int bar, unsigned long max)
{
	return pci_iomap_range(dev, bar, 0, max);
}

void pci_iounmap(struct pci_dev *dev, void *addr)
{
	(void)dev;
	iounmap(addr);
}

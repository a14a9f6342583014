/* SPDX-License-Identifier: MIT */
/* MSI-X: the table of a device, filled with messages that are vectors of our CPUs. */
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <asm/apic.h>
#include <guest/irq.h>

#define MSI_ADDRESS	     0xfee00000U
#define MSI_ADDRESS_ID_SHIFT 12

/* What pci_dev.msix points at. */
struct msix_table {
	u8 cap; /* place of the capability */
	unsigned int count; /* vectors in use: the first entries of the table */
	struct pci_msix_entry *entries; /* the device's table, as far as it is in use */
	unsigned int vectors[];
};

static void set_entry(struct pci_msix_entry *e, unsigned int cpu, unsigned int vector)
{
	writel(MSI_ADDRESS | cpu_apic_id[cpu] << MSI_ADDRESS_ID_SHIFT, &e->addr_lo);
	writel(0, &e->addr_hi);
	writel(vector, &e->data);
	writel(0, &e->ctrl);
}

static struct pci_msix_entry *map_table(struct pci_dev *dev, u8 cap, unsigned int n)
{
	u32 table;

	pci_read_config_dword(dev, cap + PCI_MSIX_TABLE, &table);
	return pci_iomap_range(dev, (int)(table & PCI_MSIX_TABLE_BIR),
			       table & PCI_MSIX_TABLE_OFFSET,
			       n * sizeof(struct pci_msix_entry));
}

static void change_flags(struct pci_dev *dev, u8 cap, u16 set, u16 clear)
{
	u16 flags;

	pci_read_config_word(dev, cap + PCI_MSIX_FLAGS, &flags);
	pci_write_config_word(dev, cap + PCI_MSIX_FLAGS, (u16)((flags & ~clear) | set));
}

static void release(struct msix_table *t)
{
	while (t->count)
		irq_free_vector(t->vectors[--t->count]);
	if (t->entries)
		iounmap(t->entries);
	kfree(t);
}

/* Vectors for the first n entries; fewer when they run out. */
static void fill_table(struct msix_table *t, unsigned int n)
{
	unsigned int cpu;

	for (; t->count < n; t->count++) {
		t->vectors[t->count] = irq_alloc_vector(&cpu);
		if (!t->vectors[t->count])
			return;
		set_entry(&t->entries[t->count], cpu, t->vectors[t->count]);
	}
}

int pci_alloc_irq_vectors(struct pci_dev *dev, unsigned int min_vecs,
			  unsigned int max_vecs, unsigned int flags)
{
	u8 cap = pci_find_capability(dev, PCI_CAP_ID_MSIX);
	struct msix_table *t;
	u16 control;
	unsigned int n;

	if (!(flags & PCI_IRQ_MSIX) || !cap || dev->msix)
		return -ENODEV;
	pci_read_config_word(dev, cap + PCI_MSIX_FLAGS, &control);
	n = min((control & PCI_MSIX_FLAGS_QSIZE) + 1U, max_vecs);
	if (n < min_vecs || !n)
		return -ENOSPC;
	t = kzalloc(sizeof(*t) + n * sizeof(t->vectors[0]), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	t->cap = cap;
	t->entries = map_table(dev, cap, n);
	/* Masked as a whole while the entries are written. */
	change_flags(dev, cap, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, 0);
	if (t->entries)
		fill_table(t, n);
	if (t->count < min_vecs) {
		change_flags(dev, cap, 0, PCI_MSIX_FLAGS_ENABLE);
		release(t);
		return -ENOSPC;
	}
	dev->msix = t;
	change_flags(dev, cap, 0, PCI_MSIX_FLAGS_MASKALL);
	return (int)t->count;
}

int pci_irq_vector(struct pci_dev *dev, unsigned int n)
{
	if (!dev->msix || n >= dev->msix->count)
		return -EINVAL;
	return (int)dev->msix->vectors[n];
}

void pci_free_irq_vectors(struct pci_dev *dev)
{
	if (!dev->msix)
		return;
	change_flags(dev, dev->msix->cap, 0, PCI_MSIX_FLAGS_ENABLE);
	release(dev->msix);
	dev->msix = NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space.  Buses 0 and 1 through ECAM where MCFG names it: one access, one
 * exit, all 4 KiB of a function.  Others, or without MCFG, through ports 0xCF8 and 0xCFC,
 * which reach the first 256 bytes.
 */
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <abi/platform.h>
#include <asm/cpu.h>
#include <asm/pagetable.h>
#include <guest/acpi.h>
#include <guest/machine.h>
#include <guest/pci.h>

#define ECAM_BUSES 2U /* what a 2 MiB page shows */

static char *ecam; /* of bus 0; NULL: ports only */
static DEFINE_SPINLOCK(ports_lock); /* address and data port are one transaction */

void pci_config_init(void)
{
	const struct acpi_facts *acpi = machine_acpi();

	if (acpi->ecam_base && acpi->ecam_first_bus == 0 &&
	    acpi->ecam_last_bus >= ECAM_BUSES - 1 && acpi->ecam_base % SIZE_PD == 0)
		ecam = map_registers(MAP_ECAM, acpi->ecam_base);
}

static char *ecam_address(const struct pci_dev *dev, unsigned int where)
{
	return ecam + ((unsigned long)dev->bus << PCI_ECAM_BUS_SHIFT |
		       (unsigned long)dev->devfn << PCI_ECAM_DEVFN_SHIFT | where);
}

static bool through_ecam(const struct pci_dev *dev)
{
	return ecam && dev->bus < ECAM_BUSES;
}

static bool reachable(const struct pci_dev *dev, unsigned int where, unsigned int size)
{
	unsigned int end = through_ecam(dev) ? PCI_CFG_SPACE_EXP_SIZE
					     : PCI_CFG_SPACE_SIZE;

	return where % size == 0 && where < end;
}

/* The port that holds byte `where` once the address is chosen.  The lock is held. */
static u16 choose_port(const struct pci_dev *dev, unsigned int where)
{
	outl(PCI_CONF1_ENABLE | (u32)dev->bus << PCI_CONF1_BUS_SHIFT |
		     (u32)dev->devfn << PCI_CONF1_DEVFN_SHIFT |
		     (where & PCI_CONF1_REG_MASK),
	     PV_PCI_ADDR_PORT);
	return (u16)(PV_PCI_DATA_PORT + (where & 3));
}

static u32 port_read(const struct pci_dev *dev, unsigned int where, unsigned int size)
{
	unsigned long flags;
	u16 port;
	u32 v;

	spin_lock_irqsave(&ports_lock, flags);
	port = choose_port(dev, where);
	v = size == 1 ? inb(port) : size == 2 ? inw(port) : inl(port);
	spin_unlock_irqrestore(&ports_lock, flags);
	return v;
}

static void port_write(const struct pci_dev *dev, unsigned int where, unsigned int size,
		       u32 v)
{
	unsigned long flags;
	u16 port;

	spin_lock_irqsave(&ports_lock, flags);
	port = choose_port(dev, where);
	if (size == 1)
		outb((u8)v, port);
	else if (size == 2)
		outw((u16)v, port);
	else
		outl(v, port);
	spin_unlock_irqrestore(&ports_lock, flags);
}

#define __PCI_ACCESS(name, type, io)                                                  \
	int pci_read_config_##name(const struct pci_dev *dev, int where, type *value) \
	{                                                                             \
		*value = (type)~0;                                                    \
		if (!reachable(dev, (unsigned int)where, sizeof(type)))               \
			return -EINVAL;                                               \
		*value = through_ecam(dev)                                            \
				 ? read##io(ecam_address(dev, (unsigned int)where))   \
				 : (type)port_read(dev, (unsigned int)where,          \
						   sizeof(type));                     \
		return 0;                                                             \
	}                                                                             \
	int pci_write_config_##name(const struct pci_dev *dev, int where, type value) \
	{                                                                             \
		if (!reachable(dev, (unsigned int)where, sizeof(type)))               \
			return -EINVAL;                                               \
		if (through_ecam(dev))                                                \
			write##io(value, ecam_address(dev, (unsigned int)where));     \
		else                                                                  \
			port_write(dev, (unsigned int)where, sizeof(type), value);    \
		return 0;                                                             \
	}
__PCI_ACCESS(byte, u8, b)
__PCI_ACCESS(word, u16, w)
__PCI_ACCESS(dword, u32, l)

/* --- capabilities ---------------------------------------------------------------------- */

#define CAP_FIRST 0x40 /* behind the header */
#define CAP_MOST  48 /* that fit into 256 bytes */

static u8 walk_capabilities(struct pci_dev *dev, u8 pos, int cap)
{
	u16 id_next;

	for (int i = 0; i < CAP_MOST; i++) {
		pos &= 0xfc;
		if (pos < CAP_FIRST)
			return 0;
		pci_read_config_word(dev, pos, &id_next);
		if ((u8)id_next == cap)
			return pos;
		pos = (u8)(id_next >> 8);
	}
	return 0;
}

u8 pci_find_capability(struct pci_dev *dev, int cap)
{
	u16 status;
	u8 pos;

	pci_read_config_word(dev, PCI_STATUS, &status);
	if (!(status & PCI_STATUS_CAP_LIST))
		return 0;
	pci_read_config_byte(dev, PCI_CAPABILITY_LIST, &pos);
	return walk_capabilities(dev, pos, cap);
}

u8 pci_find_next_capability(struct pci_dev *dev, u8 pos, int cap)
{
	pci_read_config_byte(dev, pos + 1, &pos);
	return walk_capabilities(dev, pos, cap);
}

/* SPDX-License-Identifier: MIT */
/*
 * The I/O APIC (Intel 82093AA): registers behind an index and a window, two for each pin.
 * Pins are masked after reset and stay so until somebody asks for one.
 */
#include <linux/errno.h>
#include <abi/acpi.h>
#include <asm/apic.h>
#include <asm/ioapic.h>
#include <asm/pagetable.h>
#include <guest/acpi.h>
#include <guest/irq.h>
#include <guest/machine.h>

#define IOAPIC_INDEX  0x00
#define IOAPIC_WINDOW 0x10

#define IOAPIC_VERSION	  1 /* bits 16-23: the last pin */
#define IOAPIC_ROUTE(pin) (0x10 + 2 * (pin))

#define ROUTE_ACTIVE_LOW (1U << 13)
#define ROUTE_LEVEL	 (1U << 15)
#define ROUTE_ID_SHIFT	 24

static volatile u32 *ioapic;

static void select(u32 reg)
{
	ioapic[IOAPIC_INDEX / 4] = reg;
}

static u32 ioapic_read(u32 reg)
{
	select(reg);
	return ioapic[IOAPIC_WINDOW / 4];
}

static void ioapic_write(u32 reg, u32 value)
{
	select(reg);
	ioapic[IOAPIC_WINDOW / 4] = value;
}

struct ioapic_line ioapic_isa_line(unsigned int irq)
{
	const struct acpi_override *o = &machine_acpi()->override[irq];

	/* Edges and high: what the ISA bus has. */
	if (!o->given)
		return (struct ioapic_line){ .gsi = irq, .edge = true };
	return (struct ioapic_line){
		.gsi = o->gsi,
		.edge = (o->flags & ACPI_MADT_LEVEL) != ACPI_MADT_LEVEL,
		.active_low = (o->flags & ACPI_MADT_ACTIVE_LOW) == ACPI_MADT_ACTIVE_LOW,
	};
}

static int unmask(const struct ioapic_line *line, unsigned int vector, u32 apic_id)
{
	const struct acpi_facts *acpi = machine_acpi();
	u32 pin = line->gsi - acpi->ioapic_gsi;

	if (!acpi->ioapic_base)
		return -ENODEV;
	if (!ioapic)
		ioapic = map_registers(MAP_IOAPIC, acpi->ioapic_base);
	if (pin > (ioapic_read(IOAPIC_VERSION) >> 16 & 0xff))
		return -ENODEV;
	/* The half with the mask last. */
	ioapic_write(IOAPIC_ROUTE(pin) + 1, apic_id << ROUTE_ID_SHIFT);
	ioapic_write(IOAPIC_ROUTE(pin),
		     vector | (line->edge ? 0 : ROUTE_LEVEL) |
			     (line->active_low ? ROUTE_ACTIVE_LOW : 0));
	return 0;
}

int ioapic_request(const struct ioapic_line *line, irq_handler_t handler,
		   const char *name)
{
	unsigned int cpu, vector = irq_alloc_vector(&cpu);
	int err;

	if (!vector)
		return -ENOSPC;
	err = request_irq(vector, handler, 0, name, NULL);
	if (!err) {
		err = unmask(line, vector, cpu_apic_id[cpu]);
		if (err)
			free_irq(vector, NULL);
	}
	if (err)
		irq_free_vector(vector);
	return err;
}

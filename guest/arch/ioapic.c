/* SPDX-License-Identifier: MIT */
/*
 * The I/O APIC (Intel 82093AA): registers behind an index and a window, two for each pin.
 * Pins are masked after reset and stay so until somebody asks for one.
 */
#include <linux/errno.h>
#include <asm/ioapic.h>
#include <asm/pagetable.h>
#include <guest/acpi.h>
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

int ioapic_enable(const struct ioapic_route *route)
{
	const struct acpi_facts *acpi = machine_acpi();
	u32 pin = route->gsi - acpi->ioapic_gsi;

	if (!acpi->ioapic_base)
		return -ENODEV;
	if (!ioapic)
		ioapic = map_registers(MAP_IOAPIC, acpi->ioapic_base);
	if (pin > (ioapic_read(IOAPIC_VERSION) >> 16 & 0xff))
		return -ENODEV;
	/* The half with the mask last. */
	ioapic_write(IOAPIC_ROUTE(pin) + 1, route->apic_id << ROUTE_ID_SHIFT);
	ioapic_write(IOAPIC_ROUTE(pin),
		     route->vector | (route->edge ? 0 : ROUTE_LEVEL) |
			     (route->active_low ? ROUTE_ACTIVE_LOW : 0));
	return 0;
}

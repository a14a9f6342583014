/* SPDX-License-Identifier: MIT */
/* The I/O APIC: interrupts that come over a line. */
#ifndef GUEST_ASM_IOAPIC_H
#define GUEST_ASM_IOAPIC_H

#include <linux/interrupt.h>

struct ioapic_line {
	u32 gsi;
	bool edge, active_low;
};

/* The line of an interrupt of the 8259s, as the MADT wires it. */
struct ioapic_line ioapic_isa_line(unsigned int irq);
/* Lets the line through to the handler, on a CPU chosen in turn.  -ENODEV: no I/O APIC has
 * it; -ENOSPC: no vector is left. */
int ioapic_request(const struct ioapic_line *line, irq_handler_t handler,
		   const char *name);

#endif

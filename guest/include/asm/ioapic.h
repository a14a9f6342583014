/* SPDX-License-Identifier: MIT */
/* The I/O APIC: interrupts that come over a line. */
#ifndef GUEST_ASM_IOAPIC_H
#define GUEST_ASM_IOAPIC_H

#include <linux/types.h>

struct ioapic_route {
	u32 gsi;
	u8 vector;
	u32 apic_id; /* of the CPU that gets it */
	bool edge, active_low;
};

/* Lets the line through as that vector.  -ENODEV: no I/O APIC has it. */
int ioapic_enable(const struct ioapic_route *route);

#endif

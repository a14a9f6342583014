/* SPDX-License-Identifier: MIT */
/* The local APIC of each CPU: interrupts between CPUs, the timer, end of interrupt. */
#ifndef GUEST_ASM_APIC_H
#define GUEST_ASM_APIC_H

#include <linux/types.h>

/* Maps the registers; once, on the boot CPU. */
void apic_map(phys_addr_t base);
/* Takes this CPU's APIC into use. */
void apic_enable(void);
u32 apic_id(void);
void apic_eoi(void);

/* Interrupts other CPUs: one by its number, all others by NMI, oneself. */
void apic_send(unsigned int cpu, unsigned int vector);
void apic_send_self(unsigned int vector);
void apic_send_nmi_others(void);
/* Brings the CPU with that APIC id to `page << 12` in real mode. */
void apic_send_init(u32 id);
void apic_send_startup(u32 id, unsigned int page);

/* The timer: a one-shot countdown to VECTOR_TIMER; 0 stops it. */
void apic_timer_setup(void);
void apic_timer_start(u32 count);
u32 apic_timer_left(void);

/* APIC ids by CPU number; filled in from the MADT. */
extern u32 cpu_apic_id[];

#endif

/* SPDX-License-Identifier: MIT */
/* The machine as boot found it, and how to leave it. */
#ifndef GUEST_MACHINE_H
#define GUEST_MACHINE_H

#include <linux/types.h>
#include <linux/compiler.h>

/* Ends the machine: 0 is success, else a failure code (1 .. 127). */
void machine_exit(unsigned int code) __noreturn;
/* Switches the machine off through ACPI, else ends it with success. */
void machine_power_off(void) __noreturn;
/* Starts the machine again from the beginning. */
void machine_restart(void) __noreturn;
/* As if the power button was pressed: from any context. */
void machine_press_power_button(void);
/* Tells whoever runs the machine that its kernel panicked; false: there is no way to. */
bool panic_port_tell(void);
#define EXIT_PANIC	0x7d /* a panic */
#define EXIT_COMPLAINTS 0x7c /* experiments went well, but the start did not */

/* The memory map as the loader gave it, unsorted; types are PVH_MEM_* of <abi/pvh.h>. */
struct pvh_memmap;
const struct pvh_memmap *boot_memory_map(unsigned int *entries);
/* The command line as given, and the first module (initrd): size 0 when there is none. */
const char *boot_command_line(void);
phys_addr_t boot_module(u64 *size);
phys_addr_t boot_rsdp(void);

/* What runs beneath us. */
struct hypervisor {
	bool pagevisor; /* pagevisor's CPUID leaf is there */
	bool ram_zeroed; /* RAM nobody wrote yet reads as zero */
	bool writes_report; /* someone reads what is printed for programs alone */
	bool injects; /* its devices make mistakes on purpose */
	bool dma_check; /* it judges DMA: <guest/dma_check.h> */
	bool dma_check_hash; /* and hashes buffers, so that each call makes an exit */
	u32 tsc_khz, timer_khz; /* 0: to be measured */
};
extern struct hypervisor hypervisor;
void hypervisor_detect(void);

/* From the ACPI tables. */
struct acpi_facts;
const struct acpi_facts *machine_acpi(void);
/* As acpi_find_s5(), of this machine. */
int machine_s5_type(void);
/* As acpi_find_panic_port(), of this machine. */
int machine_panic_port(void);
/* With the boot parameter `stay`, sleeps until somebody presses the power button (for ever),
 * listening to the keys of <guest/sysrq.h>; else returns at once. */
void machine_stay(void);

extern unsigned int nr_possible_cpus; /* num_possible_cpus(), for the monitor */

extern char _start[], _text[], _etext[], _rodata[], _erodata[], _end[];

#endif

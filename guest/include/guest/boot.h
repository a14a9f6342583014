/* SPDX-License-Identifier: MIT */
/* The steps of the start that stand in files of their own. */
#ifndef GUEST_BOOT_H
#define GUEST_BOOT_H

#include <linux/types.h>

/* Takes over what the loader says (physical address of the PVH start info). */
void start_info_read(phys_addr_t start_info);
/* Tells memblock of RAM and of what is taken. */
void memory_map_register(void);
/* Calls the early parameters. */
void params_parse(void);
/* Reads the ACPI tables; fills in the CPUs. */
void acpi_init(void);
/* Measures or is told the clocks; per CPU: takes the timer into use. */
void clock_init(void);
void timer_init_cpu(void);
/* Gives CPUs their numbers: the boot CPU is 0, the others follow in the order of the MADT. */
void smp_register_cpus(const u32 *apic_ids, unsigned int n);
/* Starts the other CPUs; from a thread. */
void smp_boot(void);
/* Finds the devices, then calls device_initcall() functions. */
void drivers_init(void);
int virtio_pci_init(void);
void initcalls_run(void);
/* Vectors of the kernel itself. */
void irq_init(void);

#endif

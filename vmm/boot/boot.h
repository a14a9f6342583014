/* SPDX-License-Identifier: MIT */
/*
 * What firmware and boot loader do on a real machine: the kernel, its initrd, ACPI tables
 * and start info in fresh RAM.  Done at the start and again at every reset.
 */
#ifndef VMM_BOOT_H
#define VMM_BOOT_H

#include "vmm/boot/acpi.h"
#include "vmm/machine/config.h"
#include "vmm/boot/loader_elf.h"
#include "vmm/kvm/memory.h"

struct boot {
	struct kernel kernel;
	const char *initrd_path; /* NULL: none */
	int initrd_fd;
	uint64_t initrd_size;
	uint64_t initrd_gpa;
	const char *cmdline;
	struct acpi_config acpi;
};

/* Opens and checks the files against the RAM.  0, or a negative errno with the line in err
 * and nothing left open. */
int boot_open(struct boot *boot, const struct machine_config *config,
	      const struct guest_memory *mem, struct error *err);
void boot_close(struct boot *boot);

/* Fills RAM that reads as zero; *start_info is where the start info stands. */
int boot_load(const struct boot *boot, const struct guest_memory *mem,
	      uint32_t *start_info, struct error *err);

#endif

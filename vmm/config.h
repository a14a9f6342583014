/* SPDX-License-Identifier: MIT */
/*
 * What a machine is made of.  Whoever reads a command line or a control request fills
 * this in; machine.c builds from it and knows nothing of where it came from.
 */
#ifndef VMM_CONFIG_H
#define VMM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/error.h"

#define MEM_DEFAULT (256ull << 20)
#define MEM_ALIGN   (1ull << 20)

#define DISKS_MAX   16
#define CMDLINE_MAX 2048 /* bytes with the final NUL: what Linux takes, too */

enum console_kind {
	CONSOLE_STDIO,
	CONSOLE_PTY,
	CONSOLE_NONE,
};

struct disk_config {
	const char *path;
	bool readonly;
};

struct machine_config {
	uint64_t mem_size; /* bytes; a multiple of MEM_ALIGN */
	unsigned int cpus; /* at least 1 */
	const char *kernel; /* path of the PVH ELF kernel */
	const char *initrd; /* path, or NULL */
	const char *cmdline; /* never NULL */
	struct disk_config disks[DISKS_MAX];
	unsigned int nr_disks;
	enum console_kind console;
	bool report; /* the guest is told that one is written */
	bool reboot; /* a reset restarts the guest; else it ends the machine */
};

/* The configuration without a kernel: everything else at its default. */
void machine_config_init(struct machine_config *config);

/* The most memory a guest of this host may be given; the reason is at the definition. */
uint64_t machine_mem_limit(void);

/*
 * Checks what can be checked without building anything; files are checked where they are
 * opened.  0, or a negative errno with the line in err.
 */
int machine_config_check(const struct machine_config *config, struct error *err);

#endif

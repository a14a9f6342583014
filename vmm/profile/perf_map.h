/* SPDX-License-Identifier: MIT */
/*
 * The guest's symbols as perf wants them of a guest: the formats of Linux's /proc/kallsyms and
 * /proc/modules, for perf kvm --guest --guestkallsyms=FILE --guestmodules=FILE.
 */
#ifndef VMM_PERF_MAP_H
#define VMM_PERF_MAP_H

#include "vmm/util/error.h"
#include "vmm/util/symbols.h"

/* Writes DIR/guest.kallsyms and DIR/guest.modules, DIR too where it is not there, and says how
 * to use them.  kernel_fd: the kernel's file.  0, or a negative errno with the line in err. */
int perf_map_write(const char *dir, int kernel_fd, struct error *err);

/* The text of the first, malloc'd; NULL: no memory. */
char *perf_map_kallsyms(const struct symbols *symbols);

#endif

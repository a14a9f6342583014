/* SPDX-License-Identifier: MIT */
/* Between the files of the host platform. */
#ifndef HOST_INTERNAL_H
#define HOST_INTERNAL_H

#include "host.h"

/* The machine cannot be built: says so and ends the program. */
void host_die(const char *what) __attribute__((noreturn));

void host_vmap_reset(void);
void host_sched_reset(void);
void host_direct_reset(void);
/* Is it the turn of this mapping call to fail? */
bool host_map_should_fail(void);
/* The memfd that is physical memory; offset = physical address. */
int host_ram_fd(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The JSON report of one run.  Field names say their units; a number that is not known is
 * absent.
 */
#ifndef VMM_REPORT_H
#define VMM_REPORT_H

#include "vmm/machine.h"
#include "vmm/memstate_sampler.h"

struct run_times {
	struct timespec start; /* CLOCK_MONOTONIC: the guest was let go */
	struct timespec end;
};

/* Writes it to fd, after machine_run().  0 or a negative errno. */
int report_write(struct machine *m, const struct run_times *times,
		 const struct memstate_sampler *sampler, int fd);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The JSON report of one run.  Field names say their units; a number that is not known is
 * absent.
 */
#ifndef VMM_REPORT_H
#define VMM_REPORT_H

#include "vmm/machine/machine.h"
#include "vmm/memstate/memstate_sampler.h"
#include "vmm/util/rss.h"

struct run_times {
	struct timespec start; /* CLOCK_MONOTONIC: the guest was let go */
	struct timespec end;
};

/* What a report needs open before the run: it is written by a confined thread. */
struct report_file {
	int fd; /* -1: none is written */
	bool made; /* it was not there before */
	FILE *smaps; /* or NULL */
};

/* path NULL: none.  0, or a negative errno with the line in err. */
int report_open(struct report_file *file, const char *path, struct error *err);
/* 0 or a negative errno: what was written has not arrived. */
int report_close(struct report_file *file);

/* Writes it, after machine_run(); profile as of machine_write_profile(), or NULL.  0 or a
 * negative errno. */
int report_write(struct machine *m, const struct run_times *times,
		 const struct memstate_sampler *sampler, json_t *profile,
		 const struct report_file *file);

#endif

/* SPDX-License-Identifier: MIT */
/* `pagevisor run`: one machine in the foreground. */
#ifndef VMM_RUN_H
#define VMM_RUN_H

#include <stdbool.h>

#include "vmm/cli/command.h"
#include "vmm/machine/config.h"
#include "vmm/machine/machine.h"

struct run_options {
	struct machine_config machine;
	const char *report; /* file for the JSON report, or NULL */
	const char *perf_map; /* folder for perf's map of the guest, or NULL */
	const char *profile; /* file for folded stacks, or NULL */
	bool verbose;
};

/* The options of the table, as they are set before anything was given. */
void run_options_init(struct run_options *options);
/* Runs a machine that was made, to its end; the exit status. */
int run_machine(const struct run_options *options, struct machine *m, struct error *err);
extern const struct option run_option_table[];
extern const struct command run_command;

#endif

/* SPDX-License-Identifier: MIT */
/* `pagevisor sandbox`: the permitted system calls, as the filters are made of them. */
#ifndef VMM_SANDBOX_COMMAND_H
#define VMM_SANDBOX_COMMAND_H

#include "vmm/cli/command.h"

extern const struct command sandbox_command;

/*
 * One row of the list in words.  threads: "main, vCPU"; call: "mmap (anonymous, not
 * PROT_EXEC)"; why, and with what feature only.
 */
struct sandbox_row {
	char threads[32];
	char call[64];
	char why[160];
};
struct sandbox_call;
void sandbox_row_describe(const struct sandbox_call *call, struct sandbox_row *row);

#endif

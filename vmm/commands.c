/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "vmm/command.h"
#include "vmm/report_command.h"
#include "vmm/run.h"

const struct command *const commands[] = {
	&run_command,
	&report_command,
	NULL,
};

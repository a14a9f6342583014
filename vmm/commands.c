/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "vmm/command.h"
#include "vmm/ctl.h"
#include "vmm/report_command.h"
#include "vmm/run.h"
#include "vmm/sandbox_command.h"

const struct command *const commands[] = {
	&run_command,	 &ctl_command,	   &list_command,
	&report_command, &sandbox_command, NULL,
};

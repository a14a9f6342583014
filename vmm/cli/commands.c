/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "vmm/cli/command.h"
#include "vmm/cli/core.h"
#include "vmm/cli/ctl.h"
#include "vmm/inspect/inspect.h"
#include "vmm/map/map_command.h"
#include "vmm/report/report_command.h"
#include "vmm/cli/run.h"
#include "vmm/sandbox/sandbox_command.h"
#include "vmm/top/top.h"
#include "vmm/trace/trace_command.h"

/* One a line. */
/* clang-format off */
const struct command *const commands[] = {
	&run_command,
	&ctl_command,
	&list_command,
	&core_command,
	&inspect_command,
	&map_command,
	&top_command,
	&trace_command,
	&report_command,
	&sandbox_command,
	NULL,
};
/* clang-format on */

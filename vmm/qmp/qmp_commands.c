/* SPDX-License-Identifier: MIT */
/* Every command there is; who adds one adds its table here. */
#include "vmm/qmp/qmp_internal.h"

const struct qmp_command *const qmp_command_tables[] = {
	qmp_core_commands,
	qmp_control_commands,
	qmp_action_commands,
	qmp_query_commands,
	qmp_block_commands,
	qmp_dump_commands,
	qmp_probe_commands,
	qmp_monitor_commands,
	qmp_balloon_commands,
	qmp_inspect_commands,
	NULL,
};

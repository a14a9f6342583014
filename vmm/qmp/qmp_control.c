/* SPDX-License-Identifier: MIT */
/* Commands that change what the machine does: vmm/machine/control.h says what they mean. */
#include "vmm/qmp/qmp_internal.h"

static json_t *query_status(struct qmp_call *call)
{
	static const char *const names[] = {
		[CONTROL_PRELAUNCH] = "prelaunch", [CONTROL_RUNNING] = "running",
		[CONTROL_PAUSED] = "paused",	   [CONTROL_IO_ERROR] = "io-error",
		[CONTROL_SHUTDOWN] = "shutdown",   [CONTROL_PANICKED] = "guest-panicked",
	};
	enum control_status status = call->control->ops->status(call->control);

	return json_pack("{s:s, s:b, s:b}", "status", names[status], "running",
			 status == CONTROL_RUNNING, "singlestep", 0);
}

static json_t *stop(struct qmp_call *call)
{
	return qmp_done(call, call->control->ops->stop(call->control, &call->error));
}

static json_t *cont(struct qmp_call *call)
{
	return qmp_done(call, call->control->ops->cont(call->control, &call->error));
}

static json_t *reset(struct qmp_call *call)
{
	return qmp_done(call, call->control->ops->reset(call->control, &call->error));
}

static json_t *powerdown(struct qmp_call *call)
{
	return qmp_done(call, call->control->ops->powerdown(call->control, &call->error));
}

static json_t *nmi(struct qmp_call *call)
{
	return qmp_done(call, call->control->ops->nmi(call->control, &call->error));
}

static json_t *quit(struct qmp_call *call)
{
	call->control->ops->quit(call->control);
	return NULL;
}

const struct qmp_command qmp_control_commands[] = {
	{ "query-status", query_status, NULL, false },
	{ "stop", stop, NULL, false },
	{ "cont", cont, NULL, false },
	{ "system_reset", reset, NULL, false },
	{ "system_powerdown", powerdown, NULL, false },
	{ "inject-nmi", nmi, NULL, false },
	{ "quit", quit, NULL, false },
	{ NULL, NULL, NULL, false },
};

/* SPDX-License-Identifier: MIT */
/* Commands of ours, for looking into a guest: vmm/inspect/view.h. */
#include <stdlib.h>

#include "vmm/inspect/registers.h"
#include "vmm/qmp/qmp_internal.h"
#include "vmm/trace/trace_levels.h"

static json_t *query_registers(struct qmp_call *call)
{
	struct control_facts facts;
	struct dump_cpu *cpus;
	json_t *list;
	unsigned int i;
	int ret;

	call->control->ops->facts(call->control, &facts);
	cpus = calloc(facts.cpus, sizeof(*cpus));
	if (!cpus)
		return qmp_error(call, "no memory for the registers");
	ret = call->control->ops->read_cpus(call->control, cpus, &call->error);
	list = ret ? qmp_done(call, ret) : json_array();
	for (i = 0; i < facts.cpus && !ret; i++)
		json_array_append_new(list, registers_pack(&cpus[i]));
	free(cpus);
	return list;
}

static json_t *switch_trace(struct qmp_call *call)
{
	const json_t *list = json_object_get(call->arguments, "enable");
	uint8_t enable[TRACE_IDS_MAX], before[TRACE_IDS_MAX];
	int ret;

	if (list && !trace_levels_unpack(list, enable))
		return qmp_error(call, "enable: %u numbers from 0 to 2 are wanted",
				 TRACE_IDS_MAX);
	ret = call->control->ops->trace(call->control, list ? enable : NULL, before,
					&call->error);
	if (ret)
		return qmp_done(call, ret);
	return json_pack("{s:o}", "before", trace_levels_pack(before));
}

static const struct qmp_arg trace_args[] = {
	{ "enable", QMP_LIST, true },
	{ NULL, QMP_ANY, false },
};

const struct qmp_command qmp_inspect_commands[] = {
	{ "x-pagevisor-registers", query_registers, NULL, false },
	{ "x-pagevisor-trace", switch_trace, trace_args, false },
	{ NULL, NULL, NULL, false },
};

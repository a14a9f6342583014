/* SPDX-License-Identifier: MIT */
/* Commands of ours, for looking into a guest: vmm/inspect/view.h. */
#include <stdlib.h>

#include <abi/trace.h>

#include "vmm/inspect/registers.h"
#include "vmm/qmp/qmp_internal.h"

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

static json_t *levels(const uint8_t *enable)
{
	json_t *list = json_array();
	unsigned int id;

	for (id = 0; id < TRACE_IDS_MAX; id++)
		json_array_append_new(list, json_integer(enable[id]));
	return list;
}

/* What to switch memory events to, by number; false: it makes no sense. */
static bool read_levels(const json_t *list, uint8_t *enable)
{
	unsigned int id;

	for (id = 0; id < TRACE_IDS_MAX; id++) {
		json_int_t level = json_integer_value(json_array_get(list, id));

		if (!json_is_integer(json_array_get(list, id)) || level < TRACE_OFF ||
		    level > TRACE_CHAIN)
			return false;
		enable[id] = (uint8_t)level;
	}
	return json_array_size(list) == TRACE_IDS_MAX;
}

static json_t *switch_trace(struct qmp_call *call)
{
	const json_t *list = json_object_get(call->arguments, "enable");
	uint8_t enable[TRACE_IDS_MAX], before[TRACE_IDS_MAX];
	int ret;

	if (list && !read_levels(list, enable))
		return qmp_error(call, "enable: %u numbers from 0 to 2 are wanted",
				 TRACE_IDS_MAX);
	ret = call->control->ops->trace(call->control, list ? enable : NULL, before,
					&call->error);
	if (ret)
		return qmp_done(call, ret);
	return json_pack("{s:o}", "before", levels(before));
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

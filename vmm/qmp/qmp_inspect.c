/* SPDX-License-Identifier: MIT */
/* Commands of ours, for looking into a guest: vmm/inspect/view.h. */
#include <stdlib.h>

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

const struct qmp_command qmp_inspect_commands[] = {
	{ "x-pagevisor-registers", query_registers, NULL, false },
	{ NULL, NULL, NULL, false },
};

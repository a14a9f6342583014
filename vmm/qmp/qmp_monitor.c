/* SPDX-License-Identifier: MIT */
/* human-monitor-command: the few lines of QEMU's monitor that tools still send. */
#include <stdio.h>
#include <string.h>

#include "vmm/machine/config.h"
#include "vmm/qmp/qmp_internal.h"

#define REGISTERS_MAX 4096

static json_t *info_status(struct qmp_call *call, unsigned int cpu)
{
	static const char *const texts[] = {
		[CONTROL_PRELAUNCH] = "paused (prelaunch)",
		[CONTROL_RUNNING] = "running",
		[CONTROL_PAUSED] = "paused",
		[CONTROL_IO_ERROR] = "paused (io-error)",
		[CONTROL_SHUTDOWN] = "paused (shutdown)",
		[CONTROL_PANICKED] = "paused (guest-panicked)",
	};

	(void)cpu;
	return json_sprintf("VM status: %s\r\n",
			    texts[call->control->ops->status(call->control)]);
}

static json_t *info_version(struct qmp_call *call, unsigned int cpu)
{
	(void)call;
	(void)cpu;
	return json_string("7.2.0pagevisor-" PAGEVISOR_VERSION "\r\n");
}

static json_t *info_name(struct qmp_call *call, unsigned int cpu)
{
	struct control_facts facts;

	(void)cpu;
	call->control->ops->facts(call->control, &facts);
	return json_sprintf("%s\r\n", facts.name ? facts.name : "");
}

static json_t *info_uuid(struct qmp_call *call, unsigned int cpu)
{
	struct control_facts facts;

	(void)cpu;
	call->control->ops->facts(call->control, &facts);
	return json_sprintf("%s\r\n", facts.uuid ? facts.uuid : UUID_NONE);
}

static json_t *info_cpus(struct qmp_call *call, unsigned int cpu)
{
	struct control_facts facts;
	char text[REGISTERS_MAX];
	size_t used = 0;
	unsigned int i;

	call->control->ops->facts(call->control, &facts);
	text[0] = '\0';
	for (i = 0; i < facts.cpus && used < sizeof(text) - 64; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%c CPU #%u: thread_id=%d\r\n",
					 i == cpu ? '*' : ' ', i,
					 call->control->ops->thread_id(call->control, i));
	return json_string(text);
}

static json_t *info_registers(struct qmp_call *call, unsigned int cpu)
{
	char text[REGISTERS_MAX];
	int ret = call->control->ops->registers(call->control, cpu, text, sizeof(text),
						&call->error);

	return ret ? qmp_done(call, ret) : json_string(text);
}

static json_t *human_monitor_command(struct qmp_call *call)
{
	static const struct {
		const char *line;
		json_t *(*run)(struct qmp_call *call, unsigned int cpu);
	} lines[] = {
		{ "info status", info_status },	      { "info version", info_version },
		{ "info name", info_name },	      { "info cpus", info_cpus },
		{ "info registers", info_registers }, { "info uuid", info_uuid },
	};
	const char *line =
		json_string_value(json_object_get(call->arguments, "command-line"));
	json_int_t cpu =
		json_integer_value(json_object_get(call->arguments, "cpu-index"));
	struct control_facts facts;
	size_t i;

	call->control->ops->facts(call->control, &facts);
	if (cpu < 0 || cpu >= facts.cpus)
		return qmp_error(call, "Parameter 'cpu-index' expects a CPU number");
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!strcmp(line, lines[i].line))
			return lines[i].run(call, (unsigned int)cpu);
	return json_sprintf("unknown command: '%.100s'\r\n", line);
}

static const struct qmp_arg human_args[] = { { "command-line", QMP_STRING, false },
					     { "cpu-index", QMP_INT, true },
					     { NULL, QMP_ANY, false } };

const struct qmp_command qmp_monitor_commands[] = {
	{ "human-monitor-command", human_monitor_command, human_args, false },
	{ NULL, NULL, NULL, false },
};

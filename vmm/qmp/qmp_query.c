/* SPDX-License-Identifier: MIT */
/* Commands that ask for what the machine is made of. */
#include <stdio.h>

#include "vmm/machine/config.h"
#include "vmm/qmp/qmp_internal.h"

static struct control_facts facts_of(const struct qmp_call *call)
{
	struct control_facts facts;

	call->control->ops->facts(call->control, &facts);
	return facts;
}

static json_t *query_name(struct qmp_call *call)
{
	struct control_facts facts = facts_of(call);

	return json_pack("{s:s*}", "name", facts.name);
}

/* QEMU says the same where none was given. */
static json_t *query_uuid(struct qmp_call *call)
{
	struct control_facts facts = facts_of(call);

	return json_pack("{s:s}", "UUID", facts.uuid ? facts.uuid : UUID_NONE);
}

static json_t *one_cpu(struct control *c, unsigned int i)
{
	char path[64];

	snprintf(path, sizeof(path), "/machine/unattached/device[%u]", i);
	return json_pack("{s:i, s:s, s:i, s:s, s:{s:i, s:i, s:i}}", "cpu-index", (int)i,
			 "qom-path", path, "thread-id", c->ops->thread_id(c, i), "target",
			 "x86_64", "props", "socket-id", (int)i, "core-id", 0,
			 "thread-id", 0);
}

static json_t *query_cpus_fast(struct qmp_call *call)
{
	struct control_facts facts = facts_of(call);
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < facts.cpus; i++)
		json_array_append_new(list, one_cpu(call->control, i));
	return list;
}

static json_t *query_memory(struct qmp_call *call)
{
	struct control_facts facts = facts_of(call);

	return json_pack("{s:I, s:I}", "base-memory", (json_int_t)facts.mem_size,
			 "plugged-memory", (json_int_t)0);
}

static json_t *query_chardev(struct qmp_call *call)
{
	struct control_facts facts = facts_of(call);
	struct control_chardev chardev;
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < facts.chardevs; i++) {
		call->control->ops->chardev(call->control, i, &chardev);
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:b}", "label", chardev.id,
						"filename", chardev.filename,
						"frontend-open", 1));
	}
	return list;
}

/* Disks are served by the main loop and by io_uring; there are no threads to name. */
static json_t *query_iothreads(struct qmp_call *call)
{
	(void)call;
	return json_array();
}

/* {"vcpu0": {"io": 7, ...}, "disk0": {"dma.reads": 3, ...}} */
static void add_count(void *arg, const char *who, const char *name, uint64_t value)
{
	json_t *counts = json_object_get(arg, who);

	if (!counts && !json_object_set_new(arg, who, json_object()))
		counts = json_object_get(arg, who);
	json_object_set_new(counts, name, json_integer((json_int_t)value));
}

/* Beyond QEMU's: exits by reason and vCPU, and what each device has counted. */
static json_t *query_counters(struct qmp_call *call)
{
	json_t *counters = json_object();

	call->control->ops->counters(call->control, add_count, counters);
	return counters;
}

const struct qmp_command qmp_query_commands[] = {
	{ "query-name", query_name, NULL, false },
	{ "query-uuid", query_uuid, NULL, false },
	{ "query-cpus-fast", query_cpus_fast, NULL, false },
	{ "query-memory-size-summary", query_memory, NULL, false },
	{ "query-chardev", query_chardev, NULL, false },
	{ "query-iothreads", query_iothreads, NULL, false },
	{ "query-pagevisor-counters", query_counters, NULL, false },
	{ NULL, NULL, NULL, false },
};

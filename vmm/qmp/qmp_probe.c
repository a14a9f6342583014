/* SPDX-License-Identifier: MIT */
/*
 * What a manager asks to find out what this program can do, before there is a guest and
 * while there is one.  An empty list is the true answer where there is nothing: no CPU
 * models beside the host's, no migration, no job on a disk, no properties to be looked at by path.
 */
#include <string.h>

#include "vmm/qmp/qmp_internal.h"

static json_t *empty_list(struct qmp_call *call)
{
	(void)call;
	return json_array();
}

/* present: this program knows KVM; enabled: this host lets it. */
static json_t *query_kvm(struct qmp_call *call)
{
	struct control_facts facts;

	call->control->ops->facts(call->control, &facts);
	return json_pack("{s:b, s:b}", "enabled", facts.kvm, "present", 1);
}

static json_t *query_target(struct qmp_call *call)
{
	(void)call;
	return json_pack("{s:s}", "arch", "x86_64");
}

static json_t *machine(const char *name, bool is_default, unsigned int cpus)
{
	return json_pack("{s:s, s:i, s:b, s:b, s:b, s:b, s:s}", "name", name, "cpu-max",
			 (int)cpus, "hotpluggable-cpus", 0, "numa-mem-supported", 0,
			 "deprecated", 0, "is-default", is_default, "default-ram-id",
			 "pc.ram");
}

static json_t *query_machines(struct qmp_call *call)
{
	struct control_facts facts;
	json_t *list = json_array();

	call->control->ops->facts(call->control, &facts);
	json_array_append_new(list, machine("pagevisor", true, facts.max_cpus));
	json_array_append_new(list, machine("pc-i440fx-7.2", false, facts.max_cpus));
	return list;
}

static json_t *qom_list_types(struct qmp_call *call)
{
	static const char *const types[] = {
		"virtio-blk-pci",
		"virtio-balloon-pci",
		"virtio-rng-pci",
		"virtio-serial-pci",
		"virtconsole",
		"isa-serial",
		"virtio-iommu-pci",
		"edu",
		"pvpanic",
		"rng-random",
		"memory-backend-ram",
		"memory-backend-memfd",
	};
	json_t *list = json_array();
	size_t i;

	(void)call;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "name", types[i],
						      "parent", "device"));
	return list;
}

/* Only what decides what a manager may ask for: that a memfd can be of huge pages. */
static json_t *qom_list_properties(struct qmp_call *call)
{
	const char *type =
		json_string_value(json_object_get(call->arguments, "typename"));

	if (strcmp(type, "memory-backend-memfd") != 0)
		return json_array();
	return json_pack("[{s:s, s:s}]", "name", "hugetlb", "type", "bool");
}

/* The events of migration may be switched on: there will be none. */
static json_t *set_capabilities(struct qmp_call *call)
{
	const json_t *list = json_object_get(call->arguments, "capabilities"), *one;
	size_t i;

	json_array_foreach((json_t *)list, i, one)
	{
		const json_t *name = json_object_get(one, "capability");
		const json_t *state = json_object_get(one, "state");

		if (!json_is_string(name) || !json_is_boolean(state))
			return qmp_error(call,
					 "Invalid parameter type for "
					 "'capabilities[%zu]', expected: "
					 "MigrationCapabilityStatus",
					 i);
		if (json_is_true(state) && strcmp(json_string_value(name), "events") != 0)
			return qmp_error(call, "there is no migration, so no '%.100s'",
					 json_string_value(name));
	}
	return NULL;
}

static const struct qmp_arg type_args[] = { { "typename", QMP_STRING, false },
					    { NULL, QMP_ANY, false } };
static const struct qmp_arg option_args[] = { { "option", QMP_STRING, true },
					      { NULL, QMP_ANY, false } };
static const struct qmp_arg list_args[] = { { "implements", QMP_STRING, true },
					    { "abstract", QMP_BOOL, true },
					    { NULL, QMP_ANY, false } };
static const struct qmp_arg capability_args[] = { { "capabilities", QMP_LIST, false },
						  { NULL, QMP_ANY, false } };

const struct qmp_command qmp_probe_commands[] = {
	{ "query-kvm", query_kvm, NULL, false },
	{ "query-target", query_target, NULL, false },
	{ "query-machines", query_machines, NULL, false },
	{ "qom-list-types", qom_list_types, list_args, false },
	{ "qom-list-properties", qom_list_properties, type_args, false },
	{ "device-list-properties", empty_list, type_args, false },
	{ "query-cpu-definitions", empty_list, NULL, false },
	{ "query-command-line-options", empty_list, option_args, false },
	{ "query-jobs", empty_list, NULL, false },
	{ "query-block-jobs", empty_list, NULL, false },
	{ "query-migrate-capabilities", empty_list, NULL, false },
	{ "migrate-set-capabilities", set_capabilities, capability_args, false },
	{ NULL, NULL, NULL, false },
};

/* SPDX-License-Identifier: MIT */
/*
 * The memory balloon, and its statistics: these stand in QEMU's tree of objects, of which
 * nothing else is shown.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/qmp/qmp_internal.h"

#define PERIPHERAL   "/machine/peripheral"
#define STATS	     "guest-stats"
#define INTERVAL     "guest-stats-polling-interval"
#define INTERVAL_MAX 86400 /* seconds */

static bool find(struct control *c, struct control_balloon *balloon)
{
	return c->ops->balloon && c->ops->balloon(c, balloon);
}

static json_t *none(struct qmp_call *call)
{
	return qmp_error_class(call, "DeviceNotActive",
			       "No balloon device has been activated");
}

json_t *qmp_balloon_data(struct control *control)
{
	struct control_balloon b;

	if (!find(control, &b))
		return NULL;
	return json_pack("{s:I}", "actual", (json_int_t)b.actual);
}

static json_t *query_balloon(struct qmp_call *call)
{
	json_t *data = qmp_balloon_data(call->control);

	return data ? data : none(call);
}

static json_t *set_balloon(struct qmp_call *call)
{
	json_int_t value = json_integer_value(json_object_get(call->arguments, "value"));
	struct control_balloon b;

	if (!find(call->control, &b))
		return none(call);
	if (value <= 0)
		return qmp_error(call, "Parameter 'value' expects a size");
	call->control->ops->set_balloon(call->control, (uint64_t)value);
	return NULL;
}

/* --- the tree of objects -------------------------------------------------------------------- */

/* Whether the call's path is the balloon's. */
static bool is_balloon_path(const struct qmp_call *call, struct control_balloon *b)
{
	const char *path = json_string_value(json_object_get(call->arguments, "path"));
	size_t n = strlen(PERIPHERAL "/");

	return find(call->control, b) && !strncmp(path, PERIPHERAL "/", n) &&
	       !strcmp(path + n, b->id);
}

static json_t *entry(const char *name, const char *type)
{
	return json_pack("{s:s, s:s}", "name", name, "type", type);
}

static json_t *qom_list(struct qmp_call *call)
{
	const char *path = json_string_value(json_object_get(call->arguments, "path"));
	json_t *list = json_array();
	struct control_balloon b;

	if (is_balloon_path(call, &b)) {
		json_array_append_new(list, entry(STATS, "guest statistics"));
		json_array_append_new(list, entry(INTERVAL, "int"));
	} else if (!strcmp(path, PERIPHERAL) && find(call->control, &b)) {
		json_array_append_new(list, entry(b.id, "child<virtio-balloon-pci>"));
	}
	return list;
}

/* What was not told is all ones, as QEMU has it. */
static json_t *stats(const struct control_balloon *b)
{
	static const char *const names[CONTROL_BALLOON_STATS] = {
		"stat-swap-in",		 "stat-swap-out",    "stat-major-faults",
		"stat-minor-faults",	 "stat-free-memory", "stat-total-memory",
		"stat-available-memory", "stat-disk-caches", "stat-htlb-pgalloc",
		"stat-htlb-pgfail",
	};
	json_t *values = json_object();
	size_t i;

	for (i = 0; i < CONTROL_BALLOON_STATS; i++)
		json_object_set_new(values, names[i],
				    json_integer((json_int_t)b->stats[i]));
	return json_pack("{s:o, s:I}", "stats", values, "last-update",
			 (json_int_t)b->last_update);
}

static json_t *no_property(struct qmp_call *call, const char *name)
{
	return qmp_error(call, "Property '%.100s' not found", name);
}

static json_t *qom_get(struct qmp_call *call)
{
	const char *name =
		json_string_value(json_object_get(call->arguments, "property"));
	struct control_balloon b;

	if (!is_balloon_path(call, &b))
		return qmp_error_class(call, "DeviceNotFound", "Device not found");
	if (!strcmp(name, STATS))
		return stats(&b);
	return strcmp(name, INTERVAL) != 0 ? no_property(call, name)
					   : json_integer(b.interval);
}

static json_t *qom_set(struct qmp_call *call)
{
	const char *name =
		json_string_value(json_object_get(call->arguments, "property"));
	const json_t *value = json_object_get(call->arguments, "value");
	json_int_t seconds = json_integer_value(value);
	struct control_balloon b;

	if (!is_balloon_path(call, &b))
		return qmp_error_class(call, "DeviceNotFound", "Device not found");
	if (strcmp(name, INTERVAL) != 0)
		return no_property(call, name);
	if (!json_is_integer(value) || seconds < 0 || seconds > INTERVAL_MAX)
		return qmp_error(call, "Parameter 'value' expects 0 to %d seconds",
				 INTERVAL_MAX);
	return qmp_done(call, call->control->ops->poll_balloon(
				      call->control, (uint32_t)seconds, &call->error));
}

static const struct qmp_arg value_args[] = { { "value", QMP_INT, false },
					     { NULL, QMP_ANY, false } };
static const struct qmp_arg path_args[] = { { "path", QMP_STRING, false },
					    { NULL, QMP_ANY, false } };
static const struct qmp_arg get_args[] = { { "path", QMP_STRING, false },
					   { "property", QMP_STRING, false },
					   { NULL, QMP_ANY, false } };
static const struct qmp_arg set_args[] = { { "path", QMP_STRING, false },
					   { "property", QMP_STRING, false },
					   { "value", QMP_ANY, false },
					   { NULL, QMP_ANY, false } };

const struct qmp_command qmp_balloon_commands[] = {
	{ "balloon", set_balloon, value_args, false },
	{ "query-balloon", query_balloon, NULL, false },
	{ "qom-list", qom_list, path_args, false },
	{ "qom-get", qom_get, get_args, false },
	{ "qom-set", qom_set, set_args, false },
	{ NULL, NULL, NULL, false },
};

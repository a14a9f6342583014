/* SPDX-License-Identifier: MIT */
/* Commands about the protocol itself. */
#include <ctype.h>
#include <errno.h>
#include <unistd.h>

#include "vmm/qmp/qmp_internal.h"

static const char *string_arg(const struct qmp_call *call, const char *name)
{
	return json_string_value(json_object_get(call->arguments, name));
}

static json_t *capabilities(struct qmp_call *call)
{
	const json_t *enable = json_object_get(call->arguments, "enable");
	const char *first = json_string_value(json_array_get(enable, 0));

	if (json_array_size(enable))
		return qmp_error(call, "Capability %.100s not available",
				 first ? first : "(no string)");
	call->client->negotiated = true;
	return NULL;
}

static json_t *query_commands(struct qmp_call *call)
{
	const struct qmp_command *const *table, *c;
	json_t *list = json_array();

	(void)call;
	for (table = qmp_command_tables; *table; table++)
		for (c = *table; c->name; c++)
			json_array_append_new(list, json_pack("{s:s}", "name", c->name));
	return list;
}

static json_t *query_version(struct qmp_call *call)
{
	(void)call;
	return qmp_version();
}

/* No schema is better than one that does not hold: clients then ask for what they need. */
static json_t *query_schema(struct qmp_call *call)
{
	(void)call;
	return json_array();
}

static json_t *getfd(struct qmp_call *call)
{
	const char *name = string_arg(call, "fdname");

	if (isdigit((unsigned char)*name))
		return qmp_error(call, "Parameter 'fdname' expects a name not starting "
				       "with a digit");
	switch (qmp_name_fd(call->client, name)) {
	case 0:
		return NULL;
	case -ENOENT:
		return qmp_error(call, "No file descriptor supplied via SCM_RIGHTS");
	case -ENOSPC:
		return qmp_error(call, "%d descriptors are open already; closefd one",
				 QMP_FDS_MAX);
	default:
		return qmp_error(call, "no memory for the name");
	}
}

static json_t *closefd(struct qmp_call *call)
{
	const char *name = string_arg(call, "fdname");
	int fd = qmp_take_fd(call->client, name);

	if (fd < 0)
		return qmp_error(call, "File descriptor named '%.100s' not found", name);
	close(fd);
	return NULL;
}

static const struct qmp_arg enable_args[] = { { "enable", QMP_LIST, true },
					      { NULL, QMP_ANY, false } };
static const struct qmp_arg fd_args[] = { { "fdname", QMP_STRING, false },
					  { NULL, QMP_ANY, false } };

const struct qmp_command qmp_core_commands[] = {
	{ "qmp_capabilities", capabilities, enable_args, true },
	{ "query-commands", query_commands, NULL, false },
	{ "query-version", query_version, NULL, false },
	{ "query-qmp-schema", query_schema, NULL, false },
	{ "getfd", getfd, fd_args, false },
	{ "closefd", closefd, fd_args, false },
	{ NULL, NULL, NULL, false },
};

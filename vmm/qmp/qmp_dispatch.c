/* SPDX-License-Identifier: MIT */
/*
 * From a value that a client sent to its answer: the request's form, its command, its
 * arguments.  The texts are QEMU's, as clients look at some of them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "vmm/qmp/qmp_internal.h"

/* --- replies ------------------------------------------------------------------------------ */

json_t *qmp_error_reply(const char *class, const char *desc, const json_t *id)
{
	json_t *reply =
		json_pack("{s:{s:s, s:s}}", "error", "class", class, "desc", desc);

	/* What the guest or a path had in it need not be UTF-8. */
	if (!reply)
		reply = json_pack("{s:{s:s, s:s}}", "error", "class", class, "desc",
				  "the text of this error is not UTF-8");
	if (id)
		json_object_set(reply, "id", (json_t *)id);
	return reply;
}

json_t *qmp_timestamp(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return json_pack("{s:I, s:I}", "seconds", (json_int_t)now.tv_sec, "microseconds",
			 (json_int_t)(now.tv_nsec / 1000));
}

json_t *qmp_version(void)
{
	/* The release whose protocol and devices this one follows. */
	return json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "major", 7, "minor", 2,
			 "micro", 0, "package", "pagevisor-" PAGEVISOR_VERSION);
}

json_t *qmp_greeting(void)
{
	return json_pack("{s:{s:o, s:[]}}", "QMP", "version", qmp_version(),
			 "capabilities");
}

json_t *qmp_error_class(struct qmp_call *call, const char *class, const char *fmt, ...)
{
	va_list ap;

	call->error_class = class;
	va_start(ap, fmt);
	vsnprintf(call->error.text, sizeof(call->error.text), fmt, ap);
	va_end(ap);
	return NULL;
}

json_t *qmp_error(struct qmp_call *call, const char *fmt, ...)
{
	va_list ap;

	call->error_class = "GenericError";
	va_start(ap, fmt);
	vsnprintf(call->error.text, sizeof(call->error.text), fmt, ap);
	va_end(ap);
	return NULL;
}

json_t *qmp_done(struct qmp_call *call, int ret)
{
	if (ret)
		call->error_class = "GenericError";
	return NULL;
}

/* --- arguments ------------------------------------------------------------------------------ */

static bool has_type(const json_t *value, enum qmp_type type)
{
	switch (type) {
	case QMP_STRING:
		return json_is_string(value);
	case QMP_INT:
		return json_is_integer(value);
	case QMP_BOOL:
		return json_is_boolean(value);
	case QMP_LIST:
		return json_is_array(value);
	case QMP_OBJECT:
		return json_is_object(value);
	default:
		return true;
	}
}

static const struct qmp_arg *find_arg(const struct qmp_command *command, const char *name)
{
	const struct qmp_arg *arg;

	for (arg = command->args; arg && arg->name; arg++)
		if (!strcmp(arg->name, name))
			return arg;
	return NULL;
}

static bool arguments_fit(struct qmp_call *call, const struct qmp_command *command)
{
	static const char *const types[] = {
		[QMP_STRING] = "string", [QMP_INT] = "integer",	  [QMP_BOOL] = "boolean",
		[QMP_LIST] = "array",	 [QMP_OBJECT] = "object", [QMP_ANY] = "any",
	};
	const struct qmp_arg *arg;
	const char *name;
	json_t *value;

	json_object_foreach(call->arguments, name, value)
	{
		arg = find_arg(command, name);
		if (!arg)
			qmp_error(call, "Parameter '%.100s' is unexpected", name);
		else if (!has_type(value, arg->type))
			qmp_error(call, "Invalid parameter type for '%s', expected: %s",
				  name, types[arg->type]);
	}
	for (arg = command->args; arg && arg->name; arg++)
		if (!arg->optional && !json_object_get(call->arguments, arg->name))
			qmp_error(call, "Parameter '%s' is missing", arg->name);
	return !call->error_class;
}

/* --- requests ------------------------------------------------------------------------------- */

static const struct qmp_command *find_command(const char *name)
{
	const struct qmp_command *const *table, *c;

	for (table = qmp_command_tables; *table; table++)
		for (c = *table; c->name; c++)
			if (!strcmp(c->name, name))
				return c;
	return NULL;
}

static bool is_request_member(const char *name)
{
	return !strcmp(name, "execute") || !strcmp(name, "arguments") ||
	       !strcmp(name, "id");
}

/* The request's form; what is wrong with it is in call->error. */
static bool request_fits(struct qmp_call *call, const json_t *request)
{
	const json_t *execute, *arguments;
	const char *name;
	json_t *value;

	if (!json_is_object(request)) {
		qmp_error(call, "QMP input must be a JSON object");
		return false;
	}
	json_object_foreach((json_t *)request, name, value)
	{
		if (!is_request_member(name))
			qmp_error(call, "QMP input member '%.100s' is unexpected", name);
	}
	execute = json_object_get(request, "execute");
	arguments = json_object_get(request, "arguments");
	if (!execute)
		qmp_error(call, "QMP input lacks member 'execute'");
	else if (!json_is_string(execute))
		qmp_error(call, "QMP input member 'execute' must be a string");
	if (arguments && !json_is_object(arguments))
		qmp_error(call, "QMP input member 'arguments' must be an object");
	return !call->error_class;
}

static json_t *not_now(struct qmp_call *call, bool negotiated)
{
	return qmp_error_class(
		call, "CommandNotFound",
		negotiated
			? "Capabilities negotiation is already complete, command ignored"
			: "Expecting capabilities negotiation with 'qmp_capabilities'");
}

static json_t *run(struct qmp_call *call, const json_t *request)
{
	const struct qmp_command *command;
	const char *name;

	if (!request_fits(call, request))
		return NULL;
	name = json_string_value(json_object_get(request, "execute"));
	command = find_command(name);
	if (!call->client->negotiated && (!command || !command->before_negotiation))
		return not_now(call, false);
	if (!command)
		return qmp_error_class(call, "CommandNotFound",
				       "The command %.100s has not been found", name);
	if (call->client->negotiated && command->before_negotiation)
		return not_now(call, true);
	return arguments_fit(call, command) ? command->handler(call) : NULL;
}

static void answer(struct qmp_call *call, const json_t *request)
{
	json_t *id = json_object_get(request, "id");
	json_t *value = run(call, request), *reply;

	if (call->error_class) {
		json_decref(value);
		reply = qmp_error_reply(call->error_class, call->error.text, id);
	} else {
		reply = json_pack("{s:o}", "return", value ? value : json_object());
		if (id)
			json_object_set(reply, "id", id);
	}
	qmp_client_send(call->client, reply);
}

void qmp_dispatch(struct qmp_client *client, const char *text, size_t size)
{
	struct qmp_call call = { .control = client->server->control, .client = client };
	json_error_t where;
	json_t *request = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
	json_t *arguments;
	char line[160];

	if (!request) {
		snprintf(line, sizeof(line), "JSON parse error, %.120s", where.text);
		qmp_client_send(client, qmp_error_reply("GenericError", line, NULL));
		return;
	}
	arguments = json_object_get(request, "arguments");
	call.arguments = json_is_object(arguments) ? json_incref(arguments)
						   : json_object();
	answer(&call, request);
	json_decref(call.arguments);
	json_decref(request);
}

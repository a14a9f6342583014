/* SPDX-License-Identifier: MIT */
/* dump-guest-memory: into a file, or into a descriptor that the client gave (getfd). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "vmm/qmp/qmp_internal.h"

static json_t *argument(const struct qmp_call *call, const char *name)
{
	return json_object_get(call->arguments, name);
}

static bool is_confined(const struct qmp_call *call)
{
	struct control_facts facts;

	call->control->ops->facts(call->control, &facts);
	return facts.confined;
}

/* The descriptor that `protocol` means, the caller's to close; -1 with the error noted. */
static int open_target(struct qmp_call *call)
{
	const char *protocol = json_string_value(argument(call, "protocol"));
	int fd;

	if (!strncmp(protocol, "fd:", 3)) {
		fd = qmp_take_fd(call->client, protocol + 3);
		if (fd < 0)
			qmp_error(call, "File descriptor named '%.100s' not found",
				  protocol + 3);
		return fd;
	}
	if (!strncmp(protocol, "file:", 5) && is_confined(call)) {
		qmp_error(call, "the machine is confined and opens no file; give it an "
				"open one: getfd, then fd:NAME");
		return -1;
	}
	if (strncmp(protocol, "file:", 5) != 0) {
		qmp_error(call, "Parameter 'protocol' expects file:PATH or fd:NAME");
		return -1;
	}
	fd = open(protocol + 5, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		qmp_error(call, "%.200s: %s", protocol + 5, strerror(errno));
	return fd;
}

static bool range_of(struct qmp_call *call, struct control_dump *dump)
{
	json_t *begin = argument(call, "begin"), *length = argument(call, "length");

	if (!begin != !length)
		qmp_error(call, "Parameter '%s' is missing", begin ? "length" : "begin");
	else if (begin &&
		 (json_integer_value(begin) < 0 || json_integer_value(length) <= 0))
		qmp_error(call, "Parameter 'length' expects a range of memory");
	if (call->error_class)
		return false;
	dump->ranged = begin;
	dump->begin = (uint64_t)json_integer_value(begin);
	dump->length = (uint64_t)json_integer_value(length);
	return true;
}

static bool wants_elf(struct qmp_call *call)
{
	const char *format = json_string_value(argument(call, "format"));

	if (!format || !strcmp(format, "elf"))
		return true;
	qmp_error(call, "format '%.100s' is not supported; leave it out, or give elf",
		  format);
	return false;
}

/* There is nothing between nothing and all of it. */
static json_t *progress(const char *status, uint64_t bytes)
{
	return json_pack("{s:s, s:I, s:I}", "status", status, "completed",
			 (json_int_t)bytes, "total", (json_int_t)bytes);
}

static uint64_t how_much(const struct qmp_call *call, const struct control_dump *dump)
{
	struct control_facts facts;

	call->control->ops->facts(call->control, &facts);
	return dump->ranged ? dump->length : facts.mem_size;
}

/*
 * The machine stands while it is dumped, so nothing is gained by answering first: with
 * `detach` there is the event as well, and the answer comes at the end all the same.
 */
static json_t *dump_guest_memory(struct qmp_call *call)
{
	struct control_dump dump = { .paging = json_is_true(argument(call, "paging")) };
	int ret;

	if (!wants_elf(call) || !range_of(call, &dump))
		return NULL;
	if (dump.paging && dump.ranged)
		return qmp_error(call, "'paging' shows all that is mapped; leave out "
				       "'begin' and 'length'");
	dump.fd = open_target(call);
	if (dump.fd < 0)
		return NULL;
	ret = call->control->ops->dump(call->control, &dump, &call->error);
	if (close(dump.fd) && !ret)
		ret = error_set(&call->error, errno, "dump: %s", strerror(errno));
	call->client->server->dump_status = ret ? "failed" : "completed";
	call->client->server->dump_bytes = ret ? 0 : how_much(call, &dump);
	if (!ret && json_is_true(argument(call, "detach")))
		qmp_event(call->client->server, "DUMP_COMPLETED",
			  json_pack("{s:o}", "result",
				    progress("completed", how_much(call, &dump))));
	return qmp_done(call, ret);
}

/* How the last one ended: who can ask finds none under way. */
static json_t *query_dump(struct qmp_call *call)
{
	const struct qmp_server *server = call->client->server;

	return progress(server->dump_status ? server->dump_status : "none",
			server->dump_bytes);
}

static json_t *query_capability(struct qmp_call *call)
{
	(void)call;
	return json_pack("{s:[s]}", "formats", "elf");
}

static const struct qmp_arg dump_args[] = {
	{ "paging", QMP_BOOL, false }, { "protocol", QMP_STRING, false },
	{ "detach", QMP_BOOL, true },  { "begin", QMP_INT, true },
	{ "length", QMP_INT, true },   { "format", QMP_STRING, true },
	{ NULL, QMP_ANY, false },
};

const struct qmp_command qmp_dump_commands[] = {
	{ "dump-guest-memory", dump_guest_memory, dump_args, false },
	{ "query-dump", query_dump, NULL, false },
	{ "query-dump-guest-memory-capability", query_capability, NULL, false },
	{ NULL, NULL, NULL, false },
};

/* SPDX-License-Identifier: MIT */
/* The two commands.  What ctl can ask is one table, from which its help is made, too. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/cli/ctl.h"
#include "vmm/util/log.h"
#include "vmm/report/outcome.h"
#include "vmm/cli/rundir.h"
#include "vmm/machine/config.h"

static const struct option no_options[] = { { .name = NULL } };

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "?";
}

static json_int_t number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* --- what can be asked ---------------------------------------------------------------------- */

struct verb {
	const char *name;
	const char *qmp; /* the command behind it; NULL: run does all */
	bool needs_arg; /* a file, or a command */
	/* Shows what came back, or does all; 0 or a negative errno with the line in err. */
	int (*run)(struct ctl *ctl, const json_t *value, const char *const *args,
		   struct error *err);
};

static int show_status(struct ctl *ctl, const json_t *value, const char *const *args,
		       struct error *err)
{
	(void)ctl;
	(void)args;
	(void)err;
	printf("%s\n", text_of(value, "status"));
	return 0;
}

static int show_cpus(struct ctl *ctl, const json_t *value, const char *const *args,
		     struct error *err)
{
	const json_t *cpu;
	size_t i;

	(void)ctl;
	(void)args;
	(void)err;
	json_array_foreach((json_t *)value, i, cpu) printf(
		"vCPU %zu: thread %lld\n", i, (long long)number_of(cpu, "thread-id"));
	return 0;
}

static int show_disks(struct ctl *ctl, const json_t *value, const char *const *args,
		      struct error *err)
{
	const json_t *disk;
	size_t i;

	(void)ctl;
	(void)args;
	(void)err;
	json_array_foreach((json_t *)value, i, disk)
	{
		const json_t *stats = json_object_get(disk, "stats");

		printf("%s: read %lld bytes in %lld requests, written %lld in %lld, flushed "
		       "%lld times\n",
		       text_of(disk, "device"), (long long)number_of(stats, "rd_bytes"),
		       (long long)number_of(stats, "rd_operations"),
		       (long long)number_of(stats, "wr_bytes"),
		       (long long)number_of(stats, "wr_operations"),
		       (long long)number_of(stats, "flush_operations"));
	}
	return 0;
}

/* The file is opened here, as the machine may be confined; and read by whoever asks. */
static int dump(struct ctl *ctl, const json_t *value, const char *const *args,
		struct error *err)
{
	int fd = open(args[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int ret;

	(void)value;
	if (fd < 0)
		return error_set(err, errno, "%s: %s", args[0], strerror(errno));
	ret = ctl_dump(ctl, fd, true, err);
	close(fd);
	return ret;
}

static int raw(struct ctl *ctl, const json_t *value, const char *const *args,
	       struct error *err)
{
	json_t *arguments = args[1] ? json_loads(args[1], 0, NULL) : NULL;
	json_t *answer;

	(void)value;
	if (args[1] && !json_is_object(arguments)) {
		json_decref(arguments);
		return error_set(err, EINVAL, "%s: not a JSON object", args[1]);
	}
	answer = ctl_execute(ctl, args[0], arguments, -1, err);
	if (!answer)
		return -EREMOTEIO;
	json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
	json_decref(answer);
	return 0;
}

static const struct verb verbs[] = {
	{ "status", "query-status", false, show_status },
	{ "stop", "stop", false, NULL },
	{ "cont", "cont", false, NULL },
	{ "reset", "system_reset", false, NULL },
	{ "powerdown", "system_powerdown", false, NULL },
	{ "quit", "quit", false, NULL },
	{ "nmi", "inject-nmi", false, NULL },
	{ "cpus", "query-cpus-fast", false, show_cpus },
	{ "disks", "query-blockstats", false, show_disks },
	{ "dump", NULL, true, dump },
	{ "qmp", NULL, true, raw },
};

static const struct verb *find_verb(const struct parsed *parsed, struct error *err)
{
	const char *name = parsed->nr_rest ? parsed->rest[0] : NULL;
	size_t i;

	for (i = 0; name && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const struct verb *v = &verbs[i];

		if (strcmp(v->name, name) != 0)
			continue;
		if (v->needs_arg && parsed->nr_rest < 2)
			error_set(err, EINVAL, "%s: of what? see pagevisor ctl --help",
				  name);
		else if (!v->needs_arg && parsed->nr_rest > 1)
			error_set(err, EINVAL, "%s: takes nothing more; leave out %s",
				  name, parsed->rest[1]);
		else
			return v;
		return NULL;
	}
	error_set(err, EINVAL, "%s: not a command; see pagevisor ctl --help",
		  name ? name : "(nothing)");
	return NULL;
}

static int execute(struct ctl *ctl, const struct verb *verb, const char *const *args,
		   struct error *err)
{
	json_t *value = NULL;
	int ret = 0;

	if (verb->qmp) {
		value = ctl_execute(ctl, verb->qmp, NULL, -1, err);
		if (!value)
			return -EREMOTEIO;
	}
	if (verb->run)
		ret = verb->run(ctl, value, args, err);
	json_decref(value);
	return ret;
}

static int run_ctl(void *target, const struct parsed *parsed, struct error *err)
{
	const struct verb *verb = find_verb(parsed, err);
	int fd = verb ? rundir_connect(parsed->operand, err) : -EINVAL;
	struct ctl ctl;

	(void)target;
	if (fd >= 0) {
		if (!ctl_open(&ctl, parsed->operand, fd, err))
			execute(&ctl, verb, parsed->rest + 1, err);
		ctl_close(&ctl);
	}
	return err->text[0] ? STATUS_USAGE : STATUS_WELL;
}

const struct command ctl_command = {
	.name = "ctl",
	.operand = "NAME",
	.rest = "COMMAND [ARGUMENT]",
	.summary = "controls the machine that was started with --name NAME",
	.text = "Asks the running machine NAME of this user. COMMAND is status; stop (no vCPU "
		"runs after it, the guest's clocks stand); cont; reset (the guest starts from "
		"the beginning); powerdown (presses the power button: the guest leaves if it "
		"listens); quit (ends it without asking); nmi; cpus; disks; dump FILE (an ELF "
		"core of the guest, for gdb with the kernel's file); or qmp COMMAND [OBJECT], "
		"any command of QMP with its arguments as JSON.",
	.options = no_options,
	.run = run_ctl,
};

/* --- list ------------------------------------------------------------------------------------- */

static void print_machine(struct ctl *ctl, const char *name, int fd)
{
	struct error ignored;
	struct ucred peer = { .pid = 0 };
	socklen_t size = sizeof(peer);
	json_t *status = ctl_execute(ctl, "query-status", NULL, -1, &ignored);
	json_t *cpus = ctl_execute(ctl, "query-cpus-fast", NULL, -1, &ignored);
	json_t *mem = ctl_execute(ctl, "query-memory-size-summary", NULL, -1, &ignored);
	json_t *uuid = ctl_execute(ctl, "query-uuid", NULL, -1, &ignored);
	const char *id = text_of(uuid, "UUID");

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	if (status && cpus && mem)
		printf("%-24s %8d  %-14s %5zu %8lld  %s\n", name, (int)peer.pid,
		       text_of(status, "status"), json_array_size(cpus),
		       (long long)(number_of(mem, "base-memory") >> 20),
		       strcmp(id, UUID_NONE) != 0 ? id : "-");
	json_decref(uuid);
	json_decref(status);
	json_decref(cpus);
	json_decref(mem);
}

/* Not before it is known that there can be a list. */
static void print_head(bool *headed)
{
	if (!*headed)
		printf("%-24s %8s  %-14s %5s %8s  %s\n", "NAME", "PID", "STATUS", "VCPUS",
		       "MEM/MiB", "UUID");
	*headed = true;
}

static void list_one(void *arg, const char *name, int fd)
{
	struct error err = { "" };
	struct ctl ctl;

	print_head(arg);
	if (!ctl_open(&ctl, name, fd, &err))
		print_machine(&ctl, name, fd);
	else
		log_line("%s", err.text);
	ctl_close(&ctl);
}

static int run_list(void *target, const struct parsed *parsed, struct error *err)
{
	bool headed = false;

	(void)target, (void)parsed;
	if (rundir_each(list_one, &headed, err))
		return STATUS_USAGE;
	print_head(&headed);
	return STATUS_WELL;
}

const struct command list_command = {
	.name = "list",
	.summary = "lists the machines that run under a name",
	.text = "Lists the machines of this user that were started with --name, and removes what "
		"machines that were killed left in the run-time directory: "
		"$XDG_RUNTIME_DIR/pagevisor, without that variable /run/pagevisor (root) or "
		"/tmp/pagevisor-UID.",
	.options = no_options,
	.run = run_list,
};

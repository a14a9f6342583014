/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "vmm/util/log.h"
#include "vmm/machine/machine.h"
#include "vmm/report/outcome.h"
#include "vmm/qemu/qemu.h"
#include "vmm/cli/run.h"

bool qemu_is_name(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return !strcmp(slash ? slash + 1 : argv0, "pagevisor-system-x86_64");
}

static int run(const struct qemu_line *line, struct qemu_daemon *daemon,
	       struct error *err)
{
	struct run_options options;
	struct machine *m;
	int status = STATUS_USAGE;

	run_options_init(&options);
	options.machine = line->machine;
	if (machine_create(&m, &options.machine, err))
		return STATUS_USAGE;
	if (!qemu_daemon_ready(daemon, err)) {
		if (daemon->pidfile)
			sweep_add(&m->sweep, daemon->pidfile);
		status = run_machine(&options, m, err);
	}
	machine_destroy(m);
	return status;
}

static int serve(const struct qemu_line *line, struct error *err)
{
	struct qemu_daemon daemon;
	int status;

	if (qemu_daemon_begin(&daemon, line, err))
		return STATUS_USAGE;
	status = line->probe ? qemu_probe(line, &daemon, err) : run(line, &daemon, err);
	qemu_daemon_end(&daemon);
	return status;
}

int qemu_main(int argc, char **argv)
{
	struct qemu_line *line = calloc(1, sizeof(*line));
	struct error err = { "" };
	int status = STATUS_USAGE;

	if (!line) {
		log_line("no memory");
		return status;
	}
	if (!qemu_line_parse(line, argc, argv, &err))
		status = serve(line, &err);
	if (err.text[0])
		log_line("%s", err.text);
	qemu_line_fini(line);
	free(line);
	return status;
}

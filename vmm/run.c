/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/report.h"
#include "vmm/run.h"

/* The report's file is opened before the guest starts: a run must not end without one. */
static int open_report(const char *path, int *fd, struct error *err)
{
	*fd = -1;
	if (!path)
		return 0;
	*fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (*fd < 0)
		return error_set(err, errno, "--report %s: %s", path, strerror(errno));
	return 0;
}

/* For the report: how the guest's memory changes.  There is one machine a process. */
static struct memstate_sampler sampler;

static void start_sampler(struct machine *m)
{
	memstate_sampler_start(&sampler, &m->loop, &m->mem.ram,
			       m->boot.kernel.memstate_gpa);
}

static int write_report(const struct run_options *options, struct machine *m, int fd,
			const struct run_times *times)
{
	int ret = fd < 0 ? 0 : report_write(m, times, &sampler, fd);

	if (fd >= 0 && close(fd) && !ret)
		ret = -errno;
	if (ret)
		log_line("--report %s: %s", options->report, strerror(-ret));
	return ret;
}

static int run_machine(const struct run_options *options, struct machine *m,
		       struct error *err)
{
	struct run_times times;
	char text[256];
	int fd, status;

	if (open_report(options->report, &fd, err))
		return STATUS_USAGE;
	if (fd >= 0)
		start_sampler(m);
	clock_gettime(CLOCK_MONOTONIC, &times.start);
	machine_run(m);
	clock_gettime(CLOCK_MONOTONIC, &times.end);
	status = outcome_status(&m->outcome);
	outcome_describe(&m->outcome, text, sizeof(text));
	if (m->outcome.reason == END_EXIT && !status)
		log_step("%s", text);
	else
		log_line("%s", text);
	if (write_report(options, m, fd, &times))
		status = STATUS_USAGE;
	if (fd >= 0)
		memstate_sampler_fini(&sampler);
	return status;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct run_options options;
	struct machine *m;
	struct parsed parsed;
	struct error err = { "" };
	int status = STATUS_USAGE;

	run_options_init(&options);
	if (!command_parse(self, argc, argv, &options, &parsed, &err)) {
		if (parsed.help) {
			help_command(self);
			return STATUS_WELL;
		}
		options.machine.kernel = parsed.operand;
		options.machine.report = options.report;
		log_set_verbose(options.verbose);
		if (!machine_create(&m, &options.machine, &err)) {
			status = run_machine(&options, m, &err);
			machine_destroy(m);
		}
	}
	if (err.text[0])
		log_line("%s", err.text);
	return status;
}

const struct command run_command = {
	.name = "run",
	.operand = "KERNEL",
	.summary = "boots a kernel and runs it until it ends",
	.text = "Boots KERNEL, an ELF64 file with a PVH entry note (a Linux vmlinux has one), "
		"and runs it until it ends. The guest has COM1, a PCI bus with virtio devices "
		"(disks, rng, console, dmacheck), ACPI tables, and the exit port 0x501. A "
		"triple fault ends the run as a crash; a reset starts the guest again.",
	.options = run_option_table,
	.run = run,
};

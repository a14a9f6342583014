/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "vmm/util/log.h"
#include "vmm/machine/machine.h"
#include "vmm/report/report.h"
#include "vmm/cli/run.h"
#include "vmm/sandbox/sandbox.h"

/* For the report: how the guest's memory changes.  There is one machine a process. */
static struct memstate_sampler sampler;

static void start_sampler(struct machine *m)
{
	memstate_sampler_start(&sampler, &m->loop, &m->mem.ram,
			       m->boot.kernel.memstate_gpa);
}

static int write_report(const struct run_options *options, struct machine *m,
			struct report_file *file, const struct run_times *times)
{
	int ret = file->fd < 0 ? 0 : report_write(m, times, &sampler, file);
	int closed = report_close(file);

	if (!ret)
		ret = closed;
	if (ret)
		log_line("--report %s: %s", options->report, strerror(-ret));
	return ret;
}

static uint64_t dma_faults(const struct machine *m)
{
	return m->dma_checker ? dma_checker_unexpected(m->dma_checker) : 0;
}

int run_machine(const struct run_options *options, struct machine *m, struct error *err)
{
	struct run_times times;
	struct report_file file;
	char text[256];
	int status;

	/* Opened before the guest starts: a run must not end without one. */
	if (report_open(&file, options->report, err))
		return STATUS_USAGE;
	if (file.fd >= 0)
		start_sampler(m);
	clock_gettime(CLOCK_MONOTONIC, &times.start);
	machine_run(m);
	clock_gettime(CLOCK_MONOTONIC, &times.end);
	status = outcome_status(&m->outcome);
	if (dma_faults(m) && status == STATUS_WELL)
		status = STATUS_FAILED;
	outcome_describe(&m->outcome, text, sizeof(text));
	if (m->outcome.reason == END_EXIT && !status)
		log_step("%s", text);
	else
		log_line("%s", text);
	if (dma_faults(m))
		log_line("the DMA checker found %llu faults, see above",
			 (unsigned long long)dma_faults(m));
	if (write_report(options, m, &file, &times))
		status = STATUS_USAGE;
	if (file.fd >= 0)
		memstate_sampler_fini(&sampler);
	/* What came after the machine's end is no less forbidden. */
	if (sandbox_forbidden(text, sizeof(text))) {
		log_line("%s", text);
		status = STATUS_FAILED;
	}
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
		"(disks, rng, console, dmacheck), ACPI tables, the exit port 0x501, and pvpanic's port "
		"0x505. A panic or a triple fault ends the run as a crash; a reset starts the guest again.",
	.options = run_option_table,
	.run = run,
};

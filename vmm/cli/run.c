/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "vmm/util/log.h"
#include "vmm/util/output.h"
#include "vmm/machine/machine.h"
#include "vmm/profile/perf_map.h"
#include "vmm/report/report.h"
#include "vmm/cli/run.h"
#include "vmm/cli/run_times.h"
#include "vmm/sandbox/sandbox.h"

/* For the report: how the guest's memory changes.  There is one machine a process. */
static struct memstate_sampler sampler;

static void start_sampler(struct machine *m)
{
	memstate_sampler_start(&sampler, &m->loop, &m->mem.ram,
			       m->boot.kernel.memstate_gpa);
}

static int write_report(const struct run_options *options, struct machine *m,
			struct report_file *file, const struct run_times *times,
			json_t *profile)
{
	int ret = file->fd < 0 ? 0 : report_write(m, times, &sampler, profile, file);
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

/* Of files opened before the guest starts: a run must not end without one. */
struct outputs {
	struct report_file report;
	int profile; /* -1: none is wanted */
	bool profile_made;
};

static int open_profile(const char *path, struct outputs *o, struct error *err)
{
	if (!path)
		return 0;
	o->profile = output_open(path, 0666, &o->profile_made);
	return o->profile < 0
		       ? error_set(err, errno,
				   "--profile %s: %s; name a file that can be written",
				   path, strerror(errno))
		       : 0;
}

/* Of a pipe or a device there is nothing to take away: EINVAL. */
static void empty(int fd)
{
	if (fd >= 0 && ftruncate(fd, 0) && errno != EINVAL)
		log_line("what was in a file before stays: %s", strerror(errno));
}

/* All, or none: then nothing has changed. */
static int open_outputs(const struct run_options *options, struct machine *m,
			struct outputs *o, struct error *err)
{
	int ret;

	*o = (struct outputs){ .profile = -1 };
	ret = report_open(&o->report, options->report, err);
	if (!ret)
		ret = open_profile(options->profile, o, err);
	if (!ret && options->perf_map)
		ret = perf_map_write(options->perf_map, m->boot.kernel.fd, err);
	if (ret) {
		report_close(&(struct report_file){ .fd = -1, .smaps = o->report.smaps });
		output_drop(o->report.fd, options->report, o->report.made);
		output_drop(o->profile, options->profile, o->profile_made);
		return ret;
	}
	empty(o->report.fd);
	empty(o->profile);
	return 0;
}

static int write_profile(const struct run_options *options, struct machine *m, int fd,
			 const struct run_times *times, json_t **json)
{
	int ret;

	if (fd < 0)
		return 0;
	ret = machine_write_profile(m, run_times_between(&times->start, &times->end), fd,
				    json);
	if (close(fd) && !ret)
		ret = -errno;
	if (ret)
		log_line("--profile %s: %s", options->profile, strerror(-ret));
	return ret;
}

int run_machine(const struct run_options *options, struct machine *m, struct error *err)
{
	struct run_times times;
	struct outputs outputs;
	json_t *profile = NULL;
	char text[256];
	int status;

	if (open_outputs(options, m, &outputs, err))
		return STATUS_USAGE;
	if (outputs.report.fd >= 0)
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
	if (write_profile(options, m, outputs.profile, &times, &profile))
		status = STATUS_USAGE;
	if (write_report(options, m, &outputs.report, &times, profile))
		status = STATUS_USAGE;
	json_decref(profile);
	if (outputs.report.fd >= 0)
		memstate_sampler_fini(&sampler);
	/* What came after the machine's end is no less forbidden. */
	if (sandbox_forbidden(text, sizeof(text))) {
		log_line("%s", text);
		status = STATUS_FAILED;
	}
	return status;
}

static void init(void *target)
{
	run_options_init(target);
}

static int run(void *target, const struct parsed *parsed, struct error *err)
{
	struct run_options *options = target;
	struct machine *m;
	int status;

	options->machine.kernel = parsed->operand;
	options->machine.report = options->report;
	log_set_verbose(options->verbose);
	if (machine_create(&m, &options->machine, err))
		return STATUS_USAGE;
	status = run_machine(options, m, err);
	machine_destroy(m);
	return status;
}

static const struct command_key keys[] = {
	{ "Ctrl-A x", "Ends the run." },
	{ "Ctrl-A Ctrl-A", "Sends one Ctrl-A to the guest." },
	{ NULL, NULL },
};

const struct command run_command = {
	.name = "run",
	.operand = "KERNEL",
	.summary = "boots a kernel and runs it until it ends",
	.text = "Boots KERNEL, an ELF64 file with a PVH entry note (a Linux vmlinux has one), "
		"and runs it until it ends. The guest has COM1, a PCI bus with virtio devices "
		"(disks, rng, console, dmacheck), ACPI tables, the exit port 0x501, and "
		"pvpanic's port 0x505. A panic or a triple fault ends the run as a crash; a "
		"reset starts the guest again.",
	.options = run_option_table,
	.keys = keys,
	.target_size = sizeof(struct run_options),
	.init = init,
	.run = run,
};

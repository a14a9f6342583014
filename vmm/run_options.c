/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "vmm/run.h"

void run_options_init(struct run_options *options)
{
	*options = (struct run_options){ .report = NULL };
	machine_config_init(&options->machine);
}

static int set_mem(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;
	unsigned long long size = 0;
	int ret = parse_size(value, &size);

	if (ret == -ERANGE)
		return error_set(err, ERANGE,
				 "--mem %s: too large to count; give e.g. 256M", value);
	if (ret)
		return error_set(err, EINVAL,
				 "--mem %s: not a size; give e.g. 256M or 4G", value);
	o->machine.mem_size = size;
	return 0;
}

static int set_cpus(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;

	if (parse_count(value, &o->machine.cpus))
		return error_set(err, EINVAL, "--cpus %s: not a number; give e.g. 2",
				 value);
	return 0;
}

/* FILE[,ro]: the path is cut off in place, argv is ours. */
static int add_disk(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;
	struct disk_config *disk = &o->machine.disks[o->machine.nr_disks];
	char *suffix = strrchr(value, ',');

	if (o->machine.nr_disks == DISKS_MAX)
		return error_set(err, EINVAL, "--disk %s: one too many; give at most %d",
				 value, DISKS_MAX);
	*disk = (struct disk_config){ .path = value };
	if (suffix && !strcmp(suffix, ",ro")) {
		*suffix = '\0';
		disk->readonly = true;
	}
	if (!*value)
		return error_set(err, EINVAL, "--disk: no file; give --disk FILE[,ro]");
	o->machine.nr_disks++;
	return 0;
}

static int set_initrd(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;

	(void)err;
	o->machine.initrd = value;
	return 0;
}

static int set_append(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;

	(void)err;
	o->machine.cmdline = value;
	return 0;
}

static int set_console(void *target, const char *value, struct error *err)
{
	static const char *const names[] = {
		[CONSOLE_STDIO] = "stdio",
		[CONSOLE_PTY] = "pty",
		[CONSOLE_NONE] = "none",
	};
	struct run_options *o = target;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value, names[i])) {
			o->machine.console = (enum console_kind)i;
			return 0;
		}
	}
	return error_set(err, EINVAL, "--console %s: unknown; give stdio, pty or none",
			 value);
}

static int set_no_reboot(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;

	(void)value;
	(void)err;
	o->machine.reboot = false;
	return 0;
}

static int set_report(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;

	(void)err;
	o->report = value;
	return 0;
}

static int set_verbose(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;

	(void)value;
	(void)err;
	o->verbose = true;
	return 0;
}

const struct option run_option_table[] = {
	{ "mem", 0, "SIZE",
	  "Memory of the guest, in whole MiB: a number with K, M, G or T. Default 256M. The "
	  "host gives it as the guest touches it, so it may exceed what the host has, up to "
	  "16 times the host's memory and swap, 64G in any case.",
	  set_mem },
	{ "cpus", 0, "N", "Virtual processors. Default 1.", set_cpus },
	{ "disk", 0, "FILE[,ro]",
	  "A disk: a file or block device as a virtio block device, read-only with ,ro. May "
	  "be given several times; the first is the first on the bus.",
	  add_disk },
	{ "initrd", 0, "FILE", "An initial RAM disk for the kernel.", set_initrd },
	{ "append", 0, "STRING", "The kernel's command line.", set_append },
	{ "console", 0, "KIND",
	  "Where the guest's console leads: stdio (default), pty (a new pseudo-terminal, "
	  "whose name is printed) or none.",
	  set_console },
	{ "no-reboot", 0, NULL,
	  "A reset by the guest ends the run, with status 1 as it did not finish.",
	  set_no_reboot },
	{ "report", 0, "FILE", "Write a report of the whole run to FILE, as JSON.",
	  set_report },
	{ "verbose", 'v', NULL, "Say each step on standard error.", set_verbose },
	{ NULL, 0, NULL, NULL, NULL },
};

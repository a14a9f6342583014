/* SPDX-License-Identifier: MIT */
/* `pagevisor core`: the core of a machine that is there. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/cli/core.h"
#include "vmm/cli/ctl.h"
#include "vmm/cli/rundir.h"
#include "vmm/report/outcome.h"

struct options {
	const char *file;
};

static const struct option options[] = {
	{ "output", 'o', "FILE",
	  "Where to write it; without it, NAME.core. A file that is "
	  "there is replaced.",
	  OPTION_TO(struct options, file) },
	{ .name = NULL },
};

static int write_core(const char *name, int core_fd, struct error *err)
{
	struct ctl ctl;
	int ret, fd = rundir_connect(name, err);

	if (fd < 0)
		return fd;
	ret = ctl_open(&ctl, name, fd, err);
	if (!ret)
		ret = ctl_dump(&ctl, core_fd, true, err);
	ctl_close(&ctl);
	return ret;
}

/* A core that is not whole is none. */
static int make_core(const char *name, const char *path, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), ret;

	if (fd < 0)
		return error_set(err, errno, "%s: %s", path, strerror(errno));
	ret = write_core(name, fd, err);
	if (close(fd) && !ret)
		ret = error_set(err, errno, "%s: %s", path, strerror(errno));
	if (ret)
		unlink(path);
	return ret;
}

static int run_core(void *target, const struct parsed *parsed, struct error *err)
{
	const struct options *o = target;
	char path[RUNDIR_NAME_MAX + 16];
	int ret;

	snprintf(path, sizeof(path), "%.*s.core", RUNDIR_NAME_MAX, parsed->operand);
	ret = make_core(parsed->operand, o->file ? o->file : path, err);
	return ret ? STATUS_USAGE : STATUS_WELL;
}

const struct command core_command = {
	.name = "core",
	.operand = "NAME",
	.summary = "writes an ELF core of a machine",
	.text = "Writes an ELF core of the machine NAME of this user: all of its memory, by "
		"physical address and as its page tables map it, and the registers of its "
		"vCPUs, each a thread. Memory that is zero takes no room. The guest stands "
		"meanwhile. gdb reads it with the kernel's file, pagevisor inspect without. "
		"run --on-panic core writes the same by itself.",
	.options = options,
	.target_size = sizeof(struct options),
	.run = run_core,
};

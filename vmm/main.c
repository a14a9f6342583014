/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/cli/command.h"
#include "vmm/util/log.h"
#include "vmm/report/outcome.h"
#include "vmm/qemu/qemu.h"
#include "vmm/cli/run_times.h"

/* Options that stand in place of a command. */
static int show(const char *what)
{
	if (!strcmp(what, "--help") || !strcmp(what, "-h"))
		help_overview();
	else if (!strcmp(what, "--version"))
		printf("pagevisor %s\n", PAGEVISOR_VERSION);
	else if (!strcmp(what, "--man")) /* for the build: the man page */
		help_man_page();
	else
		return STATUS_USAGE;
	return STATUS_WELL;
}

/* What was printed must have arrived. */
static int flushed(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	log_line("standard output: %s", strerror(errno));
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	const struct command *const *c;

	run_times_process_start();
	if (argc && qemu_is_name(argv[0]))
		return qemu_main(argc, argv);
	if (argc < 2) {
		log_line("no command; see pagevisor --help");
		return STATUS_USAGE;
	}
	for (c = commands; *c; c++)
		if (!strcmp(argv[1], (*c)->name))
			return flushed(command_run(*c, argc - 1, argv + 1));
	if (argv[1][0] == '-' && !show(argv[1]))
		return flushed(STATUS_WELL);
	log_line("unknown command %s; see pagevisor --help", argv[1]);
	return STATUS_USAGE;
}

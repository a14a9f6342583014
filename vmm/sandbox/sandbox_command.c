/* SPDX-License-Identifier: MIT */
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/report/outcome.h"
#include "vmm/sandbox/sandbox_calls.h"
#include "vmm/sandbox/sandbox_command.h"

static void append(char *buf, size_t size, const char *separator, const char *text)
{
	size_t used = strlen(buf);

	snprintf(buf + used, size - used, "%s%s", used ? separator : "", text);
}

void sandbox_row_describe(const struct sandbox_call *call, struct sandbox_row *row)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call->nr);
	enum sandbox_thread thread;
	unsigned int bit;

	*row = (struct sandbox_row){ "", "", "" };
	for (thread = 0; thread < SANDBOX_KINDS; thread++)
		if (call->threads & 1u << thread)
			append(row->threads, sizeof(row->threads), ", ",
			       sandbox_thread_name(thread));
	snprintf(row->call, sizeof(row->call), call->arguments ? "%s (%s)" : "%s",
		 name ? name : "?", call->arguments);
	free(name);
	snprintf(row->why, sizeof(row->why), "%s", call->why);
	for (bit = 0; bit < SANDBOX_FEATURES; bit++)
		if (call->features & 1u << bit)
			append(row->why, sizeof(row->why), "; with ",
			       sandbox_feature_name(1u << bit));
}

static int list(void *target, const struct parsed *parsed, struct error *err)
{
	struct sandbox_row row;
	size_t i;

	(void)target, (void)parsed, (void)err;
	for (i = 0; i < sandbox_nr_calls; i++) {
		sandbox_row_describe(&sandbox_calls[i], &row);
		printf("%-10s  %-42s  %s\n", row.threads, row.call, row.why);
	}
	return STATUS_WELL;
}

static const struct option no_options[] = { { .name = NULL } };

const struct command sandbox_command = {
	.name = "sandbox",
	.summary = "lists the system calls that a running monitor may make",
	.text = "Lists the system calls that the threads of a running monitor may make (see run "
		"--sandbox): the threads that may make it, main or each vCPU's, or the process "
		"sweeper, which removes sockets after the monitor's end; the call, with its "
		"arguments where these are looked at, too; and why.",
	.options = no_options,
	.run = list,
};

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/util/process.h"

#define STATE 3 /* numbers as in proc(5) */
#define BIRTH 22

/* The command in parentheses may contain anything, what follows the last one not. */
static void parse(const char *text, struct process_stat *stat)
{
	const char *at = strrchr(text, ')');
	int i;

	for (i = STATE; at && i <= BIRTH; i++) {
		at = strchr(at + 1, ' ');
		if (at && i == STATE)
			stat->state = at[1];
	}
	if (at)
		stat->birth = strtoull(at, NULL, 10);
}

int process_stat(pid_t pid, struct process_stat *stat)
{
	char text[1024];
	FILE *f;
	size_t n;

	*stat = (struct process_stat){ 0 };
	snprintf(text, sizeof(text), "/proc/%d/stat", (int)pid);
	f = fopen(text, "re");
	if (!f)
		return -ESRCH;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	parse(text, stat);
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/vmm/run_folder.h"

int run_folder_make(char path[RUN_FOLDER_MAX])
{
	strcpy(path, "/tmp/pagevisor-run-XXXXXX");
	return mkdtemp(path) ? setenv("XDG_RUNTIME_DIR", path, 1) : -1;
}

int run_folder_remove(const char *path)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", path);
	return system(command); /* NOLINT(cert-env33-c): a folder of the test's own */
}

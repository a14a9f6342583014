/* SPDX-License-Identifier: MIT */
/* A run-time directory of a test's own: XDG_RUNTIME_DIR while it is there. */
#ifndef TESTS_UNIT_VMM_RUN_FOLDER_H
#define TESTS_UNIT_VMM_RUN_FOLDER_H

#define RUN_FOLDER_MAX 64

/* Its path goes to `path`.  0, or -1, as cmocka wants it of a set-up. */
int run_folder_make(char path[RUN_FOLDER_MAX]);
/* With all that is in it.  0, or another number. */
int run_folder_remove(const char *path);

#endif

/* SPDX-License-Identifier: MIT */
/* What the tests of vmm/ share. */
#ifndef TESTS_UNIT_VMM_TEST_H
#define TESTS_UNIT_VMM_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vmm/machine/config.h"
#include "vmm/util/error.h"
#include "vmm/kvm/memory.h"

/* An anonymous file with this content; `path` names it until it is closed. */
struct test_file {
	int fd;
	char path[32];
};
void test_file_make(struct test_file *file, const void *bytes, size_t size);
void test_file_close(struct test_file *file);

/* RAM, or the test fails. */
void test_memory(struct guest_memory *mem, uint64_t size);

/* ret is -errnum, and the line is one line that holds `part`. */
void assert_refused(int ret, int errnum, const struct error *err, const char *part);

/* Skips the test where /dev/kvm cannot be used. */
void need_kvm(void);

#endif

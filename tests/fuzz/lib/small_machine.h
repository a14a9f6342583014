/* SPDX-License-Identifier: MIT */
/*
 * The unit tests' mock of a machine, small and in one place, so that thousands a second can
 * be made: 64 KiB of RAM at 0, 4 KiB at 4 GiB, and no more than one at a time.
 */
#ifndef TESTS_FUZZ_SMALL_MACHINE_H
#define TESTS_FUZZ_SMALL_MACHINE_H

#include "tests/unit/devices/mock_machine.h"

#define SMALL_LOW_SIZE	0x10000u
#define SMALL_HIGH_SIZE 0x1000u
#define SMALL_HIGH_FILL 0x5a

/* Low RAM is zero, high RAM a pattern.  PCI has its bridge and nothing else. */
struct machine *small_machine_new(void);
/* Destroys the devices, which must leave nothing behind. */
void small_machine_free(struct machine *m);

#endif

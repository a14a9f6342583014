/* SPDX-License-Identifier: MIT */
/* A machine without KVM for gdb: some vCPUs, a little memory, and a note of what was asked. */
#ifndef TESTS_UNIT_VMM_FAKE_GDB_H
#define TESTS_UNIT_VMM_FAKE_GDB_H

#include "vmm/gdb/gdb_points.h"
#include "vmm/gdb/gdb_session.h"

#define FAKE_GDB_CPUS	3
#define FAKE_GDB_BASE	0xffffffff80100000ull /* its memory, seen by a vCPU; physical: 0 */
#define FAKE_GDB_MEMORY 8192

struct fake_gdb {
	struct gdb_cpu cpu[FAKE_GDB_CPUS];
	uint8_t memory[FAKE_GDB_MEMORY];
	struct gdb_delivers delivers;
	struct gdb_points points;
	enum gdb_run run[FAKE_GDB_CPUS];
	unsigned int resumed, stops; /* how often */
	int refuse; /* resume() fails with this */
	bool bad; /* it was asked for what it must not be asked for */
};

extern const struct gdb_ops fake_gdb_ops; /* ctx: a struct fake_gdb */

#endif

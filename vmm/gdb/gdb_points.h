/* SPDX-License-Identifier: MIT */
/*
 * The break- and watchpoints that gdb has set, and how each is made to stop the guest.  Which
 * ways there are differs from KVM to KVM (gdb_probe.c finds out):
 *
 *   patched	int3 stands in the guest's memory in place of the first byte.  KVM gives the
 *		exit back to us; or, where it emulates instructions, says that it cannot
 *		emulate this one, which serves as well.
 *   register	one of the four debug registers of the processor.
 *   stepped	every vCPU does one instruction at a time, and after each the point is looked
 *		at: the guest crawls, a watchpoint sees only writes that change the bytes, and
 *		on a processor with the trap flag handlers of interrupts run unseen.
 *
 * Pure.  Changed while all vCPUs are parked; read by their threads while they run.
 */
#ifndef VMM_GDB_POINTS_H
#define VMM_GDB_POINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/gdb/gdb_command.h"
#include "vmm/util/error.h"

#define GDB_POINTS_MAX	    256
#define GDB_DEBUG_REGISTERS 4
#define GDB_WATCH_MAX	    8 /* bytes of one watchpoint */

/* What this KVM delivers. */
struct gdb_delivers {
	bool step; /* KVM_GUESTDBG_SINGLESTEP */
	bool block_irqs; /* and it can keep interrupts away from a step */
	bool int3_exits, int3_fails; /* what becomes of a patched int3; at most one */
	bool breaks, watches; /* debug registers */
};

enum gdb_way { GDB_PATCHED, GDB_REGISTER, GDB_STEPPED };

struct gdb_point {
	enum gdb_point_kind kind;
	enum gdb_way way;
	uint64_t addr, len;
	unsigned int slot; /* GDB_REGISTER: which */
	uint64_t gpa; /* GDB_PATCHED: where int3 stands, */
	uint8_t saved; /* and what stood there */
	bool known; /* GDB_STEPPED watchpoint: seen[] is what was there last */
	uint8_t seen[GDB_WATCH_MAX];
};

/* Zeroed is empty. */
struct gdb_points {
	unsigned int nr;
	struct gdb_point point[GDB_POINTS_MAX];
};

/*
 * Adds one, NULL with the line in err where that is not possible here.  Where there is the
 * same one already, that (*was_there).  Patching is left to the caller.
 */
struct gdb_point *gdb_points_add(struct gdb_points *points,
				 const struct gdb_delivers *delivers,
				 enum gdb_point_kind kind, uint64_t addr, uint64_t len,
				 bool *was_there, struct error *err);
/* The one that is set with these, or NULL. */
struct gdb_point *gdb_points_find(struct gdb_points *points, enum gdb_point_kind kind,
				  uint64_t addr, uint64_t len);
/* The breakpoint of this way at an address, or NULL. */
const struct gdb_point *gdb_points_break(const struct gdb_points *points,
					 enum gdb_way way, uint64_t addr);
void gdb_points_remove(struct gdb_points *points, struct gdb_point *point);

/* Some point is stepped, or patched. */
bool gdb_points_any(const struct gdb_points *points, enum gdb_way way);
/* The debug registers 0 to 3 and 7 that make the points. */
void gdb_points_registers(const struct gdb_points *points, uint64_t db[8]);
/* Which point the status register 6 names, or NULL. */
const struct gdb_point *gdb_points_hit(const struct gdb_points *points, uint64_t dr6);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * gdb on a real machine: vmm/gdb/gdb_session.h over KVM.
 *
 * gdb holds the machine as any other who stops it does (machine_hold()), so its stop is as
 * exact as theirs, and neither lets go of what the other holds.  A vCPU that meets a point
 * notes why, holds the VM, and wakes the main thread, which stops the machine and tells gdb.
 *
 * Points stand in the guest, and vCPUs step, only while gdb lets the machine run: gdb takes
 * its points away at each stop, and what it leaves behind is taken away when it has left.
 */
#ifndef VMM_MACHINE_GDB_H
#define VMM_MACHINE_GDB_H

#include <stdatomic.h>

#include "vmm/gdb/gdb_probe.h"
#include "vmm/gdb/gdb_server.h"
#include "vmm/machine/machine.h"

struct machine_gdb {
	struct gdb_server *server;
	struct gdb_delivers delivers;
	/* Changed while all vCPUs are parked. */
	struct gdb_points points;
	enum gdb_run run[GDB_CPUS_MAX];
	bool stepped; /* all that run do one instruction at a time: a point needs it */
	/* Each written by its vCPU's thread, read while that is parked. */
	struct gdb_stop stop[GDB_CPUS_MAX];
	atomic_bool stops; /* there is one that the main thread has not looked at */
	int wake_fd; /* eventfd: look */
	struct host_watch wake;
	struct control_listener told;
	struct machine *m;
};

/* --- memory and registers (machine_gdb_state.c), as struct gdb_ops has them --------------- */

size_t machine_gdb_read(void *ctx, unsigned int cpu, bool physical, uint64_t addr,
			void *buf, size_t len);
int machine_gdb_write(void *ctx, unsigned int cpu, bool physical, uint64_t addr,
		      const void *buf, size_t len);
int machine_gdb_get_cpu(void *ctx, unsigned int cpu, struct gdb_cpu *state);
int machine_gdb_set_cpu(void *ctx, unsigned int cpu, const struct gdb_cpu *state);
void machine_gdb_describe(void *ctx, unsigned int cpu, char *buf, size_t size);
/* Where addr is in RAM, and how many bytes from there on; NULL: nowhere. */
uint8_t *machine_gdb_find(const struct machine *m, unsigned int cpu, bool physical,
			  uint64_t addr, size_t *span, uint64_t *gpa);

/* --- points (machine_gdb_points.c), while all vCPUs are parked ---------------------------- */

/* As struct gdb_ops has them. */
int machine_gdb_insert(void *ctx, unsigned int cpu, enum gdb_point_kind kind,
		       uint64_t addr, uint64_t len, struct error *err);
int machine_gdb_remove(void *ctx, enum gdb_point_kind kind, uint64_t addr, uint64_t len);
void machine_gdb_remove_all(struct machine *m);
/* RAM is new: what is patched stands in it again. */
void machine_gdb_put_back(struct machine *m);
/* All vCPUs as run[] and the points say. */
void machine_gdb_arm(struct machine_gdb *g);

#endif

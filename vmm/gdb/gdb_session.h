/* SPDX-License-Identifier: MIT */
/*
 * A conversation with one gdb: what it asks, answered over a table of operations, so that it
 * can be tested without KVM.
 *
 * gdb holds the machine from its first breath to its last, but while it lets it run: `running`.
 * What needs a standing machine is refused then.  The machine has its own word in whether it
 * runs: see machine_hold().
 */
#ifndef VMM_GDB_SESSION_H
#define VMM_GDB_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/gdb/gdb_command.h"
#include "vmm/gdb/gdb_registers.h"
#include "vmm/util/error.h"

#define GDB_CPUS_MAX 64

/* What a vCPU does when the machine goes on. */
enum gdb_run { GDB_HELD, GDB_RUNS, GDB_STEPS };

enum gdb_reason {
	GDB_NOT_STOPPED,
	GDB_INTERRUPTED, /* by gdb, or from outside */
	GDB_STEPPED_ONCE,
	GDB_BREAK_SOFTWARE,
	GDB_BREAK_HARDWARE,
	GDB_WATCHED, /* kind, addr */
	GDB_CRASHED, /* the guest has ended, and is kept */
};

struct gdb_stop {
	enum gdb_reason reason;
	unsigned int cpu;
	enum gdb_point_kind kind;
	uint64_t addr;
};

/* All on a machine that stands, but cpus, stop.  Those that return int: 0 or a negative errno. */
struct gdb_ops {
	unsigned int (*cpus)(void *ctx); /* 1 to GDB_CPUS_MAX */
	/* A few words about a vCPU. */
	void (*describe)(void *ctx, unsigned int cpu, char *buf, size_t size);
	int (*get_cpu)(void *ctx, unsigned int cpu, struct gdb_cpu *state);
	int (*set_cpu)(void *ctx, unsigned int cpu, const struct gdb_cpu *state);
	/* Guest memory as this vCPU sees it, or physical: how many bytes were read from the
	 * beginning, 0: none. */
	size_t (*read_memory)(void *ctx, unsigned int cpu, bool physical, uint64_t addr,
			      void *buf, size_t len);
	int (*write_memory)(void *ctx, unsigned int cpu, bool physical, uint64_t addr,
			    const void *buf, size_t len);
	int (*insert)(void *ctx, unsigned int cpu, enum gdb_point_kind kind,
		      uint64_t addr, uint64_t len, struct error *err);
	int (*remove)(void *ctx, enum gdb_point_kind kind, uint64_t addr, uint64_t len);
	/* Lets it run; how it stops comes through gdb_session_stopped(), later. */
	int (*resume)(void *ctx, const enum gdb_run run[], struct error *err);
	/* The same, soon: gdb interrupts. */
	void (*stop)(void *ctx);
};

struct gdb_session {
	const struct gdb_ops *ops;
	void *ctx;
	bool running;
	bool acks; /* each frame is acknowledged */
	bool physical; /* addresses are */
	bool swbreak, hwbreak; /* gdb wants to know which kind it was */
	unsigned int cpu; /* registers and memory are of this one, */
	unsigned int resume_cpu; /* and a lone `s` steps this */
	struct gdb_stop stop; /* the last */
	struct gdb_command command;
	size_t reply_n; /* <= GDB_PACKET_MAX */
	char reply[GDB_PACKET_MAX + 1];
};

enum gdb_next {
	GDB_REPLY, /* reply is to be sent */
	GDB_SILENT, /* nothing is: it runs, or there is nothing to say */
	GDB_LEAVES, /* reply, and gdb is gone */
	GDB_KILLS, /* the machine shall end; a reply where there is one */
};

/* A gdb has come to a machine that stands. */
void gdb_session_init(struct gdb_session *s, const struct gdb_ops *ops, void *ctx);
/* A packet of n bytes, and a NUL behind them. */
enum gdb_next gdb_session_packet(struct gdb_session *s, const char *body, size_t n);
/* The machine stands again, or has ended with a status: what to tell is in reply. */
void gdb_session_stopped(struct gdb_session *s, const struct gdb_stop *stop);
void gdb_session_ended(struct gdb_session *s, unsigned int status);

#endif

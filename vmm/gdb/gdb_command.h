/* SPDX-License-Identifier: MIT */
/*
 * What a packet of gdb asks for (gdb manual, "Packets", "General Query Packets").  Pure: text
 * in, one command out; whatever the text is, the command is of one of these kinds and its
 * fields are within their limits.
 */
#ifndef VMM_GDB_COMMAND_H
#define VMM_GDB_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/gdb/gdb_packet.h"

/* Threads are numbered from 1, as gdb wants; vCPU 0 is thread 1. */
#define GDB_ANY_THREAD	0
#define GDB_ALL_THREADS (-1)

#define GDB_ACTIONS_MAX 80 /* of one vCont: more than there can be vCPUs */
#define GDB_MEMORY_MAX	(GDB_PACKET_MAX / 2 - 16) /* bytes of one read or write */

enum gdb_verb {
	GDB_UNKNOWN, /* not known here: the empty answer */
	GDB_MALFORMED, /* known, and it makes no sense */
	GDB_WHY_STOPPED, /* ? */
	GDB_READ_REGISTERS, /* g */
	GDB_WRITE_REGISTERS, /* G: data */
	GDB_READ_REGISTER, /* p: number */
	GDB_WRITE_REGISTER, /* P: number, data */
	GDB_READ_MEMORY, /* m: addr, len <= GDB_MEMORY_MAX */
	GDB_WRITE_MEMORY, /* M, X: addr, data */
	GDB_INSERT, /* Z: kind, addr, len */
	GDB_REMOVE, /* z */
	GDB_RESUME, /* vCont, c, s: actions */
	GDB_ASK_RESUME, /* vCont? */
	GDB_SELECT, /* Hg: thread */
	GDB_SELECT_RESUME, /* Hc: thread */
	GDB_IS_ALIVE, /* T: thread */
	GDB_FIRST_THREADS, /* qfThreadInfo */
	GDB_MORE_THREADS, /* qsThreadInfo */
	GDB_DESCRIBE_THREAD, /* qThreadExtraInfo: thread */
	GDB_CURRENT_THREAD, /* qC */
	GDB_SUPPORTED, /* qSupported: swbreak, hwbreak */
	GDB_READ_FEATURES, /* qXfer:features:read:target.xml: addr is the offset, len */
	GDB_ASK_ATTACHED, /* qAttached */
	GDB_NO_ACKS, /* QStartNoAckMode */
	GDB_ASK_EXTENSIONS, /* qqemu.Supported */
	GDB_ASK_PHYSICAL, /* qqemu.PhyMemMode */
	GDB_SET_PHYSICAL, /* Qqemu.PhyMemMode: number 0 or 1 */
	GDB_DETACH,
	GDB_KILL,
};

/* As in the packets Z and z. */
enum gdb_point_kind {
	GDB_SOFTWARE_BREAK,
	GDB_HARDWARE_BREAK,
	GDB_WATCH_WRITE,
	GDB_WATCH_READ,
	GDB_WATCH_ACCESS,
	GDB_POINT_KINDS,
};

struct gdb_action {
	bool step; /* one instruction; else it goes on */
	int thread; /* or GDB_ALL_THREADS */
};

struct gdb_command {
	enum gdb_verb verb;
	int thread;
	unsigned int number;
	enum gdb_point_kind kind;
	uint64_t addr, len;
	bool vkill; /* GDB_KILL wants an answer */
	bool swbreak, hwbreak; /* gdb takes these stop reasons */
	unsigned int nr_actions;
	struct gdb_action actions[GDB_ACTIONS_MAX];
	size_t nr_data;
	uint8_t data[GDB_PACKET_MAX];
};

/* body has n bytes and a NUL behind them. */
void gdb_parse(struct gdb_command *command, const char *body, size_t n);

/* The action of a vCont for a thread: the first that names it, or all.  NULL: none, it stays
 * stopped. */
const struct gdb_action *gdb_action_for(const struct gdb_command *command, int thread);

#endif

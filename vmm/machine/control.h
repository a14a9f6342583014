/* SPDX-License-Identifier: MIT */
/*
 * What can be asked of a running machine from outside, and what it tells by itself.
 *
 * All calls and all events happen on the main thread, between two turns of the event loop
 * and without the device lock.  So a request sees the machine between two states, never
 * within a change.
 *
 * The ops are a table, so that whoever serves a protocol can be tested without KVM;
 * control_machine.c fills it for a real machine.
 *
 *   stop	When it returns no vCPU executes, and each one's last instruction is
 *		complete; devices have finished what they had in flight (a disk's requests
 *		are on the host) and hold what comes later.  Guest memory does not change.
 *   cont	Time has stood still for the guest as far as this KVM lets us: see
 *		vmm/kvm/clock.h.
 *   reset	The guest starts again from the beginning: devices as after power-on, RAM
 *		zero, kernel, initial RAM disk and tables loaded anew.  (On a real board RAM
 *		survives a reset and firmware loads the kernel; here nothing of the old
 *		guest remains.)  A stopped machine stays stopped.
 *   powerdown	The ACPI power button is pressed, and nothing else: whether and when the
 *		guest leaves is its own affair.
 *   nmi	A non-maskable interrupt for vCPU 0.
 *   quit	The machine ends without asking the guest; the call returns before.
 */
#ifndef VMM_CONTROL_H
#define VMM_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/machine/config.h"
#include "vmm/util/error.h"

enum control_status {
	CONTROL_PRELAUNCH, /* made, never started */
	CONTROL_RUNNING,
	CONTROL_PAUSED,
	CONTROL_IO_ERROR, /* paused, as a disk failed and a request waits for cont */
	CONTROL_SHUTDOWN, /* the guest has ended; only reset and quit make sense */
	/* The same, and it was no good end; one that came by the panic port can be resumed. */
	CONTROL_PANICKED,
};

enum control_event_kind {
	CONTROL_EVENT_STOP, /* it does not run any more, */
	CONTROL_EVENT_RESUME, /* and it does again */
	CONTROL_EVENT_RESET,
	CONTROL_EVENT_POWERDOWN, /* the button was pressed */
	CONTROL_EVENT_PANIC, /* the guest crashed or says that it panicked */
	CONTROL_EVENT_IO_ERROR, /* a disk failed; where that is asked for it stops */
	CONTROL_EVENT_BALLOON, /* the guest gave memory, or took it back */
	CONTROL_EVENT_SHUTDOWN, /* the guest or the whole machine ends */
};

/* Why a machine was reset or ends. */
enum control_cause {
	CONTROL_BY_NONE, /* events that have no cause */
	CONTROL_BY_REQUEST, /* reset or quit of this page */
	CONTROL_BY_SIGNAL,
	CONTROL_BY_USER, /* Ctrl-A x, or nobody reads the console any more */
	CONTROL_BY_HOST, /* KVM or the host failed */
	CONTROL_BY_GUEST_SHUTDOWN, /* power-off, or the exit port */
	CONTROL_BY_GUEST_RESET,
	CONTROL_BY_GUEST_PANIC,
};

/* What becomes of the guest then. */
enum control_after {
	CONTROL_ENDS, /* a panic: the machine ends, too; */
	CONTROL_STAYS, /* or is kept for inspection.  A disk's error: it waits for cont */
	CONTROL_GOES_ON, /* as if nothing were */
	CONTROL_IS_TOLD, /* a disk's error: the guest gets it */
};

struct control_event {
	enum control_event_kind kind;
	enum control_cause cause; /* RESET, SHUTDOWN */
	enum control_after after; /* PANIC, IO_ERROR */
	unsigned int disk; /* IO_ERROR: which, */
	bool reading; /* at what, */
	int error; /* and why: a negative errno */
};

/* Somebody who is told.  Fixed in place while listening. */
struct control_listener {
	void (*event)(struct control_listener *listener,
		      const struct control_event *event);
	struct control_listener *next;
};

/* What never changes while a machine lives. */
struct control_facts {
	const char *name; /* NULL: none was given */
	const char *uuid; /* likewise */
	bool kvm; /* KVM can be used */
	uint64_t mem_size; /* bytes */
	unsigned int cpus, max_cpus;
	unsigned int disks;
	unsigned int chardevs;
	bool confined; /* it can open no file */
};

struct control_chardev {
	const char *id;
	char filename[160]; /* "pty:/dev/pts/3", "stdio", "null" */
};

struct control_io_stats {
	uint64_t operations, errors, bytes, ns;
};

struct control_disk {
	const char *id; /* "disk0" */
	/* What a manager calls it, and the two nodes under it; NULL: it does not. */
	const char *managed, *node, *storage_node;
	const char *path;
	bool readonly;
	bool writeback, direct, no_flush; /* the cache, in QEMU's words */
	bool waits; /* there are errors that a request waits for, instead of failing */
	int error; /* a request waits because of this negative errno; 0: none does */
	uint64_t size; /* bytes */
	struct control_io_stats read, write, flush, discard;
};

#define CONTROL_BALLOON_STATS 10

/* The memory balloon. */
struct control_balloon {
	const char *id; /* "balloon0" */
	uint64_t actual; /* bytes that the guest has: without those in the balloon */
	/* As virtio numbers them (VIRTIO_BALLOON_S_*); UINT64_MAX: not told. */
	uint64_t stats[CONTROL_BALLOON_STATS];
	int64_t last_update; /* of the statistics: seconds since 1970; 0: never */
	uint32_t interval; /* seconds between them; 0: they are not asked for */
};

/* Which part of memory a dump shows, and how. */
struct control_dump {
	int fd; /* stays the caller's; a regular file gets holes where memory is zero */
	bool paging; /* virtual addresses as well, from the vCPUs' page tables */
	bool ranged; /* only [begin, begin + length) */
	uint64_t begin, length;
};

/* What the ends of a guest lead to. */
struct control_actions {
	bool reboot; /* a guest that resets itself starts again; else that is its end */
	bool stays; /* a machine whose guest has ended is kept, until a reset or quit */
	enum machine_panic panic;
};

struct control;
struct dump_cpu;

/* One counter, ever growing: who is "vcpu0" or a device's name. */
typedef void (*control_count_fn)(void *arg, const char *who, const char *name,
				 uint64_t value);

/* Those that return int: 0, or a negative errno with the line in err. */
struct control_ops {
	enum control_status (*status)(struct control *c);
	int (*stop)(struct control *c, struct error *err);
	int (*cont)(struct control *c, struct error *err);
	int (*reset)(struct control *c, struct error *err);
	int (*powerdown)(struct control *c, struct error *err);
	int (*nmi)(struct control *c, struct error *err);
	void (*quit)(struct control *c);

	void (*actions)(struct control *c, struct control_actions *actions);
	void (*set_actions)(struct control *c, const struct control_actions *actions);

	void (*facts)(struct control *c, struct control_facts *facts);
	/* The thread of vCPU i. */
	int (*thread_id)(struct control *c, unsigned int i);
	void (*chardev)(struct control *c, unsigned int i,
			struct control_chardev *chardev);
	void (*disk)(struct control *c, unsigned int i, struct control_disk *disk);

	/* Tells exits by reason of each vCPU, then what each device has counted.  vCPUs run
	 * on meanwhile, so the numbers of one call are of about the same time. */
	void (*counters)(struct control *c, control_count_fn fn, void *arg);

	/* False: there is no balloon. */
	bool (*balloon)(struct control *c, struct control_balloon *balloon);
	/* Only with a balloon: bytes that the guest shall have; seconds between statistics. */
	void (*set_balloon)(struct control *c, uint64_t bytes);
	int (*poll_balloon)(struct control *c, uint32_t seconds, struct error *err);

	/* The registers of vCPU i, lines for people, into buf (always terminated).  A machine
	 * that runs is held for the moment. */
	int (*registers)(struct control *c, unsigned int i, char *buf, size_t size,
			 struct error *err);
	/* The same as numbers, of all vCPUs: facts.cpus of them. */
	int (*read_cpus)(struct control *c, struct dump_cpu *cpus, struct error *err);
	/* Switches memory events (abi/trace.h) in the guest, TRACE_IDS_MAX of them; enable NULL:
	 * leaves them.  `before` is what was on. */
	int (*trace)(struct control *c, const uint8_t *enable, uint8_t *before,
		     struct error *err);
	/* Writes an ELF core; stops the machine for it, and lets it go on afterwards. */
	int (*dump)(struct control *c, const struct control_dump *dump,
		    struct error *err);
};

struct control {
	const struct control_ops *ops;
	struct control_listener *listeners;
};

void control_listen(struct control *c, struct control_listener *listener);
void control_unlisten(struct control *c, struct control_listener *listener);
/* For whoever fills the ops: tells all. */
void control_tell(struct control *c, const struct control_event *event);

#endif

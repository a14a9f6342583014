/* SPDX-License-Identifier: MIT */
/*
 * Confinement of the monitor: what a guest that breaks out of a device model finds.
 *
 * All files are open before a thread is confined, so a confined thread needs no name of
 * anything.  Each thread enters by itself, as soon as it has nothing left to set up (a vCPU's
 * before it first enters the guest, the main thread before it lets them), and nothing undoes
 * that.  From then on
 *
 *   - it has no capabilities, none it could regain, and gains nothing by executing a file;
 *     started as root, it is the user nobody (where there is one: a container may lack it),
 *     and leaves no core dump then;
 *   - Landlock lets it open nothing: no file, no network port, no abstract socket.  What is
 *     open already stays so;
 *   - a seccomp filter lets it make the calls of sandbox_calls.c and no other.
 *
 * A call that is not on the list is not made: it fails with EPERM, is noted with the thread's
 * name, and rings the alarm, on which the main thread ends the machine in good order (terminal
 * and report are as after any end).  Whoever goes on trying is not waited for: after
 * SANDBOX_PATIENCE such calls the process ends at once.
 *
 * io_uring makes calls that no filter sees.  So each ring is opened for the four operations of
 * a disk only, for good (block_uring.c); and its workers have the Landlock domain and the user
 * of the thread that submits.  Workers of io_uring are threads of the kernel: they execute
 * nothing of this process.
 *
 * Files that must go with the monitor a process outside removes, which hears nothing of a
 * confined one (vmm/machine/sweep.h), and has a filter of its own (sandbox_sweeper.h).
 *
 * Landlock is younger than seccomp: where the kernel has none the rest holds, and -v says so.
 */
#ifndef VMM_SANDBOX_H
#define VMM_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "vmm/util/error.h"

#define SANDBOX_PATIENCE 16

enum sandbox_thread {
	SANDBOX_MAIN, /* the event loop; the whole machine's reset, end and report */
	SANDBOX_VCPU, /* and the devices' code, as the main thread's */
	SANDBOX_THREADS, /* of the monitor: those above */
	SANDBOX_SWEEPER = SANDBOX_THREADS, /* a process: sandbox_sweeper.h */
	SANDBOX_KINDS,
};

/* What of the machine needs calls that others do without; bits. */
enum sandbox_feature {
	SANDBOX_DISK_RING = 1u << 0, /* a disk through io_uring */
	SANDBOX_DISK_CALLS = 1u << 1, /* a disk through system calls */
	SANDBOX_DISK_DEVICE = 1u << 2, /* a disk that is a block device */
	SANDBOX_TERMINAL = 1u << 3, /* the console is a terminal */
	SANDBOX_REPORT = 1u << 4, /* a report is written */
	SANDBOX_CONTROL = 1u << 5, /* it can be controlled from outside */
	SANDBOX_DEBUGGER = 1u << 6, /* gdb may come */
	SANDBOX_CORE = 1u << 7, /* a core is written of a guest that panics */
	SANDBOX_SOCKET = 1u << 8, /* a console is a socket */
};
#define SANDBOX_FEATURES 9

struct sandbox;

/*
 * Makes the filters; nobody is confined yet.  alarm_fd, an eventfd, is written when a
 * forbidden call is made.  Takes over SIGSYS.  0, or a negative errno with the line in err.
 */
int sandbox_create(struct sandbox **out, unsigned int features, int alarm_fd,
		   struct error *err);
void sandbox_destroy(struct sandbox *sandbox);

/* The calling thread, `name` in reports (up to 15 bytes), is confined from now on.  0 or a
 * negative errno: then it is confined in part, and must end. */
int sandbox_enter(const struct sandbox *sandbox, enum sandbox_thread thread,
		  const char *name);

/* What holds for a thread inside, for people. */
void sandbox_describe(const struct sandbox *sandbox, char *buf, size_t size);

/*
 * Puts one sentence about the first forbidden call of any thread into buf: the thread, the
 * call by its name, and the mend.  False when there is none, or it was told already.
 */
bool sandbox_forbidden(char *buf, size_t size);

#endif

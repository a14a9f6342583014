/* SPDX-License-Identifier: MIT */
/*
 * User processes, for the kernel code that runs them: experiments.
 *
 * A program of guest/user/programs/ runs as a process with its own address space.  It can
 * stop at a point of its choice (pagevisor.h: pause_here) so that the kernel can look at it,
 * and leave numbers in a page that it shares with its starter and with its children.
 *
 *	struct process *p = process_start("malloc_lazy", NULL);
 *
 *	while (process_wait_pause(p)) {
 *		process_usage(p, &usage);
 *		process_resume(p);
 *	}
 *	status = process_wait(p);
 *	process_put(p);
 *
 * Nothing here costs anything before the first call of process_supported().
 */
#ifndef GUEST_PROCESS_H
#define GUEST_PROCESS_H

#include <linux/types.h>

struct page;
struct process;
struct pt_regs;

/* Can user mode be used at all?  Finds out by trying, once.  False where the KVM below does
 * not deliver events from user mode. */
bool process_supported(void);
#define PROCESS_UNSUPPORTED "this KVM cannot deliver user-mode events"

#define PROCESS_ARGS 8 /* besides the name */

/* Starts a program; args is NULL or ends with NULL.  ERR_PTR: -ENOENT (no such program),
 * -ENOMEM, -E2BIG, -EOPNOTSUPP.  A program that does not load ends with status 127. */
struct process *process_start(const char *program, const char *const *args);
/* Sleeps until it pauses (true) or has ended (false). */
bool process_wait_pause(struct process *p);
void process_resume(struct process *p);
bool process_has_ended(const struct process *p);
/* Sleeps until it has ended and all its memory is free.  exit()'s status (0 .. 255), or
 * PROCESS_KILLED + why. */
int process_wait(struct process *p);
#define PROCESS_KILLED	 0x100
#define KILLED_FAULT	 11 /* SIGSEGV: a forbidden access */
#define KILLED_EXCEPTION 4 /* SIGILL: any other exception */
#define KILLED_MEMORY	 9 /* SIGKILL: out of memory */
/* After process_wait(); p and its results are gone, and so is what is left of its children
 * and theirs: it is killed. */
void process_put(struct process *p);

int process_pid(const struct process *p);
/* What the process wrote there, RESULTS words. */
const volatile u64 *process_results(const struct process *p);
/* Writes one of these words, for the process to read. */
void process_tell(struct process *p, unsigned int word, u64 value);

/* While it pauses: the physical address behind one of the process's, or PHYS_ADDR_MAX where
 * no frame is mapped. */
phys_addr_t process_translate(struct process *p, unsigned long addr);
/* The same frame, which then does not move until put_page(); NULL: none but the common zero
 * page. */
struct page *process_pin(struct process *p, unsigned long addr);

/* Pages, and counts since the start. */
struct process_usage {
	unsigned long total; /* pages of address space */
	unsigned long rss; /* frames mapped; the common zero page does not count */
	unsigned long tables; /* page tables, all levels */
	unsigned long faults; /* page faults resolved */
	unsigned long zeroed; /* of those: given a fresh zeroed frame */
	unsigned long zero_page; /* given the common zero page to read */
	unsigned long copied; /* given a copy to write */
	unsigned long reused; /* became writable: nobody else had the frame any more */
};
void process_usage(struct process *p, struct process_usage *usage);

/* What is wrong with the books of the address space, or NULL; while it pauses. */
const char *process_verify(struct process *p);

/* Processes killed for want of memory so far. */
unsigned long oom_kills(void);

/* --- for the trap handlers -------------------------------------------------------------- */

/* An exception in user mode; may not return. */
void process_exception(struct pt_regs *regs, unsigned long addr);
/* A page fault of the kernel at an address of the process's half: true when the access can
 * be tried again. */
bool process_kernel_fault(const struct pt_regs *regs, unsigned long addr);
/* A page fault in the kernel's half: true when only the process's top level lacked what the
 * kernel's has. */
bool process_kernel_half_fault(unsigned long addr);
/* Before the CPU goes back to user mode: a process that was killed ends here. */
void process_leave_kernel(void);

#endif

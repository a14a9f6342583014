/* SPDX-License-Identifier: MIT */
/*
 * What tests and benchmarks may do with the host platform (tests/host/include/asm).
 *
 * A memory system starts with host_mm_init() and is thrown away, with everything in it,
 * by the next host_mm_init() or by host_mm_reset(); no process is forked.  Each mm module
 * that keeps state has a reset function (mm/reset.h) which makes it as it was when the
 * program started.  RAM is a sparse memfd: 64 GiB of it cost nothing until touched, and a
 * reset gives back what was.
 */
#ifndef HOST_H
#define HOST_H

#include <linux/types.h>

/* --- memory --- */

/*
 * A machine with `bytes` of RAM laid out as in a guest: [0, 3 GiB) and the rest from 4 GiB
 * up; page 0 is reserved; mm_init() has run and sleeping is allowed.
 */
void host_mm_init(size_t bytes);
/* The same, step by step: RAM known to memblock, nothing else done.  A test may reserve,
 * switch debugging on, and then call mm_init() and gfp_allow_sleep() itself. */
void host_boot_begin(size_t bytes);
/* No RAM at all; every mm module as at program start, all counters below at 0. */
void host_mm_reset(void);
/* The same with highmem=`high` on the command line ("64M"). */
void host_mm_init_highmem(size_t bytes, const char *high);
/* Between host_boot_begin() and mm_init(): the direct map as highmem_place() wants it. */
void host_drop_highmem(void);
/* Makes [base, base + size) RAM that can be touched; tells memblock nothing. */
void host_add_ram(phys_addr_t base, size_t size);
/* What platform_ram_is_zeroed() answers from now on; true after a reset. */
void host_set_ram_zeroed(bool zeroed);
/* Bytes of RAM the host has had to provide. */
size_t host_resident_ram(void);

/* --- failures on request --- */

/* Of the platform's mapping calls from now on, the n-th fails with -ENOMEM, once (1: the
 * next; 0: none).  Page allocations: fail_page_alloc_set() in <linux/page_debug.h>. */
void host_fail_nth_map(unsigned int n);

/* Page faults of the program go to handler(address, is_write, address of the code) first;
 * true: the access is made again; false: they go to whoever had them before this call.  As
 * the guest's fault handler does. */
typedef bool (*host_fault_handler)(unsigned long addr, bool is_write, unsigned long ip);
void host_catch_faults(host_fault_handler handler);

/* --- what happened; all cleared by host_mm_reset() and host_log_clear() --- */

struct host_events {
	unsigned int errors; /* printk(KERN_ERR ...) */
	unsigned int warnings; /* __warn(): WARN_ON and kin */
	unsigned int violations; /* platform_context_violation() */
	unsigned int tlb_flushes; /* platform_flush_tlb() */
	unsigned long flushed_pages;
};
extern struct host_events host_events;

/* Everything printed since the log was cleared (its last 64 KiB). */
const char *host_log(void);
bool host_log_has(const char *text);
void host_log_clear(void);
/* Also prints it on standard error, as it comes; PAGEVISOR_LOG=1 in the environment sets
 * this at start. */
void host_log_echo(bool on);

/* Runs fn(arg); true when it panicked: the message is in host_log().  What fn held then
 * stays held: reset afterwards. */
bool host_catch_panic(void (*fn)(void *arg), void *arg);

/* --- CPUs and contexts --- */

/* The thread that starts the program is CPU 0.  Runs fn(arg) on CPUs 0 .. n-1 at once,
 * on this thread (CPU 0) and n-1 more; returns when all have ended. */
void host_run_on_cpus(unsigned int n, void (*fn)(void *arg), void *arg);
/* This thread becomes CPU `cpu` (no other thread is it), or stops being one. */
void host_cpu_online(unsigned int cpu);
void host_cpu_offline(void);
/* What num_possible_cpus() answers, for the next host_boot_begin(); 8 at start. */
void host_set_possible_cpus(unsigned int n);
/* Time passes (<linux/jiffies.h>); otherwise only in sleeps that nobody ends. */
void host_advance_jiffies(unsigned long by);
/* What the machine's devices do while a CPU sleeps: called before each sleep.  NULL: nothing,
 * as after a reset. */
void host_on_sleep(void (*fn)(void *arg), void *arg);
/* Between these two the thread is in an interrupt handler. */
void host_irq_enter(void);
void host_irq_exit(void);

#endif

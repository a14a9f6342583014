/* SPDX-License-Identifier: MIT */
/* Holes in the direct map, and faults of the program that the kernel is asked about. */
#include <signal.h>
#include <ucontext.h>
#include <sys/mman.h>
#include <linux/mm.h>
#include "mm/platform.h"
#include "internal.h"

#define FAULT_WRITE 2 /* of a page fault's error code */

static unsigned long divided; /* the block that is mapped page by page; 0: none */
static host_fault_handler fault_handler;
static struct sigaction other_action; /* for faults that are not the kernel's */

int platform_direct_divide(unsigned long va)
{
	if (divided)
		return -EBUSY;
	if (host_map_should_fail())
		return -ENOMEM;
	divided = va;
	return 0;
}

static void set_access(unsigned long va, unsigned long size, bool mapped)
{
	if (mprotect((void *)va, size, mapped ? PROT_READ | PROT_WRITE : PROT_NONE))
		host_die("mprotect of the direct map");
}

void platform_direct_set(unsigned long va, bool mapped)
{
	if (!divided || va - divided >= PMD_SIZE)
		panic("platform_direct_set(%#lx): not in the divided block", va);
	set_access(va, PAGE_SIZE, mapped);
}

void platform_direct_join(unsigned long va)
{
	if (va != divided)
		panic("platform_direct_join(%#lx): not the divided block", va);
	divided = 0;
	set_access(va, PMD_SIZE, true);
}

void host_direct_reset(void)
{
	divided = 0;
}

/* Back to the instruction that faulted: the handler has mended it, or nobody will. */
static void on_fault(int signal_number, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	bool is_write = uc->uc_mcontext.gregs[REG_ERR] & FAULT_WRITE;
	unsigned long ip = (unsigned long)uc->uc_mcontext.gregs[REG_RIP];

	if (!fault_handler || !fault_handler((unsigned long)info->si_addr, is_write, ip))
		sigaction(signal_number, &other_action, NULL);
}

void host_catch_faults(host_fault_handler handler)
{
	struct sigaction ours = { .sa_flags = SA_SIGINFO | SA_NODEFER }, before;

	fault_handler = handler;
	ours.sa_sigaction = on_fault;
	if (sigaction(SIGSEGV, &ours, &before))
		host_die("sigaction");
	if (before.sa_sigaction != on_fault)
		other_action = before;
}

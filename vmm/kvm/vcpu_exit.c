/* SPDX-License-Identifier: MIT */
/*
 * Exits, counted and timed.
 *
 * An exit's cost is the time in this process: from the return of KVM_RUN until what the exit
 * asked for is done, which is just before the next call of KVM_RUN.  Not in it: what the
 * kernel and the processor spend on the way here and back, and a pause that begins meanwhile,
 * however long.  In it: all that happens to the thread between these two, other probes that
 * are watched there among it.
 *
 * Two readings of the clock an exit would be paid by every guest for a number that almost
 * nobody looks at, so there is no such sum in reports: the probe has a semaphore, a word that
 * the kernel raises while somebody watches (perf and bpftrace ask for that by themselves), and
 * the clock is read while it is raised.  Otherwise an exit pays for the test of that word and
 * the probe's nop.  The exit in whose middle the watching begins was not timed and has cost 0;
 * so has every exit for who puts a breakpoint on the probe without its semaphore.
 */
#include <time.h>

#define PROBE_SEMAPHORES
#include "devices/probe.h"
#include "vmm/kvm/vcpu_exit.h"

PROBE_SEMAPHORE(vcpu_exit);

/* Not in line, so that a test can count who comes here. */
__attribute__((noinline, cold)) static uint64_t exit_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void count(struct vcpu *vcpu, uint32_t reason)
{
	uint64_t *n =
		&vcpu->exits[reason < VCPU_EXIT_REASONS ? reason : VCPU_EXIT_REASONS - 1];

	/* There is one writer: an addition need not be atomic, only what others see. */
	__atomic_store_n(n, *n + 1, __ATOMIC_RELAXED);
}

uint64_t vcpu_exit_begin(struct vcpu *vcpu)
{
	uint64_t now = PROBE_IS_WATCHED(vcpu_exit) ? exit_clock() : 0;

	count(vcpu, vcpu->run->exit_reason);
	return now;
}

void vcpu_exit_end(const struct vcpu *vcpu, uint64_t begun)
{
	uint64_t cost = begun ? exit_clock() - begun : 0;

	PROBE(vcpu_exit, vcpu->id, vcpu->run->exit_reason, cost);
}

const char *vcpu_exit_name(unsigned int reason)
{
	static const char *const names[VCPU_EXIT_REASONS] = {
		[KVM_EXIT_UNKNOWN] = "unknown",
		[KVM_EXIT_EXCEPTION] = "exception",
		[KVM_EXIT_IO] = "io",
		[KVM_EXIT_HYPERCALL] = "hypercall",
		[KVM_EXIT_DEBUG] = "debug",
		[KVM_EXIT_HLT] = "hlt",
		[KVM_EXIT_MMIO] = "mmio",
		[KVM_EXIT_IRQ_WINDOW_OPEN] = "irq-window",
		[KVM_EXIT_SHUTDOWN] = "shutdown",
		[KVM_EXIT_FAIL_ENTRY] = "fail-entry",
		[KVM_EXIT_INTR] = "interrupted",
		[KVM_EXIT_INTERNAL_ERROR] = "internal-error",
		[KVM_EXIT_SYSTEM_EVENT] = "system-event",
	};

	return reason < VCPU_EXIT_REASONS ? names[reason] : NULL;
}

/* SPDX-License-Identifier: MIT */
/*
 * The guest's clocks across a pause: for the guest the pause did not happen.
 *
 *   TSC	The offset of each vCPU is moved back by what the host's counter went on
 *		(KVM_VCPU_TSC_OFFSET, Linux 5.16); by the same for all, so that vCPUs stay
 *		in step.  On an older host, and on a KVM that emulates instructions, which
 *		takes an offset and ignores it, the TSC goes on during the pause.
 *   kvmclock	Goes on from where it stood (KVM_GET_CLOCK, KVM_SET_CLOCK), and its pages say
 *		that the vCPU was held (KVM_KVMCLOCK_CTRL), so that a watchdog stays calm.
 *   timers	Those of the local APICs and of the PIT run on host time: one that ended
 *		during the pause fires at once after it, which is early by the guest's clock,
 *		and which a guest takes as it takes a late one: it looks at the clock.
 *   CMOS	The clock of the day is the host's and jumps, as on a machine that slept.
 */
#ifndef VMM_CLOCK_H
#define VMM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/kvm/vm.h"

/* Zeroed: not held. */
struct vm_clock {
	bool held;
	bool has_kvmclock;
	uint64_t kvmclock; /* nanoseconds, when it was held */
	uint64_t tsc; /* of the host, at the same time */
};

/* Only while all vCPUs are parked.  Holding twice is holding once. */
void vm_clock_hold(struct vm_clock *clock, const struct vm *vm);
void vm_clock_release(struct vm_clock *clock, const struct vm *vm);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A sampling profiler of the guest that needs nothing of it, and of KVM nothing but to stop.
 *
 * Each vCPU's thread has a timer of its own, which counts the processor time of that thread:
 * so a vCPU that is halted is never woken, and one that works is stopped as often, whatever
 * else the host does.  The signal makes the thread leave the guest; before it enters again it
 * reads its vCPU's registers and call chain.  Where a KVM emulates instructions it looks at
 * signals every some hundred instructions, so a sample may be that late.
 *
 * The kernel ticks at 100 to 1000 Hz, and so do such timers: signals that are due between two
 * ticks come as one, and the others are counted as lost.
 */
#ifndef VMM_PROFILE_H
#define VMM_PROFILE_H

#include "vmm/kvm/vcpu.h"
#include "vmm/profile/profile_walk.h"

#define PROFILE_HZ     97 /* unless told: nothing of the guest is likely to be in step */
#define PROFILE_HZ_MAX 1000

/* Of one vCPU: written by its thread. */
struct profile_cpu {
	struct profile_stacks *stacks;
	uint64_t samples; /* taken; each is in stacks */
	uint64_t lost; /* due, and not taken: too late, or no room for another chain */
	uint64_t cut; /* of the samples: the chain did not come to its end */
};

struct profile {
	unsigned int hz;
	unsigned int cpus;
	struct profile_cpu cpu[];
};

/* hz: 1 to PROFILE_HZ_MAX.  NULL: no memory. */
struct profile *profile_create(unsigned int cpus, unsigned int hz);
void profile_destroy(struct profile *profile);

/* On the vCPU's thread, before it is confined: the timer starts.  0 or a negative errno. */
int profile_begin(const struct profile *profile, struct vcpu *vcpu);
/* On the vCPU's thread, with the ticks that vcpu->ticks had. */
void profile_take(struct profile *profile, const struct vcpu *vcpu, unsigned int ticks,
		  const struct ram *ram);

#endif

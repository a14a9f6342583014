/* SPDX-License-Identifier: MIT */
/*
 * All vCPUs of a machine, started, paused, resumed, reset and ended together.
 *
 * The VM has one goal.  Each vCPU thread looks at it before it enters the guest: with
 * VM_RUN it goes in, with VM_PAUSE it finishes the access that it has under way, parks, and
 * waits, with VM_END it returns.  A parked vCPU has no half-done instruction: its state can
 * be read, written, saved.  One that is held stays parked while the others run.
 */
#ifndef VMM_VM_H
#define VMM_VM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "vmm/kvm/kvm.h"
#include "vmm/kvm/vcpu.h"

enum vm_goal {
	VM_PAUSE,
	VM_RUN,
	VM_END,
};

/* What the guest does that KVM does not do itself.  Called on a vCPU's thread. */
struct vm_ops {
	/* The thread has begun, and enters the guest when it is let to.  0, or a negative errno:
	 * then it does not enter, and is stuck with this error. */
	int (*begun)(void *ctx, struct vcpu *vcpu);
	/* One access to a port, size 1, 2 or 4; a read fills data. */
	void (*pio)(void *ctx, uint16_t port, void *data, unsigned int size,
		    bool is_write);
	/* The same for an address without RAM, size 1 to 8. */
	void (*mmio)(void *ctx, uint64_t gpa, void *data, unsigned int size,
		     bool is_write);
	/* A debug exit, or an instruction that KVM cannot emulate: true when that was a
	 * debugger's doing, and is dealt with. */
	bool (*trap)(void *ctx, struct vcpu *vcpu);
	/* So many ticks of a profiler have come since the last call; about to enter the guest. */
	void (*tick)(void *ctx, const struct vcpu *vcpu, unsigned int ticks);
	/* The vCPU cannot go on: its last exit is in vcpu->run, or it failed with
	 * `error` (negative errno).  The VM's goal is VM_PAUSE when this returns. */
	void (*stuck)(void *ctx, struct vcpu *vcpu, int error);
};

struct vm {
	struct kvm *kvm; /* NULL: not made */
	const struct vm_ops *ops;
	void *ctx; /* for ops */
	unsigned int nr_vcpus; /* made so far; all of them after vm_create() */
	unsigned int cpus; /* how many the guest is told of */
	struct vcpu *vcpus;
	struct irqchip_state power_on; /* what vm_reset() restores */
	struct timespec first_entry; /* CLOCK_MONOTONIC when vCPU 0 first entered */

	_Atomic enum vm_goal goal;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* goal or nr_parked */
	unsigned int nr_parked; /* under lock */
};

/* Makes the vCPUs, threads included, all parked.  Signals that only the main thread should
 * see must be blocked by now.  On failure nothing is left. */
int vm_create(struct vm *vm, struct kvm *kvm, unsigned int cpus, const struct vm_ops *ops,
	      void *ctx, struct error *err);
/* Ends the threads and frees all; nothing for a zeroed one.  Not from a vCPU's thread. */
void vm_destroy(struct vm *vm);

/* Returns with every vCPU parked.  Not from a vCPU's thread, and without any lock that
 * vm_ops take. */
void vm_pause(struct vm *vm);
void vm_resume(struct vm *vm);
/* From a vCPU's thread: this vCPU executes nothing more before vm_resume(). */
void vm_hold(struct vm *vm);
/* Ends and joins the threads; vCPUs and their counts stay readable. */
void vm_end(struct vm *vm);

/* vCPUs and interrupt controllers as they were made.  Only while paused. */
int vm_reset(struct vm *vm);

/* For vcpu.c: waits until the VM runs and this vCPU is not held (true), or the VM ends (false). */
bool vm_park(struct vm *vm, const struct vcpu *vcpu);

#endif

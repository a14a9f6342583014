/* SPDX-License-Identifier: MIT */
/*
 * One vCPU: its KVM state, and the loop that its thread runs.
 *
 * Stopping it loses no kick: whoever wants the thread out of the guest first publishes the
 * new goal of the VM, then sets immediate_exit, then sends a signal.  The thread clears
 * immediate_exit before it reads the goal; so either it sees the new goal, or KVM_RUN sees
 * immediate_exit and returns at once.
 */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/kvm.h>

#include "vmm/util/error.h"

struct vm;

#define VCPU_EXIT_REASONS 48 /* KVM_EXIT_*; the last counts all beyond */

struct vcpu {
	struct vm *vm;
	unsigned int id; /* also its APIC id; vCPU 0 boots */
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	bool has_thread;
	_Atomic pid_t
		thread_id; /* the kernel's number of the thread; set before it parks */
	bool started; /* the thread's own: it has entered the guest since power-on */
	/* Stays parked while the VM runs.  Written while all are parked. */
	atomic_bool held;
	/* Of a profiler's timer, by its signal, on the vCPU's thread. */
	atomic_uint ticks;
	/* Written by the vCPU's thread alone; read by others as atomics, or while it is
	 * parked. */
	uint64_t exits[VCPU_EXIT_REASONS];
	struct vcpu_state *power_on; /* what vcpu_reset() restores */
};

/* Makes the vCPU.  0, or a negative errno with the line in err; undone by vcpu_destroy(). */
int vcpu_create(struct vcpu *vcpu, struct vm *vm, unsigned int id, struct error *err);
void vcpu_destroy(struct vcpu *vcpu);

/* Puts vCPU 0 at a PVH entry point, ebx = start_info. */
int vcpu_set_pvh_entry(const struct vcpu *vcpu, uint32_t entry, uint32_t start_info);

/* Back to how it was made.  Only while its thread is parked. */
int vcpu_reset(const struct vcpu *vcpu);

/* Makes the thread leave the guest, or not enter it, and look at the VM's goal. */
void vcpu_kick(const struct vcpu *vcpu);

/* The body of the thread; ends when the VM's goal is VM_END. */
void *vcpu_thread(void *vcpu);

#endif

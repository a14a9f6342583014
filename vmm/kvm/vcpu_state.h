/* SPDX-License-Identifier: MIT */
/*
 * Everything KVM knows of one vCPU, read and written as a whole while its thread is parked.
 * Written back in an order in which each part is accepted: what decides the validity of
 * other state (system registers, XCR0) comes before what it decides about.
 */
#ifndef VMM_VCPU_STATE_H
#define VMM_VCPU_STATE_H

#include <linux/kvm.h>

#define VCPU_MSRS_MAX 512

struct vcpu_state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_xsave xsave;
	struct kvm_xcrs xcrs;
	struct kvm_debugregs debugregs;
	struct kvm_lapic_state lapic;
	struct kvm_mp_state mp_state;
	struct kvm_vcpu_events events;
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entries[VCPU_MSRS_MAX];
	} msrs;
};

/* 0 or a negative errno. */
int vcpu_state_get(int dev_fd, int vcpu_fd, struct vcpu_state *state);
int vcpu_state_set(int vcpu_fd, const struct vcpu_state *state);

#endif

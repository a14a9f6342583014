/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/kvm/kvm.h"
#include "vmm/kvm/vcpu_state.h"

/* The numbers of all MSRs that this KVM would save, into entries[]. */
static int list_msrs(int dev_fd, struct vcpu_state *state)
{
	struct kvm_msr_list *list =
		malloc(sizeof(*list) + VCPU_MSRS_MAX * sizeof(uint32_t));
	uint32_t i;
	int ret;

	if (!list)
		return -ENOMEM;
	list->nmsrs = VCPU_MSRS_MAX;
	ret = kvm_get(dev_fd, KVM_GET_MSR_INDEX_LIST, list);
	if (!ret) {
		for (i = 0; i < list->nmsrs; i++)
			state->msrs.entries[i].index = list->indices[i];
		state->msrs.head.nmsrs = list->nmsrs;
	}
	free(list);
	return ret;
}

/* Drops entry i. */
static void drop_msr(struct vcpu_state *state, uint32_t i)
{
	uint32_t n = --state->msrs.head.nmsrs;

	memmove(&state->msrs.entries[i], &state->msrs.entries[i + 1],
		(n - i) * sizeof(state->msrs.entries[0]));
}

/* KVM stops at the first MSR that this vCPU does not have after all: go on without it. */
static int get_msrs(int dev_fd, int vcpu_fd, struct vcpu_state *state)
{
	int ret = list_msrs(dev_fd, state);

	while (!ret && state->msrs.head.nmsrs) {
		int n = kvm_get(vcpu_fd, KVM_GET_MSRS, &state->msrs);

		if (n < 0)
			return n;
		if ((uint32_t)n == state->msrs.head.nmsrs)
			break;
		drop_msr(state, (uint32_t)n);
	}
	return ret;
}

/* An MSR that can be read and not written keeps its value anyway. */
static int set_msrs(int vcpu_fd, const struct vcpu_state *state)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entries[VCPU_MSRS_MAX];
	} part;
	uint32_t done = 0, total = state->msrs.head.nmsrs;

	while (done < total) {
		int n;

		part.head.nmsrs = total - done;
		memcpy(part.entries, state->msrs.entries + done,
		       part.head.nmsrs * sizeof(part.entries[0]));
		n = kvm_set(vcpu_fd, KVM_SET_MSRS, &part);
		if (n < 0)
			return n;
		done += (uint32_t)n + 1;
	}
	return 0;
}

int vcpu_state_get(int dev_fd, int vcpu_fd, struct vcpu_state *state)
{
	int ret = kvm_get(vcpu_fd, KVM_GET_MP_STATE, &state->mp_state);

	if (!ret)
		ret = kvm_get(vcpu_fd, KVM_GET_REGS, &state->regs);
	if (!ret)
		ret = kvm_get(vcpu_fd, KVM_GET_SREGS, &state->sregs);
	if (!ret)
		ret = kvm_get(vcpu_fd, KVM_GET_XSAVE, &state->xsave);
	if (!ret)
		ret = kvm_get(vcpu_fd, KVM_GET_XCRS, &state->xcrs);
	if (!ret)
		ret = kvm_get(vcpu_fd, KVM_GET_LAPIC, &state->lapic);
	if (!ret)
		ret = get_msrs(dev_fd, vcpu_fd, state);
	if (!ret)
		ret = kvm_get(vcpu_fd, KVM_GET_VCPU_EVENTS, &state->events);
	if (!ret)
		ret = kvm_get(vcpu_fd, KVM_GET_DEBUGREGS, &state->debugregs);
	return ret;
}

int vcpu_state_set(int vcpu_fd, const struct vcpu_state *state)
{
	int ret = kvm_set(vcpu_fd, KVM_SET_SREGS, &state->sregs);

	if (!ret)
		ret = kvm_set(vcpu_fd, KVM_SET_REGS, &state->regs);
	if (!ret && state->xcrs.nr_xcrs)
		ret = kvm_set(vcpu_fd, KVM_SET_XCRS, &state->xcrs);
	if (!ret)
		ret = kvm_set(vcpu_fd, KVM_SET_XSAVE, &state->xsave);
	if (!ret)
		ret = kvm_set(vcpu_fd, KVM_SET_LAPIC, &state->lapic);
	if (!ret)
		ret = set_msrs(vcpu_fd, state);
	if (!ret)
		ret = kvm_set(vcpu_fd, KVM_SET_VCPU_EVENTS, &state->events);
	if (!ret)
		ret = kvm_set(vcpu_fd, KVM_SET_DEBUGREGS, &state->debugregs);
	if (!ret)
		ret = kvm_set(vcpu_fd, KVM_SET_MP_STATE, &state->mp_state);
	return ret;
}

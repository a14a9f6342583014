/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/ioctl.h>
#include <x86intrin.h>

#include "vmm/kvm/clock.h"

void vm_clock_hold(struct vm_clock *clock, const struct vm *vm)
{
	struct kvm_clock_data data;

	if (clock->held)
		return;
	clock->held = true;
	memset(&data, 0, sizeof(data));
	clock->has_kvmclock = !kvm_get(vm->kvm->vm_fd, KVM_GET_CLOCK, &data);
	clock->kvmclock = data.clock;
	clock->tsc = __rdtsc();
}

/* A host that has no such attribute leaves the TSC as it is. */
static void move_tsc(const struct vcpu *vcpu, uint64_t back)
{
	uint64_t offset = 0;
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uint64_t)(uintptr_t)&offset,
	};

	if (kvm_get(vcpu->fd, KVM_GET_DEVICE_ATTR, &attr))
		return;
	offset -= back;
	kvm_set(vcpu->fd, KVM_SET_DEVICE_ATTR, &attr);
}

void vm_clock_release(struct vm_clock *clock, const struct vm *vm)
{
	struct kvm_clock_data data = { .clock = clock->kvmclock };
	uint64_t passed = __rdtsc() - clock->tsc;
	unsigned int i;

	if (!clock->held)
		return;
	clock->held = false;
	for (i = 0; i < vm->nr_vcpus; i++)
		move_tsc(&vm->vcpus[i], passed);
	if (clock->has_kvmclock)
		kvm_set(vm->kvm->vm_fd, KVM_SET_CLOCK, &data);
	/* Refused where the guest has no kvmclock. */
	for (i = 0; i < vm->nr_vcpus; i++)
		ioctl(vm->vcpus[i].fd, KVM_KVMCLOCK_CTRL, 0);
}

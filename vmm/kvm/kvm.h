/* SPDX-License-Identifier: MIT */
/*
 * The door to KVM: /dev/kvm, one virtual machine with the in-kernel interrupt controllers
 * and timer of a PC, and its RAM.
 */
#ifndef VMM_KVM_H
#define VMM_KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/kvm.h>

#include "vmm/util/error.h"
#include "vmm/kvm/memory.h"

struct kvm {
	int dev_fd;
	int vm_fd;
	size_t run_size; /* of the mapping of struct kvm_run */
	unsigned int max_vcpus;
	unsigned int nr_slots; /* of RAM */
	unsigned int
		told; /* PV_CPUID_* that the guest is told beside what is always so */
	struct kvm_cpuid2 *cpuid; /* what this KVM supports; asked once, it is slow */
};

/* ioctl(2) on a structure that KVM fills or reads: tries again after EINTR, and returns a
 * negative errno, else what ioctl returns. */
int kvm_get(int fd, unsigned long request, void *out);
int kvm_set(int fd, unsigned long request, const void *in);
/* The value of an optional capability of the VM; 0 for one that is absent. */
int kvm_capability(const struct kvm *kvm, long cap);

/* Opens /dev/kvm and checks that it can do what a machine of `cpus` vCPUs needs. */
int kvm_open(struct kvm *kvm, unsigned int cpus, struct error *err);
/* Makes the VM, its interrupt controllers and timer, and gives it its RAM. */
int kvm_create_vm(struct kvm *kvm, const struct guest_memory *mem, struct error *err);
void kvm_close(struct kvm *kvm);

/* The interrupt controllers and the timer, as they are between two runs of vCPUs. */
struct irqchip_state {
	struct kvm_irqchip chips[3];
	struct kvm_pit_state2 pit;
};
int irqchip_get(const struct kvm *kvm, struct irqchip_state *state);
int irqchip_set(const struct kvm *kvm, const struct irqchip_state *state);

#endif

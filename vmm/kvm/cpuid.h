/* SPDX-License-Identifier: MIT */
/*
 * What the guest reads with CPUID: all that this KVM supports, with the identity of each
 * vCPU and the topology of the machine (one package, one thread a core) put right, and
 * pagevisor's own leaves (include/abi/cpuid.h) added.
 */
#ifndef VMM_CPUID_H
#define VMM_CPUID_H

#include <linux/kvm.h>

#include "vmm/kvm/kvm.h"

/* Puts vCPU `id` of `cpus` right in a table of what KVM supports, in place. */
void cpuid_fix(struct kvm_cpuid2 *table, unsigned int id, unsigned int cpus);

/* Gives the vCPU its table.  0 or a negative errno. */
int cpuid_set(const struct kvm *kvm, int vcpu_fd, unsigned int id, unsigned int cpus);

#endif

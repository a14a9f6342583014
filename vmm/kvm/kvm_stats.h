/* SPDX-License-Identifier: MIT */
/*
 * The counters KVM itself keeps of a vCPU (KVM_GET_STATS_FD, Documentation/virt/kvm/api.rst
 * section 4.133): exits that never reach this program among them.
 */
#ifndef VMM_KVM_STATS_H
#define VMM_KVM_STATS_H

#include <stdint.h>

typedef void (*kvm_stat_fn)(void *arg, const char *name, uint64_t value);

/*
 * Calls fn for each single-valued counter of the vCPU (or VM) behind fd, in KVM's order.
 * 0, or a negative errno: -ENOTTY where this KVM has no such counters.
 */
int kvm_stats_read(int fd, kvm_stat_fn fn, void *arg);

#endif

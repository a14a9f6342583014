/* SPDX-License-Identifier: MIT */
/* What is known of a vCPU's exits: how many of each reason, and, to who watches the probe
 * vcpu_exit, what each cost. */
#ifndef VMM_VCPU_EXIT_H
#define VMM_VCPU_EXIT_H

#include <stdint.h>

#include "vmm/kvm/vcpu.h"

/* KVM_RUN has returned with an exit: counts it, by the reason in vcpu->run.  Returns the time
 * in ns, or 0 where nobody wants to know what it costs; vcpu_exit_end() takes that. */
uint64_t vcpu_exit_begin(struct vcpu *vcpu);
/* What it asked for is done. */
void vcpu_exit_end(const struct vcpu *vcpu, uint64_t begun);

/* Name of a KVM_EXIT_* for people, or NULL for one that is not known. */
const char *vcpu_exit_name(unsigned int reason);

#endif

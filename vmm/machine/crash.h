/* SPDX-License-Identifier: MIT */
/* Says why a vCPU cannot go on, and where it stood. */
#ifndef VMM_CRASH_H
#define VMM_CRASH_H

#include "vmm/report/outcome.h"
#include "vmm/kvm/vcpu.h"

/* From the vCPU's thread, after KVM_RUN failed with `error` (negative errno) or gave an exit
 * that the monitor cannot serve.  Prints the registers; the outcome says the rest. */
struct outcome crash_describe(const struct vcpu *vcpu, int error);

#endif

/* SPDX-License-Identifier: MIT */
/* Finds out what of KVM_SET_GUEST_DEBUG this KVM really delivers. */
#ifndef VMM_GDB_PROBE_H
#define VMM_GDB_PROBE_H

#include "vmm/gdb/gdb_points.h"
#include "vmm/kvm/kvm.h"

/*
 * Tries it: a few instructions in virtual machines of their own, a page small, once for each
 * kind of stop.  What cannot be tried is not delivered.  Takes some milliseconds.
 */
void gdb_probe(const struct kvm *kvm, struct gdb_delivers *delivers);

#endif

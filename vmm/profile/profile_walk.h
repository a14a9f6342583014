/* SPDX-License-Identifier: MIT */
/*
 * The call chain of a vCPU, read from outside: the frame pointers that the guest's code leaves
 * on its stacks, followed through its page tables.  All of it is the guest's and may be
 * anything: each step is checked, and there are at most PROFILE_DEPTH.
 *
 * A function that has not set up its frame yet, or has taken it down, hides its caller.
 */
#ifndef VMM_PROFILE_WALK_H
#define VMM_PROFILE_WALK_H

#include <stdbool.h>
#include <linux/kvm.h>

#include "devices/dma/ram.h"
#include "vmm/profile/profile_stacks.h"

#define PROFILE_FRAME_BOOT 0 /* the address of a frame before there are page tables */

/*
 * Fills frames[PROFILE_DEPTH], innermost first: the instruction, then return addresses.
 * Returns how many, at least 1; *whole: the chain came to its end, a frame pointer or a
 * return address of zero.
 */
unsigned int profile_walk(const struct ram *ram, const struct kvm_regs *regs,
			  const struct kvm_sregs *sregs, uint64_t *frames, bool *whole);

#endif

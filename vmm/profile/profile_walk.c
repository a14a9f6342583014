/* SPDX-License-Identifier: MIT */
#include "vmm/kvm/paging.h"
#include "vmm/profile/profile_walk.h"

/* No function has a frame as large as that. */
#define FRAME_MAX (1ull << 20)

/* What a frame pointer points at. */
struct frame {
	uint64_t caller; /* its frame pointer */
	uint64_t address; /* it goes on there */
};

static bool is_kernel(uint64_t addr)
{
	return addr >> 63;
}

/*
 * Stacks grow down, so a caller's frame is above; but another stack may be anywhere: from the
 * kernel's to the user's, and from one of the kernel's to another (an interrupt's), once each.
 */
static bool is_next(uint64_t from, uint64_t to, bool *switched)
{
	if (to > from && to - from < FRAME_MAX)
		return true;
	if (*switched && is_kernel(from) == is_kernel(to))
		return false;
	*switched = true;
	return is_kernel(from);
}

unsigned int profile_walk(const struct ram *ram, const struct kvm_regs *regs,
			  const struct kvm_sregs *sregs, uint64_t *frames, bool *whole)
{
	uint64_t at = regs->rbp;
	bool switched = false;
	unsigned int depth = 1;
	struct frame frame;

	*whole = true;
	frames[0] = PROFILE_FRAME_BOOT;
	if (!paging_is_long(sregs))
		return 1;
	frames[0] = regs->rip;
	while (at) {
		*whole = false;
		if (depth == PROFILE_DEPTH || at % 8 ||
		    paging_read(ram, sregs, at, &frame, sizeof(frame)))
			break;
		*whole = !frame.address || !frame.caller;
		if (!frame.address)
			break;
		frames[depth++] = frame.address;
		if (*whole || !is_next(at, frame.caller, &switched))
			break;
		at = frame.caller;
	}
	return depth;
}

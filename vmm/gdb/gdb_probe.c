/* SPDX-License-Identifier: MIT */
/*
 * KVM says that it has KVM_SET_GUEST_DEBUG wherever it does, and keeps that promise in part:
 * a KVM that emulates instructions delivers no watchpoint and does not know int3, and one
 * under an emulated SVM may deliver neither int3 nor debug registers.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/gdb/gdb_probe.h"

#define PAGE	  4096
#define DATA	  0x800 /* what the code writes to */
#define LAST_PORT 0x42 /* of the exit that ends it */

#define STACK_TOP 0x700

/* In 32-bit protected mode, from address 0 on. */
static const uint8_t code[] = {
	0x40, /*			 0: inc %eax */
	0x90, /*			 1: nop, or int3 */
	0x40, /*			 2: inc %eax */
	0xa3, DATA & 0xff, DATA >> 8, 0, 0, /* 3: mov %eax, DATA */
	0x40, /*			 8: inc %eax */
	0xe6, LAST_PORT, /*		 9: out %al, $LAST_PORT */
	0xf4, /*			11: hlt */
};
#define AT_INT3	       1
#define AT_BREAK       2
#define AFTER_INC      1
#define AFTER_WRITE    8
#define INT3	       0xcc
#define DR7_BREAK      0x402ull /* register 0, execution */
#define DR7_WATCH_LONG (0x402ull | 0xdull << 16) /* the same, writes of 4 bytes */

struct trial {
	int vm_fd, vcpu_fd;
	uint8_t *page;
	struct kvm_run *run;
	size_t run_size;
};

static int set_start(const struct trial *t)
{
	struct kvm_regs regs = { .rflags = 2, .rsp = STACK_TOP };
	struct kvm_segment flat = {
		.limit = 0xffffffff,
		.selector = 8,
		.type = 0xb,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};
	struct kvm_sregs sregs;
	int ret = kvm_get(t->vcpu_fd, KVM_GET_SREGS, &sregs);

	sregs.cs = flat;
	flat.selector = 16;
	flat.type = 3;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = flat;
	sregs.cr0 = 0x11;
	sregs.idt.limit = 0; /* an exception that reaches the guest ends it */
	if (!ret)
		ret = kvm_set(t->vcpu_fd, KVM_SET_SREGS, &sregs);
	return ret ? ret : kvm_set(t->vcpu_fd, KVM_SET_REGS, &regs);
}

static int build(struct trial *t, const struct kvm *kvm)
{
	struct kvm_userspace_memory_region slot = { .memory_size = PAGE };
	void *run;

	t->vm_fd = ioctl(kvm->dev_fd, KVM_CREATE_VM, 0ul);
	if (t->vm_fd < 0)
		return -1;
	slot.userspace_addr = (uintptr_t)t->page;
	memcpy(t->page, code, sizeof(code));
	if (kvm_set(t->vm_fd, KVM_SET_USER_MEMORY_REGION, &slot))
		return -1;
	t->vcpu_fd = ioctl(t->vm_fd, KVM_CREATE_VCPU, 0ul);
	if (t->vcpu_fd < 0)
		return -1;
	t->run_size = kvm->run_size;
	run = mmap(NULL, t->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, t->vcpu_fd, 0);
	if (run == MAP_FAILED)
		return -1;
	t->run = run;
	return set_start(t);
}

static void tear_down(const struct trial *t)
{
	if (t->run)
		munmap(t->run, t->run_size);
	if (t->vcpu_fd >= 0)
		close(t->vcpu_fd);
	if (t->vm_fd >= 0)
		close(t->vm_fd);
	munmap(t->page, PAGE);
}

static int run_once(const struct trial *t)
{
	int ret;

	do
		ret = ioctl(t->vcpu_fd, KVM_RUN, 0ul);
	while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	return ret;
}

/* Runs the code with this debug control; true: it left with this reason at this address. */
static bool try(const struct kvm *kvm, const struct kvm_guest_debug *debug, bool int3,
		uint32_t reason, uint64_t rip)
{
	struct trial t = { .vm_fd = -1, .vcpu_fd = -1 };
	struct kvm_regs regs;
	bool good;

	t.page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (t.page == MAP_FAILED)
		return false;
	good = !build(&t, kvm) && !kvm_set(t.vcpu_fd, KVM_SET_GUEST_DEBUG, debug);
	if (int3)
		t.page[AT_INT3] = INT3;
	good = good && !run_once(&t) && t.run->exit_reason == reason &&
	       !kvm_get(t.vcpu_fd, KVM_GET_REGS, &regs) && regs.rip == rip;
	tear_down(&t);
	return good;
}

void gdb_probe(const struct kvm *kvm, struct gdb_delivers *d)
{
	struct kvm_guest_debug debug = { .control = KVM_GUESTDBG_ENABLE };

	*d = (struct gdb_delivers){ .step = false };
	debug.control |= KVM_GUESTDBG_SINGLESTEP;
	d->step = try(kvm, &debug, false, KVM_EXIT_DEBUG, AFTER_INC);
	debug.control |= KVM_GUESTDBG_BLOCKIRQ;
	d->block_irqs = try(kvm, &debug, false, KVM_EXIT_DEBUG, AFTER_INC);
	debug.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP;
	d->int3_exits = try(kvm, &debug, true, KVM_EXIT_DEBUG, AT_INT3);
	d->int3_fails = !d->int3_exits &&
			try(kvm, &debug, true, KVM_EXIT_INTERNAL_ERROR, AT_INT3);
	debug.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
	debug.arch.debugreg[0] = AT_BREAK;
	debug.arch.debugreg[7] = DR7_BREAK;
	d->breaks = try(kvm, &debug, false, KVM_EXIT_DEBUG, AT_BREAK);
	debug.arch.debugreg[0] = DATA;
	debug.arch.debugreg[7] = DR7_WATCH_LONG;
	d->watches = try(kvm, &debug, false, KVM_EXIT_DEBUG, AFTER_WRITE);
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/kvm/cpuid.h"
#include "vmm/machine/signals.h"
#include "devices/probe.h"
#include "vmm/kvm/vcpu.h"
#include "vmm/kvm/vcpu_exit.h"
#include "vmm/kvm/vcpu_state.h"
#include "vmm/kvm/vm.h"

#define CR0_PE 0x01
#define CR0_ET 0x10

static int map_run(struct vcpu *vcpu)
{
	void *run = mmap(NULL, vcpu->vm->kvm->run_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED, vcpu->fd, 0);

	if (run == MAP_FAILED)
		return -errno;
	vcpu->run = run;
	return 0;
}

static int prepare(struct vcpu *vcpu)
{
	int ret = map_run(vcpu);

	if (!ret)
		ret = cpuid_set(vcpu->vm->kvm, vcpu->fd, vcpu->id, vcpu->vm->cpus);
	if (ret)
		return ret;
	vcpu->power_on = malloc(sizeof(*vcpu->power_on));
	return vcpu->power_on
		       ? vcpu_state_get(vcpu->vm->kvm->dev_fd, vcpu->fd, vcpu->power_on)
		       : -ENOMEM;
}

int vcpu_create(struct vcpu *vcpu, struct vm *vm, unsigned int id, struct error *err)
{
	int ret;

	vcpu->vm = vm;
	vcpu->id = id;
	vcpu->fd = ioctl(vm->kvm->vm_fd, KVM_CREATE_VCPU, (unsigned long)id);
	ret = vcpu->fd < 0 ? -errno : prepare(vcpu);
	if (ret)
		return error_set(err, -ret,
				 "--cpus: KVM makes no vCPU %u (%s); give fewer", id,
				 strerror(-ret));
	return 0;
}

void vcpu_destroy(struct vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, vcpu->vm->kvm->run_size);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
	free(vcpu->power_on);
	*vcpu = (struct vcpu){ .fd = -1 };
}

static struct kvm_segment flat_segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};
}

int vcpu_set_pvh_entry(const struct vcpu *vcpu, uint32_t entry, uint32_t start_info)
{
	struct kvm_regs regs = { .rip = entry, .rbx = start_info, .rflags = 2 };
	struct kvm_sregs sregs;
	int ret = kvm_get(vcpu->fd, KVM_GET_SREGS, &sregs);

	if (ret)
		return ret;
	sregs.cs = flat_segment(0x08, 0xb); /* code, read, accessed */
	sregs.ds = flat_segment(0x10, 0x3); /* data, write, accessed */
	sregs.es = sregs.fs = sregs.gs = sregs.ss = sregs.ds;
	sregs.tr = (struct kvm_segment){ .limit = 0x67, .type = 0xb, .present = 1 };
	sregs.gdt.limit = sregs.idt.limit = 0;
	sregs.cr0 = CR0_PE | CR0_ET;
	sregs.cr4 = 0;
	ret = kvm_set(vcpu->fd, KVM_SET_SREGS, &sregs);
	return ret ? ret : kvm_set(vcpu->fd, KVM_SET_REGS, &regs);
}

int vcpu_reset(const struct vcpu *vcpu)
{
	return vcpu_state_set(vcpu->fd, vcpu->power_on);
}

void vcpu_kick(const struct vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(vcpu->thread, SIGNAL_KICK);
}

static void handle_io(struct vcpu *vcpu)
{
	const struct vm *vm = vcpu->vm;
	struct kvm_run *run = vcpu->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	uint32_t i;

	for (i = 0; i < run->io.count; i++, data += run->io.size)
		vm->ops->pio(vm->ctx, run->io.port, data, run->io.size,
			     run->io.direction == KVM_EXIT_IO_OUT);
}

static void handle_mmio(struct vcpu *vcpu)
{
	const struct vm *vm = vcpu->vm;
	struct kvm_run *run = vcpu->run;

	vm->ops->mmio(vm->ctx, run->mmio.phys_addr, run->mmio.data, run->mmio.len,
		      run->mmio.is_write);
}

static void handle_exit(struct vcpu *vcpu)
{
	const struct vm *vm = vcpu->vm;

	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_IO:
		handle_io(vcpu);
		break;
	case KVM_EXIT_MMIO:
		handle_mmio(vcpu);
		break;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		break;
	case KVM_EXIT_DEBUG:
	case KVM_EXIT_INTERNAL_ERROR:
		if (!vm->ops->trap(vm->ctx, vcpu))
			vm->ops->stuck(vm->ctx, vcpu, 0);
		break;
	default:
		vm->ops->stuck(vm->ctx, vcpu, 0);
	}
}

/* Runs the guest until its next exit, and does what that asks for. */
static void run_once(struct vcpu *vcpu)
{
	const struct vm *vm = vcpu->vm;
	uint64_t begun;

	PROBE(vcpu_entry, vcpu->id);
	if (ioctl(vcpu->fd, KVM_RUN, 0) < 0) {
		if (errno != EINTR && errno != EAGAIN)
			vm->ops->stuck(vm->ctx, vcpu, -errno);
		return;
	}
	begun = vcpu_exit_begin(vcpu);
	handle_exit(vcpu);
	vcpu_exit_end(vcpu, begun);
}

/*
 * The instruction of the last exit is complete only after the next KVM_RUN, which can ask
 * for its next part first.  With immediate_exit set it does that and enters no guest.
 */
static void finish_instruction(struct vcpu *vcpu)
{
	uint64_t before;

	do {
		before = vcpu->exits[KVM_EXIT_IO] + vcpu->exits[KVM_EXIT_MMIO];
		__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
		run_once(vcpu);
	} while (before != vcpu->exits[KVM_EXIT_IO] + vcpu->exits[KVM_EXIT_MMIO]);
}

/* True when the guest may be entered, false when the thread shall end. */
static bool may_enter(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	while (atomic_load(&vm->goal) != VM_RUN || atomic_load(&vcpu->held)) {
		if (vcpu->started)
			finish_instruction(vcpu);
		if (!vm_park(vm, vcpu))
			return false;
		__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	}
	/* One that comes behind this look sets immediate_exit. */
	if (atomic_load(&vcpu->ticks))
		vm->ops->tick(vm->ctx, vcpu, atomic_exchange(&vcpu->ticks, 0));
	return true;
}

void *vcpu_thread(void *arg)
{
	struct vcpu *vcpu = arg;
	const struct vm *vm = vcpu->vm;
	bool alive;
	int ret;

	atomic_store(&vcpu->thread_id, gettid());
	signals_unblock_kick();
	ret = vm->ops->begun(vm->ctx, vcpu);
	alive = may_enter(vcpu);
	if (alive && ret) {
		vm->ops->stuck(vm->ctx, vcpu, ret);
		alive = may_enter(vcpu);
	}
	if (alive && vcpu->id == 0)
		clock_gettime(CLOCK_MONOTONIC, &vcpu->vm->first_entry);
	while (alive) {
		vcpu->started = true;
		run_once(vcpu);
		alive = may_enter(vcpu);
	}
	return NULL;
}

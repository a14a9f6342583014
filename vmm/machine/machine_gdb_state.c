/* SPDX-License-Identifier: MIT */
/* gdb on a real machine: the guest's memory and registers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/kvm/paging.h"
#include "vmm/machine/machine_gdb.h"

#define MSR_KERNEL_GS 0xc0000102

/* --- memory ------------------------------------------------------------------------------- */

/*
 * Before the guest has page tables, its kernel's symbols are served by what its file says of
 * where they are loaded: else no breakpoint could be set at the start.
 */
static uint64_t in_kernel(const struct kernel *kernel, uint64_t addr, uint64_t *gpa)
{
	unsigned int i;

	for (i = 0; i < kernel->nr_segments; i++) {
		const struct kernel_segment *s = &kernel->segments[i];

		if (addr - s->vaddr >= s->memsz)
			continue;
		*gpa = s->paddr + (addr - s->vaddr);
		return s->memsz - (addr - s->vaddr);
	}
	return 0;
}

uint8_t *machine_gdb_find(const struct machine *m, unsigned int cpu, bool physical,
			  uint64_t addr, size_t *span, uint64_t *gpa)
{
	struct kvm_sregs sregs;
	void *host = NULL;
	uint64_t n = UINT64_MAX, ram;

	*gpa = addr;
	if (!physical) {
		if (kvm_get(m->vm.vcpus[cpu].fd, KVM_GET_SREGS, &sregs))
			return NULL;
		n = paging_is_long(&sregs) ? 0 : in_kernel(&m->boot.kernel, addr, gpa);
		if (!n)
			n = paging_translate(&m->mem.ram, &sregs, addr, gpa);
	}
	ram = n ? ram_span(&m->mem.ram, *gpa, &host) : 0;
	*span = n < ram ? n : ram;
	return *span ? host : NULL;
}

size_t machine_gdb_read(void *ctx, unsigned int cpu, bool physical, uint64_t addr,
			void *buf, size_t len)
{
	size_t done = 0, span;
	uint64_t gpa;

	while (done < len) {
		const uint8_t *from =
			machine_gdb_find(ctx, cpu, physical, addr + done, &span, &gpa);

		if (!from)
			break;
		if (span > len - done)
			span = len - done;
		memcpy((uint8_t *)buf + done, from, span);
		done += span;
	}
	return done;
}

int machine_gdb_write(void *ctx, unsigned int cpu, bool physical, uint64_t addr,
		      const void *buf, size_t len)
{
	size_t done = 0, span;
	uint64_t gpa;

	while (done < len) {
		uint8_t *to =
			machine_gdb_find(ctx, cpu, physical, addr + done, &span, &gpa);

		if (!to)
			return -EFAULT;
		if (span > len - done)
			span = len - done;
		memcpy(to, (const uint8_t *)buf + done, span);
		done += span;
	}
	return 0;
}

/* --- registers ---------------------------------------------------------------------------- */

struct one_msr {
	struct kvm_msrs head;
	struct kvm_msr_entry entry;
};

int machine_gdb_get_cpu(void *ctx, unsigned int cpu, struct gdb_cpu *state)
{
	const struct machine *m = ctx;
	struct one_msr msr = { .head.nmsrs = 1, .entry.index = MSR_KERNEL_GS };
	int fd = m->vm.vcpus[cpu].fd;
	int ret = kvm_get(fd, KVM_GET_REGS, &state->regs);

	if (!ret)
		ret = kvm_get(fd, KVM_GET_SREGS, &state->sregs);
	if (!ret)
		ret = kvm_get(fd, KVM_GET_FPU, &state->fpu);
	if (ret)
		return ret;
	ret = kvm_get(fd, KVM_GET_MSRS, &msr);
	state->kernel_gs_base = msr.entry.data;
	return ret < 0 ? ret : 0;
}

/* What is as it was is left alone. */
int machine_gdb_set_cpu(void *ctx, unsigned int cpu, const struct gdb_cpu *state)
{
	const struct machine *m = ctx;
	struct one_msr msr = { .head.nmsrs = 1,
			       .entry = { .index = MSR_KERNEL_GS,
					  .data = state->kernel_gs_base } };
	struct gdb_cpu old;
	int fd = m->vm.vcpus[cpu].fd;
	int ret = machine_gdb_get_cpu(ctx, cpu, &old);

	if (!ret && memcmp(&old.sregs, &state->sregs, sizeof(old.sregs)) != 0)
		ret = kvm_set(fd, KVM_SET_SREGS, &state->sregs);
	if (!ret && memcmp(&old.fpu, &state->fpu, sizeof(old.fpu)) != 0)
		ret = kvm_set(fd, KVM_SET_FPU, &state->fpu);
	if (!ret && old.kernel_gs_base != state->kernel_gs_base)
		ret = kvm_set(fd, KVM_SET_MSRS, &msr) == 1 ? 0 : -EINVAL;
	return ret ? ret : kvm_set(fd, KVM_SET_REGS, &state->regs);
}

void machine_gdb_describe(void *ctx, unsigned int cpu, char *buf, size_t size)
{
	static const char *const states[] = {
		[KVM_MP_STATE_RUNNABLE] = "running",
		[KVM_MP_STATE_UNINITIALIZED] = "not started",
		[KVM_MP_STATE_INIT_RECEIVED] = "not started",
		[KVM_MP_STATE_HALTED] = "halted",
		[KVM_MP_STATE_SIPI_RECEIVED] = "starting",
	};
	const struct machine *m = ctx;
	struct kvm_mp_state state = { .mp_state = UINT32_MAX };

	kvm_get(m->vm.vcpus[cpu].fd, KVM_GET_MP_STATE, &state);
	snprintf(buf, size, "vCPU %u, %s", cpu,
		 state.mp_state < sizeof(states) / sizeof(states[0])
			 ? states[state.mp_state]
			 : "in an unknown state");
}

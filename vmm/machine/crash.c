/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "vmm/machine/crash.h"
#include "vmm/inspect/registers.h"
#include "vmm/kvm/kvm.h"
#include "vmm/util/log.h"

static const char *internal_error_name(uint32_t suberror)
{
	switch (suberror) {
	case KVM_INTERNAL_ERROR_EMULATION:
		return "KVM cannot emulate the instruction";
	case KVM_INTERNAL_ERROR_SIMUL_EX:
		return "KVM met two exceptions at once";
	case KVM_INTERNAL_ERROR_DELIVERY_EV:
		return "KVM could not deliver an event";
	default:
		return "KVM internal error";
	}
}

static void print_segment(const char *name, const struct kvm_segment *s)
{
	log_line("  %s %04x base %016llx limit %08x type %x dpl %u l %u db %u", name,
		 s->selector, s->base, s->limit, s->type, s->dpl, s->l, s->db);
}

static void print_sregs(const struct kvm_sregs *s)
{
	log_line("  cr0 %llx cr2 %016llx cr3 %llx cr4 %llx efer %llx", s->cr0, s->cr2,
		 s->cr3, s->cr4, s->efer);
	print_segment("cs", &s->cs);
	print_segment("ss", &s->ss);
	log_line("  gdt %016llx/%04x idt %016llx/%04x", s->gdt.base, s->gdt.limit,
		 s->idt.base, s->idt.limit);
}

static void print_registers(const struct vcpu *vcpu, const struct kvm_regs *r)
{
	char buf[REGISTERS_ROW_SIZE];
	struct kvm_sregs sregs;
	unsigned int row;

	log_line("vCPU %u: rip %016llx rflags %08llx", vcpu->id, r->rip, r->rflags);
	for (row = 0; row < REGISTERS_ROWS; row++)
		log_line("  %s", registers_row(r, row, buf));
	if (!kvm_get(vcpu->fd, KVM_GET_SREGS, &sregs))
		print_sregs(&sregs);
}

static void name_exit(const struct kvm_run *run, struct outcome *o)
{
	size_t size = sizeof(o->text);

	switch (run->exit_reason) {
	case KVM_EXIT_SHUTDOWN:
		o->reason = END_TRIPLE_FAULT;
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		snprintf(o->text, size, "%s (%u)",
			 internal_error_name(run->internal.suberror),
			 run->internal.suberror);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		snprintf(o->text, size, "the processor refuses to run it (%#llx)",
			 run->fail_entry.hardware_entry_failure_reason);
		break;
	default:
		snprintf(o->text, size, "KVM exit %u, which nothing here serves",
			 run->exit_reason);
	}
}

struct outcome crash_describe(const struct vcpu *vcpu, int error)
{
	struct outcome outcome = { .reason = END_STUCK };
	struct kvm_regs regs = { 0 };
	size_t used;

	if (error) {
		outcome.reason = END_HOST;
		snprintf(outcome.text, sizeof(outcome.text), "vCPU %u: %s", vcpu->id,
			 strerror(-error));
	} else {
		name_exit(vcpu->run, &outcome);
	}
	if (!kvm_get(vcpu->fd, KVM_GET_REGS, &regs))
		print_registers(vcpu, &regs);
	used = strlen(outcome.text);
	snprintf(outcome.text + used, sizeof(outcome.text) - used, "%svCPU %u, rip %#llx",
		 used ? ", " : "", vcpu->id, regs.rip);
	return outcome;
}

/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <string.h>

#include "vmm/dump/dump_notes.h"

static uint64_t aligned(uint64_t size)
{
	return (size + NOTE_ALIGN - 1) & ~(uint64_t)(NOTE_ALIGN - 1);
}

static uint64_t note_size(const char *owner, uint64_t size)
{
	return sizeof(Elf64_Nhdr) + aligned(strlen(owner) + 1) + aligned(size);
}

uint64_t dump_notes_size(const struct dump *dump, uint64_t facts_size)
{
	uint64_t of_cpu = note_size("CORE", sizeof(struct prstatus)) +
			  note_size(QEMU_NOTE_OWNER, sizeof(struct qemu_cpu));

	return dump->nr_cpus * of_cpu +
	       (facts_size ? note_size(FACTS_NOTE_OWNER, facts_size) : 0);
}

/* Returns what lies behind it. */
static uint8_t *add_note(uint8_t *to, const char *owner, uint32_t type, const void *text,
			 uint64_t size)
{
	const Elf64_Nhdr head = { .n_namesz = (Elf64_Word)strlen(owner) + 1,
				  .n_descsz = (Elf64_Word)size,
				  .n_type = type };

	memcpy(to, &head, sizeof(head));
	to += sizeof(head);
	memcpy(to, owner, head.n_namesz);
	to += aligned(head.n_namesz);
	memcpy(to, text, size);
	return to + aligned(size);
}

static struct prstatus make_status(unsigned int i, const struct dump_cpu *cpu)
{
	const struct kvm_regs *r = &cpu->regs;
	const struct kvm_sregs *s = &cpu->sregs;

	return (struct prstatus){
		.pid = i + 1,
		.r15 = r->r15,
		.r14 = r->r14,
		.r13 = r->r13,
		.r12 = r->r12,
		.rbp = r->rbp,
		.rbx = r->rbx,
		.r11 = r->r11,
		.r10 = r->r10,
		.r9 = r->r9,
		.r8 = r->r8,
		.rax = r->rax,
		.rcx = r->rcx,
		.rdx = r->rdx,
		.rsi = r->rsi,
		.rdi = r->rdi,
		.orig_rax = r->rax,
		.rip = r->rip,
		.cs = s->cs.selector,
		.rflags = r->rflags,
		.rsp = r->rsp,
		.ss = s->ss.selector,
		.fs_base = s->fs.base,
		.gs_base = s->gs.base,
		.ds = s->ds.selector,
		.es = s->es.selector,
		.fs = s->fs.selector,
		.gs = s->gs.selector,
	};
}

/* The second word of its descriptor (AMD64 manual, volume 2, 4.7). */
static struct qemu_segment make_segment(const struct kvm_segment *s)
{
	return (struct qemu_segment){
		.selector = s->selector,
		.limit = s->limit,
		.flags = (uint32_t)s->type << 8 | (uint32_t)s->s << 12 |
			 (uint32_t)s->dpl << 13 | (uint32_t)s->present << 15 |
			 (uint32_t)s->avl << 20 | (uint32_t)s->l << 21 |
			 (uint32_t)s->db << 22 | (uint32_t)s->g << 23,
		.base = s->base,
	};
}

static struct qemu_segment make_table(const struct kvm_dtable *t)
{
	return (struct qemu_segment){ .limit = t->limit, .base = t->base };
}

static struct qemu_cpu make_cpu(const struct dump_cpu *cpu)
{
	const struct kvm_regs *r = &cpu->regs;
	const struct kvm_sregs *s = &cpu->sregs;

	return (struct qemu_cpu){
		.version = QEMU_NOTE_VERSION,
		.size = sizeof(struct qemu_cpu),
		.rax = r->rax,
		.rbx = r->rbx,
		.rcx = r->rcx,
		.rdx = r->rdx,
		.rsi = r->rsi,
		.rdi = r->rdi,
		.rsp = r->rsp,
		.rbp = r->rbp,
		.r8 = r->r8,
		.r9 = r->r9,
		.r10 = r->r10,
		.r11 = r->r11,
		.r12 = r->r12,
		.r13 = r->r13,
		.r14 = r->r14,
		.r15 = r->r15,
		.rip = r->rip,
		.rflags = r->rflags,
		.cs = make_segment(&s->cs),
		.ds = make_segment(&s->ds),
		.es = make_segment(&s->es),
		.fs = make_segment(&s->fs),
		.gs = make_segment(&s->gs),
		.ss = make_segment(&s->ss),
		.ldt = make_segment(&s->ldt),
		.tr = make_segment(&s->tr),
		.gdt = make_table(&s->gdt),
		.idt = make_table(&s->idt),
		.cr = { s->cr0, 0, s->cr2, s->cr3, s->cr4 },
	};
}

void dump_notes_fill(const struct dump *dump, const char *facts, uint64_t facts_size,
		     uint8_t *to)
{
	unsigned int i;

	for (i = 0; i < dump->nr_cpus; i++) {
		struct prstatus status = make_status(i, &dump->cpus[i]);

		to = add_note(to, "CORE", NT_PRSTATUS, &status, sizeof(status));
	}
	for (i = 0; i < dump->nr_cpus; i++) {
		struct qemu_cpu cpu = make_cpu(&dump->cpus[i]);

		to = add_note(to, QEMU_NOTE_OWNER, QEMU_NOTE_TYPE, &cpu, sizeof(cpu));
	}
	if (facts_size)
		add_note(to, FACTS_NOTE_OWNER, FACTS_NOTE_TYPE, facts, facts_size);
}

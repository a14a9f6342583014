/* SPDX-License-Identifier: MIT */
/*
 * The guest's half of mm/platform.h: the address map and what must be inline.
 *
 * Each CPU finds its own data through %gs.  preempt_count is one word with three parts, so
 * that one read answers "may I sleep?" and one decrement answers "may I be preempted?":
 *
 *   bits 0-15   how many times preemption was disabled
 *   bits 16-19  nesting of hardware interrupts
 *   bit  31     set while no reschedule is wanted (the sense is inverted so that the word
 *		 is zero exactly when preemption is allowed and wanted)
 */
#ifndef GUEST_ASM_PLATFORM_H
#define GUEST_ASM_PLATFORM_H

#include <linux/types.h>
#include <linux/compiler.h>

#define NR_CPUS 64

#define PAGE_OFFSET   0xffff888000000000UL
#define VMALLOC_START 0xffffc90000000000UL
#define VMALLOC_END   0xffffe90000000000UL
#define KMAP_START    0xffffe90000000000UL
#define KMAP_END      (KMAP_START + (16UL << 20))
#define VMEMMAP_START 0xffffea0000000000UL

#define PREEMPT_MASK	   0x0000ffffU
#define HARDIRQ_OFFSET	   0x00010000U
#define HARDIRQ_MASK	   0x000f0000U
#define PREEMPT_NO_RESCHED 0x80000000U

struct task_struct;

/* What every CPU has of its own and every context needs at once. */
struct cpu_local {
	u32 preempt_count;
	u32 cpu;
	struct task_struct *current_task;
	unsigned long kernel_stack; /* its top, for a system call of the process here */
	unsigned long user_rsp; /* while the system call entry changes stacks */
	unsigned long line; /* cpu * SMP_CACHE_BYTES */
};
_Static_assert(offsetof(struct cpu_local, kernel_stack) == 16 &&
		       offsetof(struct cpu_local, user_rsp) == 24,
	       "guest/arch/usermode.S names these offsets");
extern struct cpu_local cpu_local;

/* A field of this CPU's struct cpu_local: an access that the compiler may combine. */
#define __CPU_LOCAL_GET(field) \
	(*(const __seg_gs __typeof__(cpu_local.field) *)(unsigned long)&cpu_local.field)

void preempt_schedule(void);

static inline unsigned int arch_cpu_id(void)
{
	return __CPU_LOCAL_GET(cpu);
}

static inline unsigned long arch_cpu_line(void)
{
	return __CPU_LOCAL_GET(line);
}

static inline u32 __preempt_count(void)
{
	return __CPU_LOCAL_GET(preempt_count);
}

static inline unsigned long arch_local_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("pushf; pop %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void arch_local_irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void arch_local_irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

#define X86_EFLAGS_IF 0x200UL

static inline void arch_local_irq_restore(unsigned long flags)
{
	if (likely(flags & X86_EFLAGS_IF))
		arch_local_irq_enable();
}

static inline bool arch_irqs_disabled(void)
{
	unsigned long flags;

	__asm__ volatile("pushf; pop %0" : "=r"(flags) : : "memory");
	return !(flags & X86_EFLAGS_IF);
}

/* Nothing cheaper is known here for a leaf section (mm/platform.h). */
#define __irq_leaf
#define arch_leaf_irq_save()	     arch_local_irq_save()
#define arch_leaf_irq_restore(flags) arch_local_irq_restore(flags)

static inline void arch_preempt_disable(void)
{
	__asm__ volatile("incl %%gs:%0" : "+m"(cpu_local.preempt_count) : : "memory");
}

static inline void arch_preempt_enable(void)
{
	bool wanted;

	__asm__ volatile("decl %%gs:%0"
			 : "+m"(cpu_local.preempt_count), "=@ccz"(wanted)
			 :
			 : "memory");
	if (unlikely(wanted))
		preempt_schedule();
}

static inline bool arch_in_interrupt(void)
{
	return __preempt_count() & HARDIRQ_MASK;
}

static inline bool arch_in_atomic(void)
{
	return (__preempt_count() & ~PREEMPT_NO_RESCHED) || arch_irqs_disabled();
}

/* Interrupts off shows in the flags, after the save; the count is looked at before it. */
static inline bool arch_leaf_atomic(void)
{
	return __preempt_count() & ~PREEMPT_NO_RESCHED;
}

static inline bool arch_leaf_atomic_flags(unsigned long flags)
{
	return !(flags & X86_EFLAGS_IF);
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline u64 arch_cycles(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

/* By halves: nothing is put together. */
static inline void arch_cycles_to(u64 *to)
{
	u32 *half = (u32 *)to;

	__asm__ volatile("rdtsc" : "=a"(half[0]), "=d"(half[1]));
}

#endif

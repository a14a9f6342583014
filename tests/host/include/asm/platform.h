/* SPDX-License-Identifier: MIT */
/*
 * The host platform of mm/: a Linux process as the machine.  Physical memory is a memfd,
 * a CPU is a thread, "interrupts off" is a flag that keeps other CPUs' calls out
 * (platform_on_each_cpu).  What tests may do with it stands in tests/host/host.h.
 */
#ifndef ASM_PLATFORM_H
#define ASM_PLATFORM_H

#define NR_CPUS 64

/* Fixed, and clear of what the loader, the heap and AddressSanitizer's shadow use (for a
 * position-independent program).  The struct pages lie below 2 GiB, so that code finds one
 * by a displacement, without an address constant of ten bytes. */
#define PAGE_OFFSET   0x200000000000UL
#define VMEMMAP_START 0x10000000UL
#define VMALLOC_START 0x300000000000UL
#define VMALLOC_END   (VMALLOC_START + (256UL << 30))
#define KMAP_START    VMALLOC_END
#define KMAP_END      (KMAP_START + (16UL << 20))

/*
 * The CPU that this thread is.  Interrupts off is a plain flag that only the thread itself
 * writes: whoever wants to act as this CPU sends its thread a signal, and the handler holds
 * the thread, unless the flag is set (cpu.c).
 *
 * Each field is a word of its own: a wide load over a narrow store stalls.  Only leaf
 * sections read the two words of `context` at once: none of them is written there.
 */
struct host_cpu {
	unsigned int id;
	unsigned int hold; /* enum hold in cpu.c */
	union {
		struct {
			unsigned int irqs_off; /* 0 or 1 */
			/* preemption off, nested; from HOST_IRQ_UNIT up: interrupts */
			unsigned int preempt_count;
		};
		unsigned long context; /* 0 where sleeping is allowed */
	};
	unsigned long line; /* id * SMP_CACHE_BYTES */
};
#define HOST_IRQ_UNIT 0x10000U
extern __thread struct host_cpu host_cpu __attribute__((tls_model("local-exec")));

static inline unsigned int arch_cpu_id(void)
{
	return host_cpu.id;
}

static inline unsigned long arch_cpu_line(void)
{
	return host_cpu.line;
}

static inline unsigned long arch_local_irq_save(void)
{
	unsigned long was_off = host_cpu.irqs_off;

	*(volatile unsigned int *)&host_cpu.irqs_off = 1;
	__asm__ volatile("" ::: "memory");
	return was_off;
}

/* A constant behind a branch: no dependence of the next save on this one's load. */
static inline void arch_local_irq_restore(unsigned long was_off)
{
	__asm__ volatile("" ::: "memory");
	if (__builtin_expect(!was_off, 1))
		*(volatile unsigned int *)&host_cpu.irqs_off = 0;
}

/*
 * Leaf sections cost nothing here: a function marked __irq_leaf stands in a section of the
 * program of its own, and a thread that executes there is not held either.
 */
#define __irq_leaf __attribute__((section("irq_leaf"), __noinline__))

static inline unsigned long arch_leaf_irq_save(void)
{
	__asm__ volatile("" ::: "memory");
	return host_cpu.context;
}

static inline void arch_leaf_irq_restore(unsigned long context)
{
	(void)context;
	__asm__ volatile("" ::: "memory");
}

static inline void arch_local_irq_disable(void)
{
	(void)arch_local_irq_save();
}

static inline void arch_local_irq_enable(void)
{
	arch_local_irq_restore(0);
}

static inline int arch_irqs_disabled(void)
{
	return host_cpu.irqs_off != 0;
}

static inline void arch_preempt_disable(void)
{
	host_cpu.preempt_count++;
	__asm__ volatile("" ::: "memory");
}

static inline void arch_preempt_enable(void)
{
	__asm__ volatile("" ::: "memory");
	host_cpu.preempt_count--;
}

static inline int arch_in_interrupt(void)
{
	return host_cpu.preempt_count >= HOST_IRQ_UNIT;
}

static inline int arch_in_atomic(void)
{
	return (host_cpu.preempt_count | host_cpu.irqs_off) != 0;
}

/* The context that the save returns says it all. */
static inline int arch_leaf_atomic(void)
{
	return 0;
}

static inline int arch_leaf_atomic_flags(unsigned long context)
{
	return context != 0;
}

static inline void cpu_relax(void)
{
	__builtin_ia32_pause();
}

static inline unsigned long arch_cycles(void)
{
	return __builtin_ia32_rdtsc();
}

static inline void arch_cycles_to(__UINT64_TYPE__ *to)
{
	*to = arch_cycles();
}

/* The task of this thread, for <linux/sched.h>. */
struct task_struct;
struct task_struct *host_current_task(void);
#define __CPU_LOCAL_GET(field) host_##field()

#endif

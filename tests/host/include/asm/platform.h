/* SPDX-License-Identifier: MIT */
/*
 * The host platform of mm/: a Linux process as the machine.  Physical memory is a memfd,
 * a CPU is a thread, "interrupts off" is a flag that keeps other CPUs' calls out
 * (platform_on_each_cpu).  What tests may do with it stands in tests/host/host.h.
 */
#ifndef ASM_PLATFORM_H
#define ASM_PLATFORM_H

#define NR_CPUS 64

/* Fixed, and clear of what the loader, the heap and AddressSanitizer's shadow use. */
#define PAGE_OFFSET   0x200000000000UL
#define VMEMMAP_START 0x280000000000UL
#define VMALLOC_START 0x300000000000UL
#define VMALLOC_END   (VMALLOC_START + (256UL << 30))

/*
 * The CPU that this thread is.  irqs_off and stop are the two halves of a handshake: a
 * thread that sets irqs_off and then reads stop == 0 keeps the CPU to itself; one that
 * sets stop, makes every thread pass a barrier and then reads irqs_off == 0 may act as
 * that CPU until it clears stop.
 */
struct host_cpu {
	unsigned int id;
	unsigned int irqs_off; /* 0 or 1; written by this thread alone */
	unsigned int preempt_off; /* depth */
	unsigned int in_irq; /* depth of simulated interrupts */
	unsigned int stop; /* written by the thread that acts for this CPU */
};
extern __thread struct host_cpu host_cpu __attribute__((tls_model("initial-exec")));

/*
 * Interrupts were just switched off while another thread acts as this CPU: lets it end.
 * Called with every general register kept (host_irq_wait_saving), so that code with a
 * local_irq_save() on its fast path stays a leaf function, as it is in a kernel.
 */
void host_irq_wait(void);
#define HOST_IRQ_WAIT()                                                            \
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tcall host_irq_wait_saving\n\t" \
			 "lea 128(%%rsp), %%rsp" ::                                \
				 : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", \
				   "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", \
				   "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")

static inline unsigned int arch_cpu_id(void)
{
	return host_cpu.id;
}

static inline unsigned long arch_local_irq_save(void)
{
	unsigned long was_off = host_cpu.irqs_off;

	*(volatile unsigned int *)&host_cpu.irqs_off = 1;
	__asm__ volatile("" ::: "memory");
	if (__builtin_expect(*(volatile unsigned int *)&host_cpu.stop, 0) && !was_off)
		HOST_IRQ_WAIT();
	return was_off;
}

/* A constant behind a branch: no dependence of the next save on this one's load. */
static inline void arch_local_irq_restore(unsigned long was_off)
{
	__asm__ volatile("" ::: "memory");
	if (!was_off)
		*(volatile unsigned int *)&host_cpu.irqs_off = 0;
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
	host_cpu.preempt_off++;
	__asm__ volatile("" ::: "memory");
}

static inline void arch_preempt_enable(void)
{
	__asm__ volatile("" ::: "memory");
	host_cpu.preempt_off--;
}

static inline int arch_in_interrupt(void)
{
	return host_cpu.in_irq != 0;
}

static inline int arch_in_atomic(void)
{
	return (host_cpu.preempt_off | host_cpu.irqs_off | host_cpu.in_irq) != 0;
}

static inline void cpu_relax(void)
{
	__builtin_ia32_pause();
}

static inline unsigned long arch_cycles(void)
{
	return __builtin_ia32_rdtsc();
}

#endif

/* SPDX-License-Identifier: MIT */
/* The local APIC in its memory-mapped form (xAPIC): Intel SDM volume 3, chapter 11. */
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <asm/apic.h>
#include <asm/cpu.h>
#include <asm/pagetable.h>
#include <asm/traps.h>
#include <mm/platform.h>

#define APIC_ID		0x020
#define APIC_TPR	0x080
#define APIC_EOI	0x0b0
#define APIC_SPURIOUS	0x0f0
#define APIC_ICR_LOW	0x300
#define APIC_ICR_HIGH	0x310
#define APIC_LVT_TIMER	0x320
#define APIC_LVT_LINT0	0x350
#define APIC_LVT_LINT1	0x360
#define APIC_LVT_ERROR	0x370
#define APIC_TIMER_INIT 0x380
#define APIC_TIMER_NOW	0x390
#define APIC_TIMER_DIV	0x3e0

#define SPURIOUS_ENABLE	 0x100
#define LVT_NMI		 0x400
#define LVT_MASKED	 0x10000
#define DIVIDE_BY_1	 0x0b
#define ICR_NMI		 0x400
#define ICR_INIT	 0x500
#define ICR_STARTUP	 0x600
#define ICR_ASSERT	 0x4000
#define ICR_BUSY	 0x1000
#define ICR_SELF	 0x40000
#define ICR_ALL_BUT_SELF 0xc0000
#define ICR_PATIENCE	 100000

/*
 * KVM's paravirtual end of interrupt: a word of ours that KVM sets when the next EOI need not
 * reach the APIC.  Clearing it is the EOI then, without an exit.
 */
#define KVM_CPUID_SIGNATURE 0x40000000U
#define KVM_CPUID_FEATURES  0x40000001U
#define KVM_FEATURE_PV_EOI  (1U << 6)
#define MSR_KVM_PV_EOI_EN   0x4b564d04U
static DEFINE_PER_CPU(u32, pv_eoi_word) __aligned(4);

u32 cpu_apic_id[NR_CPUS];
static volatile u32 *apic; /* register at byte offset r is apic[r / 4] */

static u32 apic_read(unsigned int reg)
{
	return apic[reg / 4];
}

static void apic_write(unsigned int reg, u32 value)
{
	apic[reg / 4] = value;
}

void apic_map(phys_addr_t base)
{
	apic = map_registers(MAP_LAPIC, base);
}

u32 apic_id(void)
{
	return apic_read(APIC_ID) >> 24;
}

void apic_eoi(void)
{
	bool skipped;

	__asm__ volatile("btrl $0, %%gs:%0" : "+m"(pv_eoi_word), "=@ccc"(skipped));
	if (!skipped)
		apic_write(APIC_EOI, 0);
}

static void enable_pv_eoi(void)
{
	struct cpuid r = cpuid(KVM_CPUID_SIGNATURE);
	phys_addr_t word = platform_translate((unsigned long)this_cpu_ptr(&pv_eoi_word));

	if (memcmp((u32[3]){ r.ebx, r.ecx, r.edx }, "KVMKVMKVM\0\0", 12) != 0 ||
	    !(cpuid(KVM_CPUID_FEATURES).eax & KVM_FEATURE_PV_EOI))
		return;
	wrmsr(MSR_KVM_PV_EOI_EN, word | 1);
}

void apic_enable(void)
{
	u64 base = rdmsr(MSR_APIC_BASE);

	if (base & APIC_BASE_X2APIC)
		panic("the local APIC is in x2APIC mode, which cannot be left here");
	if (!(base & APIC_BASE_ENABLE))
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	/* The NMI of the board, as Linux does it: the first CPU takes it, once for all. */
	apic_write(APIC_LVT_LINT1, LVT_NMI | (smp_processor_id() ? LVT_MASKED : 0));
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_TPR, 0);
	enable_pv_eoi();
}

static void send(u32 id, u32 command)
{
	unsigned long flags = arch_local_irq_save();

	for (int i = 0; i < ICR_PATIENCE && apic_read(APIC_ICR_LOW) & ICR_BUSY; i++)
		cpu_relax();
	apic_write(APIC_ICR_HIGH, id << 24);
	apic_write(APIC_ICR_LOW, command);
	arch_local_irq_restore(flags);
}

void apic_send(unsigned int cpu, unsigned int vector)
{
	send(cpu_apic_id[cpu], ICR_ASSERT | vector);
}

void apic_send_self(unsigned int vector)
{
	send(0, ICR_SELF | ICR_ASSERT | vector);
}

void apic_send_nmi_others(void)
{
	if (apic)
		send(0, ICR_ALL_BUT_SELF | ICR_ASSERT | ICR_NMI);
}

void apic_send_init(u32 id)
{
	send(id, ICR_ASSERT | ICR_INIT);
}

void apic_send_startup(u32 id, unsigned int page)
{
	send(id, ICR_ASSERT | ICR_STARTUP | page);
}

void apic_timer_setup(void)
{
	apic_write(APIC_TIMER_DIV, DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
}

void apic_timer_start(u32 count)
{
	apic_write(APIC_TIMER_INIT, count);
}

u32 apic_timer_left(void)
{
	return apic_read(APIC_TIMER_NOW);
}

/* SPDX-License-Identifier: MIT */
/*
 * The other CPUs: starting them one after the other, and work for them.
 *
 * A CPU starts in real mode at a page below 1 MiB that holds boot/trampoline.S, takes the
 * stack and per-CPU area that the starter chose, and comes to start_secondary().  One that
 * is so late that the starter has lost patience finds no stack, and halts; nobody is started
 * after it, or it might take theirs.
 *
 * Its stacks come from vmalloc: what overruns one meets a page where nothing is.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/apic.h>
#include <asm/clock.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/pagetable.h>
#include <asm/traps.h>
#include <guest/boot.h>
#include <guest/irq.h>
#include <guest/sched.h>
#include <mm/platform.h>

u64 cpu_online_bits = 1;
unsigned long __per_cpu_offset[NR_CPUS];
unsigned int nr_possible_cpus = 1; /* from the MADT */
static phys_addr_t trampoline;

extern char __per_cpu_start[], __per_cpu_end[];
extern char trampoline_start[], trampoline_end[];
/* boot/entry.S: the next CPU's; it takes its stack by leaving 0 there. */
extern u64 secondary_gs_base, secondary_stack;
void start_secondary(void);

#define START_PATIENCE_NS (10 * NSEC_PER_SEC) /* the host may be busy */
#define SECOND_TRY_NS	  (20 * NSEC_PER_MSEC)

unsigned int num_online_cpus(void)
{
	u64 bits = __atomic_load_n(&cpu_online_bits, __ATOMIC_ACQUIRE);
	unsigned int n = 0;

	for (; bits; bits &= bits - 1)
		n++;
	return n;
}

unsigned int num_possible_cpus(void)
{
	return nr_possible_cpus;
}

void smp_register_cpus(const u32 *apic_ids, unsigned int n)
{
	u32 me = apic_id();

	nr_possible_cpus = 1;
	cpu_apic_id[0] = me;
	for (unsigned int i = 0; i < n; i++) {
		if (apic_ids[i] == me)
			continue;
		if (nr_possible_cpus == NR_CPUS) {
			pr_warn("smp: CPU with APIC id %u is left alone, %d are in use\n",
				apic_ids[i], NR_CPUS);
			continue;
		}
		cpu_apic_id[nr_possible_cpus++] = apic_ids[i];
	}
	if (nr_possible_cpus > 1)
		trampoline =
			memblock_phys_alloc_range(PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, SZ_1M);
	if (nr_possible_cpus > 1 && !trampoline)
		pr_warn("smp: no page below 1 MiB is free: one CPU only\n");
}

/* --- starting ------------------------------------------------------------------------- */

static void *new_percpu_area(unsigned int cpu)
{
	size_t size = (size_t)__per_cpu_end - (size_t)__per_cpu_start;
	char *area = kzalloc(size, GFP_KERNEL);

	if (!area)
		return NULL;
	__per_cpu_offset[cpu] = (unsigned long)area - (unsigned long)__per_cpu_start;
	per_cpu(cpu_local, cpu) = (struct cpu_local){
		.preempt_count = PREEMPT_NO_RESCHED | 1,
		.cpu = cpu,
		.line = (unsigned long)cpu * SMP_CACHE_BYTES,
	};
	return area;
}

static bool wait_online(unsigned int cpu, u64 ns)
{
	u64 start = ktime_get_ns();

	while (!cpu_online(cpu) && ktime_get_ns() - start < ns)
		cpu_relax();
	return cpu_online(cpu);
}

static void kick_off(unsigned int cpu)
{
	unsigned int page = (unsigned int)(trampoline >> PAGE_SHIFT);

	apic_send_init(cpu_apic_id[cpu]);
	udelay(10);
	apic_send_startup(cpu_apic_id[cpu], page);
	if (!wait_online(cpu, SECOND_TRY_NS))
		apic_send_startup(cpu_apic_id[cpu], page);
}

/* Until it is online; false: it never came, and will not. */
static bool wait_start(unsigned int cpu)
{
	if (wait_online(cpu, START_PATIENCE_NS))
		return true;
	if (__atomic_exchange_n(&secondary_stack, 0, __ATOMIC_SEQ_CST))
		return false;
	/* It has its stack: the way from there is short. */
	return wait_online(cpu, U64_MAX);
}

static int start_cpu(unsigned int cpu)
{
	char *area = new_percpu_area(cpu);
	char *stack = vmalloc(THREAD_SIZE);
	void *ist = vmalloc(IST_AREA_SIZE);

	if (!stack || !ist || !area)
		return -ENOMEM; /* CPUs less; what was got is not worth giving back */
	sched_init_cpu(cpu, stack);
	descriptors_prepare(cpu, ist);
	secondary_gs_base = __per_cpu_offset[cpu];
	__atomic_store_n(&secondary_stack, (u64)stack + THREAD_SIZE, __ATOMIC_SEQ_CST);
	kick_off(cpu);
	return wait_start(cpu) ? 0 : -ETIMEDOUT;
}

void smp_boot(void)
{
	size_t size = (size_t)trampoline_end - (size_t)trampoline_start;

	if (!trampoline)
		return;
	memcpy(__va(trampoline), trampoline_start, size);
	for (unsigned int cpu = 1; cpu < nr_possible_cpus; cpu++) {
		int err = start_cpu(cpu);

		if (!err)
			continue;
		pr_err("smp: CPU %u (APIC id %u) does not start: %d; %u of %u run\n", cpu,
		       cpu_apic_id[cpu], err, cpu, nr_possible_cpus);
		break;
	}
}

/* The first C code of another CPU, on its idle thread. */
void start_secondary(void)
{
	unsigned int cpu = arch_cpu_id();

	paging_init_cpu();
	descriptors_load(cpu);
	idt_load();
	apic_enable();
	timer_init_cpu();
	__atomic_fetch_or(&cpu_online_bits, 1ULL << cpu, __ATOMIC_SEQ_CST);
	cpu_idle();
}

/* --- work for other CPUs --------------------------------------------------------------- */

/* On the caller's stack until `done`. */
struct call {
	struct call *next;
	smp_call_func_t func;
	void *info;
	unsigned int done;
};
static DEFINE_PER_CPU(struct call *, calls); /* pushed and taken as a whole, atomically */

void smp_call_interrupt(void)
{
	struct call *c =
		__atomic_exchange_n(this_cpu_ptr(&calls), NULL, __ATOMIC_ACQUIRE);
	struct call *next;

	for (; c; c = next) {
		next = c->next;
		c->func(c->info);
		__atomic_store_n(&c->done, 1, __ATOMIC_RELEASE);
	}
}

static void push_call(unsigned int cpu, struct call *c)
{
	struct call **head = per_cpu_ptr(&calls, cpu);
	struct call *first = __atomic_load_n(head, __ATOMIC_RELAXED);

	do
		c->next = first;
	while (!__atomic_compare_exchange_n(head, &first, c, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED));
	if (!first)
		apic_send(cpu, VECTOR_CALL);
}

static void wait_call(const struct call *c)
{
	while (!__atomic_load_n(&c->done, __ATOMIC_ACQUIRE))
		cpu_relax();
}

static void call_here(smp_call_func_t func, void *info)
{
	unsigned long flags;

	local_irq_save(flags);
	func(info);
	local_irq_restore(flags);
}

int smp_call_function_single(unsigned int cpu, smp_call_func_t func, void *info, int wait)
{
	struct call call = { .func = func, .info = info };

	(void)wait;
	if (cpu >= NR_CPUS || !cpu_online(cpu))
		return -ENXIO;
	preempt_disable();
	if (cpu == arch_cpu_id()) {
		call_here(func, info);
	} else {
		WARN_ON(irqs_disabled());
		push_call(cpu, &call);
		wait_call(&call);
	}
	preempt_enable();
	return 0;
}

void smp_call_function(smp_call_func_t func, void *info, int wait)
{
	struct call call[NR_CPUS];
	unsigned int cpu, n = 0;

	(void)wait;
	preempt_disable();
	WARN_ON(num_online_cpus() > 1 && irqs_disabled());
	for_each_online_cpu (cpu)
		if (cpu != arch_cpu_id()) {
			call[n] = (struct call){ .func = func, .info = info };
			push_call(cpu, &call[n++]);
		}
	while (n)
		wait_call(&call[--n]);
	preempt_enable();
}

void on_each_cpu(smp_call_func_t func, void *info, int wait)
{
	preempt_disable();
	smp_call_function(func, info, wait);
	call_here(func, info);
	preempt_enable();
}

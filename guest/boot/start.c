/* SPDX-License-Identifier: MIT */
/*
 * The order of the start.  The boot context becomes the idle thread of CPU 0; from the thread
 * "main" on everything may sleep.
 */
#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <asm/cpu.h>
#include <asm/desc.h>
#include <asm/pagetable.h>
#include <asm/traps.h>
#include <guest/boot.h>
#include <guest/console.h>
#include <guest/context.h>
#include <guest/machine.h>
#include <guest/sched.h>
#include <mm/highmem.h>
#include <mm/platform.h>
#include <mm/dma_debug.h>
#include <mm/trace.h>

DEFINE_PER_CPU(struct cpu_local, cpu_local) = {
	.preempt_count = PREEMPT_NO_RESCHED | 1, /* until the CPU idles */
};

extern const initcall_t __start_initcall[], __stop_initcall[];
void start_kernel(phys_addr_t start_info);

/* guest/experiments/ has the real one. */
int experiments_run(void) __attribute__((weak));
int experiments_run(void)
{
	printk("1..0\n0 passed, 0 failed, 0 skipped\n");
	return 0;
}

void initcalls_run(void)
{
	for (const initcall_t *call = __start_initcall; call != __stop_initcall; call++) {
		int err = (*call)();

		if (err)
			pr_warn("initcall %pS: %d\n", (void *)*call, err);
	}
}

/* The code to end with.  Experiments answer for complaints that they raise. */
static unsigned int run(void)
{
	unsigned long complaints = kernel_complaints();
	unsigned int code = (unsigned int)experiments_run();

	return !code && complaints ? EXIT_COMPLAINTS : code;
}

static int main_thread(void *unused)
{
	unsigned int code;

	(void)unused;
	gfp_allow_sleep();
	smp_boot();
	drivers_init();
	code = run();
	machine_stay();
	machine_exit(code);
}

static void start_threads(void)
{
	struct task_struct *task = kthread_run(main_thread, NULL, "main");

	if (IS_ERR(task))
		panic("no memory for the first thread");
	scheduler_start();
}

void start_kernel(phys_addr_t start_info)
{
	descriptors_prepare(0, boot_ist);
	descriptors_load(0);
	idt_init();
	hypervisor_detect();
	serial_init();
	irq_init();
	start_info_read(start_info);
	memory_map_register();
	params_parse();
	highmem_place();
	paging_init();
	acpi_init();
	clock_init();
	sched_init_cpu(0, boot_stack);
	timer_init_cpu();
	pr_info("pagevisor guest: %llu MiB in %lu areas, %u CPUs, TSC %u kHz%s\n",
		(unsigned long long)(memblock_phys_mem_size() >> 20), memblock.memory.cnt,
		num_possible_cpus(), hypervisor.tsc_khz,
		hypervisor.pagevisor ? ", on pagevisor" : "");
	trace_init();
	mm_init();
	dma_debug_init();
	start_threads();
	cpu_idle();
}

/* SPDX-License-Identifier: MIT */
/* mm/platform.h, answered by the kernel: what is neither page tables nor a trap. */
#include <linux/cpumask.h>
#include <linux/smp.h>
#include <guest/sched.h>
#include <mm/platform.h>

struct each {
	void (*fn)(void *arg, unsigned int cpu);
	void *arg;
};

static void run_each(void *info)
{
	const struct each *each = info;

	each->fn(each->arg, arch_cpu_id());
}

void platform_on_each_cpu(void (*fn)(void *arg, unsigned int cpu), void *arg)
{
	struct each each = { fn, arg };

	on_each_cpu(run_each, &each, 1);
}

unsigned int *platform_thread_flags(void)
{
	return &current->mm_flags;
}

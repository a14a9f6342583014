/* SPDX-License-Identifier: MIT */
/* Which CPU this is, and work for the others (include/linux/smp.h).  The number is stable
 * only while preemption is off. */
#ifndef _LINUX_SMP_H
#define _LINUX_SMP_H

#include <asm/platform.h>

#define smp_processor_id() arch_cpu_id()
#define get_cpu()                       \
	({                              \
		arch_preempt_disable(); \
		arch_cpu_id();          \
	})
#define put_cpu() arch_preempt_enable()
unsigned int num_online_cpus(void);

typedef void (*smp_call_func_t)(void *info);

/*
 * Runs func in a hardware interrupt of the named CPU (here and now, with interrupts off,
 * when that is this one) and returns when it has run, whatever `wait` says.  Never with
 * interrupts off: two CPUs would wait for each other.  0, or -ENXIO: no such CPU.
 */
int smp_call_function_single(unsigned int cpu, smp_call_func_t func, void *info,
			     int wait);
/* The same on every other CPU, and on every CPU. */
void smp_call_function(smp_call_func_t func, void *info, int wait);
void on_each_cpu(smp_call_func_t func, void *info, int wait);

#endif

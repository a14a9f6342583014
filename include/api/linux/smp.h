/* SPDX-License-Identifier: MIT */
/* Which CPU this is (include/linux/smp.h).  Stable only while preemption is off. */
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

#endif

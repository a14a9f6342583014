/* SPDX-License-Identifier: MIT */
/* Which CPUs run (include/linux/cpumask.h).  A CPU that came up never goes again. */
#ifndef _LINUX_CPUMASK_H
#define _LINUX_CPUMASK_H

#include <linux/types.h>

extern u64 cpu_online_bits; /* bit n: CPU n runs; NR_CPUS is 64 */

#define cpu_online(cpu) \
	((__atomic_load_n(&cpu_online_bits, __ATOMIC_ACQUIRE) >> (cpu)) & 1)
#define for_each_online_cpu(cpu)                                              \
	for (u64 _left = __atomic_load_n(&cpu_online_bits, __ATOMIC_ACQUIRE); \
	     _left && ((cpu) = (unsigned int)__builtin_ctzll(_left), 1);      \
	     _left &= _left - 1)

#endif

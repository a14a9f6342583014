/* SPDX-License-Identifier: MIT */
/*
 * Variables of which each CPU has its own (include/linux/percpu.h).  They are laid out once
 * in a linker section; each CPU has a copy of the section, and __per_cpu_offset[cpu] is the
 * distance from the link address to the copy.  CPU 0 uses the section itself: offset 0.
 * They start as zero: an initial value would reach CPU 0 only.
 */
#ifndef _LINUX_PERCPU_H
#define _LINUX_PERCPU_H

#include <linux/smp.h>
#include <linux/compiler.h>

extern unsigned long __per_cpu_offset[NR_CPUS];

#define DEFINE_PER_CPU(type, name)  __section(".data..percpu") __typeof__(type) name
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name

#define per_cpu_ptr(ptr, cpu) \
	((__typeof__(ptr))((unsigned long)(ptr) + __per_cpu_offset[cpu]))
#define per_cpu(name, cpu) (*per_cpu_ptr(&(name), cpu))
/* Stable only while preemption is off. */
#define this_cpu_ptr(ptr) per_cpu_ptr(ptr, arch_cpu_id())

#endif

/* SPDX-License-Identifier: MIT */
/* What the compiler is told (include/linux/compiler.h). */
#ifndef _LINUX_COMPILER_H
#define _LINUX_COMPILER_H

#define likely(x)	 __builtin_expect(!!(x), 1)
#define unlikely(x)	 __builtin_expect(!!(x), 0)
#define barrier()	 __asm__ volatile("" ::: "memory")
#define READ_ONCE(x)	 (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#define __init
#define __iomem
#define __user
/* glibc has its own, where host code includes both. */
#undef __always_inline
#define __always_inline	  inline __attribute__((always_inline))
#define noinline	  __attribute__((noinline))
#define __must_check	  __attribute__((warn_unused_result))
#define __maybe_unused	  __attribute__((unused))
#define __used		  __attribute__((used))
#define __packed	  __attribute__((packed))
#define __aligned(n)	  __attribute__((aligned(n)))
#define __printf(f, a)	  __attribute__((format(printf, f, a)))
#define __noreturn	  __attribute__((noreturn))
#define __section(s)	  __attribute__((section(s)))
#define __malloc	  __attribute__((malloc))
#define __alloc_size(...) __attribute__((alloc_size(__VA_ARGS__)))
#define fallthrough	  __attribute__((fallthrough))

/* The call site an allocation is charged to. */
#define _RET_IP_ ((unsigned long)__builtin_return_address(0))

#define SMP_CACHE_BYTES		     64
#define ____cacheline_aligned	     __aligned(SMP_CACHE_BYTES)
#define ____cacheline_aligned_in_smp __aligned(SMP_CACHE_BYTES)

#endif

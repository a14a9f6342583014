/* SPDX-License-Identifier: MIT */
/* The way into the kernel. */
#ifndef USER_LIB_SYSCALL_H
#define USER_LIB_SYSCALL_H

#include <pagevisor.h>

/* The result as the kernel gives it: errors as negative errno. */
static inline long syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long syscall3(long number, long a, long b, long c)
{
	return syscall6(number, a, b, c, 0, 0, 0);
}

/* As C functions return it: -1 and errno. */
long syscall_return(long result);

#endif

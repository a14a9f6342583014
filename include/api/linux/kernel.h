/* SPDX-License-Identifier: MIT */
/* Arithmetic and containers every file uses (include/linux/kernel.h). */
#ifndef _LINUX_KERNEL_H
#define _LINUX_KERNEL_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/bug.h>
#include <linux/printk.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define min(a, b)                       \
	({                              \
		__typeof__(a) _a = (a); \
		__typeof__(b) _b = (b); \
		(void)(&_a == &_b);     \
		_a < _b ? _a : _b;      \
	})
#define max(a, b)                       \
	({                              \
		__typeof__(a) _a = (a); \
		__typeof__(b) _b = (b); \
		(void)(&_a == &_b);     \
		_a > _b ? _a : _b;      \
	})
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define clamp(v, lo, hi)                \
	({                              \
		__typeof__(v) _v = (v); \
		_v = max(_v, (lo));     \
		min(_v, (hi));          \
	})
#define swap(a, b)                      \
	do {                            \
		__typeof__(a) _t = (a); \
		(a) = (b);              \
		(b) = _t;               \
	} while (0)

/* Rounding to a power of two. */
#define ALIGN(x, a)	 (((x) + ((__typeof__(x))(a)-1)) & ~((__typeof__(x))(a)-1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)
#define PTR_ALIGN(p, a)	 ((__typeof__(p))ALIGN((unsigned long)(p), (a)))
#define round_up(x, y)	 ALIGN(x, y)
#define round_down(x, y) ALIGN_DOWN(x, y)
/* Rounding to any number. */
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define roundup(x, y)	   (DIV_ROUND_UP(x, y) * (y))
#define rounddown(x, y)	   ((x) - ((x) % (y)))

#define container_of(ptr, type, member)                            \
	({                                                         \
		const __typeof__(((type *)0)->member) *_m = (ptr); \
		(type *)((char *)_m - offsetof(type, member));     \
	})

#define SZ_4K 0x1000UL
#define SZ_1M 0x100000UL
#define SZ_2M 0x200000UL
#define SZ_4M 0x400000UL
#define SZ_1G 0x40000000UL

/* A sleeping function says so first: in atomic context the call chain is printed and the
 * run fails (platform_context_violation). */
void __might_sleep(const char *file, int line);
#define might_sleep() __might_sleep(__FILE__, __LINE__)

#endif

/* SPDX-License-Identifier: MIT */
/* Broken invariants of our own (include/asm-generic/bug.h).  Never for input of others. */
#ifndef _LINUX_BUG_H
#define _LINUX_BUG_H

#include <linux/compiler.h>

void panic(const char *fmt, ...) __noreturn __printf(1, 2);

/* A report with the call chain; the run goes on and counts as failed. */
void __warn(const char *file, int line, const char *what);

#define BUG() panic("BUG at %s:%d", __FILE__, __LINE__)
#define BUG_ON(c)                                                          \
	do {                                                               \
		if (unlikely(c))                                           \
			panic("BUG: %s at %s:%d", #c, __FILE__, __LINE__); \
	} while (0)
#define WARN_ON(c)                                      \
	({                                              \
		bool _warn = !!(c);                     \
		if (unlikely(_warn))                    \
			__warn(__FILE__, __LINE__, #c); \
		unlikely(_warn);                        \
	})
#define WARN_ON_ONCE(c)                                 \
	({                                              \
		static bool _told;                      \
		bool _once = !!(c);                     \
		if (unlikely(_once && !_told)) {        \
			_told = true;                   \
			__warn(__FILE__, __LINE__, #c); \
		}                                       \
		unlikely(_once);                        \
	})
#define BUILD_BUG_ON(c) _Static_assert(!(c), #c)

#endif

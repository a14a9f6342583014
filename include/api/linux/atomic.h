/* SPDX-License-Identifier: MIT */
/* Atomic counters (include/linux/atomic.h).  Operations that return a value are full
 * barriers; those that return none order nothing. */
#ifndef _LINUX_ATOMIC_H
#define _LINUX_ATOMIC_H

#include <linux/types.h>
#include <linux/compiler.h>

#define ATOMIC_INIT(i) \
	{              \
		(i)    \
	}

#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define cmpxchg(p, o, n)                                                          \
	({                                                                        \
		__typeof__(*(p)) _old = (o);                                      \
		__atomic_compare_exchange_n(p, &_old, n, false, __ATOMIC_SEQ_CST, \
					    __ATOMIC_SEQ_CST);                    \
		_old;                                                             \
	})

#define __ATOMIC_FAMILY(name, type, word)                                        \
	static inline word name##_read(const type *v)                            \
	{                                                                        \
		return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);           \
	}                                                                        \
	static inline void name##_set(type *v, word i)                           \
	{                                                                        \
		__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);              \
	}                                                                        \
	static inline void name##_add(word i, type *v)                           \
	{                                                                        \
		__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);            \
	}                                                                        \
	static inline void name##_sub(word i, type *v)                           \
	{                                                                        \
		__atomic_fetch_sub(&v->counter, i, __ATOMIC_RELAXED);            \
	}                                                                        \
	static inline void name##_inc(type *v)                                   \
	{                                                                        \
		name##_add(1, v);                                                \
	}                                                                        \
	static inline void name##_dec(type *v)                                   \
	{                                                                        \
		name##_sub(1, v);                                                \
	}                                                                        \
	static inline word name##_add_return(word i, type *v)                    \
	{                                                                        \
		return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);     \
	}                                                                        \
	static inline word name##_inc_return(type *v)                            \
	{                                                                        \
		return name##_add_return(1, v);                                  \
	}                                                                        \
	static inline word name##_dec_return(type *v)                            \
	{                                                                        \
		return name##_add_return(-1, v);                                 \
	}                                                                        \
	/* What remains; negative: it was not above 0, and was left as it is. */ \
	static inline word name##_dec_if_positive(type *v)                       \
	{                                                                        \
		word seen, old = name##_read(v);                                 \
                                                                                 \
		for (; old > 0; old = seen) {                                    \
			seen = cmpxchg(&v->counter, old, old - 1);               \
			if (seen == old)                                         \
				break;                                           \
		}                                                                \
		return old - 1;                                                  \
	}                                                                        \
	static inline bool name##_dec_and_test(type *v)                          \
	{                                                                        \
		return name##_dec_return(v) == 0;                                \
	}

__ATOMIC_FAMILY(atomic, atomic_t, int)
__ATOMIC_FAMILY(atomic_long, atomic_long_t, long)

#endif

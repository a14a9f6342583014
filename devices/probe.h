/* SPDX-License-Identifier: MIT */
/*
 * Static probes (USDT) of the provider `pagevisor`, for perf, bpftrace and gdb.
 *
 * A probe that nobody watches is one nop: its place and where its arguments are stand in a
 * note of the binary, and arguments are what the code has at hand.  A probe may stand in
 * several places.
 *
 * One whose arguments cost something to find has a semaphore: a word that the kernel counts
 * up while somebody watches.  Such a probe is raised from one file, which defines
 * PROBE_SEMAPHORES before it includes this one, and the word with PROBE_SEMAPHORE().
 *
 * The names and arguments of all: vmm/trace/probes.c, which the man page shows.
 */
#ifndef DEVICES_PROBE_H
#define DEVICES_PROBE_H

#ifdef PROBE_SEMAPHORES
#define _SDT_HAS_SEMAPHORES 1 /* sdt.h's own name */
#define PROBE_SEMAPHORE(name)              \
	__attribute__((section(".probes"), \
		       used)) unsigned short pagevisor_##name##_semaphore
#define PROBE_IS_WATCHED(name)                                                         \
	__builtin_expect(                                                              \
		__atomic_load_n(&pagevisor_##name##_semaphore, __ATOMIC_RELAXED) != 0, \
		0)
#endif

#define SDT_USE_VARIADIC
#include <sys/sdt.h>

#define PROBE(name, ...) STAP_PROBEV(pagevisor, name, ##__VA_ARGS__)

#endif

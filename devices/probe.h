/* SPDX-License-Identifier: MIT */
/*
 * Static probes (USDT) of the provider `pagevisor`, for perf, bpftrace and gdb.
 *
 * A probe that nobody watches is one nop: its place and where its arguments are stand in a
 * note of the binary, and arguments are what the code has at hand.  None has a semaphore.
 * A probe may stand in several places.
 *
 * The names and arguments of all: vmm/trace/probes.c, which the man page shows.
 */
#ifndef DEVICES_PROBE_H
#define DEVICES_PROBE_H

#define SDT_USE_VARIADIC
#include <sys/sdt.h>

#define PROBE(name, ...) STAP_PROBEV(pagevisor, name, ##__VA_ARGS__)

#endif

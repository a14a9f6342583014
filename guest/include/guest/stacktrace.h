/* SPDX-License-Identifier: MIT */
/* Call chains by frame pointers. */
#ifndef GUEST_STACKTRACE_H
#define GUEST_STACKTRACE_H

#include <linux/types.h>

/* Return addresses from the frame at fp outwards; how many.  Survives a broken chain. */
unsigned int stack_trace_from(unsigned long fp, unsigned long *pcs, unsigned int max);
/* Prints the chain from fp on, one symbolised line each. */
void show_stack_from(unsigned long fp);
void show_chain(const unsigned long *pcs, unsigned int n);

#endif

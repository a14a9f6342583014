/* SPDX-License-Identifier: MIT */
/* Call chains, each stored once and named by a number (include/linux/stackdepot.h). */
#ifndef _LINUX_STACKDEPOT_H
#define _LINUX_STACKDEPOT_H

#include <linux/types.h>

typedef u32 depot_stack_handle_t; /* 0 = none */

#define STACK_DEPOT_DEPTH 8

/* Takes the depot's memory from memblock; before mm_init(), by whoever wants chains
 * recorded.  More than one call is no error.  0 or -ENOMEM. */
int stack_depot_init(void);
/* Stores the chain of the caller; 0 when the depot is full or was not set up.
 * Any context. */
depot_stack_handle_t stack_depot_save_here(void);
/* The chain's addresses, innermost first; returns how many. */
unsigned int stack_depot_fetch(depot_stack_handle_t handle,
			       const unsigned long **entries);
void stack_depot_print(depot_stack_handle_t handle);

#endif

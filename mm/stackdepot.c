/* SPDX-License-Identifier: MIT */
/*
 * Call chains, each stored once: a hash table of chains that only grows.  A chain's slot
 * is claimed by storing its hash there (compare-and-swap, 0 = free), written, and then
 * published by its length; who finds the hash but no length yet waits for it.  The handle
 * is the slot's number plus one.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/stackdepot.h>
#include <linux/string.h>
#include "mm/platform.h"
#include "mm/stackdepot.h"
#include "mm/reset.h"

#define SLOTS STACK_DEPOT_SLOTS
/* How far from its hash a chain may lie. */
#define PROBES 64U

struct depot_chain *stack_depot; /* SLOTS of them; NULL: off */

void stack_depot_reset(void)
{
	stack_depot = NULL;
}

int stack_depot_init(void)
{
	if (!stack_depot)
		stack_depot =
			memblock_alloc(SLOTS * sizeof(*stack_depot), SMP_CACHE_BYTES);
	return stack_depot ? 0 : -ENOMEM;
}

static u32 hash_chain(const unsigned long *pcs, unsigned int n)
{
	u64 hash = n;

	for (unsigned int i = 0; i < n; i++)
		hash = (hash ^ pcs[i]) * 0x9e3779b97f4a7c15ULL;
	hash ^= hash >> 32;
	return (u32)hash ? (u32)hash : 1;
}

static bool same_chain(const struct depot_chain *chain, const unsigned long *pcs,
		       unsigned int n)
{
	u32 stored;

	while (!(stored = smp_load_acquire(&chain->n)))
		cpu_relax();
	return stored == n && !memcmp(chain->pcs, pcs, n * sizeof(*pcs));
}

depot_stack_handle_t stack_depot_save_here(void)
{
	unsigned long pcs[STACK_DEPOT_DEPTH];
	unsigned int n = stack_depot ? platform_backtrace(pcs, STACK_DEPOT_DEPTH) : 0;
	unsigned long flags;
	u32 hash, handle = 0;

	if (!n)
		return 0;
	hash = hash_chain(pcs, n);
	/* An interrupt must not wait for the chain that this CPU is writing. */
	local_irq_save(flags);
	for (u32 i = 0; i < PROBES && !handle; i++) {
		u32 slot = (hash + i) & (SLOTS - 1);
		struct depot_chain *chain = &stack_depot[slot];
		u32 found = cmpxchg(&chain->hash, 0, hash);

		if (!found) {
			memcpy(chain->pcs, pcs, n * sizeof(*pcs));
			smp_store_release(&chain->n, n);
			handle = slot + 1;
		} else if (found == hash && same_chain(chain, pcs, n)) {
			handle = slot + 1;
		}
	}
	local_irq_restore(flags);
	return handle;
}

unsigned int stack_depot_fetch(depot_stack_handle_t handle, const unsigned long **entries)
{
	if (!stack_depot || !handle || handle > SLOTS)
		return 0;
	*entries = stack_depot[handle - 1].pcs;
	return smp_load_acquire(&stack_depot[handle - 1].n);
}

void stack_depot_print(depot_stack_handle_t handle)
{
	const unsigned long *pcs = NULL;
	unsigned int n = stack_depot_fetch(handle, &pcs);

	for (unsigned int i = 0; i < n; i++)
		pr_info(" %pS\n", (void *)pcs[i]);
}

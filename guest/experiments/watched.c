/* SPDX-License-Identifier: MIT */
/* Options that change what an experiment looks at: see watched.h. */
#include <linux/kmsan-checks.h>
#include <linux/slab.h>

#include <mm/kfence.h>
#include <mm/page_alloc.h>
#include <mm/slab_info.h>

#include "watched.h"

/* What is done to all memory on its way. */
static const char *option_for_all(void)
{
	if (page_alloc_hooks & (HOOK_INIT_ALLOC | HOOK_INIT_FREE))
		return "memory is cleared (init_on_alloc, init_on_free)";
	if (kmsan_on)
		return "memory never written is marked (kmsan)";
	if (page_alloc_hooks & HOOK_PROFILE)
		return "each allocation is counted (alloc_profile)";
	return NULL;
}

const char *objects_are_sampled(void)
{
	return kfence_on ? "KFENCE guards some of the objects (kfence.sample_interval)"
			 : NULL;
}

const char *objects_are_watched(struct kmem_cache *s)
{
	const char *why = objects_are_sampled();
	struct slabinfo info;

	get_slabinfo(s, &info);
	if (why || info.magazine_size)
		return why;
	why = option_for_all();
	return why ? why : "caches are being debugged (slub_debug)";
}

const char *kmalloc_is_watched(void)
{
	struct slab_object_info object;
	const char *why = objects_are_sampled();
	void *p;

	if (why)
		return why;
	p = kmalloc(64, GFP_KERNEL);
	slab_object_info(p, &object);
	kfree(p);
	return object.cache ? objects_are_watched(object.cache) : NULL;
}

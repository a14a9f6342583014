/* SPDX-License-Identifier: MIT */
/* Looking at KFENCE's pool: its objects, its counts, and whether it is whole. */
#include <linux/errno.h>
#include "mm/kfence_pool.h"
#include "mm/slab.h"
#include "mm/slab_info.h"

void kfence_get_stats(struct kfence_stats *stats)
{
	unsigned long flags;

	spin_lock_irqsave(&kfence.lock, flags);
	*stats = kfence.stats;
	spin_unlock_irqrestore(&kfence.lock, flags);
}

static void meta_info(const struct kfence_meta *meta, struct slab_object_info *info)
{
	*info = (struct slab_object_info){
		.cache = meta->cache,
		.object = (void *)meta->addr,
		.index = meta_number(meta),
		.allocated = meta->state == KFENCE_ALLOCATED,
		.alloc_site = meta->alloc.ip,
		.free_site = meta->free.ip,
	};
}

void kfence_object_info(const void *addr, struct slab_object_info *info)
{
	const struct kfence_meta *meta = meta_of((unsigned long)addr);

	*info = (struct slab_object_info){ 0 };
	if (meta && meta->state != KFENCE_UNUSED)
		meta_info(meta, info);
}

void kfence_print_tracks(const void *addr)
{
	const struct kfence_meta *meta = meta_of((unsigned long)addr);

	if (!meta)
		return;
	kfence_print_track(&meta->alloc, false);
	kfence_print_track(&meta->free, true);
}

int kfence_for_each_object(const struct kmem_cache *s,
			   int (*fn)(const struct slab_object_info *obj, void *arg),
			   void *arg)
{
	struct slab_object_info info;
	int err = 0;

	for (unsigned int i = 0; kfence.metas && !err && i < KFENCE_NUM_OBJECTS; i++) {
		const struct kfence_meta *meta = &kfence.metas[i];

		if (meta->state != KFENCE_ALLOCATED || meta->cache != s)
			continue;
		meta_info(meta, &info);
		err = fn(&info, arg);
	}
	return err;
}

static int count_object(const struct slab_object_info *obj, void *arg)
{
	unsigned int *n = arg;

	(void)obj;
	++*n;
	return 0;
}

unsigned int kfence_objects(const struct kmem_cache *s)
{
	unsigned int n = 0;

	if (kfence.stats.allocated)
		kfence_for_each_object(s, count_object, &n);
	return n;
}

void kfence_forget_cache(const struct kmem_cache *s)
{
	unsigned long flags;

	spin_lock_irqsave(&kfence.lock, flags);
	for (unsigned int i = 0; kfence.metas && i < KFENCE_NUM_OBJECTS; i++)
		if (kfence.metas[i].cache == s)
			kfence.metas[i].cache = NULL;
	spin_unlock_irqrestore(&kfence.lock, flags);
}

/* --- checking -------------------------------------------------------------------------- */

static const char *books_are_wrong(void)
{
	const struct list_head *at;
	unsigned int unused = 0, used = 0;

	list_for_each (at, &kfence.unused)
		unused++;
	for (unsigned int i = 0; i < KFENCE_NUM_OBJECTS; i++)
		used += kfence.metas[i].state == KFENCE_ALLOCATED;
	if (used != kfence.stats.allocated)
		return "objects in use are miscounted";
	if (used + unused != KFENCE_NUM_OBJECTS)
		return "objects are neither in use nor on the list";
	return NULL;
}

int kfence_verify(void)
{
	struct kfence_bug bug;
	const char *wrong;

	if (!kfence.metas)
		return 0;
	wrong = books_are_wrong();
	if (wrong) {
		pr_err("kfence: %s\n", wrong);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < KFENCE_NUM_OBJECTS; i++) {
		const struct kfence_meta *meta = &kfence.metas[i];

		if (meta->state == KFENCE_ALLOCATED &&
		    kfence_is_damaged(meta, _RET_IP_, &bug)) {
			kfence_report(&bug);
			return -EINVAL;
		}
	}
	return 0;
}

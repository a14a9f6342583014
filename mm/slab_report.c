/* SPDX-License-Identifier: MIT */
/*
 * Reports of wrong use.  The wording is Linux's, so that its literature and log watchers
 * apply.  Every report names the cache, the kind, the object, and both ends of its life
 * (under SLAB_STORE_USER), and ends in the call chain that showed it.
 */
#include "mm/slab.h"
#include "mm/slab_info.h"

#define REPORT_BYTES 64 /* of an object that are shown */
#define REPORT_BUSY  32 /* objects of a busy cache that are listed */

static atomic_long_t slab_bugs;

unsigned long slab_bug_count(void)
{
	return (unsigned long)atomic_long_read(&slab_bugs);
}

void slab_count_bug(void)
{
	atomic_long_inc(&slab_bugs);
}

void slab_report_reset(void)
{
	atomic_long_set(&slab_bugs, 0);
}

static void slab_report_head(const char *name, const char *what)
{
	slab_count_bug();
	pr_err("=============================================================\n");
	pr_err("BUG %s: %s\n", name, what);
	pr_err("-------------------------------------------------------------\n");
}

static void slab_report_tail(unsigned long ip)
{
	pr_err("Called from %pS\n", (void *)ip);
	dump_stack();
}

static unsigned long slab_offset(const struct slab *slab, const void *addr)
{
	return (unsigned long)addr - (unsigned long)page_to_virt(slab_page(slab));
}

static void slab_print_bytes(const char *title, const u8 *p, unsigned int n)
{
	for (unsigned int i = 0; i < n; i += 16)
		pr_err("%s %p: %*ph\n", title, p + i, min_t(int, 16, n - i), p + i);
}

static void slab_print_object(const struct kmem_cache *s, const struct slab *slab,
			      const void *obj)
{
	pr_err("Slab %p objects=%u used=%u\n", slab, slab->objects, slab->inuse);
	pr_err("Object %p @offset=%lu size=%u\n", obj, slab_offset(slab, obj),
	       s->object_size);
	slab_print_bytes("Object  ", obj,
			 min_t(unsigned int, s->object_size, REPORT_BYTES));
}

/* The object whose place covers addr, with its tracks. */
static void slab_print_owner(const struct kmem_cache *s, const void *addr)
{
	struct slab *slab = slab_of(addr);
	int index = slab_index_inside(s, slab, addr);
	const void *obj;

	if (index < 0)
		return;
	obj = slab_object(s, slab, (unsigned int)index);
	slab_print_tracks(s, obj);
	slab_print_object(s, slab, obj);
}

void slab_report_invalid(struct kmem_cache *s, const void *addr, unsigned long ip)
{
	slab_report_head(s->name, "Invalid object pointer");
	pr_err("%p is not the start of an object\n", addr);
	slab_print_owner(s, addr);
	slab_report_tail(ip);
	pr_err("FIX %s: Object at %p not freed\n", s->name, addr);
}

void slab_report_double(struct kmem_cache *s, const void *obj, unsigned long ip)
{
	slab_report_head(s->name, "Object already free");
	slab_print_owner(s, obj);
	slab_report_tail(ip);
	pr_err("FIX %s: Object at %p not freed\n", s->name, obj);
}

void slab_report_damage(struct kmem_cache *s, const void *obj, const char *what,
			const u8 *from, const u8 *to, u8 expected, unsigned long ip)
{
	struct slab *slab = slab_of(obj);

	slab_report_head(s->name, what);
	pr_err("%p-%p @offset=%lu. First byte 0x%x instead of 0x%x\n", from, to - 1,
	       slab_offset(slab, from), *from, expected);
	slab_print_tracks(s, obj);
	slab_print_object(s, slab, obj);
	slab_print_bytes("Damaged ", from, min_t(unsigned int, to - from, REPORT_BYTES));
	slab_report_tail(ip);
	pr_err("FIX %s: Restoring %p-%p=0x%x\n", s->name, from, to - 1, expected);
}

void slab_report_foreign(const struct kmem_cache *s, const void *addr, unsigned long ip)
{
	const struct kmem_cache *from = slab_cache_of(addr);

	if (from) {
		slab_report_head(s->name, "Wrong slab cache");
		pr_err("kmem_cache_free(%s) of %p, but the object is from %s\n", s->name,
		       addr, from->name);
		slab_print_owner(from, addr);
	} else {
		slab_report_head(s ? s->name : "kfree",
				 "Object pointer in non-slab page");
		pr_err("%p is in no slab\n", addr);
	}
	slab_report_tail(ip);
	pr_err("FIX %s: Object at %p not freed\n", s ? s->name : "kfree", addr);
}

/* One object of a cache that should have none left. */
static int slab_print_leak(const struct slab_object_info *obj, void *arg)
{
	unsigned int *left = arg;

	if (!*left)
		return 1;
	--*left;
	if (is_kfence_address(obj->object)) {
		pr_err("Object %p (kfence-#%u)\n", obj->object, obj->index);
		kfence_print_tracks(obj->object);
		return 0;
	}
	pr_err("Object %p @offset=%lu\n", obj->object,
	       slab_offset(slab_of(obj->object), obj->object));
	slab_print_tracks(obj->cache, obj->object);
	return 0;
}

void slab_report_busy(struct kmem_cache *s, unsigned long ip)
{
	unsigned int left = REPORT_BUSY;

	slab_report_head(s->name, "Objects remaining on kmem_cache_destroy()");
	pr_err("kmem_cache_destroy %s: Slab cache still has objects when called from %pS\n",
	       s->name, (void *)ip);
	if (kmem_cache_for_each_object(s, slab_print_leak, &left))
		pr_err("and more: %lu objects in all\n",
		       s->lists.inuse + kfence_objects(s));
	dump_stack();
}

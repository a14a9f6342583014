/* SPDX-License-Identifier: MIT */
/* failslab: allocations of objects that fail on purpose. */
#include <linux/fault-inject.h>
#include "mm/slab.h"
#include "mm/slab_info.h"

static struct fault_attr *fail_attr; /* NULL: none fail */
static struct kmem_cache *fail_cache; /* only this one's; NULL: any cache's */
static struct fault_attr boot_attr; /* from the command line */

/* Internal caches see every allocation anyway. */
bool failslab_covers(const struct kmem_cache *s)
{
	return READ_ONCE(fail_attr) && (!fail_cache || fail_cache == s);
}

bool failslab_now(const struct kmem_cache *s, gfp_t gfp)
{
	struct fault_attr *attr = READ_ONCE(fail_attr);

	if (likely(!attr) || (gfp & __GFP_NOFAIL) || !failslab_covers(s))
		return false;
	return should_fail(attr, s->object_size);
}

static int failslab_update(struct kmem_cache *s, void *arg)
{
	(void)arg;
	slab_update_caching(s);
	return 0;
}

void failslab_set(struct fault_attr *attr, struct kmem_cache *only)
{
	fail_cache = only;
	WRITE_ONCE(fail_attr, attr);
	kmem_cache_for_each(failslab_update, NULL);
}

int failslab_setup(const char *str)
{
	int err = setup_fault_attr(&boot_attr, str);

	if (err) {
		pr_err("failslab=%s: want interval,probability,space,times\n", str);
		return err;
	}
	fail_attr = &boot_attr;
	return 0;
}

void failslab_reset(void)
{
	fail_attr = NULL;
	fail_cache = NULL;
}

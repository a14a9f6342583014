/* SPDX-License-Identifier: MIT */
/* Boot memory: the tables of memblock. */
#include <errno.h>
#include <stdlib.h>

#include "vmm/memstate/memstate.h"

static int read_ranges(struct memstate_view *view, uint64_t va, uint64_t limit,
		       const char *what, struct boot_ranges *ranges)
{
	const struct memstate_boot *d = &view->mm.boot;
	uint64_t end = 0;
	int ret = 0;

	for (unsigned int i = 0; i < ranges->nr && !ret; i++) {
		struct boot_range *r = &ranges->range[i];
		uint64_t last;

		ret = memstate_field(view, va, &d->base, i, &r->base, what);
		if (!ret)
			ret = memstate_field(view, va, &d->size, i, &r->size, what);
		if (ret)
			return ret;
		if (!r->size || r->base < end ||
		    __builtin_add_overflow(r->base, r->size, &last) || last > limit)
			return memstate_bad(view, "%s: range %u is %#llx, %#llx bytes",
					    what, i, (unsigned long long)r->base,
					    (unsigned long long)r->size);
		end = last;
	}
	return ret;
}

static int read_table(struct memstate_view *view, uint64_t va, uint64_t limit,
		      const char *what, struct boot_ranges *ranges)
{
	const struct memstate_boot *d = &view->mm.boot;
	struct boot_ranges new = { 0 };
	uint64_t nr = 0;
	int ret = memstate_field(view, va, &d->count, 0, &nr, what);

	if (ret)
		return ret;
	if (nr > d->base.count || nr > d->size.count || nr > MEMSTATE_BOOT_MAX)
		return memstate_bad(view, "%s: %llu ranges in a table of %u", what,
				    (unsigned long long)nr, d->base.count);
	new.nr = nr;
	new.range = calloc(nr ? nr : 1, sizeof(*new.range));
	if (!new.range)
		return -ENOMEM;
	ret = read_ranges(view, va, limit, what, &new);
	if (ret) {
		free(new.range);
		return ret;
	}
	free(ranges->range);
	*ranges = new;
	return 0;
}

int memstate_read_boot(struct memstate_view *view, struct boot_memory *boot)
{
	const struct memstate_boot *d = &view->mm.boot;
	int ret;

	memstate_refresh(view);
	ret = read_table(view, d->memory_va, view->ram_end, "boot memory", &boot->memory);
	if (!ret)
		ret = read_table(view, d->reserved_va, UINT64_MAX, "reserved memory",
				 &boot->reserved);
	if (!ret && d->kept_back_va)
		ret = read_table(view, d->kept_back_va, view->ram_end, "RAM kept back",
				 &boot->kept_back);
	return ret;
}

void boot_memory_free(struct boot_memory *boot)
{
	free(boot->memory.range);
	free(boot->reserved.range);
	free(boot->kept_back.range);
	*boot = (struct boot_memory){ 0 };
}

/* SPDX-License-Identifier: MIT */
/* Types of page blocks. */
#include <string.h>

#include "vmm/memstate/memstate.h"

void memstate_type_name(const struct memstate_view *view, unsigned int type,
			char name[MEMSTATE_TYPE_NAME])
{
	memset(name, 0, MEMSTATE_TYPE_NAME);
	memcpy(name, view->mm.blocks.name[type], MEMSTATE_TYPE_NAME - 1);
	for (; *name; name++)
		if (*name < 0x20 || *name > 0x7e)
			*name = '?';
}

static int read_type(struct memstate_view *view, uint64_t va, uint64_t i, uint8_t *to)
{
	const struct memstate_blocks *d = &view->mm.blocks;
	uint64_t type = 0;
	int ret = memstate_field(view, va + i * d->stride, &d->type, 0, &type,
				 "a page block");

	if (ret)
		return ret;
	if (type >= d->types)
		return memstate_bad(view, "page block %#llx is of type %llu of %u",
				    (unsigned long long)i, (unsigned long long)type,
				    d->types);
	*to = (uint8_t)type;
	return 0;
}

int memstate_read_blocks(struct memstate_view *view, struct frame_map *map)
{
	const struct memstate_blocks *d = &view->mm.blocks;
	uint64_t table = 0, max_pfn = 0, i;
	int ret;

	if (!map->nr_blocks)
		return 0;
	memset(map->block, 0, map->nr_blocks);
	ret = memstate_read_pointer(view, d->pointer_va, &table, "the page blocks");
	if (!ret)
		ret = memstate_read_pointer(view, view->mm.pages.max_pfn_va, &max_pfn,
					    "the highest frame");
	if (ret || !table || !max_pfn)
		return ret;
	/* The table reaches as far as the memory that the guest uses. */
	for (i = 0; i < map->nr_blocks && i <= (max_pfn - 1) >> map->block_order && !ret;
	     i++)
		ret = read_type(view, table, i, &map->block[i]);
	return ret;
}

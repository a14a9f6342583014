/* SPDX-License-Identifier: MIT */
/*
 * The page tables of x86-64 in long mode (AMD64 manual, volume 2, 5.3), 4 or 5 levels.  They
 * are the guest's: an entry may point anywhere, also back to its own table, so the number of
 * tables that are looked at is limited, and every address is checked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/dump/dump.h"
#include "vmm/kvm/page_table.h"
#include "vmm/kvm/paging.h"

#define TABLES_MAX (1u << 18) /* 1 GiB of page tables map 512 GiB */

struct walk {
	const struct ram *ram;
	struct dump_segments *segments;
	size_t known; /* the first ones, sorted, are from other page tables */
	unsigned int tables; /* looked at */
	int error;
};

int dump_add_segment(struct dump_segments *segments, uint64_t vaddr, uint64_t paddr,
		     uint64_t size)
{
	size_t room = segments->room ? segments->room * 2 : 64;
	void *grown;

	if (segments->nr == DUMP_SEGMENTS_MAX) {
		segments->incomplete = true;
		return 0;
	}
	if (segments->nr == segments->room) {
		grown = reallocarray(segments->segment, room,
				     sizeof(struct dump_segment));
		if (!grown)
			return -ENOMEM;
		segments->segment = grown;
		segments->room = room;
	}
	segments->segment[segments->nr++] = (struct dump_segment){ vaddr, paddr, size };
	return 0;
}

/* Another page table has something there already. */
static bool is_known(const struct walk *w, uint64_t vaddr)
{
	size_t low = 0, high = w->known;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct dump_segment *s = &w->segments->segment[middle];

		if (vaddr >= s->vaddr && vaddr - s->vaddr < s->size)
			return true;
		if (vaddr < s->vaddr)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

/* One page, or the part of it that is RAM; joins what goes on where the last one ended. */
static void add_page(struct walk *w, uint64_t vaddr, uint64_t paddr, uint64_t size)
{
	struct dump_segments *list = w->segments;
	struct dump_segment *last = list->nr > w->known ? &list->segment[list->nr - 1]
							: NULL;
	uint64_t span = ram_span(w->ram, paddr, NULL);

	if (span < size)
		size = span;
	if (!size || is_known(w, vaddr))
		return;
	if (last && last->vaddr + last->size == vaddr &&
	    last->paddr + last->size == paddr &&
	    ram_at(w->ram, last->paddr, last->size + size))
		last->size += size;
	else
		w->error = dump_add_segment(list, vaddr, paddr, size);
}

/* clang-tidy: as deep as there are levels. NOLINTNEXTLINE(misc-no-recursion) */
static void walk_table(struct walk *w, uint64_t table, unsigned int level, uint64_t vaddr)
{
	unsigned int shift = 12 + 9 * level, i;
	const void *entries = ram_at(w->ram, table, ENTRIES * sizeof(uint64_t));
	uint64_t entry;

	if (!entries || w->segments->incomplete)
		return;
	if (w->tables++ == TABLES_MAX) {
		w->segments->incomplete = true;
		return;
	}
	for (i = 0; i < ENTRIES && !w->error; i++) {
		uint64_t at = vaddr + ((uint64_t)i << shift);

		memcpy(&entry, (const uint8_t *)entries + i * sizeof(entry),
		       sizeof(entry));
		if (!(entry & ENTRY_PRESENT))
			continue;
		if (!level || ((entry & ENTRY_LARGE) && level <= 2))
			add_page(w, at, entry & ENTRY_ADDRESS & ~((1ull << shift) - 1),
				 1ull << shift);
		else
			walk_table(w, entry & ENTRY_ADDRESS, level - 1, at);
	}
}

/* Both halves of the address space, the upper one sign-extended. */
static void walk_root(struct walk *w, const struct kvm_sregs *s)
{
	unsigned int levels = paging_levels(s), i;
	unsigned int shift = 12 + 9 * (levels - 1);
	const void *root =
		ram_at(w->ram, s->cr3 & ENTRY_ADDRESS, ENTRIES * sizeof(uint64_t));
	uint64_t entry;

	for (i = 0; root && i < ENTRIES && !w->error; i++) {
		uint64_t at = (uint64_t)i << shift;

		if (i >= ENTRIES / 2)
			at |= ~0ull << (shift + 9);
		memcpy(&entry, (const uint8_t *)root + i * sizeof(entry), sizeof(entry));
		if (entry & ENTRY_PRESENT)
			walk_table(w, entry & ENTRY_ADDRESS, levels - 2, at);
	}
}

static int by_vaddr(const void *a, const void *b)
{
	uint64_t x = ((const struct dump_segment *)a)->vaddr;
	uint64_t y = ((const struct dump_segment *)b)->vaddr;

	return x < y ? -1 : x > y;
}

/* A vCPU before this one has the same tables. */
static bool is_seen(const struct dump *dump, unsigned int i)
{
	unsigned int j;

	for (j = 0; j < i; j++)
		if (paging_is_long(&dump->cpus[j].sregs) &&
		    !((dump->cpus[j].sregs.cr3 ^ dump->cpus[i].sregs.cr3) &
		      ENTRY_ADDRESS))
			return true;
	return false;
}

int dump_page_tables(const struct dump *dump, struct dump_segments *segments)
{
	struct walk w = { .ram = dump->ram, .segments = segments };
	bool any = false;
	unsigned int i;

	for (i = 0; i < dump->nr_cpus && !w.error; i++) {
		if (!paging_is_long(&dump->cpus[i].sregs))
			continue;
		any = true;
		if (is_seen(dump, i))
			continue;
		w.known = segments->nr;
		walk_root(&w, &dump->cpus[i].sregs);
		if (segments->nr)
			qsort(segments->segment, segments->nr, sizeof(*segments->segment),
			      by_vaddr);
	}
	if (w.error)
		return w.error;
	return any ? 0 : -ENOENT;
}

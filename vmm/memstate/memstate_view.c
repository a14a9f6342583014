/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/kvm/page_table.h"
#include "vmm/memstate/memstate_view.h"

#define PAGE	  4096ull
#define PAGE_MASK (~(PAGE - 1))
#define NO_PAGE	  1ull /* no page begins here */

#define TABLE_BITS 9
#define TOP_SHIFT  39 /* of the index into the highest of the four levels */
#define PAGE_SHIFT 12

int memstate_bad(struct memstate_view *view, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return error_set(&view->err, EBADMSG, "memory state: %s", text);
}

void memstate_refresh(struct memstate_view *view)
{
	view->page_va = NO_PAGE;
	view->page_host = NULL;
}

/* --- addresses ------------------------------------------------------------------------ */

const uint8_t *memstate_page(const struct memstate_view *view, uint64_t gpa)
{
	const uint8_t *host = ram_at(view->ram, gpa, PAGE);

	if (host && view->fetch && view->fetch->page(view->fetch->arg, gpa))
		return NULL;
	return host;
}

/* One walk through the guest's page table. */
static int walk(const struct memstate_view *view, uint64_t va, uint64_t *gpa)
{
	uint64_t table = view->map.page_table, entry, low;
	int shift;

	/* Bits 47 to 63 are all alike in an address that a processor takes. */
	if (!table || (int64_t)(va << 16) >> 16 != (int64_t)va)
		return -EFAULT;
	for (shift = TOP_SHIFT;; shift -= TABLE_BITS) {
		const uint8_t *host = memstate_page(view, table & ENTRY_ADDRESS);

		if (!host)
			return -EFAULT;
		memcpy(&entry, host + (va >> shift) % (1u << TABLE_BITS) * sizeof(entry),
		       sizeof(entry));
		if (!(entry & ENTRY_PRESENT))
			return -EFAULT;
		if (shift == PAGE_SHIFT || (shift < TOP_SHIFT && entry & ENTRY_LARGE))
			break;
		table = entry;
	}
	low = (1ull << shift) - 1;
	*gpa = (entry & ENTRY_ADDRESS & ~low) | (va & low);
	return 0;
}

int memstate_translate(struct memstate_view *view, uint64_t va, uint64_t *gpa)
{
	unsigned int i;

	for (i = 0; i < MEMSTATE_RANGES; i++) {
		const struct memstate_range *r = &view->map.range[i];

		if (va - r->va < r->size)
			return __builtin_add_overflow(r->pa, va - r->va, gpa) ? -EFAULT
									      : 0;
	}
	return walk(view, va, gpa);
}

/* The host's pointer to the page of va; NULL where that is no RAM. */
static const uint8_t *page_at(struct memstate_view *view, uint64_t va)
{
	uint64_t page = va & PAGE_MASK, gpa;

	if (page == view->page_va)
		return view->page_host;
	memstate_refresh(view);
	if (memstate_translate(view, page, &gpa) || gpa & ~PAGE_MASK)
		return NULL;
	view->page_host = memstate_page(view, gpa);
	if (view->page_host)
		view->page_va = page;
	return view->page_host;
}

/* --- reading --------------------------------------------------------------------------- */

int memstate_read(struct memstate_view *view, uint64_t va, void *buf, size_t len,
		  const char *what)
{
	uint8_t *to = buf;

	while (len) {
		const uint8_t *page = page_at(view, va);
		size_t n = PAGE - va % PAGE;

		if (!page)
			return memstate_bad(view, "%s: address %#llx is not in RAM", what,
					    (unsigned long long)va);
		if (n > len)
			n = len;
		memcpy(to, page + va % PAGE, n);
		to += n;
		va += n;
		len -= n;
	}
	/* The guest may change it meanwhile: what is checked and what is used is the copy. */
	__asm__ volatile("" : : : "memory");
	return 0;
}

int memstate_read_pointer(struct memstate_view *view, uint64_t va, uint64_t *value,
			  const char *what)
{
	return memstate_read(view, va, value, sizeof(*value), what);
}

int memstate_read_string(struct memstate_view *view, uint64_t va, char *buf, size_t size,
			 const char *what)
{
	size_t at;
	int ret;

	for (at = 0; at + 1 < size; at++, va++) {
		ret = memstate_read(view, va, &buf[at], 1, what);
		if (ret)
			return ret;
		if (!buf[at])
			return 0;
		if (buf[at] < 0x20 || buf[at] > 0x7e)
			buf[at] = '?';
	}
	buf[at] = '\0';
	return 0;
}

int memstate_field(struct memstate_view *view, uint64_t va,
		   const struct memstate_field *field, unsigned int index,
		   uint64_t *value, const char *what)
{
	uint64_t number = 0;
	int ret;

	if (index >= field->count) {
		*value = 0;
		return 0;
	}
	if (!field->size || field->size > sizeof(number) ||
	    field->size & (field->size - 1))
		return memstate_bad(view, "%s: a number of %u bytes is described", what,
				    field->size);
	va += field->offset + (uint64_t)index * field->stride;
	ret = memstate_read(view, va, &number, field->size, what);
	if (!ret)
		*value = number;
	return ret;
}

int memstate_fields(struct memstate_view *view, uint64_t va,
		    const struct memstate_want *want, size_t nr, const char *what)
{
	int ret = 0;
	size_t i;

	for (i = 0; i < nr && !ret; i++)
		ret = memstate_field(view, va, want[i].field, 0, want[i].value, what);
	return ret;
}

int memstate_field_array(struct memstate_view *view, uint64_t va,
			 const struct memstate_field *field, uint64_t *values,
			 unsigned int nr, const char *what)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++)
		ret = memstate_field(view, va, field, i, &values[i], what);
	return ret;
}

/* --- the published tables --------------------------------------------------------------- */

static int check_map(struct memstate_view *view)
{
	const struct memstate *map = &view->map;
	unsigned int i;

	if (map->magic != MEMSTATE_MAGIC)
		return memstate_bad(view, "the table does not begin with its mark");
	if (map->version != MEMSTATE_VERSION || map->size != sizeof(*map))
		return memstate_bad(view,
				    "the table is version %u of %u bytes; known is "
				    "version %u of %zu",
				    map->version, map->size, MEMSTATE_VERSION,
				    sizeof(*map));
	for (i = 0; i < MEMSTATE_RANGES; i++) {
		uint64_t end;

		if (__builtin_add_overflow(map->range[i].va, map->range[i].size, &end))
			return memstate_bad(view, "address range %u wraps", i);
	}
	if (map->image_start > map->image_end)
		return memstate_bad(view, "the kernel's image ends before it begins");
	return 0;
}

static int check_blocks(struct memstate_view *view)
{
	const struct memstate_blocks *d = &view->mm.blocks;

	if (d->types > MEMSTATE_TYPES)
		return memstate_bad(view, "%u types of page blocks, more than %u",
				    d->types, MEMSTATE_TYPES);
	if (d->order >= MEMSTATE_ORDERS_MAX)
		return memstate_bad(view, "page blocks of order %u, more than %u",
				    d->order, MEMSTATE_ORDERS_MAX - 1);
	return 0;
}

static int check_mm(struct memstate_view *view)
{
	const struct memstate_mm *mm = &view->mm;

	if (mm->version != MEMSTATE_VERSION || mm->size != sizeof(*mm) ||
	    mm->page_size != PAGE)
		return memstate_bad(view,
				    "the description is version %u of %u bytes, pages of "
				    "%u; known is version %u of %zu, pages of %llu",
				    mm->version, mm->size, mm->page_size,
				    MEMSTATE_VERSION, sizeof(*mm), PAGE);
	if (mm->zones.count > MEMSTATE_ZONES)
		return memstate_bad(view, "%u zones, more than %u", mm->zones.count,
				    MEMSTATE_ZONES);
	if (mm->pages.max_order >= MEMSTATE_ORDERS_MAX)
		return memstate_bad(view, "blocks of order %u, more than %u",
				    mm->pages.max_order, MEMSTATE_ORDERS_MAX - 1);
	if (mm->pages.order_shift > 31)
		return memstate_bad(view, "the order stands at bit %u of 32",
				    mm->pages.order_shift);
	return check_blocks(view);
}

/* The table may begin anywhere, also across the end of a page. */
static int read_map(struct memstate_view *view, uint64_t gpa)
{
	uint8_t *to = (uint8_t *)&view->map;
	size_t left = sizeof(view->map), n;

	for (; left; left -= n, gpa += n, to += n) {
		const uint8_t *page = memstate_page(view, gpa & PAGE_MASK);

		if (!page)
			return memstate_bad(
				view, "the table is said to be at %#llx, outside RAM",
				(unsigned long long)gpa);
		n = PAGE - gpa % PAGE;
		if (n > left)
			n = left;
		memcpy(to, page + gpa % PAGE, n);
	}
	__asm__ volatile("" : : : "memory");
	return check_map(view);
}

int memstate_open_fetched(struct memstate_view *view, const struct ram *ram,
			  const struct memstate_fetch *fetch, uint64_t gpa)
{
	const struct ram_region *last = ram->nr ? &ram->region[ram->nr - 1] : NULL;
	int ret;

	*view = (struct memstate_view){ .ram = ram, .fetch = fetch };
	memstate_refresh(view);
	view->ram_end = last ? last->gpa + last->size : 0;
	ret = read_map(view, gpa);
	if (!ret)
		ret = memstate_read(view, view->map.mm_va, &view->mm, sizeof(view->mm),
				    "the description");
	return ret ? ret : check_mm(view);
}

int memstate_open(struct memstate_view *view, const struct ram *ram, uint64_t gpa)
{
	return memstate_open_fetched(view, ram, NULL, gpa);
}

int memstate_cpus(struct memstate_view *view, unsigned int *cpus)
{
	uint32_t value = 0;
	int ret = memstate_read(view, view->map.nr_cpus_va, &value, sizeof(value),
				"the number of CPUs");

	if (ret)
		return ret;
	if (!value || value > MEMSTATE_CPUS_MAX)
		return memstate_bad(view, "%u CPUs", value);
	*cpus = value;
	return 0;
}

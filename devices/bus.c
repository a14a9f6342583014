/* SPDX-License-Identifier: MIT */
#include "devices/bus.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Is [base, base + size) inside the range?  size is not 0, no sum can wrap. */
static bool contains(const struct bus_range *r, uint64_t base, uint64_t size)
{
	uint64_t offset = base - r->base;

	return base >= r->base && offset < r->size && size <= r->size - offset;
}

/* They share addresses and neither is inside the other, or they are equal. */
static bool conflict(const struct bus_range *a, const struct bus_range *b)
{
	bool overlap = a->base < b->base ? b->base - a->base < a->size
					 : a->base - b->base < b->size;

	if (a->size == b->size)
		return overlap;
	return overlap && !contains(a, b->base, b->size) &&
	       !contains(b, a->base, a->size);
}

int bus_add(struct bus *bus, const struct bus_range *range)
{
	unsigned int at = 0;
	uint64_t last;

	if (!range->size || __builtin_add_overflow(range->base, range->size - 1, &last))
		return -EINVAL;
	if (bus->nr == BUS_MAX_RANGES)
		return -ENOSPC;
	for (unsigned int i = 0; i < bus->nr; i++) {
		if (conflict(bus->range[i], range))
			return -EEXIST;
		if (bus->range[i]->size <= range->size)
			at = i + 1;
	}
	for (unsigned int i = bus->nr; i > at; i--)
		bus->range[i] = bus->range[i - 1];
	bus->range[at] = range;
	bus->nr++;
	return 0;
}

void bus_remove(struct bus *bus, const struct bus_range *range)
{
	unsigned int at = 0;

	while (at < bus->nr && bus->range[at] != range)
		at++;
	if (at == bus->nr)
		return;
	bus->nr--;
	for (; at < bus->nr; at++)
		bus->range[at] = bus->range[at + 1];
}

static const struct bus_range *find(const struct bus *bus, uint64_t addr,
				    unsigned int size)
{
	if (size < 1 || size > 8)
		return NULL;
	for (unsigned int i = 0; i < bus->nr; i++)
		if (contains(bus->range[i], addr, size))
			return bus->range[i];
	return NULL;
}

static uint64_t ones(unsigned int size)
{
	return size < 8 ? (1ull << (8 * size)) - 1 : ~0ull;
}

bool bus_read(const struct bus *bus, uint64_t addr, unsigned int size, uint64_t *value)
{
	const struct bus_range *r = find(bus, addr, size);

	*value = ones(size);
	if (r && r->ops->read)
		*value = r->ops->read(r->arg, addr - r->base, size) & ones(size);
	return r != NULL;
}

bool bus_write(const struct bus *bus, uint64_t addr, unsigned int size, uint64_t value)
{
	const struct bus_range *r = find(bus, addr, size);

	if (r && r->ops->write)
		r->ops->write(r->arg, addr - r->base, size, value & ones(size));
	return r != NULL;
}

bool bus_access(const struct bus *bus, uint64_t addr, void *data, unsigned int len,
		bool is_write)
{
	uint64_t value = 0;
	bool answered;

	if (len > sizeof(value))
		return false;
	if (is_write) {
		memcpy(&value, data, len);
		return bus_write(bus, addr, len, value);
	}
	answered = bus_read(bus, addr, len, &value);
	memcpy(data, &value, len);
	return answered;
}

/* SPDX-License-Identifier: MIT */
/*
 * Address-range dispatch: one struct bus for ports, one for memory-mapped registers.
 *
 * A range may lie inside another (the reset port 0xCF9 inside PCI's 0xCF8-0xCFB); an access
 * goes to the smallest range that contains all of it.  An access that no range contains,
 * one that straddles an end included, reads as all ones and writes nothing.
 */
#ifndef DEVICES_BUS_H
#define DEVICES_BUS_H

#include <stdbool.h>
#include <stdint.h>

#define BUS_MAX_RANGES 256

/* size is 1 to 8; values are in the low bytes.  Either may be NULL: ones, ignored. */
struct bus_ops {
	uint64_t (*read)(void *arg, uint64_t offset, unsigned int size);
	void (*write)(void *arg, uint64_t offset, unsigned int size, uint64_t value);
};

/* Owned by the device, fixed in place while it is on the bus. */
struct bus_range {
	const char *name;
	uint64_t base, size;
	const struct bus_ops *ops;
	void *arg;
};

/* Zeroed is empty. */
struct bus {
	unsigned int nr;
	const struct bus_range *range[BUS_MAX_RANGES]; /* smallest first */
};

/* 0; -EINVAL: size 0 or past 2^64; -EEXIST: the same range, or a part of another that is
 * not inside it; -ENOSPC. */
int bus_add(struct bus *bus, const struct bus_range *range);
/* Nothing when it is not there. */
void bus_remove(struct bus *bus, const struct bus_range *range);

/* False when nobody answered; *value is then all ones (of `size` bytes). */
bool bus_read(const struct bus *bus, uint64_t addr, unsigned int size, uint64_t *value);
bool bus_write(const struct bus *bus, uint64_t addr, unsigned int size, uint64_t value);

/* The same on little-endian bytes as KVM hands them over, len 1 to 8. */
bool bus_access(const struct bus *bus, uint64_t addr, void *data, unsigned int len,
		bool is_write);

#endif

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "vmm/gdb/gdb_points.h"

/* Debug register 7 (AMD64 manual, volume 2, 13.1.1.4). */
#define DR7_ALWAYS	 0x400ull
#define DR7_GLOBAL(slot) (2ull << (2 * (slot)))
#define DR7_SHIFT(slot)	 (16 + 4 * (slot))
#define DR7_WRITE	 1ull
#define DR7_ACCESS	 3ull

static bool is_watch(enum gdb_point_kind kind)
{
	return kind != GDB_SOFTWARE_BREAK && kind != GDB_HARDWARE_BREAK;
}

/* A length that a debug register takes, and the address a multiple of it. */
static bool fits_register(uint64_t addr, uint64_t len)
{
	return (len == 1 || len == 2 || len == 4 || len == 8) && addr % len == 0;
}

static bool free_slot(const struct gdb_points *points, unsigned int *slot)
{
	unsigned int used = 0, i;

	for (i = 0; i < points->nr; i++)
		if (points->point[i].way == GDB_REGISTER)
			used |= 1u << points->point[i].slot;
	for (i = 0; i < GDB_DEBUG_REGISTERS; i++) {
		if (used & 1u << i)
			continue;
		*slot = i;
		return true;
	}
	return false;
}

static int choose_break(const struct gdb_delivers *d, struct gdb_point *p,
			struct error *err)
{
	if (p->kind == GDB_SOFTWARE_BREAK && (d->int3_exits || d->int3_fails))
		p->way = GDB_PATCHED;
	else if (p->kind == GDB_HARDWARE_BREAK && d->breaks)
		p->way = GDB_REGISTER;
	else if (d->step)
		p->way = GDB_STEPPED;
	else
		return error_set(
			err, EOPNOTSUPP,
			"this KVM delivers no such breakpoint, nor single steps");
	return 0;
}

static int choose_watch(const struct gdb_delivers *d, struct gdb_point *p,
			struct error *err)
{
	if (!fits_register(p->addr, p->len))
		return error_set(err, EINVAL,
				 "a watchpoint has 1, 2, 4 or 8 bytes, aligned to that");
	if (d->watches)
		p->way = GDB_REGISTER;
	else if (d->step && p->kind == GDB_WATCH_WRITE)
		p->way = GDB_STEPPED;
	else
		return error_set(err, EOPNOTSUPP,
				 "this KVM delivers no watchpoint for %s",
				 p->kind == GDB_WATCH_WRITE ? "writes" : "reads");
	return 0;
}

struct gdb_point *gdb_points_find(struct gdb_points *points, enum gdb_point_kind kind,
				  uint64_t addr, uint64_t len)
{
	unsigned int i;

	for (i = 0; i < points->nr; i++) {
		struct gdb_point *p = &points->point[i];

		if (p->kind == kind && p->addr == addr &&
		    (!is_watch(kind) || p->len == len))
			return p;
	}
	return NULL;
}

struct gdb_point *gdb_points_add(struct gdb_points *points,
				 const struct gdb_delivers *delivers,
				 enum gdb_point_kind kind, uint64_t addr, uint64_t len,
				 bool *was_there, struct error *err)
{
	struct gdb_point p = { .kind = kind, .addr = addr, .len = len };
	struct gdb_point *there = gdb_points_find(points, kind, addr, len);
	int ret;

	*was_there = there;
	if (there)
		return there;
	ret = is_watch(kind) ? choose_watch(delivers, &p, err)
			     : choose_break(delivers, &p, err);
	if (!ret && p.way == GDB_REGISTER && !free_slot(points, &p.slot))
		ret = error_set(err, ENOSPC, "all %d debug registers are in use",
				GDB_DEBUG_REGISTERS);
	if (!ret && points->nr == GDB_POINTS_MAX)
		ret = error_set(err, ENOSPC, "there are %d points already",
				GDB_POINTS_MAX);
	if (ret)
		return NULL;
	points->point[points->nr] = p;
	return &points->point[points->nr++];
}

void gdb_points_remove(struct gdb_points *points, struct gdb_point *point)
{
	*point = points->point[--points->nr];
}

const struct gdb_point *gdb_points_break(const struct gdb_points *points,
					 enum gdb_way way, uint64_t addr)
{
	unsigned int i;

	for (i = 0; i < points->nr; i++) {
		const struct gdb_point *p = &points->point[i];

		if (p->way == way && p->addr == addr && !is_watch(p->kind))
			return p;
	}
	return NULL;
}

bool gdb_points_any(const struct gdb_points *points, enum gdb_way way)
{
	unsigned int i;

	for (i = 0; i < points->nr; i++)
		if (points->point[i].way == way)
			return true;
	return false;
}

/* The four bits of debug register 7 that say what of. */
static uint64_t condition(const struct gdb_point *p)
{
	static const uint64_t lengths[] = { [1] = 0, [2] = 1, [4] = 3, [8] = 2 };

	if (!is_watch(p->kind))
		return 0; /* execution */
	return lengths[p->len] << 2 |
	       (p->kind == GDB_WATCH_WRITE ? DR7_WRITE : DR7_ACCESS);
}

void gdb_points_registers(const struct gdb_points *points, uint64_t db[8])
{
	unsigned int i;

	memset(db, 0, 8 * sizeof(db[0]));
	db[7] = DR7_ALWAYS;
	for (i = 0; i < points->nr; i++) {
		const struct gdb_point *p = &points->point[i];

		if (p->way != GDB_REGISTER)
			continue;
		db[p->slot] = p->addr;
		db[7] |= DR7_GLOBAL(p->slot) | condition(p) << DR7_SHIFT(p->slot);
	}
}

const struct gdb_point *gdb_points_hit(const struct gdb_points *points, uint64_t dr6)
{
	unsigned int i;

	for (i = 0; i < points->nr; i++)
		if (points->point[i].way == GDB_REGISTER &&
		    dr6 & 1ull << points->point[i].slot)
			return &points->point[i];
	return NULL;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/vmm/fake_gdb.h"

static unsigned int cpus(void *ctx)
{
	(void)ctx;
	return FAKE_GDB_CPUS;
}

static bool check_cpu(struct fake_gdb *f, unsigned int cpu)
{
	f->bad |= cpu >= FAKE_GDB_CPUS;
	return !f->bad;
}

static void describe(void *ctx, unsigned int cpu, char *buf, size_t size)
{
	check_cpu(ctx, cpu);
	snprintf(buf, size, "vCPU %u", cpu);
}

static int get_cpu(void *ctx, unsigned int cpu, struct gdb_cpu *state)
{
	struct fake_gdb *f = ctx;

	if (!check_cpu(f, cpu))
		return -EINVAL;
	*state = f->cpu[cpu];
	return 0;
}

static int set_cpu(void *ctx, unsigned int cpu, const struct gdb_cpu *state)
{
	struct fake_gdb *f = ctx;

	if (!check_cpu(f, cpu))
		return -EINVAL;
	f->cpu[cpu] = *state;
	return 0;
}

/* How many bytes of [addr, addr + len) there are, from the first on. */
static size_t there(struct fake_gdb *f, unsigned int cpu, bool physical, uint64_t *addr,
		    size_t len)
{
	check_cpu(f, cpu);
	f->bad |= len > GDB_PACKET_MAX;
	if (!physical)
		*addr -= FAKE_GDB_BASE;
	if (*addr >= FAKE_GDB_MEMORY)
		return 0;
	return len < FAKE_GDB_MEMORY - *addr ? len : FAKE_GDB_MEMORY - *addr;
}

static size_t read_memory(void *ctx, unsigned int cpu, bool physical, uint64_t addr,
			  void *buf, size_t len)
{
	struct fake_gdb *f = ctx;
	size_t n = there(f, cpu, physical, &addr, len);

	if (n)
		memcpy(buf, f->memory + addr, n);
	return n;
}

static int write_memory(void *ctx, unsigned int cpu, bool physical, uint64_t addr,
			const void *buf, size_t len)
{
	struct fake_gdb *f = ctx;

	if (there(f, cpu, physical, &addr, len) != len)
		return -EFAULT;
	if (len)
		memcpy(f->memory + addr, buf, len);
	return 0;
}

static int insert(void *ctx, unsigned int cpu, enum gdb_point_kind kind, uint64_t addr,
		  uint64_t len, struct error *err)
{
	struct fake_gdb *f = ctx;
	bool was_there;

	check_cpu(f, cpu);
	return gdb_points_add(&f->points, &f->delivers, kind, addr, len, &was_there, err)
		       ? 0
		       : -EINVAL;
}

static int remove_point(void *ctx, enum gdb_point_kind kind, uint64_t addr, uint64_t len)
{
	struct fake_gdb *f = ctx;
	struct gdb_point *p = gdb_points_find(&f->points, kind, addr, len);

	if (!p)
		return -ENOENT;
	gdb_points_remove(&f->points, p);
	return 0;
}

static int resume(void *ctx, const enum gdb_run run[], struct error *err)
{
	struct fake_gdb *f = ctx;

	if (f->refuse)
		return error_set(err, f->refuse, "not now");
	memcpy(f->run, run, sizeof(f->run));
	f->resumed++;
	return 0;
}

static void stop(void *ctx)
{
	((struct fake_gdb *)ctx)->stops++;
}

const struct gdb_ops fake_gdb_ops = {
	.cpus = cpus,
	.describe = describe,
	.get_cpu = get_cpu,
	.set_cpu = set_cpu,
	.read_memory = read_memory,
	.write_memory = write_memory,
	.insert = insert,
	.remove = remove_point,
	.resume = resume,
	.stop = stop,
};

/* SPDX-License-Identifier: MIT */
/*
 * gdb on a real machine: its points in the guest, and the vCPUs that meet them.  Points stand
 * in the guest, and vCPUs step, only while gdb lets the machine run.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "vmm/machine/machine_gdb.h"

#define INT3	     0xcc
#define EXCEPTION_DB 1
#define EXCEPTION_BP 3
#define DR6_STEP     (1ull << 14)

/* --- points ------------------------------------------------------------------------------- */

static int patch(struct machine *m, unsigned int cpu, struct gdb_point *p)
{
	size_t span;
	uint8_t *at = machine_gdb_find(m, cpu, false, p->addr, &span, &p->gpa);

	if (!at)
		return -EFAULT;
	p->saved = *at;
	*at = INT3;
	return 0;
}

/* Only where it still stands: the guest may have put something else there. */
static void unpatch(struct machine *m, const struct gdb_point *p)
{
	uint8_t *at = ram_at(&m->mem.ram, p->gpa, 1);

	if (at && *at == INT3)
		*at = p->saved;
}

static int begin_watch(struct machine *m, unsigned int cpu, struct gdb_point *p)
{
	size_t span;

	return machine_gdb_find(m, cpu, false, p->addr, &span, &p->gpa) && span >= p->len
		       ? 0
		       : -EFAULT;
}

int machine_gdb_insert(void *ctx, unsigned int cpu, enum gdb_point_kind kind,
		       uint64_t addr, uint64_t len, struct error *err)
{
	struct machine *m = ctx;
	struct machine_gdb *g = m->gdb;
	struct gdb_point *p;
	bool was_there;
	int ret = 0;

	p = gdb_points_add(&g->points, &g->delivers, kind, addr, len, &was_there, err);
	if (!p)
		return -EINVAL;
	if (was_there)
		return 0;
	if (p->way == GDB_PATCHED)
		ret = patch(m, cpu, p);
	else if (p->way == GDB_STEPPED && kind == GDB_WATCH_WRITE)
		ret = begin_watch(m, cpu, p);
	if (!ret)
		return 0;
	gdb_points_remove(&g->points, p);
	return error_set(err, -ret, "there is no memory at %#llx",
			 (unsigned long long)addr);
}

int machine_gdb_remove(void *ctx, enum gdb_point_kind kind, uint64_t addr, uint64_t len)
{
	struct machine *m = ctx;
	struct gdb_point *p = gdb_points_find(&m->gdb->points, kind, addr, len);

	if (!p)
		return -ENOENT;
	if (p->way == GDB_PATCHED)
		unpatch(m, p);
	gdb_points_remove(&m->gdb->points, p);
	return 0;
}

void machine_gdb_remove_all(struct machine *m)
{
	struct gdb_points *points = &m->gdb->points;

	while (points->nr) {
		struct gdb_point *p = &points->point[points->nr - 1];

		if (p->way == GDB_PATCHED)
			unpatch(m, p);
		gdb_points_remove(points, p);
	}
}

void machine_gdb_put_back(struct machine *m)
{
	struct gdb_points *points = &m->gdb->points;
	unsigned int i;

	for (i = 0; i < points->nr; i++)
		if (points->point[i].way == GDB_PATCHED)
			patch(m, 0, &points->point[i]);
}

/* What a stepped watchpoint compares with. */
static void look_at_watches(struct machine_gdb *g)
{
	unsigned int i;

	for (i = 0; i < g->points.nr; i++) {
		struct gdb_point *p = &g->points.point[i];
		const void *at = ram_at(&g->m->mem.ram, p->gpa, p->len);

		if (p->way == GDB_STEPPED && p->kind == GDB_WATCH_WRITE && at)
			memcpy(p->seen, at, p->len);
	}
}

/* --- what KVM is told --------------------------------------------------------------------- */

/* On the vCPU's thread, or while it is parked. */
static void arm(struct machine_gdb *g, unsigned int cpu)
{
	struct kvm_guest_debug debug = { .control = 0 };
	bool steps = g->run[cpu] == GDB_STEPS;
	uint64_t db[8];

	gdb_points_registers(&g->points, db);
	memcpy(debug.arch.debugreg, db, sizeof(db));
	if (steps || g->stepped)
		debug.control |= KVM_GUESTDBG_SINGLESTEP;
	if (steps && g->delivers.block_irqs)
		debug.control |= KVM_GUESTDBG_BLOCKIRQ;
	if (g->delivers.int3_exits && gdb_points_any(&g->points, GDB_PATCHED))
		debug.control |= KVM_GUESTDBG_USE_SW_BP;
	if (gdb_points_any(&g->points, GDB_REGISTER))
		debug.control |= KVM_GUESTDBG_USE_HW_BP;
	if (debug.control)
		debug.control |= KVM_GUESTDBG_ENABLE;
	kvm_set(g->m->vm.vcpus[cpu].fd, KVM_SET_GUEST_DEBUG, &debug);
}

void machine_gdb_arm(struct machine_gdb *g)
{
	unsigned int i;

	g->stepped = gdb_points_any(&g->points, GDB_STEPPED);
	look_at_watches(g);
	for (i = 0; i < g->m->vm.nr_vcpus; i++) {
		g->stop[i].reason = GDB_NOT_STOPPED;
		atomic_store(&g->m->vm.vcpus[i].held, g->run[i] == GDB_HELD);
		arm(g, i);
	}
}

/* --- on a vCPU's thread ------------------------------------------------------------------- */

static bool stop_here(struct machine_gdb *g, unsigned int cpu, enum gdb_reason reason,
		      const struct gdb_point *p)
{
	g->stop[cpu] = (struct gdb_stop){ .reason = reason,
					  .cpu = cpu,
					  .kind = p ? p->kind : GDB_SOFTWARE_BREAK,
					  .addr = p ? p->addr : 0 };
	atomic_store(&g->stops, true);
	vm_hold(&g->m->vm);
	eventfd_write(g->wake_fd, 1);
	return true;
}

static bool stop_at(struct machine_gdb *g, unsigned int cpu, const struct gdb_point *p)
{
	static const enum gdb_reason reasons[GDB_POINT_KINDS] = {
		[GDB_SOFTWARE_BREAK] = GDB_BREAK_SOFTWARE,
		[GDB_HARDWARE_BREAK] = GDB_BREAK_HARDWARE,
		[GDB_WATCH_WRITE] = GDB_WATCHED,
		[GDB_WATCH_READ] = GDB_WATCHED,
		[GDB_WATCH_ACCESS] = GDB_WATCHED,
	};

	return stop_here(g, cpu, reasons[p->kind], p);
}

static const struct gdb_point *changed_watch(const struct machine_gdb *g)
{
	unsigned int i;

	for (i = 0; i < g->points.nr; i++) {
		const struct gdb_point *p = &g->points.point[i];
		const void *at = ram_at(&g->m->mem.ram, p->gpa, p->len);

		if (p->way == GDB_STEPPED && p->kind == GDB_WATCH_WRITE && at &&
		    memcmp(p->seen, at, p->len) != 0)
			return p;
	}
	return NULL;
}

/* The exception is the guest's own: it gets it. */
static bool give_back(const struct vcpu *vcpu, unsigned int control)
{
	struct kvm_guest_debug debug = { .control = KVM_GUESTDBG_ENABLE | control };

	return !kvm_set(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug);
}

static bool after_step(struct machine_gdb *g, unsigned int cpu, uint64_t rip)
{
	const struct gdb_point *p = gdb_points_break(&g->points, GDB_STEPPED, rip);

	if (!p)
		p = changed_watch(g);
	if (p)
		return stop_at(g, cpu, p);
	if (g->run[cpu] == GDB_STEPS)
		return stop_here(g, cpu, GDB_STEPPED_ONCE, NULL);
	arm(g, cpu); /* the guest may have loaded flags without the trap flag */
	return true;
}

static bool debug_exit(struct machine_gdb *g, const struct vcpu *vcpu)
{
	const struct kvm_debug_exit_arch *arch = &vcpu->run->debug.arch;
	const struct gdb_point *p;

	if (arch->exception == EXCEPTION_BP) {
		p = gdb_points_break(&g->points, GDB_PATCHED, arch->pc);
		return p ? stop_at(g, vcpu->id, p)
			 : give_back(vcpu, KVM_GUESTDBG_INJECT_BP);
	}
	p = gdb_points_hit(&g->points, arch->dr6);
	if (p)
		return stop_at(g, vcpu->id, p);
	if (arch->dr6 & DR6_STEP && (g->stepped || g->run[vcpu->id] == GDB_STEPS))
		return after_step(g, vcpu->id, arch->pc);
	/* A step of before gdb left may be under way still. */
	return arch->dr6 & DR6_STEP ? true : give_back(vcpu, KVM_GUESTDBG_INJECT_DB);
}

static bool failed_emulation(struct machine_gdb *g, const struct vcpu *vcpu)
{
	const struct gdb_point *p;
	struct kvm_regs regs;

	if (!g->delivers.int3_fails ||
	    vcpu->run->internal.suberror != KVM_INTERNAL_ERROR_EMULATION ||
	    kvm_get(vcpu->fd, KVM_GET_REGS, &regs))
		return false;
	p = gdb_points_break(&g->points, GDB_PATCHED, regs.rip);
	return p && stop_at(g, vcpu->id, p);
}

bool machine_gdb_trap(struct machine *m, struct vcpu *vcpu)
{
	if (!m->gdb)
		return false;
	return vcpu->run->exit_reason == KVM_EXIT_DEBUG ? debug_exit(m->gdb, vcpu)
							: failed_emulation(m->gdb, vcpu);
}

/* SPDX-License-Identifier: MIT */
/*
 * gdb on a real machine: vmm/gdb/gdb_session.h over KVM.
 *
 * gdb holds the machine as any other who stops it does (machine_hold()), so its stop is as
 * exact as theirs, and neither lets go of what the other holds.  A vCPU that meets a point
 * notes why, holds the VM, and wakes the main thread, which stops the machine and tells gdb.
 *
 * Points stand in the guest, and vCPUs step, only while gdb lets the machine run: gdb takes
 * its points away at each stop, and what it leaves behind is taken away when it has left.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "devices/util.h"
#include "vmm/gdb/gdb_listen.h"
#include "vmm/gdb/gdb_probe.h"
#include "vmm/gdb/gdb_server.h"
#include "vmm/kvm/paging.h"
#include "vmm/machine/machine.h"
#include "vmm/util/log.h"

#define INT3	      0xcc
#define EXCEPTION_DB  1
#define EXCEPTION_BP  3
#define DR6_STEP      (1ull << 14)
#define MSR_KERNEL_GS 0xc0000102

struct machine_gdb {
	struct gdb_server *server;
	struct gdb_delivers delivers;
	/* Changed while all vCPUs are parked. */
	struct gdb_points points;
	enum gdb_run run[GDB_CPUS_MAX];
	bool stepped; /* all that run do one instruction at a time: a point needs it */
	/* Each written by its vCPU's thread, read while that is parked. */
	struct gdb_stop stop[GDB_CPUS_MAX];
	atomic_bool stops; /* there is one that the main thread has not looked at */
	int wake_fd; /* eventfd: look */
	struct host_watch wake;
	struct control_listener told;
	struct machine *m;
};

/* --- memory ------------------------------------------------------------------------------------ */

/*
 * Before the guest has page tables, its kernel's symbols are served by what its file says of
 * where they are loaded: else no breakpoint could be set at the start.
 */
static uint64_t in_kernel(const struct kernel *kernel, uint64_t addr, uint64_t *gpa)
{
	unsigned int i;

	for (i = 0; i < kernel->nr_segments; i++) {
		const struct kernel_segment *s = &kernel->segments[i];

		if (addr - s->vaddr >= s->memsz)
			continue;
		*gpa = s->paddr + (addr - s->vaddr);
		return s->memsz - (addr - s->vaddr);
	}
	return 0;
}

/* Where addr is in RAM, and how many bytes from there on; NULL: nowhere. */
static uint8_t *find(const struct machine *m, unsigned int cpu, bool physical,
		     uint64_t addr, size_t *span, uint64_t *gpa)
{
	struct kvm_sregs sregs;
	void *host = NULL;
	uint64_t n = UINT64_MAX, ram;

	*gpa = addr;
	if (!physical) {
		if (kvm_get(m->vm.vcpus[cpu].fd, KVM_GET_SREGS, &sregs))
			return NULL;
		n = paging_is_long(&sregs) ? 0 : in_kernel(&m->boot.kernel, addr, gpa);
		if (!n)
			n = paging_translate(&m->mem.ram, &sregs, addr, gpa);
	}
	ram = n ? ram_span(&m->mem.ram, *gpa, &host) : 0;
	*span = n < ram ? n : ram;
	return *span ? host : NULL;
}

static size_t read_memory(void *ctx, unsigned int cpu, bool physical, uint64_t addr,
			  void *buf, size_t len)
{
	size_t done = 0, span;
	uint64_t gpa;

	while (done < len) {
		const uint8_t *from = find(ctx, cpu, physical, addr + done, &span, &gpa);

		if (!from)
			break;
		if (span > len - done)
			span = len - done;
		memcpy((uint8_t *)buf + done, from, span);
		done += span;
	}
	return done;
}

static int write_memory(void *ctx, unsigned int cpu, bool physical, uint64_t addr,
			const void *buf, size_t len)
{
	size_t done = 0, span;
	uint64_t gpa;

	while (done < len) {
		uint8_t *to = find(ctx, cpu, physical, addr + done, &span, &gpa);

		if (!to)
			return -EFAULT;
		if (span > len - done)
			span = len - done;
		memcpy(to, (const uint8_t *)buf + done, span);
		done += span;
	}
	return 0;
}

/* --- registers ---------------------------------------------------------------------------------- */

struct one_msr {
	struct kvm_msrs head;
	struct kvm_msr_entry entry;
};

static int get_cpu(void *ctx, unsigned int cpu, struct gdb_cpu *state)
{
	const struct machine *m = ctx;
	struct one_msr msr = { .head.nmsrs = 1, .entry.index = MSR_KERNEL_GS };
	int fd = m->vm.vcpus[cpu].fd;
	int ret = kvm_get(fd, KVM_GET_REGS, &state->regs);

	if (!ret)
		ret = kvm_get(fd, KVM_GET_SREGS, &state->sregs);
	if (!ret)
		ret = kvm_get(fd, KVM_GET_FPU, &state->fpu);
	if (ret)
		return ret;
	ret = kvm_get(fd, KVM_GET_MSRS, &msr);
	state->kernel_gs_base = msr.entry.data;
	return ret < 0 ? ret : 0;
}

/* What is as it was is left alone. */
static int set_cpu(void *ctx, unsigned int cpu, const struct gdb_cpu *state)
{
	const struct machine *m = ctx;
	struct one_msr msr = { .head.nmsrs = 1,
			       .entry = { .index = MSR_KERNEL_GS,
					  .data = state->kernel_gs_base } };
	struct gdb_cpu old;
	int fd = m->vm.vcpus[cpu].fd;
	int ret = get_cpu(ctx, cpu, &old);

	if (!ret && memcmp(&old.sregs, &state->sregs, sizeof(old.sregs)) != 0)
		ret = kvm_set(fd, KVM_SET_SREGS, &state->sregs);
	if (!ret && memcmp(&old.fpu, &state->fpu, sizeof(old.fpu)) != 0)
		ret = kvm_set(fd, KVM_SET_FPU, &state->fpu);
	if (!ret && old.kernel_gs_base != state->kernel_gs_base)
		ret = kvm_set(fd, KVM_SET_MSRS, &msr) == 1 ? 0 : -EINVAL;
	return ret ? ret : kvm_set(fd, KVM_SET_REGS, &state->regs);
}

static unsigned int cpus(void *ctx)
{
	return ((const struct machine *)ctx)->vm.nr_vcpus;
}

static void describe(void *ctx, unsigned int cpu, char *buf, size_t size)
{
	static const char *const states[] = {
		[KVM_MP_STATE_RUNNABLE] = "running",
		[KVM_MP_STATE_UNINITIALIZED] = "not started",
		[KVM_MP_STATE_INIT_RECEIVED] = "not started",
		[KVM_MP_STATE_HALTED] = "halted",
		[KVM_MP_STATE_SIPI_RECEIVED] = "starting",
	};
	const struct machine *m = ctx;
	struct kvm_mp_state state = { .mp_state = UINT32_MAX };

	kvm_get(m->vm.vcpus[cpu].fd, KVM_GET_MP_STATE, &state);
	snprintf(buf, size, "vCPU %u, %s", cpu,
		 state.mp_state < sizeof(states) / sizeof(states[0])
			 ? states[state.mp_state]
			 : "in an unknown state");
}

/* --- points -------------------------------------------------------------------------------------- */

static int patch(struct machine *m, unsigned int cpu, struct gdb_point *p)
{
	size_t span;
	uint8_t *at = find(m, cpu, false, p->addr, &span, &p->gpa);

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

	return find(m, cpu, false, p->addr, &span, &p->gpa) && span >= p->len ? 0
									      : -EFAULT;
}

static int insert(void *ctx, unsigned int cpu, enum gdb_point_kind kind, uint64_t addr,
		  uint64_t len, struct error *err)
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

static int remove_point(void *ctx, enum gdb_point_kind kind, uint64_t addr, uint64_t len)
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

static void remove_all(struct machine *m)
{
	struct gdb_points *points = &m->gdb->points;

	while (points->nr) {
		struct gdb_point *p = &points->point[points->nr - 1];

		if (p->way == GDB_PATCHED)
			unpatch(m, p);
		gdb_points_remove(points, p);
	}
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

/* --- what KVM is told --------------------------------------------------------------------------- */

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

/* --- on a vCPU's thread ---------------------------------------------------------------------------- */

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

bool machine_gdb_stops(const struct machine *m)
{
	return m->gdb && atomic_load(&m->gdb->stops);
}

/* --- running ---------------------------------------------------------------------------------------- */

/* All vCPUs as run[] and the points say; they are parked. */
static void arm_all(struct machine_gdb *g)
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

static int resume(void *ctx, const enum gdb_run run[], struct error *err)
{
	struct machine *m = ctx;
	struct machine_gdb *g = m->gdb;
	unsigned int i;

	if (machine_is_over(m))
		return error_set(err, EBUSY, "the guest has ended; reset it, or leave");
	for (i = 0; i < m->vm.nr_vcpus; i++) {
		if (run[i] == GDB_STEPS && !g->delivers.step)
			return error_set(err, EOPNOTSUPP, "this KVM has no single step");
		g->run[i] = run[i];
	}
	arm_all(g);
	machine_let_go(m, MACHINE_HELD_BY_DEBUGGER);
	return 0;
}

static void tell_stop(struct machine_gdb *g, const struct gdb_stop *stop)
{
	atomic_store(&g->stops, false);
	if (gdb_server_waits(g->server))
		gdb_server_stopped(g->server, stop);
}

static void stop(void *ctx)
{
	struct machine *m = ctx;
	struct gdb_stop why = { .reason = GDB_INTERRUPTED,
				.cpu = gdb_server_cpu(m->gdb->server) };

	machine_hold(m, MACHINE_HELD_BY_DEBUGGER);
	tell_stop(m->gdb, &why);
}

/* A vCPU stopped: of several, gdb is told of the first; breakpoints of the others are met
 * again. */
static void on_wake(void *arg, uint32_t events)
{
	struct machine_gdb *g = arg;
	eventfd_t count;
	unsigned int i;

	(void)events;
	eventfd_read(g->wake_fd, &count);
	if (!atomic_load(&g->stops) || !gdb_server_waits(g->server))
		return;
	machine_hold(g->m, MACHINE_HELD_BY_DEBUGGER);
	for (i = 0; i < g->m->vm.nr_vcpus; i++) {
		if (g->stop[i].reason == GDB_NOT_STOPPED)
			continue;
		tell_stop(g, &g->stop[i]);
		return;
	}
	atomic_store(&g->stops, false);
}

/* --- a gdb comes and goes ---------------------------------------------------------------------------- */

static void arrived(void *ctx)
{
	struct machine *m = ctx;

	machine_hold(m, MACHINE_HELD_BY_DEBUGGER);
	log_step("a debugger has come");
}

static void left(void *ctx)
{
	struct machine *m = ctx;
	unsigned int i;

	machine_hold(m, MACHINE_HELD_BY_DEBUGGER);
	remove_all(m);
	for (i = 0; i < m->vm.nr_vcpus; i++)
		m->gdb->run[i] = GDB_RUNS;
	arm_all(m->gdb);
	atomic_store(&m->gdb->stops, false);
	machine_let_go(m, MACHINE_HELD_BY_DEBUGGER);
	log_step("the debugger has left");
}

static void kill_machine(void *ctx)
{
	static const struct outcome outcome = { .reason = END_CONTROL };

	machine_end(ctx, &outcome);
}

void machine_gdb_restarted(struct machine *m)
{
	struct machine_gdb *g = m->gdb;
	unsigned int i;

	if (!g)
		return;
	atomic_store(&g->stops, false);
	for (i = 0; i < g->points.nr; i++)
		if (g->points.point[i].way == GDB_PATCHED)
			patch(m, 0, &g->points.point[i]);
	arm_all(g);
}

static void on_control_event(struct control_listener *told,
			     const struct control_event *event)
{
	struct machine_gdb *g = container_of(told, struct machine_gdb, told);
	const struct outcome *o = g->m->over.reason != END_NONE ? &g->m->over
								: &g->m->outcome;
	struct gdb_stop crash = { .reason = GDB_CRASHED };

	if (!gdb_server_waits(g->server))
		return;
	if (event->kind == CONTROL_EVENT_PANIC && event->stays) {
		g->m->holders |= MACHINE_HELD_BY_DEBUGGER;
		tell_stop(g, &crash);
	} else if (event->kind == CONTROL_EVENT_SHUTDOWN) {
		gdb_server_ended(g->server, o->reason == END_EXIT
						    ? (unsigned int)o->code
						    : (unsigned int)outcome_status(o));
	}
}

static const struct gdb_ops gdb_ops = {
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

static const struct gdb_holder gdb_holder = {
	.arrived = arrived,
	.left = left,
	.kill = kill_machine,
};

static void say_delivered(const struct gdb_delivers *d)
{
	log_step("gdb: this KVM delivers%s%s%s%s", d->step ? " single steps," : "",
		 d->int3_exits	 ? " int3,"
		 : d->int3_fails ? " int3 as a failure,"
				 : "",
		 d->breaks ? " breakpoint registers," : "",
		 d->watches ? " watchpoint registers" : " no watchpoint registers");
}

int machine_add_gdb(struct machine *m, struct error *err)
{
	struct machine_gdb *g;
	unsigned int i;
	int ret;

	if (!m->config.gdb)
		return 0;
	if (m->vm.nr_vcpus > GDB_CPUS_MAX)
		return error_set(err, EINVAL, "--gdb: gdb is shown at most %d vCPUs",
				 GDB_CPUS_MAX);
	g = m->gdb = calloc(1, sizeof(*g));
	if (!g)
		return error_set(err, ENOMEM, "--gdb: no memory");
	g->m = m;
	g->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g->wake = (struct host_watch){ .fd = g->wake_fd, .fn = on_wake, .arg = g };
	for (i = 0; i < GDB_CPUS_MAX; i++)
		g->run[i] = GDB_RUNS;
	gdb_probe(&m->kvm, &g->delivers);
	say_delivered(&g->delivers);
	ret = loop_watch_control(&m->loop, &g->wake, EPOLLIN);
	if (ret)
		return error_set(err, -ret, "--gdb: no descriptors left (%s)",
				 strerror(-ret));
	g->told.event = on_control_event;
	control_listen(&m->control, &g->told);
	if (gdb_where_waits(m->config.gdb)) {
		m->holders |= MACHINE_HELD_BY_DEBUGGER;
		m->paused = true;
	}
	return gdb_server_create(&g->server, &m->loop, m->config.gdb, &gdb_ops,
				 &gdb_holder, m, err);
}

void machine_end_gdb(struct machine *m)
{
	struct machine_gdb *g = m->gdb;

	if (!g)
		return;
	gdb_server_destroy(g->server);
	control_unlisten(&m->control, &g->told);
	loop_unwatch_control(&m->loop, &g->wake);
	if (g->wake_fd >= 0)
		close(g->wake_fd);
	free(g);
	m->gdb = NULL;
}

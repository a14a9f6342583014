/* SPDX-License-Identifier: MIT */
/* gdb on a real machine: it lets it run, stops it, comes and goes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "devices/util.h"
#include "vmm/gdb/gdb_listen.h"
#include "vmm/machine/machine_gdb.h"
#include "vmm/util/log.h"

bool machine_gdb_stops(const struct machine *m)
{
	return m->gdb && atomic_load(&m->gdb->stops);
}

/* --- running ------------------------------------------------------------------------------ */

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
	machine_gdb_arm(g);
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

/* --- a gdb comes and goes ----------------------------------------------------------------- */

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
	machine_gdb_remove_all(m);
	for (i = 0; i < m->vm.nr_vcpus; i++)
		m->gdb->run[i] = GDB_RUNS;
	machine_gdb_arm(m->gdb);
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

	if (!g)
		return;
	atomic_store(&g->stops, false);
	machine_gdb_put_back(m);
	machine_gdb_arm(g);
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
	if (event->kind == CONTROL_EVENT_PANIC && event->after == CONTROL_STAYS) {
		g->m->holders |= MACHINE_HELD_BY_DEBUGGER;
		tell_stop(g, &crash);
	} else if (event->kind == CONTROL_EVENT_SHUTDOWN) {
		gdb_server_ended(g->server, o->reason == END_EXIT
						    ? (unsigned int)o->code
						    : (unsigned int)outcome_status(o));
	}
}

static unsigned int cpus(void *ctx)
{
	return ((const struct machine *)ctx)->vm.nr_vcpus;
}

static const struct gdb_ops gdb_ops = {
	.cpus = cpus,
	.describe = machine_gdb_describe,
	.get_cpu = machine_gdb_get_cpu,
	.set_cpu = machine_gdb_set_cpu,
	.read_memory = machine_gdb_read,
	.write_memory = machine_gdb_write,
	.insert = machine_gdb_insert,
	.remove = machine_gdb_remove,
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
	ret = gdb_server_create(&g->server, &m->loop, m->config.gdb, &gdb_ops,
				&gdb_holder, m, err);
	if (!ret && gdb_server_path(g->server))
		sweep_add(&m->sweep, gdb_server_path(g->server));
	return ret;
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

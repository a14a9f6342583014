/* SPDX-License-Identifier: MIT */
/* vmm/machine/control.h for a real machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "devices/util.h"
#include "devices/blk/virtio_blk.h"
#include "vmm/dump/dump.h"
#include "vmm/kvm/vcpu_exit.h"
#include "vmm/machine/machine.h"
#include "vmm/qmp/qmp.h"
#include "vmm/util/log.h"
#include "vmm/cli/rundir.h"

static struct machine *of(struct control *c)
{
	return container_of(c, struct machine, control);
}

/* --- events ------------------------------------------------------------------------------- */

void machine_tell_cause(struct machine *m, enum control_event_kind kind,
			enum control_cause cause)
{
	struct control_event event = { .kind = kind, .cause = cause };

	control_tell(&m->control, &event);
}

void machine_tell(struct machine *m, enum control_event_kind kind)
{
	machine_tell_cause(m, kind, CONTROL_BY_NONE);
}

static enum control_cause cause_of(const struct outcome *o)
{
	if (outcome_is_panic(o))
		return CONTROL_BY_GUEST_PANIC;
	switch (o->reason) {
	case END_RESET:
		return CONTROL_BY_GUEST_RESET;
	case END_SIGNAL:
		return CONTROL_BY_SIGNAL;
	case END_CONTROL:
		return CONTROL_BY_REQUEST;
	case END_QUIT:
	case END_CONSOLE:
		return CONTROL_BY_USER;
	case END_HOST:
	case END_SANDBOX:
		return CONTROL_BY_HOST;
	default:
		return CONTROL_BY_GUEST_SHUTDOWN;
	}
}

static enum control_status get_status(struct control *c)
{
	const struct machine *m = of(c);

	if (m->over.reason != END_NONE)
		return outcome_is_panic(&m->over) && !m->over_failed ? CONTROL_PANICKED
								     : CONTROL_SHUTDOWN;
	if (!m->started)
		return CONTROL_PRELAUNCH;
	if (m->paused && m->disk_failed)
		return CONTROL_IO_ERROR;
	return m->paused ? CONTROL_PAUSED : CONTROL_RUNNING;
}

void machine_tell_panic(struct machine *m)
{
	struct control_event panic = { .kind = CONTROL_EVENT_PANIC,
				       .after = CONTROL_GOES_ON };

	control_tell(&m->control, &panic);
}

void machine_tell_end(struct machine *m, const struct outcome *outcome)
{
	enum control_cause cause = cause_of(outcome);
	bool stays = m->over.reason != END_NONE && outcome_by_guest(outcome);
	bool panicked = stays && get_status(&m->control) == CONTROL_PANICKED;
	struct control_event panic = { .kind = CONTROL_EVENT_PANIC,
				       .after = panicked ? CONTROL_STAYS : CONTROL_ENDS };

	if (cause == CONTROL_BY_GUEST_PANIC)
		control_tell(&m->control, &panic);
	/* A crashed guest that is kept for inspection has not shut down. */
	if (!panicked)
		machine_tell_cause(m, CONTROL_EVENT_SHUTDOWN, cause);
}

/* --- what changes it ------------------------------------------------------------------------ */

static int stop(struct control *c, struct error *err)
{
	(void)err;
	machine_hold(of(c), MACHINE_HELD_BY_CONTROL);
	return 0;
}

static int cont(struct control *c, struct error *err)
{
	struct machine *m = of(c);

	/* A kernel that says that it panicked executes well: whoever wants may let it. */
	if (m->over.reason == END_PANIC && !m->over_failed)
		m->over = (struct outcome){ .reason = END_NONE };
	if (m->over.reason != END_NONE)
		return error_set(err, EBUSY, "Resetting the Virtual Machine is required");
	machine_let_go(m, MACHINE_HELD_BY_CONTROL);
	if (m->holders)
		return error_set(err, EBUSY,
				 "a debugger holds the machine; let it go on there, or "
				 "detach it");
	return 0;
}

static int reset(struct control *c, struct error *err)
{
	struct machine *m = of(c);
	int ret = machine_reset(m, err);

	if (!ret)
		machine_tell_cause(m, CONTROL_EVENT_RESET, CONTROL_BY_REQUEST);
	return ret;
}

static int powerdown(struct control *c, struct error *err)
{
	struct machine *m = of(c);

	(void)err;
	pthread_mutex_lock(&m->lock);
	legacy_power_button(m->legacy);
	pthread_mutex_unlock(&m->lock);
	machine_tell(m, CONTROL_EVENT_POWERDOWN);
	return 0;
}

/* Asks KVM about vCPUs, which is possible while they are parked; then goes on as before. */
static void hold_vcpus(struct machine *m)
{
	if (!m->paused)
		vm_pause(&m->vm);
}

static void let_vcpus_go(struct machine *m)
{
	if (!m->paused && !atomic_load(&m->reset_wanted) && !machine_is_over(m) &&
	    !machine_gdb_stops(m))
		vm_resume(&m->vm);
}

static int nmi(struct control *c, struct error *err)
{
	struct machine *m = of(c);
	int ret;

	hold_vcpus(m);
	ret = ioctl(m->vm.vcpus[0].fd, KVM_NMI) ? -errno : 0;
	let_vcpus_go(m);
	return ret ? error_set(err, -ret, "/dev/kvm: refuses the NMI (%s)",
			       strerror(-ret))
		   : 0;
}

static void quit(struct control *c)
{
	static const struct outcome outcome = { .reason = END_CONTROL };

	machine_end(of(c), &outcome);
}

static void get_actions(struct control *c, struct control_actions *actions)
{
	const struct machine *m = of(c);

	*actions = (struct control_actions){ .reboot = m->config.reboot,
					     .stays = m->config.stays,
					     .panic = m->config.panic };
}

static void set_actions(struct control *c, const struct control_actions *actions)
{
	struct machine *m = of(c);

	pthread_mutex_lock(&m->lock); /* under which a guest resets itself, and panics */
	m->config.reboot = actions->reboot;
	m->config.panic = actions->panic;
	pthread_mutex_unlock(&m->lock);
	m->config.stays = actions->stays;
}

/* --- what it is ------------------------------------------------------------------------------- */

static void get_facts(struct control *c, struct control_facts *facts)
{
	const struct machine *m = of(c);

	*facts = (struct control_facts){
		.name = m->config.name ? m->config.name : m->config.title,
		.uuid = m->config.uuid,
		.kvm = true,
		.mem_size = m->config.mem_size,
		.cpus = m->config.cpus,
		.max_cpus = m->kvm.max_vcpus,
		.disks = m->config.nr_disks,
		.chardevs = m->config.two_consoles ? 2 : 1,
		.confined = m->sandbox,
	};
}

static int thread_id(struct control *c, unsigned int i)
{
	return atomic_load(&of(c)->vm.vcpus[i].thread_id);
}

static void get_chardev(struct control *c, unsigned int i,
			struct control_chardev *chardev)
{
	struct machine *m = of(c);
	const struct console_config *config = i ? &m->config.vconsole
						: &m->config.console;

	pthread_mutex_lock(&m->lock);
	console_describe(i ? &m->second_console : &m->console, chardev->filename,
			 sizeof(chardev->filename));
	pthread_mutex_unlock(&m->lock);
	chardev->id = config->id ? config->id : i ? "console0" : "serial0";
}

static struct control_io_stats io_stats(const struct virtio_blk_op_stats *s)
{
	return (struct control_io_stats){ .operations = s->requests,
					  .errors = s->errors,
					  .bytes = s->bytes,
					  .ns = s->ns };
}

static void get_disk(struct control *c, unsigned int i, struct control_disk *disk)
{
	struct machine *m = of(c);
	struct virtio_blk_stats stats;
	int error;

	pthread_mutex_lock(&m->lock);
	virtio_blk_get_stats(m->disk_devices[i], &stats);
	error = m->disk_errors[i].error;
	pthread_mutex_unlock(&m->lock);
	*disk = (struct control_disk){
		.id = m->disk_names[i],
		.managed = m->config.disks[i].id,
		.node = m->config.disks[i].node,
		.storage_node = m->config.disks[i].storage_node,
		.path = m->config.disks[i].path,
		.readonly = m->config.disks[i].readonly,
		.writeback = !m->config.disks[i].write_through,
		.direct = m->config.disks[i].direct,
		.no_flush = m->config.disks[i].no_flush,
		.error = error,
		.waits = m->config.disks[i].read_errors != VIRTIO_BLK_REPORT ||
			 m->config.disks[i].write_errors != VIRTIO_BLK_REPORT,
		.size = m->disk_sizes[i],
		.read = io_stats(&stats.read),
		.write = io_stats(&stats.write),
		.flush = io_stats(&stats.flush),
		.discard = io_stats(&stats.discard),
	};
}

/* --- counters ------------------------------------------------------------------------------- */

struct telling {
	control_count_fn fn;
	void *arg;
	const char *who;
};

static void tell_count(void *arg, const char *name, uint64_t value)
{
	const struct telling *t = arg;

	t->fn(t->arg, t->who, name, value);
}

static void tell_exits(const struct vcpu *vcpu, control_count_fn fn, void *arg)
{
	char who[24], number[16];
	unsigned int i;

	snprintf(who, sizeof(who), "vcpu%u", vcpu->id);
	for (i = 0; i < VCPU_EXIT_REASONS; i++) {
		uint64_t n = __atomic_load_n(&vcpu->exits[i], __ATOMIC_RELAXED);
		const char *name = vcpu_exit_name(i);

		snprintf(number, sizeof(number), "%u", i);
		if (n)
			fn(arg, who, name ? name : number, n);
	}
}

static void tell_counters(struct control *c, control_count_fn fn, void *arg)
{
	struct telling t = { .fn = fn, .arg = arg };
	struct machine *m = of(c);
	struct device *dev;
	unsigned int i;

	for (i = 0; i < m->vm.nr_vcpus; i++)
		tell_exits(&m->vm.vcpus[i], fn, arg);
	pthread_mutex_lock(&m->lock);
	for (dev = m->devices.first; dev; dev = dev->next) {
		t.who = dev->name;
		if (dev->ops->stats)
			dev->ops->stats(dev, tell_count, &t);
	}
	pthread_mutex_unlock(&m->lock);
}

/* --- the balloon ---------------------------------------------------------------------------- */

static uint64_t outside_balloon(const struct machine *m, uint32_t pages)
{
	uint64_t inside = (uint64_t)pages << VIRTIO_BALLOON_PFN_SHIFT;

	return inside < m->config.mem_size ? m->config.mem_size - inside : 0;
}

static bool get_balloon(struct control *c, struct control_balloon *balloon)
{
	struct machine *m = of(c);
	const struct virtio_balloon_stats *stats;
	unsigned int i;

	if (!m->balloon)
		return false;
	pthread_mutex_lock(&m->lock);
	stats = virtio_balloon_stats(m->balloon);
	*balloon = (struct control_balloon){
		.id = m->config.balloon.id ? m->config.balloon.id : "balloon0",
		.actual = outside_balloon(m, virtio_balloon_actual(m->balloon)),
		.last_update = stats->last_update,
		.interval = virtio_balloon_poll_interval(m->balloon),
	};
	for (i = 0; i < CONTROL_BALLOON_STATS; i++)
		balloon->stats[i] = stats->valid & 1u << i ? stats->value[i] : UINT64_MAX;
	pthread_mutex_unlock(&m->lock);
	return true;
}

static void set_balloon(struct control *c, uint64_t bytes)
{
	struct machine *m = of(c);
	uint64_t inside = bytes < m->config.mem_size ? m->config.mem_size - bytes : 0;

	pthread_mutex_lock(&m->lock);
	virtio_balloon_set_target(m->balloon,
				  (uint32_t)(inside >> VIRTIO_BALLOON_PFN_SHIFT));
	pthread_mutex_unlock(&m->lock);
}

static int poll_balloon(struct control *c, uint32_t seconds, struct error *err)
{
	struct machine *m = of(c);
	int ret;

	pthread_mutex_lock(&m->lock);
	ret = virtio_balloon_poll_stats(m->balloon, seconds);
	pthread_mutex_unlock(&m->lock);
	return ret ? error_set(err, -ret, "the balloon has no timer (%s)", strerror(-ret))
		   : 0;
}

/* --- a look inside ---------------------------------------------------------------------------- */

static size_t add_segment(char *buf, size_t size, const char *name,
			  const struct kvm_segment *s)
{
	return (size_t)snprintf(buf, size, "%s =%04x %016llx %08x\r\n", name, s->selector,
				s->base, s->limit);
}

static void describe_cpu(unsigned int i, const struct dump_cpu *cpu, char *buf,
			 size_t size)
{
	const struct kvm_regs *r = &cpu->regs;
	const struct kvm_sregs *s = &cpu->sregs;
	const struct {
		const char *name;
		const struct kvm_segment *segment;
	} segments[] = { { "ES", &s->es }, { "CS", &s->cs }, { "SS", &s->ss },
			 { "DS", &s->ds }, { "FS", &s->fs }, { "GS", &s->gs },
			 { "TR", &s->tr } };
	size_t j, used;

	used = (size_t)snprintf(buf, size,
				"CPU#%u\r\n"
				"RAX=%016llx RBX=%016llx RCX=%016llx RDX=%016llx\r\n"
				"RSI=%016llx RDI=%016llx RBP=%016llx RSP=%016llx\r\n"
				"R8 =%016llx R9 =%016llx R10=%016llx R11=%016llx\r\n"
				"R12=%016llx R13=%016llx R14=%016llx R15=%016llx\r\n"
				"RIP=%016llx RFL=%08llx CPL=%u\r\n",
				i, r->rax, r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp,
				r->rsp, r->r8, r->r9, r->r10, r->r11, r->r12, r->r13,
				r->r14, r->r15, r->rip, r->rflags, s->cs.dpl);
	for (j = 0; j < sizeof(segments) / sizeof(segments[0]) && used < size; j++)
		used += add_segment(buf + used, size - used, segments[j].name,
				    segments[j].segment);
	if (used < size)
		snprintf(
			buf + used, size - used,
			"CR0=%08llx CR2=%016llx CR3=%016llx CR4=%08llx\r\nEFER=%016llx\r\n",
			s->cr0, s->cr2, s->cr3, s->cr4, s->efer);
}

/* Of vCPUs [first, first + n). */
static int read_held(struct machine *m, unsigned int first, unsigned int n,
		     struct dump_cpu *cpus, struct error *err)
{
	unsigned int i;
	int ret = 0;

	hold_vcpus(m);
	for (i = 0; i < n && !ret; i++)
		ret = machine_read_cpu(m, first + i, &cpus[i]);
	let_vcpus_go(m);
	return ret ? error_set(err, -ret, "/dev/kvm: does not tell the registers (%s)",
			       strerror(-ret))
		   : 0;
}

static int read_cpus(struct control *c, struct dump_cpu *cpus, struct error *err)
{
	return read_held(of(c), 0, of(c)->vm.nr_vcpus, cpus, err);
}

static int registers(struct control *c, unsigned int i, char *buf, size_t size,
		     struct error *err)
{
	struct dump_cpu cpu;
	int ret = read_held(of(c), i, 1, &cpu, err);

	if (!ret)
		describe_cpu(i, &cpu, buf, size);
	return ret;
}

static int write_dump(struct control *c, const struct control_dump *how,
		      struct error *err)
{
	struct machine *m = of(c);
	bool ran = !m->paused;
	struct error ignored;
	int ret;

	stop(c, &ignored);
	ret = machine_dump(m, how, err);
	if (ran)
		cont(c, &ignored);
	return ret;
}

static int switch_trace(struct control *c, const uint8_t *enable, uint8_t *before,
			struct error *err)
{
	if (trace_drain_switch(&of(c)->trace, enable, before))
		return error_set(err, ENODEV, "the guest has no memory events");
	return 0;
}

static const struct control_ops machine_control_ops = {
	.status = get_status,
	.stop = stop,
	.cont = cont,
	.reset = reset,
	.powerdown = powerdown,
	.nmi = nmi,
	.quit = quit,
	.actions = get_actions,
	.set_actions = set_actions,
	.facts = get_facts,
	.thread_id = thread_id,
	.chardev = get_chardev,
	.disk = get_disk,
	.counters = tell_counters,
	.balloon = get_balloon,
	.set_balloon = set_balloon,
	.poll_balloon = poll_balloon,
	.registers = registers,
	.read_cpus = read_cpus,
	.trace = switch_trace,
	.dump = write_dump,
};

/* --- the server --------------------------------------------------------------------------- */

static void goes_with_it(void *arg, const char *path)
{
	struct machine *m = arg;

	sweep_add(&m->sweep, path);
}

int machine_add_control(struct machine *m, struct error *err)
{
	struct error ignored;
	unsigned int i;
	int ret = 0;

	m->control.ops = &machine_control_ops;
	if (!m->config.name && !m->config.nr_qmp)
		return 0;
	m->qmp = qmp_create(&m->control, &m->loop);
	if (!m->qmp)
		return error_set(err, ENOMEM, "no memory for a control socket");
	if (m->config.name)
		ret = qmp_open_name(m->qmp, m->config.name, err);
	/* Its manager has a socket of its own: this one is for people, and may be in use. */
	else if (m->config.title && rundir_name_ok(m->config.title) &&
		 qmp_open_name(m->qmp, m->config.title, &ignored))
		log_step("%s", ignored.text);
	for (i = 0; i < m->config.nr_qmp && !ret; i++)
		ret = qmp_open(m->qmp, m->config.qmp[i], err);
	qmp_each_path(m->qmp, goes_with_it, m);
	return ret;
}

void machine_end_control(struct machine *m)
{
	if (!m->qmp)
		return;
	qmp_destroy(m->qmp);
	m->qmp = NULL;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <abi/cpuid.h>

#include "vmm/util/log.h"
#include "vmm/machine/machine.h"
#include "vmm/machine/signals.h"
#include "vmm/cli/terminal.h"
#include "vmm/util/units.h"

void machine_end(struct machine *m, const struct outcome *outcome)
{
	pthread_mutex_lock(&m->outcome_lock);
	if (m->outcome.reason == END_NONE) {
		m->outcome = *outcome;
		atomic_store(&m->ended, true);
		if (outcome->reason == END_SIGNAL || outcome->reason == END_QUIT ||
		    outcome->reason == END_CONTROL || outcome->reason == END_SANDBOX)
			eventfd_write(m->hurry_fd, 1);
		eventfd_write(m->wake_fd, 1);
	}
	pthread_mutex_unlock(&m->outcome_lock);
}

static void on_wake(void *arg, uint32_t events)
{
	struct machine *m = arg;
	eventfd_t count;

	(void)events;
	eventfd_read(m->wake_fd, &count);
	machine_check_sandbox(m);
}

static void on_signal(void *arg, uint32_t events)
{
	struct machine *m = arg;
	int signo = signals_read(m->signal_fd);
	struct outcome outcome = { .reason = END_SIGNAL, .code = (uint64_t)signo };

	(void)events;
	if (signo)
		machine_end(m, &outcome);
}

static int open_events(struct machine *m, struct error *err)
{
	int ret = loop_init(&m->loop, &m->lock);

	m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m->hurry_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	m->signal_fd = signals_init(terminal_restore);
	m->wake_watch = (struct host_watch){ .fd = m->wake_fd, .fn = on_wake, .arg = m };
	m->signal_watch =
		(struct host_watch){ .fd = m->signal_fd, .fn = on_signal, .arg = m };
	if (!ret)
		ret = loop_watch_urgent(&m->loop, &m->wake_watch);
	if (!ret)
		ret = loop_watch_urgent(&m->loop, &m->signal_watch);
	if (ret)
		return error_set(err, -ret, "no descriptors left (%s); raise ulimit -n",
				 strerror(-ret));
	return 0;
}

/* Memory, kernel and files: what is checked without KVM. */
static int prepare_guest(struct machine *m, struct error *err)
{
	int ret = machine_config_check(&m->config, err);

	if (!ret)
		ret = memory_create(&m->mem, m->config.mem_size, m->config.mem_backend,
				    err);
	if (!ret)
		ret = boot_open(&m->boot, &m->config, &m->mem, err);
	return ret;
}

static int create_vm(struct machine *m, struct error *err)
{
	int ret = kvm_open(&m->kvm, m->config.cpus, err);

	m->kvm.told = (m->config.report ? PV_CPUID_REPORT : 0) |
		      (m->config.nr_inject ? PV_CPUID_INJECT : 0) |
		      machine_dma_check_told(&m->config);
	if (!ret)
		ret = kvm_create_vm(&m->kvm, &m->mem, err);
	if (!ret)
		ret = vm_create(&m->vm, &m->kvm, m->config.cpus, &machine_vm_ops, m, err);
	if (ret)
		return ret;
	log_step("KVM: %u vCPUs, %llu MiB", m->config.cpus, mib(m->config.mem_size));
	ret = irqs_init(&m->irqs, &m->kvm);
	if (ret)
		return error_set(err, -ret,
				 "/dev/kvm: refuses interrupt routes (%s); use a "
				 "newer host kernel",
				 strerror(-ret));
	return 0;
}

/* Fresh RAM gets the guest, vCPU 0 its entry point. */
static int load_guest(struct machine *m, struct error *err)
{
	uint32_t start_info;
	int ret = boot_load(&m->boot, &m->mem, &start_info, err);

	if (ret)
		return ret;
	ret = vcpu_set_pvh_entry(&m->vm.vcpus[0], m->boot.kernel.entry, start_info);
	if (ret)
		return error_set(err, -ret,
				 "/dev/kvm: refuses the start state (%s); use a "
				 "newer host kernel",
				 strerror(-ret));
	log_step("kernel %s: entry %#x, start info %#x", m->config.kernel,
		 m->boot.kernel.entry, start_info);
	return 0;
}

static int add_faults(struct machine *m, struct error *err)
{
	return inject_apply(&m->pci, m->config.inject, m->config.nr_inject, err);
}

static int start_trace(struct machine *m, struct error *err)
{
	if (trace_drain_start(&m->trace, &m->loop, &m->mem.ram,
			      m->boot.kernel.memstate_gpa, m->config.trace))
		return error_set(err, EMFILE, "no timer for memory events");
	return 0;
}

/* Where it makes files that must not outlive it. */
static int start_sweeper(struct machine *m, struct error *err)
{
	const struct machine_config *c = &m->config;
	bool makes = c->name || c->title || c->nr_qmp || c->gdb || c->panic_core ||
		     c->console.kind == CONSOLE_SOCKET ||
		     (c->two_consoles && c->vconsole.kind == CONSOLE_SOCKET);

	return makes ? sweep_start(&m->sweep, c->sandbox, err) : 0;
}

static int build(struct machine *m, struct error *err)
{
	/* In this order, row by row; first the sweeper, which inherits no guest so. */
	static int (*const steps[])(struct machine *, struct error *) = {
		start_sweeper,	       machine_open_core,
		prepare_guest,	       open_events,
		machine_open_disks,    machine_add_sandbox,
		machine_add_profile,   create_vm,
		machine_add_devices,   add_faults,
		machine_add_dma_check, machine_add_control,
		machine_add_gdb,       load_guest,
		start_trace,
	};
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(steps) / sizeof(steps[0]); i++)
		ret = steps[i](m, err);
	return ret;
}

int machine_create(struct machine **out, const struct machine_config *config,
		   struct error *err)
{
	struct machine *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return error_set(err, ENOMEM, "no memory for a machine");
	m->config = *config;
	m->holders = config->paused ? MACHINE_HELD_BY_CONTROL : 0;
	m->paused = m->holders;
	m->host.ops = &machine_host_ops;
	m->loop.devices.fd = m->loop.control.fd = m->loop.urgent_fd = -1;
	m->wake_fd = m->hurry_fd = m->signal_fd = -1;
	m->kvm.dev_fd = m->kvm.vm_fd = -1;
	m->core_fd = m->pagemap_fd = -1;
	m->boot.initrd_fd = m->boot.kernel.fd = -1;
	pthread_mutex_init(&m->lock, NULL);
	pthread_mutex_init(&m->outcome_lock, NULL);
	ret = build(m, err);
	if (ret) {
		machine_destroy(m);
		return ret;
	}
	*out = m;
	return 0;
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void machine_destroy(struct machine *m)
{
	machine_end_gdb(m);
	machine_end_control(m);
	trace_drain_stop(&m->trace);
	machine_end_facts(m);
	machine_close_core(m);
	vm_destroy(&m->vm);
	m->closing = true;
	device_destroy_all(&m->devices);
	machine_end_dma_check(m);
	machine_close_disks(m);
	console_close(&m->console);
	console_close(&m->second_console);
	ktap_fini(&m->com1_port.ktap);
	ktap_fini(&m->vconsole_port.ktap);
	irqs_fini(&m->irqs);
	kvm_close(&m->kvm);
	boot_close(&m->boot);
	memory_destroy(&m->mem);
	loop_fini(&m->loop);
	close_if_open(m->wake_fd);
	close_if_open(m->hurry_fd);
	close_if_open(m->signal_fd);
	sandbox_destroy(m->sandbox);
	profile_destroy(m->profile);
	sweep_end(&m->sweep);
	pthread_mutex_destroy(&m->outcome_lock);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static void start_console(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	console_start(&m->console, &m->com1_port);
	if (m->config.two_consoles)
		console_start(&m->second_console, &m->vconsole_port);
	pthread_mutex_unlock(&m->lock);
}

/* From here on the main thread waits for events and serves devices, no more. */
static void confine(struct machine *m)
{
	struct outcome outcome = { .reason = END_HOST };
	int ret = machine_confine(m, SANDBOX_MAIN, "main");

	if (!ret)
		return;
	snprintf(outcome.text, sizeof(outcome.text),
		 "--sandbox on: the main thread cannot be confined (%s); use a "
		 "newer host kernel, or --sandbox off",
		 strerror(-ret));
	machine_end(m, &outcome);
}

/* Nothing of the guest moves any more, and all it printed is out. */
static void stop(struct machine *m)
{
	vm_end(&m->vm);
	pthread_mutex_lock(&m->lock);
	device_quiesce_all(&m->devices);
	if (m->dma_checker) {
		dma_checker_settle(m->dma_checker);
		dma_checker_say_mapped(m->dma_checker);
	}
	serial_flush(m->com1);
	pthread_mutex_unlock(&m->lock);
	terminal_restore();
}

static void reset_or_end(struct machine *m)
{
	struct outcome outcome = { .reason = END_HOST };
	struct error err = { "" };

	if (!machine_reset(m, &err)) {
		machine_tell_cause(m, CONTROL_EVENT_RESET, CONTROL_BY_GUEST_RESET);
		return;
	}
	snprintf(outcome.text, sizeof(outcome.text), "%.150s", err.text);
	machine_end(m, &outcome);
}

bool machine_is_over(const struct machine *m)
{
	return atomic_load(&m->ended) || m->over.reason != END_NONE;
}

static bool keeps(const struct machine *m, const struct outcome *outcome)
{
	return outcome_by_guest(outcome) &&
	       (m->config.stays ||
		(m->config.panic == PANIC_STAYS && outcome_is_panic(outcome)));
}

/* The guest is over and the machine stays: its end becomes a state. */
static void keep_ended(struct machine *m)
{
	bool was_paused = m->paused;

	machine_pause(m);
	pthread_mutex_lock(&m->outcome_lock);
	m->over = m->outcome;
	m->over_failed = m->config.panic == PANIC_FAILS;
	m->outcome = (struct outcome){ .reason = END_NONE };
	atomic_store(&m->ended, false);
	pthread_mutex_unlock(&m->outcome_lock);
	machine_core_of_panic(m, &m->over);
	machine_tell_end(m, &m->over);
	if (!was_paused)
		machine_tell(m, CONTROL_EVENT_STOP);
}

/* The machine goes.  What it ends with is how its guest ended, where it had. */
static void leave(struct machine *m)
{
	machine_tell_end(m, &m->outcome);
	if (m->over.reason != END_NONE)
		m->outcome = m->over;
}

/* One turn of the loop; false at the end. */
static bool turn(struct machine *m)
{
	loop_run_once(&m->loop);
	if (atomic_exchange(&m->balloon_changed, false))
		machine_tell(m, CONTROL_EVENT_BALLOON);
	if (atomic_exchange(&m->disk_waits, false))
		machine_pause_for_disk(m);
	if (atomic_exchange(&m->disk_reported, false))
		machine_tell_disk_reports(m);
	if (atomic_exchange(&m->panic_told, false))
		machine_tell_panic(m);
	if (!atomic_load(&m->ended)) {
		if (atomic_load(&m->reset_wanted))
			reset_or_end(m);
		return true;
	}
	if (!keeps(m, &m->outcome))
		return false;
	keep_ended(m);
	return true;
}

void machine_run(struct machine *m)
{
	start_console(m);
	machine_make_facts(m);
	sweep_seal(&m->sweep);
	confine(m);
	if (!m->started && !m->paused && !atomic_load(&m->ended)) {
		log_step("the guest starts");
		machine_resume(m);
	}
	while (turn(m))
		;
	leave(m);
	stop(m);
	machine_core_of_panic(m, &m->outcome);
}

void machine_pause(struct machine *m)
{
	vm_pause(&m->vm);
	pthread_mutex_lock(&m->lock);
	device_quiesce_all(&m->devices);
	pthread_mutex_unlock(&m->lock);
	vm_clock_hold(&m->clock, &m->vm);
	m->paused = true;
}

void machine_resume(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	machine_forget_disk_errors(m);
	device_resume_all(&m->devices);
	pthread_mutex_unlock(&m->lock);
	m->paused = false;
	m->started = true;
	/* A vCPU that wants a reset, or the end, must not go on before it. */
	if (atomic_load(&m->reset_wanted) || machine_is_over(m))
		return;
	vm_clock_release(&m->clock, &m->vm);
	vm_resume(&m->vm);
}

void machine_hold(struct machine *m, unsigned int holder)
{
	m->holders |= holder;
	if (m->paused)
		return;
	machine_pause(m);
	machine_tell(m, CONTROL_EVENT_STOP);
}

void machine_let_go(struct machine *m, unsigned int holder)
{
	m->holders &= ~holder;
	if (m->holders || !m->paused || m->over.reason != END_NONE)
		return;
	machine_resume(m);
	machine_tell(m, CONTROL_EVENT_RESUME);
}

/* With the lock held, vCPUs parked: devices as at power-on, then RAM. */
static int reset_devices(struct machine *m)
{
	device_reset_all(&m->devices);
	if (m->dma_checker)
		dma_checker_reset(m->dma_checker);
	memory_discard(&m->mem);
	return pci_assign(&m->pci);
}

int machine_reset(struct machine *m, struct error *err)
{
	int ret;

	vm_pause(&m->vm);
	atomic_store(&m->reset_wanted, false);
	pthread_mutex_lock(&m->lock);
	ret = reset_devices(m);
	pthread_mutex_unlock(&m->lock);
	if (!ret)
		ret = vm_reset(&m->vm);
	if (m->clock.held) { /* a new life has new clocks */
		m->clock.held = false;
		vm_clock_hold(&m->clock, &m->vm);
	}
	if (ret)
		return error_set(err, -ret, "reset: %s", strerror(-ret));
	ret = load_guest(m, err);
	if (ret)
		return ret;
	m->facts.started = time(NULL);
	m->core_written = false;
	m->resets++;
	m->over = (struct outcome){ .reason = END_NONE };
	log_step("reset %u", m->resets);
	machine_gdb_restarted(m);
	if (!m->paused && !machine_is_over(m))
		vm_resume(&m->vm);
	return 0;
}

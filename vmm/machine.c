/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/signals.h"
#include "vmm/terminal.h"
#include "vmm/units.h"

void machine_end(struct machine *m, const struct outcome *outcome)
{
	pthread_mutex_lock(&m->outcome_lock);
	if (m->outcome.reason == END_NONE) {
		m->outcome = *outcome;
		atomic_store(&m->ended, true);
		if (outcome->reason == END_SIGNAL || outcome->reason == END_QUIT)
			eventfd_write(m->hurry_fd, 1);
		eventfd_write(m->wake_fd, 1);
	}
	pthread_mutex_unlock(&m->outcome_lock);
}

static void on_wake(void *arg, uint32_t events)
{
	const struct machine *m = arg;
	eventfd_t count;

	(void)events;
	eventfd_read(m->wake_fd, &count);
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
		ret = memory_create(&m->mem, m->config.mem_size, err);
	if (!ret)
		ret = boot_open(&m->boot, &m->config, &m->mem, err);
	return ret;
}

static int create_vm(struct machine *m, struct error *err)
{
	int ret = kvm_open(&m->kvm, m->config.cpus, err);

	m->kvm.report = m->config.report;
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

static int build(struct machine *m, struct error *err)
{
	int ret = prepare_guest(m, err);

	if (!ret)
		ret = open_events(m, err);
	if (!ret)
		ret = machine_open_disks(m, err);
	if (!ret)
		ret = create_vm(m, err);
	if (!ret)
		ret = machine_add_devices(m, err);
	if (!ret)
		ret = load_guest(m, err);
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
	m->host.ops = &machine_host_ops;
	m->loop.fd = m->loop.urgent_fd = -1;
	m->wake_fd = m->hurry_fd = m->signal_fd = -1;
	m->kvm.dev_fd = m->kvm.vm_fd = -1;
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
	vm_destroy(&m->vm);
	m->closing = true;
	device_destroy_all(&m->devices);
	machine_close_disks(m);
	console_close(&m->console);
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
	pthread_mutex_destroy(&m->outcome_lock);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static void start_console(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	console_start(&m->console, &m->com1_port);
	pthread_mutex_unlock(&m->lock);
}

/* Nothing of the guest moves any more, and all it printed is out. */
static void stop(struct machine *m)
{
	vm_end(&m->vm);
	pthread_mutex_lock(&m->lock);
	device_quiesce_all(&m->devices);
	serial_flush(m->com1);
	pthread_mutex_unlock(&m->lock);
	terminal_restore();
}

static void reset_or_end(struct machine *m)
{
	struct outcome outcome = { .reason = END_HOST };
	struct error err = { "" };

	if (!machine_reset(m, &err))
		return;
	snprintf(outcome.text, sizeof(outcome.text), "%.150s", err.text);
	machine_end(m, &outcome);
}

void machine_run(struct machine *m)
{
	start_console(m);
	log_step("the guest starts");
	vm_resume(&m->vm);
	while (!atomic_load(&m->ended)) {
		loop_run_once(&m->loop);
		if (atomic_load(&m->reset_wanted) && !atomic_load(&m->ended))
			reset_or_end(m);
	}
	stop(m);
}

void machine_pause(struct machine *m)
{
	vm_pause(&m->vm);
	pthread_mutex_lock(&m->lock);
	device_quiesce_all(&m->devices);
	pthread_mutex_unlock(&m->lock);
	m->paused = true;
}

void machine_resume(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	device_resume_all(&m->devices);
	pthread_mutex_unlock(&m->lock);
	m->paused = false;
	/* A vCPU that wants a reset must not go on before it. */
	if (!atomic_load(&m->reset_wanted))
		vm_resume(&m->vm);
}

/* With the lock held, vCPUs parked: devices as at power-on, then RAM. */
static int reset_devices(struct machine *m)
{
	device_reset_all(&m->devices);
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
	if (ret)
		return error_set(err, -ret, "reset: %s", strerror(-ret));
	ret = load_guest(m, err);
	if (ret)
		return ret;
	m->resets++;
	log_step("reset %u", m->resets);
	if (!m->paused)
		vm_resume(&m->vm);
	return 0;
}

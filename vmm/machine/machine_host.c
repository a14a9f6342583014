/* SPDX-License-Identifier: MIT */
/* What devices and vCPUs ask of the machine around them. */
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "devices/util.h"
#include "vmm/machine/crash.h"
#include "vmm/util/log.h"
#include "vmm/machine/machine.h"

static struct machine *machine_of(struct host *host)
{
	return container_of(host, struct machine, host);
}

/* --- devices: with the lock held ------------------------------------------------------ */

static int host_open_msi(struct host *host, const char *who, unsigned int nr)
{
	(void)who;
	return irqs_open(&machine_of(host)->irqs, nr);
}

static void host_close_msi(struct host *host, int first, unsigned int nr)
{
	irqs_close(&machine_of(host)->irqs, first, nr);
}

static int host_route_msi(struct host *host, int handle, const struct msi_msg *msg)
{
	return irqs_route(&machine_of(host)->irqs, handle, msg);
}

static void host_fire_msi(struct host *host, int handle)
{
	irqs_fire(&machine_of(host)->irqs, handle);
}

static void host_set_line(struct host *host, unsigned int gsi, bool level)
{
	irqs_line(&machine_of(host)->irqs, gsi, level);
}

static int set_doorbell(struct host *host, uint64_t gpa, unsigned int len, int fd,
			uint32_t flags)
{
	struct kvm_ioeventfd doorbell = {
		.addr = gpa, .len = len, .fd = fd, .flags = flags
	};

	return kvm_set(machine_of(host)->kvm.vm_fd, KVM_IOEVENTFD, &doorbell);
}

static int host_add_doorbell(struct host *host, uint64_t gpa, unsigned int len, int fd)
{
	return set_doorbell(host, gpa, len, fd, 0);
}

static void host_del_doorbell(struct host *host, uint64_t gpa, unsigned int len, int fd)
{
	if (!machine_of(host)->closing)
		set_doorbell(host, gpa, len, fd, KVM_IOEVENTFD_FLAG_DEASSIGN);
}

static int host_add_watch(struct host *host, struct host_watch *w, uint32_t events)
{
	return loop_watch(&machine_of(host)->loop, w, events);
}

static void host_del_watch(struct host *host, struct host_watch *w)
{
	loop_unwatch(&machine_of(host)->loop, w);
}

static void wish_reset(struct machine *m)
{
	atomic_store(&m->reset_wanted, true);
	eventfd_write(m->wake_fd, 1);
}

static void host_stop_guest(struct host *host, enum host_stop how, int code)
{
	static const enum end_reason ends[] = {
		[HOST_STOP_EXIT] = END_EXIT,
		[HOST_STOP_RESET] = END_RESET,
		[HOST_STOP_POWEROFF] = END_POWEROFF,
		[HOST_STOP_PANIC] = END_PANIC,
	};
	struct machine *m = machine_of(host);
	struct outcome outcome = { .code = (uint32_t)code };

	if (how == HOST_STOP_PANIC && m->config.panic == PANIC_GOES_ON) {
		atomic_store(&m->panic_told, true);
		eventfd_write(m->wake_fd, 1);
		return;
	}
	vm_hold(&m->vm);
	if (how == HOST_STOP_RESET && m->config.reboot) {
		wish_reset(m);
		return;
	}
	outcome.reason = ends[how];
	machine_end(m, &outcome);
}

static void host_report_text(struct host *host, enum host_severity severity,
			     const char *who, const char *text)
{
	machine_of(host)->reports++;
	if (severity == HOST_INFO)
		log_step("%s: %s", who, text);
	else
		log_line("%s: %s", who, text);
}

const struct host_ops machine_host_ops = {
	.msi_open = host_open_msi,
	.msi_close = host_close_msi,
	.msi_route = host_route_msi,
	.msi_fire = host_fire_msi,
	.irq_line = host_set_line,
	.doorbell_add = host_add_doorbell,
	.doorbell_del = host_del_doorbell,
	.watch = host_add_watch,
	.unwatch = host_del_watch,
	.stop = host_stop_guest,
	.report = host_report_text,
};

/* --- vCPUs: on their threads, without the lock ----------------------------------------- */

static int vcpu_begun(void *ctx, struct vcpu *vcpu)
{
	const struct machine *m = ctx;
	char name[16];
	int ret = m->profile ? profile_begin(m->profile, vcpu) : 0;

	if (ret)
		return ret;
	snprintf(name, sizeof(name), "vCPU %u", vcpu->id);
	return machine_confine(ctx, SANDBOX_VCPU, name);
}

static void vcpu_pio(void *ctx, uint16_t port, void *data, unsigned int size,
		     bool is_write)
{
	struct machine *m = ctx;

	pthread_mutex_lock(&m->lock);
	bus_access(&m->pio, port, data, size, is_write);
	pthread_mutex_unlock(&m->lock);
}

static void vcpu_mmio(void *ctx, uint64_t gpa, void *data, unsigned int size,
		      bool is_write)
{
	struct machine *m = ctx;

	pthread_mutex_lock(&m->lock);
	bus_access(&m->mmio, gpa, data, size, is_write);
	pthread_mutex_unlock(&m->lock);
}

static void vcpu_stuck(void *ctx, struct vcpu *vcpu, int error)
{
	struct machine *m = ctx;
	struct outcome outcome;

	vm_hold(&m->vm);
	outcome = crash_describe(vcpu, error);
	machine_end(m, &outcome);
}

static void vcpu_tick(void *ctx, const struct vcpu *vcpu, unsigned int ticks)
{
	const struct machine *m = ctx;

	profile_take(m->profile, vcpu, ticks, &m->mem.ram);
}

static bool vcpu_trap(void *ctx, struct vcpu *vcpu)
{
	return machine_gdb_trap(ctx, vcpu);
}

const struct vm_ops machine_vm_ops = {
	.begun = vcpu_begun,
	.pio = vcpu_pio,
	.mmio = vcpu_mmio,
	.trap = vcpu_trap,
	.tick = vcpu_tick,
	.stuck = vcpu_stuck,
};

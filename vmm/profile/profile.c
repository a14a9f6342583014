/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vmm/kvm/kvm.h"
#include "vmm/machine/signals.h"
#include "vmm/profile/profile.h"

#ifndef sigev_notify_thread_id /* the C library has the field, and no name for it */
#define sigev_notify_thread_id _sigev_un._tid
#endif

struct profile *profile_create(unsigned int cpus, unsigned int hz)
{
	struct profile *p = calloc(1, sizeof(*p) + cpus * sizeof(p->cpu[0]));
	unsigned int i;

	if (!p)
		return NULL;
	p->hz = hz;
	p->cpus = cpus;
	for (i = 0; i < cpus; i++) {
		p->cpu[i].stacks = profile_stacks_create();
		if (!p->cpu[i].stacks) {
			profile_destroy(p);
			return NULL;
		}
	}
	return p;
}

void profile_destroy(struct profile *p)
{
	unsigned int i;

	for (i = 0; p && i < p->cpus; i++)
		free(p->cpu[i].stacks);
	free(p);
}

/* As a kick: first what there is to do, then out of the guest. */
static void on_tick(int signo, siginfo_t *info, void *context)
{
	struct vcpu *vcpu = info->si_value.sival_ptr;

	(void)signo;
	(void)context;
	atomic_fetch_add(&vcpu->ticks, 1 + (unsigned int)info->si_overrun);
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
}

int profile_begin(const struct profile *p, struct vcpu *vcpu)
{
	struct sigaction action = { .sa_sigaction = on_tick,
				    .sa_flags = SA_SIGINFO | SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
				  .sigev_signo = SIGNAL_TICK,
				  .sigev_value.sival_ptr = vcpu };
	long period = 1000000000L / (long)p->hz;
	struct itimerspec times = {
		.it_interval = { period / 1000000000L, period % 1000000000L },
	};
	timer_t timer;

	times.it_value = times.it_interval;
	event.sigev_notify_thread_id = gettid();
	if (sigaction(SIGNAL_TICK, &action, NULL) ||
	    timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) ||
	    timer_settime(timer, 0, &times, NULL))
		return -errno;
	return 0;
}

void profile_take(struct profile *p, const struct vcpu *vcpu, unsigned int ticks,
		  const struct ram *ram)
{
	struct profile_cpu *cpu = &p->cpu[vcpu->id];
	uint64_t frames[PROFILE_DEPTH];
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	unsigned int depth;
	bool whole;

	cpu->lost += ticks - 1;
	if (kvm_get(vcpu->fd, KVM_GET_REGS, &regs) ||
	    kvm_get(vcpu->fd, KVM_GET_SREGS, &sregs)) {
		cpu->lost++;
		return;
	}
	depth = profile_walk(ram, &regs, &sregs, frames, &whole);
	if (!profile_stacks_add(cpu->stacks, frames, depth)) {
		cpu->lost++;
		return;
	}
	cpu->samples++;
	cpu->cut += !whole;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/kvm/vm.h"

/* A thread may sit in a host call that the signal just missed; so kick again. */
#define KICK_AGAIN_MS 20

static int create_vcpus(struct vm *vm, struct error *err)
{
	int ret = 0;

	vm->vcpus = calloc(vm->cpus, sizeof(*vm->vcpus));
	if (!vm->vcpus)
		return error_set(err, ENOMEM,
				 "--cpus %u: no memory for so many; give less", vm->cpus);
	while (vm->nr_vcpus < vm->cpus && !ret) {
		ret = vcpu_create(&vm->vcpus[vm->nr_vcpus], vm, vm->nr_vcpus, err);
		vm->nr_vcpus++;
	}
	return ret;
}

static int start_threads(struct vm *vm, struct error *err)
{
	unsigned int i;
	int ret;

	for (i = 0; i < vm->nr_vcpus; i++) {
		struct vcpu *vcpu = &vm->vcpus[i];

		ret = pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu);
		if (ret)
			return error_set(err, ret,
					 "--cpus %u: no thread for each (%s); give less",
					 vm->nr_vcpus, strerror(ret));
		vcpu->has_thread = true;
	}
	return 0;
}

int vm_create(struct vm *vm, struct kvm *kvm, unsigned int cpus, const struct vm_ops *ops,
	      void *ctx, struct error *err)
{
	pthread_condattr_t attr;
	int ret;

	*vm = (struct vm){ .kvm = kvm, .ops = ops, .ctx = ctx, .cpus = cpus };
	pthread_mutex_init(&vm->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&vm->changed, &attr);
	pthread_condattr_destroy(&attr);

	ret = create_vcpus(vm, err);
	if (!ret && irqchip_get(kvm, &vm->power_on))
		ret = error_set(err, EIO,
				"/dev/kvm: does not tell the interrupt controllers' "
				"state; use a newer host kernel");
	if (!ret)
		ret = start_threads(vm, err);
	if (ret)
		vm_destroy(vm);
	else
		vm_pause(vm); /* that is: waits until all are parked */
	return ret;
}

void vm_destroy(struct vm *vm)
{
	unsigned int i;

	if (!vm->kvm)
		return;
	vm_end(vm);
	for (i = 0; i < vm->nr_vcpus; i++)
		vcpu_destroy(&vm->vcpus[i]);
	free(vm->vcpus);
	pthread_cond_destroy(&vm->changed);
	pthread_mutex_destroy(&vm->lock);
	*vm = (struct vm){ .kvm = NULL };
}

static void kick_all(const struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->nr_vcpus; i++)
		if (vm->vcpus[i].has_thread)
			vcpu_kick(&vm->vcpus[i]);
}

/* Under lock.  True unless the VM ends: an end is final. */
static bool set_goal(struct vm *vm, enum vm_goal goal)
{
	if (atomic_load(&vm->goal) == VM_END)
		return false;
	atomic_store(&vm->goal, goal);
	pthread_cond_broadcast(&vm->changed);
	return true;
}

static int wait_a_little(struct vm *vm)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += KICK_AGAIN_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	return pthread_cond_timedwait(&vm->changed, &vm->lock, &until);
}

/* Under lock. */
static void wait_parked(struct vm *vm, unsigned int n)
{
	kick_all(vm);
	while (vm->nr_parked < n)
		if (wait_a_little(vm) == ETIMEDOUT)
			kick_all(vm);
}

void vm_pause(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	if (set_goal(vm, VM_PAUSE))
		wait_parked(vm, vm->nr_vcpus);
	pthread_mutex_unlock(&vm->lock);
}

void vm_resume(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	set_goal(vm, VM_RUN);
	pthread_mutex_unlock(&vm->lock);
}

void vm_hold(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	set_goal(vm, VM_PAUSE);
	pthread_mutex_unlock(&vm->lock);
}

static unsigned int nr_threads(const struct vm *vm)
{
	unsigned int i, n = 0;

	for (i = 0; i < vm->nr_vcpus; i++)
		n += vm->vcpus[i].has_thread;
	return n;
}

void vm_end(struct vm *vm)
{
	unsigned int i, n = nr_threads(vm);

	pthread_mutex_lock(&vm->lock);
	set_goal(vm, VM_END);
	wait_parked(vm, n);
	pthread_mutex_unlock(&vm->lock);
	for (i = 0; i < vm->nr_vcpus; i++) {
		struct vcpu *vcpu = &vm->vcpus[i];

		if (vcpu->has_thread)
			pthread_join(vcpu->thread, NULL);
		vcpu->has_thread = false;
	}
}

/* Under lock. */
static bool must_wait(const struct vm *vm, const struct vcpu *vcpu)
{
	enum vm_goal goal = atomic_load(&vm->goal);

	return goal == VM_PAUSE || (goal == VM_RUN && atomic_load(&vcpu->held));
}

bool vm_park(struct vm *vm, const struct vcpu *vcpu)
{
	enum vm_goal goal;

	pthread_mutex_lock(&vm->lock);
	vm->nr_parked++;
	pthread_cond_broadcast(&vm->changed);
	while (must_wait(vm, vcpu))
		pthread_cond_wait(&vm->changed, &vm->lock);
	goal = atomic_load(&vm->goal);
	/* A thread that ends stays counted: vm_end() waits for all. */
	if (goal == VM_RUN)
		vm->nr_parked--;
	pthread_mutex_unlock(&vm->lock);
	return goal == VM_RUN;
}

int vm_reset(struct vm *vm)
{
	unsigned int i;
	int ret = irqchip_set(vm->kvm, &vm->power_on);

	for (i = 0; i < vm->nr_vcpus && !ret; i++)
		ret = vcpu_reset(&vm->vcpus[i]);
	return ret;
}

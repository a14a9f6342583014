/* SPDX-License-Identifier: MIT */
/*
 * CPUs as threads.
 *
 * A call for another CPU is made by becoming that CPU for a moment (its id, interrupts
 * off), while its own thread is held in a signal handler outside its interrupts-off
 * sections.  For the code of mm/ that is the same as an interrupt on that CPU, and it works
 * for a CPU whose thread has ended, too.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <linux/futex.h>
#include <linux/bug.h>
#include <linux/smp.h>
#include <linux/cpumask.h>
#include "mm/platform.h"
#include "internal.h"

__thread struct host_cpu host_cpu;

u64 cpu_online_bits;

static struct {
	pthread_mutex_t lock; /* held while CPUs come, go, or are acted for */
	struct host_cpu *thread[NR_CPUS]; /* NULL: offline */
	pthread_t handle[NR_CPUS]; /* of those */
	u64 ever; /* bit n: CPU n has run */
	unsigned int possible;
} cpus = { .lock = PTHREAD_MUTEX_INITIALIZER, .possible = 8 };

static void become(unsigned int cpu)
{
	host_cpu.id = cpu;
	host_cpu.line = (unsigned long)cpu * SMP_CACHE_BYTES;
}

void host_cpu_online(unsigned int cpu)
{
	if (cpu >= NR_CPUS || cpus.thread[cpu])
		host_die("host_cpu_online: no such CPU, or it runs already");
	pthread_mutex_lock(&cpus.lock);
	host_cpu = (struct host_cpu){ 0 };
	become(cpu);
	cpus.thread[cpu] = &host_cpu;
	cpus.handle[cpu] = pthread_self();
	cpus.ever |= 1ULL << cpu;
	__atomic_fetch_or(&cpu_online_bits, 1ULL << cpu, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&cpus.lock);
}

void host_cpu_offline(void)
{
	pthread_mutex_lock(&cpus.lock);
	cpus.thread[host_cpu.id] = NULL;
	__atomic_fetch_and(&cpu_online_bits, ~(1ULL << host_cpu.id), __ATOMIC_RELEASE);
	pthread_mutex_unlock(&cpus.lock);
}

/* How a thread is held: the one that holds it writes ASKED and RELEASED, its handler the
 * answers. */
enum hold { FREE, ASKED, BUSY, HELD, RELEASED };

static enum hold get_hold(const struct host_cpu *cpu)
{
	return __atomic_load_n(&cpu->hold, __ATOMIC_ACQUIRE);
}

static void set_hold(struct host_cpu *cpu, enum hold hold)
{
	__atomic_store_n(&cpu->hold, hold, __ATOMIC_RELEASE);
	syscall(SYS_futex, &cpu->hold, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Sleeps until the hold is no longer this one. */
static void wait_while(struct host_cpu *cpu, enum hold hold)
{
	while (get_hold(cpu) == hold)
		syscall(SYS_futex, &cpu->hold, FUTEX_WAIT, hold, NULL, NULL, 0);
}

/* The functions marked __irq_leaf, from the linker. */
extern const char __start_irq_leaf[], __stop_irq_leaf[];

static bool in_irq_leaf(const ucontext_t *context)
{
	const char *pc = (const char *)context->uc_mcontext.gregs[REG_RIP];

	return pc >= __start_irq_leaf && pc < __stop_irq_leaf;
}

static void be_held(int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)sig;
	(void)info;
	if (host_cpu.irqs_off || in_irq_leaf(context)) {
		set_hold(&host_cpu, BUSY);
	} else {
		set_hold(&host_cpu, HELD);
		wait_while(&host_cpu, HELD);
		set_hold(&host_cpu, FREE);
	}
	errno = saved;
}

/* Holds a thread where its interrupts are on; cpus.lock is held. */
static void hold_cpu(unsigned int cpu)
{
	struct host_cpu *thread = cpus.thread[cpu];

	do {
		set_hold(thread, ASKED);
		if (pthread_kill(cpus.handle[cpu], SIGUSR2))
			host_die("pthread_kill");
		wait_while(thread, ASKED);
	} while (get_hold(thread) != HELD);
}

static void release_cpu(unsigned int cpu)
{
	struct host_cpu *thread = cpus.thread[cpu];

	set_hold(thread, RELEASED);
	wait_while(thread, RELEASED);
}

__attribute__((constructor)) static void first_cpu(void)
{
	struct sigaction act = { .sa_sigaction = be_held,
				 .sa_flags = SA_RESTART | SA_SIGINFO };

	if (sigaction(SIGUSR2, &act, NULL))
		host_die("sigaction");
	host_cpu_online(0);
}

void host_set_possible_cpus(unsigned int n)
{
	cpus.possible = n;
}

unsigned int num_possible_cpus(void)
{
	return cpus.possible;
}

unsigned int num_online_cpus(void)
{
	return (unsigned int)__builtin_popcountll(cpu_online_bits);
}

void host_irq_enter(void)
{
	arch_local_irq_disable();
	host_cpu.preempt_count += HOST_IRQ_UNIT;
}

void host_irq_exit(void)
{
	host_cpu.preempt_count -= HOST_IRQ_UNIT;
	arch_local_irq_enable();
}

static void act_as(unsigned int cpu, void (*fn)(void *, unsigned int), void *arg)
{
	bool other = cpus.thread[cpu] && cpus.thread[cpu] != &host_cpu;
	unsigned int self = host_cpu.id;

	if (other)
		hold_cpu(cpu);
	host_irq_enter();
	become(cpu);
	fn(arg, cpu);
	become(self);
	host_irq_exit();
	if (other)
		release_cpu(cpu);
}

void platform_on_each_cpu(void (*fn)(void *arg, unsigned int cpu), void *arg)
{
	WARN_ON(arch_irqs_disabled() || arch_in_interrupt());
	pthread_mutex_lock(&cpus.lock);
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		if (cpus.ever & (1ULL << cpu))
			act_as(cpu, fn, arg);
	pthread_mutex_unlock(&cpus.lock);
}

struct call {
	smp_call_func_t func;
	void *info;
};

static void run_call(void *arg, unsigned int cpu)
{
	const struct call *call = arg;

	(void)cpu;
	call->func(call->info);
}

int smp_call_function_single(unsigned int cpu, smp_call_func_t func, void *info, int wait)
{
	struct call call = { func, info };
	int err = -ENXIO;

	(void)wait;
	pthread_mutex_lock(&cpus.lock);
	if (cpu < NR_CPUS && cpus.thread[cpu]) {
		act_as(cpu, run_call, &call);
		err = 0;
	}
	pthread_mutex_unlock(&cpus.lock);
	return err;
}

void on_each_cpu(smp_call_func_t func, void *info, int wait)
{
	unsigned int cpu;

	for_each_online_cpu (cpu) {
		smp_call_function_single(cpu, func, info, wait);
	}
}

struct start {
	unsigned int cpu;
	void (*fn)(void *arg);
	void *arg;
};

static void *cpu_thread(void *data)
{
	const struct start *start = data;

	host_cpu_online(start->cpu);
	start->fn(start->arg);
	host_cpu_offline();
	return NULL;
}

void host_run_on_cpus(unsigned int n, void (*fn)(void *arg), void *arg)
{
	pthread_t thread[NR_CPUS];
	struct start start[NR_CPUS];

	if (n < 1 || n > cpus.possible || host_cpu.id != 0)
		host_die("host_run_on_cpus: 1 to num_possible_cpus(), from CPU 0");
	for (unsigned int i = 1; i < n; i++) {
		start[i] = (struct start){ i, fn, arg };
		if (pthread_create(&thread[i], NULL, cpu_thread, &start[i]))
			host_die("pthread_create");
	}
	fn(arg);
	for (unsigned int i = 1; i < n; i++)
		pthread_join(thread[i], NULL);
}

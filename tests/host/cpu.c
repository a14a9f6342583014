/* SPDX-License-Identifier: MIT */
/*
 * CPUs as threads.
 *
 * A call for another CPU is not sent there: the caller becomes that CPU for a moment
 * (its id, interrupts off), after making sure that the CPU's own thread is outside its
 * interrupts-off sections and stays outside (struct host_cpu in <asm/platform.h>).  For
 * the code of mm/ that is the same as an interrupt on that CPU, and it works for a thread
 * that sleeps in the kernel or has ended.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <linux/membarrier.h>
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
	u64 ever; /* bit n: CPU n has run */
	unsigned int possible;
} cpus = { .lock = PTHREAD_MUTEX_INITIALIZER, .possible = 8 };

void host_cpu_online(unsigned int cpu)
{
	if (cpu >= NR_CPUS || cpus.thread[cpu])
		host_die("host_cpu_online: no such CPU, or it runs already");
	pthread_mutex_lock(&cpus.lock);
	host_cpu = (struct host_cpu){ .id = cpu };
	cpus.thread[cpu] = &host_cpu;
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

__attribute__((constructor)) static void first_cpu(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0))
		host_die("the host kernel has no membarrier(PRIVATE_EXPEDITED)");
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

void host_irq_wait(void)
{
	do {
		__atomic_store_n(&host_cpu.irqs_off, 0, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&host_cpu.stop, __ATOMIC_ACQUIRE))
			sched_yield();
		__atomic_store_n(&host_cpu.irqs_off, 1, __ATOMIC_SEQ_CST);
	} while (__atomic_load_n(&host_cpu.stop, __ATOMIC_ACQUIRE));
}

/* host_irq_wait() for callers that count on every general register (HOST_IRQ_WAIT). */
__asm__(".pushsection .text\n"
	".globl host_irq_wait_saving\n"
	".type host_irq_wait_saving, @function\n"
	"host_irq_wait_saving:\n"
	"	push %rbp\n"
	"	mov %rsp, %rbp\n"
	"	push %rax; push %rcx; push %rdx; push %rsi; push %rdi\n"
	"	push %r8; push %r9; push %r10; push %r11\n"
	"	and $-16, %rsp\n"
	"	call host_irq_wait\n"
	"	lea -72(%rbp), %rsp\n"
	"	pop %r11; pop %r10; pop %r9; pop %r8\n"
	"	pop %rdi; pop %rsi; pop %rdx; pop %rcx; pop %rax\n"
	"	pop %rbp\n"
	"	ret\n"
	".size host_irq_wait_saving, . - host_irq_wait_saving\n"
	".popsection\n");

void host_irq_enter(void)
{
	arch_local_irq_disable();
	host_cpu.in_irq++;
}

void host_irq_exit(void)
{
	host_cpu.in_irq--;
	arch_local_irq_enable();
}

/* Keeps the thread of a CPU out of interrupts-off sections; cpus.lock is held. */
static void stop_cpu(struct host_cpu *cpu)
{
	__atomic_store_n(&cpu->stop, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	while (__atomic_load_n(&cpu->irqs_off, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void act_as(unsigned int cpu, void (*fn)(void *, unsigned int), void *arg)
{
	struct host_cpu *thread = cpus.thread[cpu];
	unsigned int self = host_cpu.id;
	unsigned long flags;

	if (thread && thread != &host_cpu)
		stop_cpu(thread);
	flags = arch_local_irq_save();
	host_cpu.id = cpu;
	host_cpu.in_irq++;
	fn(arg, cpu);
	host_cpu.in_irq--;
	host_cpu.id = self;
	arch_local_irq_restore(flags);
	if (thread && thread != &host_cpu)
		__atomic_store_n(&thread->stop, 0, __ATOMIC_RELEASE);
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

	for_each_online_cpu (cpu)
		smp_call_function_single(cpu, func, info, wait);
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

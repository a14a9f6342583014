/* SPDX-License-Identifier: MIT */
/* Broken rules of context, recorded and counted. */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <guest/context.h>
#include <guest/sched.h>
#include <guest/stacktrace.h>
#include <mm/platform.h>

static DEFINE_SPINLOCK(lock); /* guards what follows */
static unsigned int expected;
static struct context_violation last;
static unsigned long complaints; /* atomic */

void kernel_complain(void)
{
	__atomic_fetch_add(&complaints, 1, __ATOMIC_RELAXED);
}

unsigned long kernel_complaints(void)
{
	return __atomic_load_n(&complaints, __ATOMIC_RELAXED);
}

void context_violations_expect(unsigned int n)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	expected = n;
	spin_unlock_irqrestore(&lock, flags);
}

unsigned int context_violations_outstanding(void)
{
	unsigned long flags;
	unsigned int n;

	spin_lock_irqsave(&lock, flags);
	n = expected;
	expected = 0;
	spin_unlock_irqrestore(&lock, flags);
	return n;
}

void context_violation_last(struct context_violation *v)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	*v = last;
	spin_unlock_irqrestore(&lock, flags);
}

/* True when this one was expected. */
static bool record(const char *what, const unsigned long *pcs, unsigned int depth)
{
	unsigned long flags;
	bool wanted;

	spin_lock_irqsave(&lock, flags);
	wanted = expected > 0;
	if (wanted)
		expected--;
	last.what = what;
	last.count++;
	last.depth = min_t(unsigned int, depth, ARRAY_SIZE(last.pcs));
	for (unsigned int i = 0; i < last.depth; i++)
		last.pcs[i] = pcs[i];
	spin_unlock_irqrestore(&lock, flags);
	return wanted;
}

static const char *context_name(void)
{
	if (arch_in_interrupt())
		return "an interrupt";
	return arch_irqs_disabled() ? "a section with interrupts off"
				    : "a section with preemption off";
}

void platform_context_violation(const char *what)
{
	unsigned long pcs[16];
	unsigned int n = platform_backtrace(pcs, ARRAY_SIZE(pcs));
	const char *context = context_name();

	if (record(what, pcs, n)) {
		pr_info("# expected: %s in %s, from %pS\n", what, context,
			n > 2 ? (void *)pcs[2] : NULL);
		return;
	}
	kernel_complain();
	pr_err("BUG: %s in %s, CPU %u, thread %s\n", what, context, arch_cpu_id(),
	       task_name(current));
	show_chain(pcs, n);
}

void __might_sleep(const char *file, int line)
{
	(void)file;
	(void)line;
	if (unlikely(scheduler_running() && arch_in_atomic()))
		platform_context_violation("a sleeping function was called");
}

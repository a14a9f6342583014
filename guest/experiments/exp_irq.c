/* SPDX-License-Identifier: MIT */
/*
 * Memory in an interrupt.
 *
 * An interrupt handler runs on whatever thread it interrupted and must not sleep: nobody
 * could wake the two apart.  GFP_ATOMIC says so, and every allocator that can work without
 * sleeping does.  GFP_KERNEL may sleep; asked for in an interrupt it is refused, and the
 * report names the call.
 *
 * Witness: a real hardware interrupt of this CPU, sent to itself, and the kernel's record
 * of broken context rules with its call chain.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/string.h>

#include <guest/context.h>

#include "experiment.h"

#define CHAPTER CHAPTER_IRQ

/* What the handler found. */
struct irq_visit {
	struct irq_work work;
	bool in_interrupt;
	void *object, *page; /* with GFP_ATOMIC */
	void *refused; /* with GFP_KERNEL */
	bool done;
};

static noinline void allocate_in_interrupt(struct irq_work *work)
{
	struct irq_visit *v = container_of(work, struct irq_visit, work);

	v->in_interrupt = in_interrupt();
	v->object = kmalloc(100, GFP_ATOMIC);
	v->page = (void *)__get_free_page(GFP_ATOMIC);
	v->refused = kmalloc(100, GFP_KERNEL);
	smp_store_release(&v->done, true);
}

/* Is the function in the call chain of the last violation? */
static bool chain_names(const struct context_violation *v, const char *function)
{
	char name[64];

	for (unsigned int i = 0; i < v->depth; i++) {
		scnprintf(name, sizeof(name), "%ps", (void *)v->pcs[i]);
		if (!strcmp(name, function))
			return true;
	}
	return false;
}

#define IRQ_PATIENCE_MS 1000

EXPERIMENT(irq_atomic, "irq.atomic",
	   "in an interrupt GFP_ATOMIC works, and GFP_KERNEL is caught and named")
{
	/* Static: an interrupt that comes too late must find it. */
	static struct irq_visit visit;
	struct context_violation violation;

	visit = (struct irq_visit){ .work.func = allocate_in_interrupt };
	context_violations_expect(1);
	irq_work_queue(&visit.work);
	for (unsigned int ms = 0; !smp_load_acquire(&visit.done) && ms < IRQ_PATIENCE_MS;
	     ms++)
		mdelay(1);
	expect(x, !context_violations_outstanding(), "GFP_KERNEL was not caught");
	if (!expect(x, visit.done, "the interrupt did not come"))
		return;
	expect(x, visit.in_interrupt, "the handler did not run in an interrupt");
	expect(x, visit.object && visit.page, "GFP_ATOMIC: object %p, page %p",
	       visit.object, visit.page);
	expect(x, !visit.refused, "GFP_KERNEL gave %p", visit.refused);
	context_violation_last(&violation);
	expect(x, chain_names(&violation, "allocate_in_interrupt"),
	       "the report does not name the caller");
	evidence(x, "in a hard interrupt GFP_ATOMIC gave object %p and page %p",
		 visit.object, visit.page);
	evidence(x, "GFP_KERNEL gave %s: \"%s\" by allocate_in_interrupt()",
		 visit.refused ? "memory" : "NULL", violation.what);
	kfree(visit.refused);
	free_page((unsigned long)visit.page);
	kfree(visit.object);
}

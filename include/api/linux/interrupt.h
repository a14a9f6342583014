/* SPDX-License-Identifier: MIT */
/*
 * Interrupt handlers (include/linux/interrupt.h).  An irq number is a vector of the CPUs'
 * descriptor table, owned by one message of one device; it is never shared.
 */
#ifndef _LINUX_INTERRUPT_H
#define _LINUX_INTERRUPT_H

#include <linux/types.h>
#include <linux/irqflags.h>
#include <linux/smp.h>

typedef enum irqreturn { IRQ_NONE, IRQ_HANDLED, IRQ_WAKE_THREAD } irqreturn_t;
typedef irqreturn_t (*irq_handler_t)(int irq, void *dev);

/* Handler for an irq of pci_irq_vector().  0, -EINVAL, -EBUSY. */
int request_irq(unsigned int irq, irq_handler_t handler, unsigned long flags,
		const char *name, void *dev);
/* Returns once no CPU runs the handler any more; what request_irq() got as dev. */
const void *free_irq(unsigned int irq, void *dev);
/* Waits until no CPU runs the handler. */
void synchronize_irq(unsigned int irq);

/* Somebody listens to it. */
bool irq_has_handler(unsigned int irq);
/* How often the handler ran, over all CPUs. */
unsigned long irq_count(unsigned int irq);

/* Work that runs soon in a hardware interrupt of this CPU: from any context, also with
 * interrupts off.  False when it is still pending. */
struct irq_work {
	struct irq_work *next;
	void (*func)(struct irq_work *work);
	unsigned int pending;
};
bool irq_work_queue(struct irq_work *work);

#endif

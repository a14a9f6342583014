/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: from the vector to whoever asked for it.  A vector belongs to one message of
 * one device on one CPU; the same number is not used on two CPUs.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <asm/apic.h>
#include <asm/clock.h>
#include <asm/cpu.h>
#include <asm/traps.h>
#include <guest/boot.h>
#include <guest/irq.h>
#include <guest/process.h>
#include <guest/sched.h>

struct irq_desc {
	bool allocated;
	irq_handler_t handler; /* NULL: nobody listens */
	void *dev;
	const char *name;
	unsigned int running; /* CPUs in the handler; atomic */
	unsigned long count;
};

static DEFINE_SPINLOCK(lock); /* guards allocation and the change of handlers */
static struct irq_desc descs[VECTOR_DEVICE_END - VECTOR_DEVICE_FIRST];
static unsigned long strays; /* interrupts nobody listens to */
static DEFINE_PER_CPU(struct irq_work *, irq_works);

static struct irq_desc *desc_of(unsigned int irq)
{
	if (irq < VECTOR_DEVICE_FIRST || irq >= VECTOR_DEVICE_END)
		return NULL;
	return &descs[irq - VECTOR_DEVICE_FIRST];
}

#define PIC_MASTER_DATA 0x21
#define PIC_SLAVE_DATA	0xa1

void irq_init(void)
{
	/* Firmware may have left the two 8259s on, at vectors of exceptions. */
	outb(0xff, PIC_SLAVE_DATA);
	outb(0xff, PIC_MASTER_DATA);
	for (unsigned int vector = VECTOR_TIMER; vector <= VECTOR_IRQ_WORK; vector++)
		idt_enable_vector(vector);
}

/* The online CPUs in turn; the lock is held. */
static unsigned int next_cpu(void)
{
	static unsigned int last;
	u64 online = __atomic_load_n(&cpu_online_bits, __ATOMIC_ACQUIRE);
	u64 above = last + 1 < NR_CPUS ? online >> (last + 1) << (last + 1) : 0;

	last = (unsigned int)__builtin_ctzll(above ? above : online);
	return last;
}

unsigned int irq_alloc_vector(unsigned int *cpu)
{
	unsigned long flags;
	unsigned int i, vector = 0;

	spin_lock_irqsave(&lock, flags);
	for (i = 0; i < ARRAY_SIZE(descs) && descs[i].allocated; i++)
		;
	if (i < ARRAY_SIZE(descs)) {
		descs[i] = (struct irq_desc){ .allocated = true };
		vector = VECTOR_DEVICE_FIRST + i;
		*cpu = next_cpu();
		idt_enable_vector(vector);
	}
	spin_unlock_irqrestore(&lock, flags);
	return vector;
}

void irq_free_vector(unsigned int vector)
{
	struct irq_desc *desc = desc_of(vector);

	if (WARN_ON(!desc || desc->handler))
		return;
	desc->allocated = false;
}

int request_irq(unsigned int irq, irq_handler_t handler, unsigned long flags,
		const char *name, void *dev)
{
	struct irq_desc *desc = desc_of(irq);
	unsigned long saved;
	int err = -EBUSY;

	(void)flags;
	if (!desc || !desc->allocated || !handler)
		return -EINVAL;
	spin_lock_irqsave(&lock, saved);
	if (!desc->handler) {
		desc->dev = dev;
		desc->name = name;
		__atomic_store_n(&desc->handler, handler, __ATOMIC_RELEASE);
		err = 0;
	}
	spin_unlock_irqrestore(&lock, saved);
	return err;
}

void synchronize_irq(unsigned int irq)
{
	struct irq_desc *desc = desc_of(irq);

	while (desc && __atomic_load_n(&desc->running, __ATOMIC_SEQ_CST))
		cpu_relax();
}

const void *free_irq(unsigned int irq, void *dev)
{
	struct irq_desc *desc = desc_of(irq);

	if (WARN_ON(!desc || !desc->handler || desc->dev != dev))
		return NULL;
	__atomic_store_n(&desc->handler, NULL, __ATOMIC_SEQ_CST);
	synchronize_irq(irq);
	return dev;
}

bool irq_has_handler(unsigned int irq)
{
	struct irq_desc *desc = desc_of(irq);

	return desc && READ_ONCE(desc->handler);
}

unsigned long irq_count(unsigned int irq)
{
	struct irq_desc *desc = desc_of(irq);

	return desc ? READ_ONCE(desc->count) : 0;
}

static void device_interrupt(unsigned int vector)
{
	struct irq_desc *desc = desc_of(vector);
	irq_handler_t handler;

	__atomic_add_fetch(&desc->running, 1, __ATOMIC_SEQ_CST);
	handler = __atomic_load_n(&desc->handler, __ATOMIC_SEQ_CST);
	if (handler) {
		desc->count++; /* one CPU per vector */
		handler((int)vector, desc->dev);
	} else {
		__atomic_add_fetch(&strays, 1, __ATOMIC_RELAXED);
	}
	__atomic_sub_fetch(&desc->running, 1, __ATOMIC_SEQ_CST);
}

/* --- work in an interrupt of one's own ------------------------------------------------- */

bool irq_work_queue(struct irq_work *work)
{
	unsigned long flags;
	bool first;

	if (__atomic_exchange_n(&work->pending, 1, __ATOMIC_ACQ_REL))
		return false;
	local_irq_save(flags);
	work->next = *this_cpu_ptr(&irq_works);
	*this_cpu_ptr(&irq_works) = work;
	first = !work->next;
	if (first)
		apic_send_self(VECTOR_IRQ_WORK);
	local_irq_restore(flags);
	return true;
}

static void irq_work_run(void)
{
	struct irq_work *work = *this_cpu_ptr(&irq_works), *next;

	*this_cpu_ptr(&irq_works) = NULL;
	for (; work; work = next) {
		next = work->next;
		__atomic_store_n(&work->pending, 0, __ATOMIC_RELEASE);
		work->func(work);
	}
}

/* --- the way in ------------------------------------------------------------------------ */

static void dispatch(unsigned int vector)
{
	switch (vector) {
	case VECTOR_TIMER:
		timer_interrupt();
		break;
	case VECTOR_RESCHEDULE:
		sched_reschedule_interrupt();
		break;
	case VECTOR_CALL:
		smp_call_interrupt();
		break;
	case VECTOR_IRQ_WORK:
		irq_work_run();
		break;
	default:
		device_interrupt(vector);
	}
}

static void count_add(u32 n)
{
	__asm__ volatile("addl %1, %%gs:%0"
			 : "+m"(cpu_local.preempt_count)
			 : "ri"(n)
			 : "memory", "cc");
}

void handle_interrupt(struct pt_regs *regs)
{
	if (regs->vector == VECTOR_SPURIOUS)
		return;
	count_add(HARDIRQ_OFFSET);
	apic_eoi();
	dispatch((unsigned int)regs->vector);
	count_add(-HARDIRQ_OFFSET);
	if (!__preempt_count())
		preempt_schedule_irq();
	if (user_mode(regs))
		process_leave_kernel();
}

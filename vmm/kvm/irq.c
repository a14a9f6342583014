/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "devices/probe.h"
#include "vmm/kvm/irq.h"

#define ISA_IRQS    16
#define PIC_PINS    8
#define TIMER_IRQ   0
#define CASCADE_IRQ 2
#define TIMER_PIN   2 /* of the IOAPIC: the MADT says so */

static void add_line(struct kvm_irq_routing *table, unsigned int gsi, unsigned int chip,
		     unsigned int pin)
{
	table->entries[table->nr++] = (struct kvm_irq_routing_entry){
		.gsi = gsi,
		.type = KVM_IRQ_ROUTING_IRQCHIP,
		.u.irqchip = { .irqchip = chip, .pin = pin },
	};
}

/* The ISA interrupts reach both PICs and IOAPIC; the timer sits where the cascade was. */
static void add_lines(struct kvm_irq_routing *table)
{
	unsigned int gsi;

	for (gsi = 0; gsi < ISA_IRQS; gsi++)
		if (gsi != CASCADE_IRQ)
			add_line(table, gsi,
				 gsi < PIC_PINS ? KVM_IRQCHIP_PIC_MASTER
						: KVM_IRQCHIP_PIC_SLAVE,
				 gsi % PIC_PINS);
	for (gsi = 0; gsi < IRQ_LINES; gsi++)
		if (gsi != CASCADE_IRQ)
			add_line(table, gsi, KVM_IRQCHIP_IOAPIC,
				 gsi == TIMER_IRQ ? TIMER_PIN : gsi);
}

static void add_messages(struct kvm_irq_routing *table, const struct irqs *irqs)
{
	unsigned int i;

	for (i = 0; i < irqs->nr; i++) {
		const struct irq_message *m = &irqs->messages[i];

		if (!m->routed)
			continue;
		table->entries[table->nr++] = (struct kvm_irq_routing_entry){
			.gsi = IRQ_LINES + i,
			.type = KVM_IRQ_ROUTING_MSI,
			.u.msi = { .address_lo = (uint32_t)m->msg.addr,
				   .address_hi = (uint32_t)(m->msg.addr >> 32),
				   .data = m->msg.data },
		};
	}
}

static int give_table(struct irqs *irqs)
{
	size_t most = ISA_IRQS + IRQ_LINES + irqs->nr;
	struct kvm_irq_routing *table;
	int ret;

	table = calloc(1, sizeof(*table) + most * sizeof(table->entries[0]));
	if (!table)
		return -ENOMEM;
	add_lines(table);
	add_messages(table, irqs);
	ret = kvm_set(irqs->kvm->vm_fd, KVM_SET_GSI_ROUTING, table);
	free(table);
	irqs->stale = ret < 0;
	return ret;
}

int irqs_init(struct irqs *irqs, const struct kvm *kvm)
{
	*irqs = (struct irqs){ .kvm = kvm };
	return give_table(irqs);
}

void irqs_fini(struct irqs *irqs)
{
	irqs_close(irqs, 0, irqs->nr);
	irqs->nr = 0;
}

static bool all_free(const struct irqs *irqs, unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = first; i < first + nr; i++)
		if (irqs->messages[i].open)
			return false;
	return true;
}

int irqs_open(struct irqs *irqs, unsigned int nr)
{
	unsigned int first = 0, i;

	while (first + nr <= IRQ_MESSAGES_MAX && !all_free(irqs, first, nr))
		first++;
	if (first + nr > IRQ_MESSAGES_MAX)
		return -ENOSPC;
	for (i = first; i < first + nr; i++)
		irqs->messages[i] = (struct irq_message){ .open = true, .fd = -1 };
	if (irqs->nr < first + nr)
		irqs->nr = first + nr;
	return (int)first;
}

static int set_irqfd(const struct irqs *irqs, int handle, uint32_t flags)
{
	struct kvm_irqfd irqfd = {
		.fd = (uint32_t)irqs->messages[handle].fd,
		.gsi = IRQ_LINES + (uint32_t)handle,
		.flags = flags,
	};

	return kvm_set(irqs->kvm->vm_fd, KVM_IRQFD, &irqfd);
}

/* After this returns KVM delivers nothing more of it. */
static void drop_irqfd(struct irqs *irqs, int handle)
{
	struct irq_message *m = &irqs->messages[handle];

	if (m->fd < 0)
		return;
	set_irqfd(irqs, handle, KVM_IRQFD_FLAG_DEASSIGN);
	close(m->fd);
	m->fd = -1;
}

void irqs_close(struct irqs *irqs, int first, unsigned int nr)
{
	int i;

	for (i = first; i < first + (int)nr; i++) {
		if (!irqs->messages[i].open)
			continue;
		drop_irqfd(irqs, i);
		irqs->messages[i] = (struct irq_message){ .fd = -1 };
		irqs->stale = true;
	}
}

static int add_irqfd(struct irqs *irqs, int handle)
{
	struct irq_message *m = &irqs->messages[handle];
	int ret;

	m->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->fd < 0)
		return -errno;
	ret = set_irqfd(irqs, handle, 0);
	if (ret) {
		close(m->fd);
		m->fd = -1;
	}
	return ret;
}

int irqs_route(struct irqs *irqs, int handle, const struct msi_msg *msg)
{
	struct irq_message *m = &irqs->messages[handle];
	int ret = 0;

	irqs->stale = true;
	m->routed = false;
	if (!msg) {
		drop_irqfd(irqs, handle);
		return 0;
	}
	if (m->fd < 0)
		ret = add_irqfd(irqs, handle);
	if (ret)
		return ret;
	m->msg = *msg;
	m->routed = true;
	return 0;
}

void irqs_fire(struct irqs *irqs, int handle)
{
	if (irqs->stale)
		give_table(irqs);
	PROBE(interrupt, handle, irqs->messages[handle].msg.addr,
	      irqs->messages[handle].msg.data);
	eventfd_write(irqs->messages[handle].fd, 1);
}

void irqs_line(const struct irqs *irqs, unsigned int gsi, bool level)
{
	struct kvm_irq_level line = { .irq = gsi, .level = level };

	kvm_set(irqs->kvm->vm_fd, KVM_IRQ_LINE, &line);
}

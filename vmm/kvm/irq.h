/* SPDX-License-Identifier: MIT */
/*
 * Interrupts into KVM: lines (GSIs 0-23, wired as on a PC) and message-signalled ones.
 *
 * Each message handle of host.h has a GSI of its own from 24 on, whose route in KVM's table
 * is the message, and an irqfd, so that firing it is one write and any other process could
 * do it as well.  The table is given to KVM as a whole, and that is slow: changes only mark
 * it stale, and the next fire brings it up to date.
 */
#ifndef VMM_IRQ_H
#define VMM_IRQ_H

#include <stdbool.h>

#include "devices/host.h"
#include "vmm/kvm/kvm.h"

#define IRQ_LINES	 24
#define IRQ_MESSAGES_MAX 1024

struct irq_message {
	bool open; /* a device holds the handle */
	bool routed; /* msg is what it sends */
	int fd; /* the irqfd; -1 until it is first routed */
	struct msi_msg msg;
};

/* All under the device lock. */
struct irqs {
	const struct kvm *kvm;
	bool stale; /* KVM's table is not what stands here */
	unsigned int nr; /* messages below this were ever open */
	struct irq_message messages[IRQ_MESSAGES_MAX];
};

/* Wires the lines.  0 or a negative errno. */
int irqs_init(struct irqs *irqs, const struct kvm *kvm);
void irqs_fini(struct irqs *irqs);

/* The ops of host.h; a handle is an index into messages. */
int irqs_open(struct irqs *irqs, unsigned int nr);
void irqs_close(struct irqs *irqs, int first, unsigned int nr);
int irqs_route(struct irqs *irqs, int handle, const struct msi_msg *msg);
void irqs_fire(struct irqs *irqs, int handle);
void irqs_line(const struct irqs *irqs, unsigned int gsi, bool level);

#endif

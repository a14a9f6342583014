/* SPDX-License-Identifier: MIT */
/* Vectors for devices. */
#ifndef GUEST_IRQ_H
#define GUEST_IRQ_H

#include <linux/types.h>

/* A free device vector, delivered to an online CPU chosen in turn; 0 when none is left. */
unsigned int irq_alloc_vector(unsigned int *cpu);
void irq_free_vector(unsigned int vector);

/* Runs pending smp_call_function() work of this CPU. */
void smp_call_interrupt(void);

#endif

/* SPDX-License-Identifier: MIT */
/* Preemption and the kind of context this is (include/linux/preempt.h). */
#ifndef _LINUX_PREEMPT_H
#define _LINUX_PREEMPT_H

#include <asm/platform.h>

#define preempt_disable() arch_preempt_disable()
#define preempt_enable()  arch_preempt_enable()
#define in_interrupt()	  arch_in_interrupt()
/* No sleeping here: in an interrupt, with preemption or interrupts off. */
#define in_atomic() arch_in_atomic()

#endif

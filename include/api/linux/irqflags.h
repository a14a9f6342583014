/* SPDX-License-Identifier: MIT */
/* Interrupts of this CPU off and on (include/linux/irqflags.h). */
#ifndef _LINUX_IRQFLAGS_H
#define _LINUX_IRQFLAGS_H

#include <asm/platform.h>

#define local_irq_save(flags)	 ((flags) = arch_local_irq_save())
#define local_irq_restore(flags) arch_local_irq_restore(flags)
#define local_irq_disable()	 arch_local_irq_disable()
#define local_irq_enable()	 arch_local_irq_enable()
#define irqs_disabled()		 arch_irqs_disabled()

#endif

/* SPDX-License-Identifier: MIT */
/* The end of a run that cannot go on. */
#ifndef GUEST_PANIC_H
#define GUEST_PANIC_H

#include <linux/compiler.h>

struct pt_regs;

/* As panic(), with the registers of the trap that led here. */
void panic_regs(const struct pt_regs *regs, const char *fmt, ...) __noreturn;
/* Called by a CPU that an NMI reached: stops for good when another one panics. */
void stop_if_panicking(void);

#endif

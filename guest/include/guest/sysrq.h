/* SPDX-License-Identifier: MIT */
#ifndef GUEST_SYSRQ_H
#define GUEST_SYSRQ_H

#include <linux/types.h>

/* From now on Ctrl-O and a letter on the serial console are orders: h lists them. */
void sysrq_enable(void);

/* Ctrl-O e was typed: what goes on until it is told to end, ends. */
bool sysrq_ends(void);

#endif

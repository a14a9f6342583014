/* SPDX-License-Identifier: MIT */
#ifndef GUEST_SYSRQ_H
#define GUEST_SYSRQ_H

/* From now on Ctrl-O and a letter on the serial console are orders: h lists them. */
void sysrq_enable(void);

#endif

/* SPDX-License-Identifier: MIT */
/* Waiting (include/linux/delay.h): udelay and mdelay spin, msleep and usleep_range sleep. */
#ifndef _LINUX_DELAY_H
#define _LINUX_DELAY_H

void ndelay(unsigned long ns);
void udelay(unsigned long us);
void mdelay(unsigned long ms);
void msleep(unsigned int ms);
void usleep_range(unsigned long min_us, unsigned long max_us);

#endif

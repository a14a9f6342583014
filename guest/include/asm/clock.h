/* SPDX-License-Identifier: MIT */
/* The clock underneath: time-stamp counter and LAPIC timer, in nanoseconds. */
#ifndef GUEST_ASM_CLOCK_H
#define GUEST_ASM_CLOCK_H

#include <linux/types.h>

extern u64 tsc_base; /* the time-stamp counter at time 0 */

/* Has this CPU's timer interrupt at `when` (ns) or soon after; U64_MAX: never. */
void clock_set_event(u64 when, u64 now);
/* Fills in hypervisor.tsc_khz and timer_khz. */
void clock_calibrate(void);
/* The timer interrupt, and a change of what this CPU waits for. */
void timer_interrupt(void);
void timer_reprogram(void);
#define U64_MAX (~0ULL)

#endif

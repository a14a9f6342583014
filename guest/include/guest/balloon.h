/* SPDX-License-Identifier: MIT */
/*
 * The memory balloon: pages that the monitor has asked for, given to it until it wants fewer
 * or memory runs out.  A thread of its own does the work.
 */
#ifndef GUEST_BALLOON_H
#define GUEST_BALLOON_H

#include <linux/types.h>

/* There is one. */
bool balloon_there(void);
/* The device and the driver agreed on VIRTIO_BALLOON_F_*. */
bool balloon_has(unsigned int feature);
/* How many pages the device wants, and how many it has. */
unsigned long balloon_target(void);
unsigned long balloon_size(void);

/* The balloon shall not be larger, whatever the device wants; ~0UL: no limit.  It does
 * what it can towards that, also when it had shrunk before because memory was short. */
void balloon_limit(unsigned long pages);
/* Waits until it is where it shall be, or cannot get there; 10 s at most. */
void balloon_settle(void);
/* Up to n of the frames in it; how many.  They can move or come back at any time. */
unsigned int balloon_frames(unsigned long *pfns, unsigned int n);

/* Tells the device of all free memory now.  How many pages, or a negative errno. */
long balloon_report(void);
/* Nothing is told but by balloon_report(): free memory stays where it is meanwhile. */
void balloon_hold_reports(bool hold);
/* Statistics told since the start. */
unsigned long balloon_stats_told(void);

#endif

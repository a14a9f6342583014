/* SPDX-License-Identifier: MIT */
/*
 * Points where the guest stops for good, for who looks at it from outside:
 *
 *	stop-at=NAME[:park|spin|panic]
 *
 * The CPU that comes to the point halts with interrupts off (park, the default), turns in a
 * loop (spin), or panics.
 */
#ifndef GUEST_STOP_AT_H
#define GUEST_STOP_AT_H

/* Returns unless the command line names this point. */
void stop_at(const char *name);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The file for a core of a guest that panics is made before the monitor is confined, for later
 * it could not be; and a confined monitor cannot remove it, either, when the guest ended well.
 * So a process of its own does that: it waits for the end of the monitor, however that comes,
 * and removes the file if it is empty still.  It has nothing open but the file and two pipes,
 * takes no word from the monitor, and is in nobody's process group.
 */
#ifndef VMM_MACHINE_CORE_KEEPER_H
#define VMM_MACHINE_CORE_KEEPER_H

struct core_keeper {
	int end_fd; /* closed: the monitor ends */
	int gone_fd; /* hangs up when the keeper is done */
};

/* Of none: both are -1. */
#define CORE_KEEPER_NONE     \
	(struct core_keeper) \
	{                    \
		-1, -1       \
	}

/* core_fd is the file at path, which the caller has just made; it stays the caller's.  0, or a
 * negative errno: then nobody removes it. */
int core_keeper_start(struct core_keeper *keeper, const char *path, int core_fd);
/* The monitor needs the file no more; waits a little until it is gone.  Also of none. */
void core_keeper_end(struct core_keeper *keeper);

#endif

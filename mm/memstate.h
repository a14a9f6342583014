/* SPDX-License-Identifier: MIT */
/* The description of the memory state that the guest publishes: see abi/memstate.h. */
#ifndef MM_MEMSTATE_H
#define MM_MEMSTATE_H

struct memstate_mm;
extern const struct memstate_mm memstate_mm;

#endif

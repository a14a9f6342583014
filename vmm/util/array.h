/* SPDX-License-Identifier: MIT */
/* Arrays that grow at their end. */
#ifndef VMM_ARRAY_H
#define VMM_ARRAY_H

#include <stddef.h>

/*
 * Appends a copy of the item of `size` bytes to an array of *nr such items; returns the
 * array, which may have moved, with *nr one more.  NULL: no memory, and nothing has
 * changed.  The room doubles at each power of two, so that it needs no counter.
 */
void *array_append(void *array, size_t *nr, const void *item, size_t size);

#endif

/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "vmm/util/array.h"

void *array_append(void *array, size_t *nr, const void *item, size_t size)
{
	if (!(*nr & (*nr - 1))) {
		array = reallocarray(array, *nr ? 2 * *nr : 1, size);
		if (!array)
			return NULL;
	}
	memcpy((char *)array + *nr * size, item, size);
	++*nr;
	return array;
}

/* SPDX-License-Identifier: MIT */
/*
 * Integer types of the wire formats in include/abi/.  Everything on the wire is
 * little-endian; so are both ends (x86-64), and the build stops on any other machine.  The
 * le names mark what crosses the boundary.
 */
#ifndef ABI_TYPES_H
#define ABI_TYPES_H

#include <stdint.h>

typedef uint16_t le16;
typedef uint32_t le32;
typedef uint64_t le64;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "wire formats are little-endian");

#endif

/* SPDX-License-Identifier: MIT */
/* Integer and address types, with Linux's names (include/linux/types.h). */
#ifndef _LINUX_TYPES_H
#define _LINUX_TYPES_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* The names in headers shared with user space. */
typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s8 __s8;
typedef s16 __s16;
typedef s32 __s32;
typedef s64 __s64;

/* Little-endian on the wire; the guest is little-endian too, the name says what is meant. */
typedef uint16_t __le16;
typedef uint32_t __le32;
typedef uint64_t __le64;

typedef long ssize_t;
typedef unsigned int gfp_t; /* allocation flags, <linux/gfp.h> */
typedef uint64_t phys_addr_t; /* a guest-physical address */
typedef uint64_t dma_addr_t; /* an address as a device uses it */
typedef uint64_t resource_size_t;

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long counter;
} atomic_long_t;

struct list_head {
	struct list_head *next, *prev;
};

#endif

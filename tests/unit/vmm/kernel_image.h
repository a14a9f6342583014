/* SPDX-License-Identifier: MIT */
/*
 * What a guest publishes beside its memory, put into the small guest of memstate_image.h:
 * threads, log, names, an IOMMU, and the books of mappings, call sites and owners.
 */
#ifndef TESTS_UNIT_VMM_KERNEL_IMAGE_H
#define TESTS_UNIT_VMM_KERNEL_IMAGE_H

#include "tests/unit/vmm/memstate_image.h"

#define KERNEL_AT   0x400000u /* where all of it is: physical */
#define KERNEL_SIZE 0x10000u
#define KERNEL_TEXT 0xffffffff80000000ull /* 0x100000 bytes */
#define KERNEL_THREADS \
	3 /* in the list: "main" waits; processes "busy", on CPU 1, and "nap", asleep */
#define KERNEL_SPACES	      2 /* of these two: a page each at KERNEL_USER */
#define KERNEL_USER	      0x400000ull /* virtual; physical it is KERNEL_USER_AT(space) */
#define KERNEL_TABLES	      0x420000u /* physical: 4 tables a space, the top one first */
#define KERNEL_USER_AT(space) (0x440000u + (space)*0x1000u)
#define KERNEL_LOG	      64u
#define KERNEL_SYMBOLS \
	3 /* one, two, three: 0x100 bytes each from 0x1000 of the text on */
#define KERNEL_ENTRIES 8
#define KERNEL_CHAINS  4

struct kernel_thread {
	uint64_t next;
	char name[8];
	uint32_t pid, state, cpu, unused;
	uint64_t rsp, stack, process, space;
};

struct kernel_space {
	uint64_t unused, page_table;
};

struct kernel_mapping {
	uint8_t kind, dir;
	uint16_t unused;
	uint32_t endpoint;
	uint64_t addr, phys, size, caller, name;
};

struct kernel_owner {
	uint32_t alloc, free, gfp;
	uint16_t cpu;
	uint8_t order, known;
	uint64_t allocated, freed;
};

struct kernel_chain {
	uint32_t hash, n;
	uint64_t pc[4];
};

struct kernel_site {
	uint64_t ip, bytes, calls, total;
};

struct kernel_range {
	uint64_t start, end, next;
};

struct kernel_iommu_mapping {
	uint64_t phys;
	struct kernel_range node;
	uint32_t flags, unused;
};

struct kernel_domain {
	uint64_t next;
	uint32_t id, endpoints;
	struct kernel_range head, tail;
};

struct kernel_endpoint {
	uint64_t next, domain, device;
	uint32_t id, unused;
};

/* Where things stand, as host pointers; spoil at will. */
struct kernel_parts {
	struct memstate_kernel description;
	struct {
		uint64_t thread_list, symbol_count, log_end, iommu, chains, mappings,
			owners, lost, tsc_base, device_name;
		uint64_t offsets[2], current[2];
		uint64_t domains, endpoints; /* the IOMMU: heads of lists */
		uint32_t khz;
		uint16_t run;
		uint8_t profile_on;
	} numbers;
	struct kernel_thread idle[2], thread[KERNEL_THREADS];
	struct kernel_space space[KERNEL_SPACES];
	char log[KERNEL_LOG];
	struct {
		uint32_t offset, name;
	} symbol[KERNEL_SYMBOLS + 1];
	char names[32], device[16];
	uint64_t stack[64]; /* of "main", from its lowest word */
	struct kernel_mapping mapping[KERNEL_ENTRIES];
	struct kernel_owner owner[64]; /* of the first frames */
	struct kernel_chain chain[KERNEL_CHAINS];
	struct kernel_site site[KERNEL_ENTRIES];
	struct kernel_domain domain;
	struct kernel_iommu_mapping range[2];
	struct kernel_endpoint endpoint[2]; /* the second is in no domain */
};
_Static_assert(sizeof(struct kernel_parts) <= KERNEL_SIZE, "there is room");

/* Adds it to an image that was made. */
struct kernel_parts *kernel_image_add(struct image *image);

#endif

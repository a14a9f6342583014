/* SPDX-License-Identifier: MIT */
/*
 * malloc as glibc documents it: malloc(3), mallopt(3), mallinfo(3), malloc_trim(3).  For one
 * thread.
 *
 * A request below the mmap threshold comes from the heap, which brk() enlarges; one from
 * the threshold on, unless a free block of the heap fits, gets a mapping of its own and is
 * given back to the kernel by free().  Blocks are multiples of 16 bytes, 8 of which are
 * malloc's own (16 in a mapping); the smallest has 24 for the user.
 *
 * The threshold is dynamic, as glibc's: freeing a mapping larger than it raises it to that
 * size, and the trim threshold to twice that.  mallopt() of any of the first three
 * parameters ends this.
 */
#ifndef MALLOC_H
#define MALLOC_H

#include <stddef.h>

void *malloc(size_t size);
void free(void *p);
void *calloc(size_t n, size_t size);
/* size 0 frees; p NULL allocates. */
void *realloc(void *p, size_t size);
/* For n elements of this size; an overflow is want of memory, p is as it was. */
void *reallocarray(void *p, size_t n, size_t size);
/* At a multiple of align, a power of two; EINVAL: it is none. */
void *aligned_alloc(size_t align, size_t size);
/* The same; any align is made one. */
void *memalign(size_t align, size_t size);
/* 0; EINVAL: align is no power of two, or less than a pointer's size; ENOMEM.  errno stays,
 * and so does *p when it fails. */
int posix_memalign(void **p, size_t align, size_t size);
/* Bytes that may be used at p: at least what was asked for. */
size_t malloc_usable_size(void *p);

/* Parameters of mallopt(); 1: done, 0: refused. */
#define M_TRIM_THRESHOLD -1 /* give back when this much is free at the top: 128 KiB */
#define M_TOP_PAD	 -2 /* ask brk() for this much more, and keep it: 128 KiB */
#define M_MMAP_THRESHOLD -3 /* 128 KiB; at most 32 MiB */
#define M_MMAP_MAX	 -4 /* mappings at a time: 65536; 0 for none */
int mallopt(int param, int value);

/* Gives the free top of the heap back but for pad bytes, and the frames of whole free pages
 * below it.  1: something was given back. */
int malloc_trim(size_t pad);

struct mallinfo2 {
	size_t arena; /* bytes of heap */
	size_t ordblks; /* free blocks, the top among them */
	size_t smblks; /* 0: there are no fast bins */
	size_t hblks; /* mappings */
	size_t hblkhd; /* bytes in them */
	size_t usmblks; /* 0 */
	size_t fsmblks; /* 0 */
	size_t uordblks; /* bytes of heap in use */
	size_t fordblks; /* bytes of heap free */
	size_t keepcost; /* of those: at the top */
};
struct mallinfo2 mallinfo2(void);
void malloc_stats(void);

/* Walks the whole heap; what is wrong with it, or NULL. */
const char *malloc_verify(void);

#endif

/* SPDX-License-Identifier: MIT */
/* malloc, free and their kin: <malloc.h>; how the heap is built: heap.h. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "heap.h"

#define DEFAULT_THRESHOLD  (128UL << 10)
#define MMAP_THRESHOLD_MAX (32UL << 20)

struct heap heap = {
	.mmap_threshold = DEFAULT_THRESHOLD,
	.trim_threshold = DEFAULT_THRESHOLD,
	.top_pad = DEFAULT_THRESHOLD,
	.mmap_max = 65536,
};

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) & ~(to - 1);
}

/* The program broke the rules: going on would only hide where. */
static void broken(const char *what)
{
	printf("malloc: %s\n", what);
	abort();
}

/* --- the top of the heap ---------------------------------------------------------------- */

static void set_top(struct block *top, char *end)
{
	heap.top = top;
	top->size = (size_t)(end - (char *)top) | (top->size & PREV_USED);
}

static int start_heap(void)
{
	char *now = sbrk(0);
	size_t gap = (size_t)(-(uintptr_t)now & (BLOCK_ALIGN - 1));
	size_t size = round_up((size_t)now + gap + BLOCK_MIN, PAGE) - (size_t)now;

	if (sbrk((intptr_t)size) != now)
		return 0;
	heap.start = now + gap;
	heap.top = (struct block *)heap.start;
	heap.top->size = PREV_USED;
	set_top(heap.top, now + size);
	return 1;
}

/* Makes the top larger than `size` by a smallest block; false when brk() does not.  Somebody
 * else may have moved the break: then the heap stays as it is. */
static int grow_top(size_t size)
{
	size_t more;
	char *end;

	if (!heap.start && !start_heap())
		return 0;
	if (block_size(heap.top) >= size + BLOCK_MIN)
		return 1;
	end = heap_end();
	more = round_up(size + BLOCK_MIN + heap.top_pad - block_size(heap.top), PAGE);
	if (sbrk(0) != end || sbrk((intptr_t)more) != end)
		return 0;
	set_top(heap.top, end + more);
	return 1;
}

/* Cuts a used block off the top, which is large enough. */
static struct block *take_from_top(size_t size)
{
	struct block *b = heap.top;
	char *end = heap_end();
	struct block *rest = block_at(b, size);

	b->size = size | (b->size & PREV_USED);
	rest->size = PREV_USED;
	set_top(rest, end);
	return b;
}

/* Gives whole pages at the top back, but for pad bytes. */
static int trim_top(size_t pad)
{
	size_t size = block_size(heap.top), keep = pad + BLOCK_MIN;
	size_t less = size > keep ? (size - keep) / PAGE * PAGE : 0;
	char *end = heap_end();

	if (!less || sbrk(0) != end || sbrk(-(intptr_t)less) != end)
		return 0;
	set_top(heap.top, end - less);
	return 1;
}

/* --- mappings ------------------------------------------------------------------------------ */

static void count_mapped(size_t blocks, size_t bytes)
{
	heap.mapped_blocks += blocks;
	heap.mapped_bytes += bytes;
	if (heap.mapped_blocks > heap.mapped_blocks_max)
		heap.mapped_blocks_max = heap.mapped_blocks;
	if (heap.mapped_bytes > heap.mapped_bytes_max)
		heap.mapped_bytes_max = heap.mapped_bytes;
}

static struct block *map_block(size_t size)
{
	struct block *b;

	size = round_up(size + OVERHEAD, PAGE);
	b = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b == MAP_FAILED)
		return NULL;
	b->size = size | MAPPED;
	count_mapped(1, size);
	return b;
}

static void unmap_block(struct block *b)
{
	size_t size = b->prev_size + block_size(b);

	b = block_at(b, -b->prev_size);
	if (((uintptr_t)b | size) % PAGE)
		broken("free(): invalid pointer");
	if (!heap.fixed_thresholds && size > heap.mmap_threshold &&
	    size <= MMAP_THRESHOLD_MAX) {
		heap.mmap_threshold = size;
		heap.trim_threshold = 2 * size;
	}
	count_mapped(-1UL, -size);
	munmap(b, size);
}

/* NULL: it has to be moved by copying. */
static void *remap_block(struct block *b, size_t request)
{
	size_t old = block_size(b), size = round_up(request + BLOCK_HEADER, PAGE);

	if (b->prev_size)
		return NULL;
	if (size == old)
		return block_memory(b);
	b = mremap(b, old, size, MREMAP_MAYMOVE);
	if (b == MAP_FAILED)
		return NULL;
	b->size = size | MAPPED;
	count_mapped(0, size - old);
	return block_memory(b);
}

/* --- blocks ---------------------------------------------------------------------------------- */

/* A block out of its bin becomes a used one of this size; what is over is free. */
static void use_block(struct block *b, size_t size)
{
	size_t rest = block_size(b) - size;
	struct block *upper;

	if (rest < BLOCK_MIN) {
		block_above(b)->size |= PREV_USED;
		return;
	}
	b->size = size | (b->size & FLAGS);
	upper = block_above(b);
	upper->size = rest | PREV_USED;
	block_above(upper)->prev_size = rest;
	bin_insert(upper);
}

void block_release(struct block *b)
{
	struct block *above = block_above(b);
	size_t size = block_size(b);

	if (!(b->size & PREV_USED)) {
		size += b->prev_size;
		b = block_at(b, -b->prev_size);
		if (block_size(b) + block_size(block_above(b)) != size)
			broken("corrupted size vs. prev_size");
		bin_remove(b);
	}
	if (above == heap.top) {
		set_top(b, heap_end());
		return;
	}
	if (block_is_free(above)) {
		bin_remove(above);
		size += block_size(above);
	}
	b->size = size | PREV_USED;
	above = block_above(b);
	above->prev_size = size;
	above->size &= ~PREV_USED;
	bin_insert(b);
}

void block_shrink(struct block *b, size_t size)
{
	size_t rest = block_size(b) - size;
	struct block *upper;

	if (rest < BLOCK_MIN)
		return;
	b->size = size | (b->size & FLAGS);
	upper = block_above(b);
	upper->size = rest | PREV_USED;
	block_release(upper);
}

/* Makes a used block larger where it stands; false when there is no room. */
static int extend(struct block *b, size_t size)
{
	struct block *above = block_above(b);
	size_t more = size - block_size(b), room = block_size(b) + block_size(above);

	if (!block_is_free(above))
		return 0;
	if (above == heap.top) {
		/* What malloc() would map is not squeezed into the heap. */
		if (size >= heap.mmap_threshold ? block_size(above) < more + BLOCK_MIN
						: !grow_top(more))
			return 0;
		take_from_top(more);
		room = size;
	} else {
		if (room < size)
			return 0;
		bin_remove(above);
		block_above(above)->size |= PREV_USED;
	}
	b->size = room | (b->size & FLAGS);
	return 1;
}

static void check_used(struct block *b)
{
	if ((uintptr_t)b % BLOCK_ALIGN || (char *)b < heap.start || b > heap.top)
		broken("free(): invalid pointer");
	if (b == heap.top || block_is_free(b))
		broken("double free or corruption");
	if (block_size(b) < BLOCK_MIN || block_above(b) > heap.top)
		broken("free(): invalid size");
}

/* --- what programs call ------------------------------------------------------------------- */

static struct block *allocate(size_t size)
{
	struct block *b = bin_take(size);

	if (b) {
		use_block(b, size);
		return b;
	}
	/* From the threshold on a mapping, unless the top has the room already. */
	if (size >= heap.mmap_threshold && heap.mapped_blocks < heap.mmap_max &&
	    (!heap.start || block_size(heap.top) < size + BLOCK_MIN)) {
		b = map_block(size);
		if (b)
			return b;
	}
	if (grow_top(size))
		return take_from_top(size);
	return heap.mapped_blocks < heap.mmap_max ? map_block(size) : NULL;
}

struct block *block_allocate(size_t request)
{
	struct block *b = NULL;

	if (request <= REQUEST_MAX)
		b = allocate(block_size_for(request));
	if (!b)
		errno = ENOMEM;
	return b;
}

void *malloc(size_t request)
{
	struct block *b = block_allocate(request);

	return b ? block_memory(b) : NULL;
}

void free(void *p)
{
	struct block *b;

	if (!p)
		return;
	b = block_of(p);
	if ((uintptr_t)b % BLOCK_ALIGN)
		broken("free(): invalid pointer");
	if (b->size & MAPPED) {
		unmap_block(b);
		return;
	}
	check_used(b);
	block_release(b);
	if (block_size(heap.top) >= heap.trim_threshold)
		trim_top(heap.top_pad);
}

void *calloc(size_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	p = malloc(bytes);
	/* The kernel's pages come zeroed. */
	if (p && !(block_of(p)->size & MAPPED))
		memset(p, 0, bytes);
	return p;
}

/* To another place. */
static void *move(void *p, size_t size)
{
	size_t old = malloc_usable_size(p);
	void *q = malloc(size);

	if (!q)
		return NULL;
	memcpy(q, p, old < size ? old : size);
	free(p);
	return q;
}

void *realloc(void *p, size_t size)
{
	struct block *b;
	size_t need;
	void *q;

	if (!p)
		return malloc(size);
	if (!size) {
		free(p);
		return NULL;
	}
	if (size > REQUEST_MAX) {
		errno = ENOMEM;
		return NULL;
	}
	b = block_of(p);
	if (b->size & MAPPED) {
		q = remap_block(b, size);
		return q ? q : move(p, size);
	}
	check_used(b);
	need = block_size_for(size);
	if (block_size(b) < need && !extend(b, need))
		return move(p, size);
	block_shrink(b, need);
	return p;
}

void *reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (!__builtin_mul_overflow(n, size, &bytes))
		return realloc(p, bytes);
	errno = ENOMEM;
	return NULL;
}

size_t malloc_usable_size(void *p)
{
	const struct block *b;

	if (!p)
		return 0;
	b = block_of(p);
	return block_size(b) - (b->size & MAPPED ? BLOCK_HEADER : OVERHEAD);
}

/* --- tuning ------------------------------------------------------------------------------- */

int mallopt(int param, int value)
{
	size_t size = value < 0 ? SIZE_MAX / 2 : (size_t)value;

	switch (param) {
	case M_TRIM_THRESHOLD:
		heap.trim_threshold = size;
		break;
	case M_TOP_PAD:
		if (value < 0)
			return 0;
		heap.top_pad = size;
		break;
	case M_MMAP_THRESHOLD:
		if (size > MMAP_THRESHOLD_MAX)
			return 0;
		heap.mmap_threshold = size;
		break;
	case M_MMAP_MAX:
		heap.mmap_max = value < 0 ? 0 : size;
		return 1;
	default:
		return 0;
	}
	heap.fixed_thresholds = 1;
	return 1;
}

/* The frames of whole pages inside a free block; its tags stay. */
static int discard_pages(struct block *b)
{
	char *from = (char *)round_up((size_t)(b + 1), PAGE);
	char *to = (char *)((uintptr_t)block_above(b) / PAGE * PAGE);

	return from < to && !madvise(from, (size_t)(to - from), MADV_DONTNEED);
}

int malloc_trim(size_t pad)
{
	int given = 0;

	if (!heap.start)
		return 0;
	for (unsigned int i = 0; i < BINS; i++)
		for (struct block *b = heap.bin[i]; b; b = b->next)
			given |= discard_pages(b);
	return pad > REQUEST_MAX ? given : trim_top(pad) | given;
}

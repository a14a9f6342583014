/* SPDX-License-Identifier: MIT */
/* What the programs of the experiments leave in the page of results: indices of its words.
 * Addresses are the process's, sizes in bytes, `rss` in pages. */
#ifndef RESULTS_H
#define RESULTS_H

/* malloc_threshold */
enum {
	THRESHOLD_HEAP_LOW, /* the heap: [low, high) after the first allocation */
	THRESHOLD_HEAP_HIGH,
	THRESHOLD_BELOW, /* where the largest request below the threshold went */
	THRESHOLD_BELOW_MAPPINGS, /* mappings then */
	THRESHOLD_AT, /* where a request of one byte more went */
	THRESHOLD_AT_MAPPINGS,
	THRESHOLD_FREED_MAPPINGS, /* after it was freed */
	THRESHOLD_ADAPTED_MAPPINGS, /* after the same request again: the threshold has risen */
	THRESHOLD_SET_MAPPINGS, /* mallopt(M_MMAP_THRESHOLD, 64 KiB), then 70000 bytes */
	THRESHOLD_HEAP_END, /* the break after all this */
};
#define THRESHOLD_REQUEST 131049UL /* with malloc's 8 bytes, rounded to 16: 128 KiB */

/* malloc_lazy: pauses before malloc(), before the first touch, and after the last */
enum { LAZY_ADDRESS, LAZY_SIZE, LAZY_RSS_BEFORE, LAZY_RSS_ALLOCATED, LAZY_RSS_TOUCHED };

/* malloc_zeroed */
enum {
	ZEROED_SIZE,
	ZEROED_WRONG, /* bytes that were not zero, in both mappings */
	ZEROED_RSS_BEFORE,
	ZEROED_RSS_READ, /* after every page was read */
	ZEROED_ZERO_PAGE, /* faults that the common zero page served meanwhile */
	ZEROED_ADDRESS, /* it pauses when all is read */
	ZEROED_STALE, /* bytes of old contents in a heap block that was freed and had again */
};

/* malloc_hole */
enum {
	HOLE_SIZE,
	HOLE_BREAK_BEFORE, /* free() of the block below */
	HOLE_BREAK_AFTER,
	HOLE_RSS_BEFORE,
	HOLE_RSS_AFTER,
	HOLE_ADDRESS, /* where it was */
	HOLE_REUSED, /* where the next one of nearly that size went */
	HOLE_FREE_BYTES, /* in the heap, according to mallinfo2() */
};

/* malloc_trim */
enum {
	TRIM_RSS_FULL, /* all blocks touched */
	TRIM_RSS_FREED, /* all but the highest freed */
	TRIM_BREAK_FREED,
	TRIM_RETURNED, /* malloc_trim(0) */
	TRIM_RSS_TRIMMED,
	TRIM_BREAK_TRIMMED,
	TRIM_BREAK_TOP_FREED, /* the highest freed, too */
	TRIM_RSS_TOP_FREED,
	TRIM_KEPT, /* bytes kept at the top when M_TRIM_THRESHOLD forbids to trim */
	TRIM_BAD, /* words of the highest block that changed meanwhile */
};
#define TRIM_BLOCKS	64
#define TRIM_BLOCK_SIZE 16384UL

/* malloc_physical: pauses with every page of the block touched */
enum { PHYSICAL_ADDRESS };
#define PHYSICAL_PAGES 64
#define PHYSICAL_BLOCK (PHYSICAL_PAGES * 4096UL)

/* malloc_compare: pauses with every page of the buffer touched, then measures */
enum {
	COMPARE_ADDRESS,
	COMPARE_LARGEST, /* bytes that malloc promised at once */
	COMPARE_STALE, /* words of old contents in a block of 4 KiB had again */
	COMPARE_CYCLES, /* for malloc and free of 4 KiB */
};
#define COMPARE_SIZE 16384UL

/* pool_speed: cycles for each block of a batch, allocated and freed; the best of the turns */
enum { SPEED_MALLOC, SPEED_POOL, SPEED_MALLOC_BYTES, SPEED_POOL_BYTES, SPEED_BLOCK };

/* fork_cow: pauses after fork(), while the child waits for COW_GO */
enum {
	COW_PAGES,
	COW_ADDRESS,
	COW_GO,
	COW_CHILD_COPIED, /* by fork() and reading all pages: 0 */
	COW_CHILD_WRONG, /* pages that do not hold what the parent wrote */
	COW_CHILD_WRITTEN, /* pages the child then writes to */
	COW_CHILD_COPIES, /* copies that made */
	COW_PARENT_WRONG, /* pages of the parent that changed by it */
	COW_PARENT_COPIES, /* by writing all pages when the child is gone */
	COW_PARENT_REUSED,
	COW_STATUS, /* the child's, from wait() */
};

/* oom_hog: touches as many MiB as its argument says, pauses if there is a second one */
enum { HOG_TOUCHED, HOG_WRONG };

/* vmalloc_share: two processes, each writes its half of the buffer and reads the other's */
enum { SHARE_ADDRESS, SHARE_WRONG, SHARE_ERROR };
#define SHARE_SIZE	 65536UL
#define SHARE_WORDS	 (SHARE_SIZE / 8)
#define SHARE_WORD(i, n) ((uint64_t)(i)*0x9e3779b97f4a7c15UL + (n))

/* mm_random: checks that failed, and at which step first; pauses now and then */
enum { RANDOM_STEPS, RANDOM_WRONG, RANDOM_FIRST_WRONG, RANDOM_FORKS };

/* scattered: pauses with every page written, and with all but one of MOVE_GROUP given back;
 * then counts in those until MOVE_STOP */
enum { MOVE_ADDRESS, MOVE_WRONG, MOVE_ROUNDS, MOVE_STOP };
#define MOVE_PAGES 6144UL /* 24 MiB */
#define MOVE_GROUP 16UL

/* family: everybody checks what he inherited and what became of his own */
enum { FAMILY_WRONG, FAMILY_BORN, FAMILY_DENIED };

/* fork_bomb: forks as long as it is let, then all wait for a signal that does not come */
enum { BOMB_CHILDREN, BOMB_ERROR };

/* hostile: system calls refused as they should, out of those tried */
enum { HOSTILE_TRIED, HOSTILE_REFUSED, HOSTILE_FIRST_WRONG };

#endif

/* SPDX-License-Identifier: MIT */
/*
 * virtio memory balloon (virtio 1.2, section 5.5): the driver gives pages of guest memory to
 * the device, which gives them back to the host.
 *
 * Pages are named by their guest-physical address divided by 4096, whatever stands between
 * the device and memory.  inflateq and deflateq take lists of such numbers, le32 each; statsq
 * holds one buffer of struct virtio_balloon_stat, which the device returns when it wants new
 * numbers; each buffer of the reporting queue is free memory itself.
 *
 * Queues are numbered without gaps over those whose feature was agreed, as all known drivers
 * and devices do it (the specification counts the absent ones, too).
 */
#ifndef ABI_VIRTIO_BALLOON_H
#define ABI_VIRTIO_BALLOON_H

#include <abi/types.h>

#define VIRTIO_BALLOON_F_MUST_TELL_HOST 0 /* deflateq is told before a page is used */
#define VIRTIO_BALLOON_F_STATS_VQ	1
#define VIRTIO_BALLOON_F_DEFLATE_ON_OOM 2 /* the guest may take pages back in need */
#define VIRTIO_BALLOON_F_FREE_PAGE_HINT 3
#define VIRTIO_BALLOON_F_PAGE_POISON	4 /* poison_val is valid */
#define VIRTIO_BALLOON_F_PAGE_REPORTING 5

#define VIRTIO_BALLOON_PFN_SHIFT 12

struct virtio_balloon_config {
	le32 num_pages; /* how many the device wants */
	le32 actual; /* how many it has: the driver writes it */
	le32 free_page_hint_cmd_id;
	le32 poison_val; /* what free pages are filled with: the driver writes it */
};
_Static_assert(sizeof(struct virtio_balloon_config) == 16, "virtio 1.2, 5.5.4");

/* Tags.  Memory in bytes, faults and requests in numbers, all since boot or as it is now. */
#define VIRTIO_BALLOON_S_SWAP_IN	0
#define VIRTIO_BALLOON_S_SWAP_OUT	1
#define VIRTIO_BALLOON_S_MAJFLT		2
#define VIRTIO_BALLOON_S_MINFLT		3
#define VIRTIO_BALLOON_S_MEMFREE	4
#define VIRTIO_BALLOON_S_MEMTOT		5
#define VIRTIO_BALLOON_S_AVAIL		6 /* could be had without swapping */
#define VIRTIO_BALLOON_S_CACHES		7
#define VIRTIO_BALLOON_S_HTLB_PGALLOC	8
#define VIRTIO_BALLOON_S_HTLB_PGFAIL	9
#define VIRTIO_BALLOON_S_OOM_KILL	10
#define VIRTIO_BALLOON_S_ALLOC_STALL	11
#define VIRTIO_BALLOON_S_ASYNC_SCAN	12
#define VIRTIO_BALLOON_S_DIRECT_SCAN	13
#define VIRTIO_BALLOON_S_ASYNC_RECLAIM	14
#define VIRTIO_BALLOON_S_DIRECT_RECLAIM 15
#define VIRTIO_BALLOON_S_NR		16

struct virtio_balloon_stat {
	le16 tag;
	le64 val;
} __attribute__((packed));
_Static_assert(sizeof(struct virtio_balloon_stat) == 10, "virtio 1.2, 5.5.6.3");

#endif

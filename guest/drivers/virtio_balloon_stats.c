/* SPDX-License-Identifier: MIT */
/* What the balloon's device is told of memory: what is counted here, no more. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#include "virtio_balloon.h"

static unsigned int fill(struct virtio_balloon_stat *stat)
{
	struct reclaim_info reclaim;
	unsigned int n = 0;

	reclaim_get_info(&reclaim);
	/* There is nothing to swap to, and no file that memory holds a copy of. */
	stat[n++] = (struct virtio_balloon_stat){ VIRTIO_BALLOON_S_SWAP_IN, 0 };
	stat[n++] = (struct virtio_balloon_stat){ VIRTIO_BALLOON_S_SWAP_OUT, 0 };
	stat[n++] = (struct virtio_balloon_stat){ VIRTIO_BALLOON_S_MAJFLT, 0 };
	stat[n++] = (struct virtio_balloon_stat){ VIRTIO_BALLOON_S_CACHES, 0 };
	stat[n++] = (struct virtio_balloon_stat){ VIRTIO_BALLOON_S_MEMFREE,
						  nr_free_pages() * PAGE_SIZE };
	stat[n++] = (struct virtio_balloon_stat){ VIRTIO_BALLOON_S_MEMTOT,
						  totalram_pages() * PAGE_SIZE };
	stat[n++] = (struct virtio_balloon_stat){ VIRTIO_BALLOON_S_AVAIL,
						  si_mem_available() * PAGE_SIZE };
	stat[n++] =
		(struct virtio_balloon_stat){ VIRTIO_BALLOON_S_OOM_KILL, reclaim.oom };
	stat[n++] = (struct virtio_balloon_stat){ VIRTIO_BALLOON_S_ALLOC_STALL,
						  reclaim.direct };
	return n;
}

/* The device gives the buffer back when it wants new numbers. */
void balloon_send_stats(struct virtio_balloon *b)
{
	unsigned int n = fill(b->stats);
	struct scatterlist sg;

	sg_init_one(&sg, b->stats, n * (unsigned int)sizeof(*b->stats));
	if (virtqueue_add_outbuf(b->vq[BALLOON_STATS], &sg, 1, b, GFP_KERNEL))
		return;
	virtqueue_kick(b->vq[BALLOON_STATS]);
	b->stats_told++;
}

int balloon_stats_init(struct virtio_balloon *b)
{
	if (!b->stats)
		b->stats = kcalloc(VIRTIO_BALLOON_S_NR, sizeof(*b->stats), GFP_KERNEL);
	return b->stats ? 0 : -ENOMEM;
}

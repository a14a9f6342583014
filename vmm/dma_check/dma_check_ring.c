/* SPDX-License-Identifier: MIT */
/*
 * Every word of the guest's is read once, into a copy.  A lying guest can make the monitor
 * miss entries or take wrong ones, and no more: a take looks at no more than what the rings
 * hold when it begins.
 */
#include <stddef.h>
#include <string.h>

#include "vmm/dma_check/dma_check_ring.h"

#define PAGE 4096u

static const char *open_ring(struct dma_ring *r, const struct ram *ram, uint64_t gpa,
			     uint32_t entries)
{
	uint64_t size = sizeof(*r->shared) + (uint64_t)entries * sizeof(*r->entry);
	void *host = gpa % sizeof(*r->shared) ? NULL : ram_at(ram, gpa, size);

	if (!host)
		return "a ring is not in RAM, or not aligned";
	*r = (struct dma_ring){ .shared = host };
	r->entry = (const struct dma_check_entry *)(r->shared + 1);
	r->tail = __atomic_load_n(&r->shared->tail, __ATOMIC_RELAXED);
	r->head = r->tail;
	return NULL;
}

static const char *open_area(struct dma_channel *ch, const struct ram *ram, uint64_t gpa)
{
	struct dma_check_area *area = gpa % PAGE ? NULL : ram_at(ram, gpa, PAGE);
	struct dma_check_area copy;
	const char *wrong = NULL;

	if (!area)
		return "its area is not a page of RAM";
	memcpy(&copy, area, sizeof(copy));
	__asm__ volatile("" : "+m"(copy));
	if (copy.magic != DMA_CHECK_MAGIC || copy.version != DMA_CHECK_VERSION)
		return "its area has another magic number or version";
	if (!copy.nr_rings || copy.nr_rings > DMA_CHECK_RINGS_MAX)
		return "its number of rings makes no sense";
	if (!copy.ring_entries || copy.ring_entries > DMA_CHECK_ENTRIES_MAX ||
	    copy.ring_entries & (copy.ring_entries - 1))
		return "the size of its rings makes no sense";
	for (unsigned int i = 0; i < copy.nr_rings && !wrong; i++)
		wrong = open_ring(&ch->ring[i], ram, copy.ring[i], copy.ring_entries);
	if (wrong)
		return wrong;
	ch->nr = copy.nr_rings;
	ch->entries = copy.ring_entries;
	ch->area = area;
	return NULL;
}

const char *dma_channel_open(struct dma_channel *ch, const struct ram *ram, uint64_t gpa)
{
	dma_channel_close(ch);
	return open_area(ch, ram, gpa);
}

void dma_channel_close(struct dma_channel *ch)
{
	ch->area = NULL;
	ch->nr = 0;
}

static uint32_t head_of(const struct dma_ring *r)
{
	return __atomic_load_n(&r->shared->head, __ATOMIC_ACQUIRE);
}

bool dma_channel_pending(const struct dma_channel *ch)
{
	for (unsigned int i = 0; i < ch->nr; i++)
		if (head_of(&ch->ring[i]) != ch->ring[i].tail)
			return true;
	return false;
}

static const struct dma_check_entry *entry_at(const struct dma_channel *ch,
					      const struct dma_ring *r, uint32_t n)
{
	return &r->entry[n & (ch->entries - 1)];
}

static uint64_t seq_at(const struct dma_channel *ch, const struct dma_ring *r, uint32_t n)
{
	return __atomic_load_n(&entry_at(ch, r, n)->seq, __ATOMIC_RELAXED);
}

/* Looks at all heads.  The highest number among the last entries; 0: nothing is there. */
static uint64_t look(struct dma_channel *ch, const struct dma_channel_ops *ops, void *arg)
{
	uint64_t highest = 0, seq;

	for (unsigned int i = 0; i < ch->nr; i++) {
		struct dma_ring *r = &ch->ring[i];

		r->head = head_of(r);
		if (r->head == r->tail)
			continue;
		if (r->head - r->tail > ch->entries) {
			ops->corrupt(arg, "a ring holds more than it has room for");
			r->tail = r->head;
			continue;
		}
		seq = seq_at(ch, r, r->head - 1);
		highest = seq > highest ? seq : highest;
	}
	return highest;
}

/* The ring whose next entry has the smallest number up to `limit`; NULL: none. */
static struct dma_ring *next_ring(struct dma_channel *ch, uint64_t limit)
{
	struct dma_ring *best = NULL;
	uint64_t best_seq = 0;

	for (unsigned int i = 0; i < ch->nr; i++) {
		struct dma_ring *r = &ch->ring[i];
		uint64_t seq;

		if (r->tail == r->head)
			continue;
		seq = seq_at(ch, r, r->tail);
		if (seq <= limit && (!best || seq < best_seq)) {
			best = r;
			best_seq = seq;
		}
	}
	return best;
}

static void take_entry(struct dma_channel *ch, struct dma_ring *r,
		       const struct dma_channel_ops *ops, void *arg)
{
	struct dma_check_entry copy;

	memcpy(&copy, entry_at(ch, r, r->tail), sizeof(copy));
	__asm__ volatile("" : "+m"(copy));
	r->tail++;
	if (copy.seq <= r->seq) {
		ops->corrupt(arg, "numbers of entries do not go up");
		return;
	}
	r->seq = copy.seq;
	ops->entry(arg, (unsigned int)(r - ch->ring), &copy);
}

void dma_channel_take(struct dma_channel *ch, const struct dma_channel_ops *ops,
		      void *arg)
{
	uint64_t limit;
	struct dma_ring *r;

	if (!dma_channel_pending(ch))
		return;
	limit = look(ch, ops, arg);
	look(ch, ops, arg);
	while ((r = next_ring(ch, limit)))
		take_entry(ch, r, ops, arg);
	for (unsigned int i = 0; i < ch->nr; i++)
		__atomic_store_n(&ch->ring[i].shared->tail, ch->ring[i].tail,
				 __ATOMIC_RELEASE);
}

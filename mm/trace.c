/* SPDX-License-Identifier: MIT */
/* Memory events: the rings, what switches events on, and what is written away from the hot
 * paths.  mm/trace.h has the rest. */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include "mm/reset.h"
#include "mm/trace.h"

/* All rings together take this part of RAM, and one keeps no more records than that. */
#define TRACE_RAM_PART	  256
#define TRACE_DEFAULT_MAX (SZ_1M * 4)
/* Of the chain at hand, what the allocators themselves called is left out: so much. */
#define CHAIN_LOOK 32

/* Where records go before there are rings. */
static struct {
	struct trace_ring ring;
	struct trace_record record;
	struct trace_chain chain;
} sink;

struct trace_ring *trace_rings[NR_CPUS] = { [0 ... NR_CPUS - 1] = &sink.ring };

struct trace_area trace_area = {
	.magic = TRACE_MAGIC,
	.version = TRACE_VERSION,
	.size = sizeof(struct trace_area),
};

static struct {
	u8 enable[TRACE_IDS]; /* from the start on */
	unsigned long bytes; /* a ring's; 0: by the size of RAM */
} wanted;

void trace_reset(void)
{
	for (unsigned int cpu = 0; cpu < NR_CPUS; cpu++)
		trace_rings[cpu] = &sink.ring;
	memset(trace_area.enable, TRACE_OFF, sizeof(trace_area.enable));
	trace_area.rings = trace_area.stride = 0;
	trace_area.nr_rings = trace_area.ring_bytes = 0;
	memset(wanted.enable, TRACE_OFF, sizeof(wanted.enable));
	wanted.bytes = 0;
}

/* --- what is wanted ---------------------------------------------------------------------- */

static const char *const names[TRACE_IDS] = {
	[TRACE_MM_PAGE_ALLOC] = "kmem:mm_page_alloc",
	[TRACE_MM_PAGE_FREE] = "kmem:mm_page_free",
	[TRACE_MM_PAGE_ALLOC_EXTFRAG] = "kmem:mm_page_alloc_extfrag",
	[TRACE_KMALLOC] = "kmem:kmalloc",
	[TRACE_KFREE] = "kmem:kfree",
	[TRACE_KMEM_CACHE_ALLOC] = "kmem:kmem_cache_alloc",
	[TRACE_KMEM_CACHE_FREE] = "kmem:kmem_cache_free",
	[TRACE_ALLOC_VMAP_AREA] = "vmalloc:alloc_vmap_area",
	[TRACE_PURGE_VMAP_AREA_LAZY] = "vmalloc:purge_vmap_area_lazy",
	[TRACE_FREE_VMAP_AREA_NOFLUSH] = "vmalloc:free_vmap_area_noflush",
	[TRACE_DIRECT_RECLAIM_BEGIN] = "vmscan:mm_vmscan_direct_reclaim_begin",
	[TRACE_DIRECT_RECLAIM_END] = "vmscan:mm_vmscan_direct_reclaim_end",
	[TRACE_KSWAPD_WAKE] = "vmscan:mm_vmscan_kswapd_wake",
	[TRACE_KSWAPD_SLEEP] = "vmscan:mm_vmscan_kswapd_sleep",
	[TRACE_DMA_MAP_PAGE] = "dma:dma_map_page",
	[TRACE_DMA_UNMAP_PAGE] = "dma:dma_unmap_page",
	[TRACE_DMA_ALLOC] = "dma:dma_alloc",
	[TRACE_DMA_FREE] = "dma:dma_free",
	[TRACE_DMA_MAP_SG] = "dma:dma_map_sg",
	[TRACE_DMA_UNMAP_SG] = "dma:dma_unmap_sg",
};

const char *trace_event_name(unsigned int id)
{
	return id < TRACE_IDS ? names[id] : NULL;
}

/* Does the name match [glob, end)?  `*` is any number of characters, `?` is one. */
static bool matches(const char *glob, const char *end, const char *name)
{
	const char *star = NULL, *from = NULL;

	while (*name) {
		if (glob < end && *glob == '*') {
			star = ++glob;
			from = name;
		} else if (glob < end && (*glob == '?' || *glob == *name)) {
			glob++;
			name++;
		} else if (star) {
			glob = star;
			name = ++from;
		} else {
			return false;
		}
	}
	while (glob < end && *glob == '*')
		glob++;
	return glob == end;
}

/* Sets the events that a glob names, with or without their subsystem; how many. */
static unsigned int want(const char *glob, const char *end)
{
	unsigned int n = 0;

	for (unsigned int id = 1; id < TRACE_IDS; id++) {
		if (!matches(glob, end, names[id]) &&
		    !matches(glob, end, strchr(names[id], ':') + 1))
			continue;
		wanted.enable[id] = TRACE_PLAIN;
		n++;
	}
	return n;
}

int trace_setup(const char *arg)
{
	bool chain = false, any = false;

	while (arg && *arg) {
		const char *end = strchr(arg, ',');

		if (!end)
			end = arg + strlen(arg);
		if (end - arg == 5 && !memcmp(arg, "chain", 5))
			chain = true;
		else if (want(arg, end))
			any = true;
		else
			return -EINVAL;
		arg = *end ? end + 1 : end;
	}
	for (unsigned int id = 1; chain && id < TRACE_IDS; id++)
		if (wanted.enable[id])
			wanted.enable[id] = TRACE_CHAIN;
	return any ? 0 : -EINVAL;
}

int trace_buf_size_setup(const char *arg)
{
	char *end;
	unsigned long long bytes = arg ? memparse(arg, &end) : 0;

	if (!bytes || *end || bytes < TRACE_BYTES_MIN || bytes > TRACE_BYTES_MAX)
		return -EINVAL;
	wanted.bytes = (unsigned long)bytes;
	return 0;
}

/* --- the rings --------------------------------------------------------------------------- */

static unsigned long stride_of(unsigned long bytes)
{
	return sizeof(struct trace_ring) + bytes +
	       bytes / sizeof(struct trace_record) * sizeof(struct trace_chain);
}

static unsigned long bytes_by_ram(void)
{
	unsigned long share =
		memblock_phys_mem_size() / TRACE_RAM_PART / num_possible_cpus();
	unsigned long bytes = share * sizeof(struct trace_record) /
			      (sizeof(struct trace_record) + sizeof(struct trace_chain));

	return clamp(bytes, (unsigned long)PAGE_SIZE, (unsigned long)TRACE_DEFAULT_MAX);
}

void trace_init(void)
{
	unsigned long bytes = 1UL << ilog2(wanted.bytes ? wanted.bytes : bytes_by_ram());
	unsigned long stride = ALIGN(stride_of(bytes), PAGE_SIZE);
	char *at = memblock_alloc(num_possible_cpus() * stride, PAGE_SIZE);

	if (!at) {
		pr_warn("trace: no memory for %u rings of %lu bytes: no events\n",
			num_possible_cpus(), stride);
		return;
	}
	trace_area.ring_bytes = (u32)bytes;
	trace_area.stride = stride;
	trace_area.rings = __pa(at);
	for (unsigned int cpu = 0; cpu < num_possible_cpus(); cpu++, at += stride) {
		trace_rings[cpu] = (struct trace_ring *)at;
		trace_rings[cpu]->mask = bytes - 1;
	}
	/* From here on the monitor may look, and write `enable`. */
	__atomic_store_n(&trace_area.nr_rings, num_possible_cpus(), __ATOMIC_RELEASE);
	memcpy(trace_area.enable, wanted.enable, sizeof(wanted.enable));
}

/* Return addresses from the site on: what the allocators called since is left out. */
static void fill_chain(struct trace_chain *chain, unsigned long site)
{
	unsigned long pcs[CHAIN_LOOK];
	unsigned int n = platform_backtrace(pcs, CHAIN_LOOK), from = 0, to = 0;

	for (unsigned int i = n; site && i-- > 0;)
		if (pcs[i] == site)
			from = i;
	while (to < TRACE_CHAIN_MAX && from < n)
		chain->pc[to++] = pcs[from++];
	if (to < TRACE_CHAIN_MAX)
		chain->pc[to] = 0;
}

static struct trace_record *record_at(struct trace_ring *ring, u64 place)
{
	return (struct trace_record *)((char *)(ring + 1) + (place & ring->mask));
}

/* Fills in the record of that place, and its chain if that is wanted. */
static void fill(struct trace_ring *ring, u64 place, enum trace_id id, unsigned long site,
		 const u64 *args)
{
	struct trace_record *record = record_at(ring, place);
	struct trace_chain *chains =
		(struct trace_chain *)((char *)(ring + 1) + ring->mask + 1);

	record->site = site;
	__builtin_memcpy(record->arg, args, sizeof(record->arg)); /* in line */
	if (!trace_plain(id)) {
		fill_chain(&chains[(place & ring->mask) / sizeof(*record)], site);
		place |= TRACE_HAS_CHAIN;
	}
	trace_end(record, place, id);
}

static noinline void write_with_chain(enum trace_id id, unsigned long site,
				      const u64 *args)
{
	struct trace_ring *ring = trace_rings[arch_cpu_id()];
	u64 place;

	trace_begin_in(ring, &place);
	fill(ring, place, id, site, args);
}

void trace_write(enum trace_id id, unsigned long site, u64 a0, u64 a1, u64 a2, u64 a3,
		 u64 a4)
{
	if (trace_plain(id))
		trace_write_plain(id, site, a0, a1, a2, a3, a4);
	else
		write_with_chain(id, site, (const u64[]){ a0, a1, a2, a3, a4 });
}

/* --- the DMA API ------------------------------------------------------------------------- */

/* How many records tell of the list's entries: all, as far as Linux would and half of the
 * ring holds them; none of a list that is shorter than the caller said, and has no size. */
static u32 follow_of(const struct dma_event *event, const struct trace_ring *ring)
{
	u64 places = (ring->mask + 1) / sizeof(struct trace_record) / 2;
	u64 all = DIV_ROUND_UP((u64)event->nents, TRACE_SEGMENTS_EACH);

	if (unlikely(!event->size))
		return 0;
	all = min(all, (u64)TRACE_FOLLOW_MAX);
	return (u32)min(all, places ? places - 1 : 0);
}

static __always_inline void write_segment(struct trace_segment *to,
					  const struct scatterlist *sg, bool mapped)
{
	to->phys_addr = sg_phys(sg);
	to->dma_addr = mapped ? sg_dma_address(sg) : 0;
	to->length = mapped ? sg_dma_len(sg) : 0;
	to->zero = 0;
}

/* A record of the entries from sg on, of which there are `left`, `mapped` of these with an
 * address for the device.  Lists are arrays.  Returns where the next record goes on. */
static __always_inline const struct scatterlist *write_pair(struct trace_ring *ring,
							    u64 place,
							    const struct scatterlist *sg,
							    int left, int mapped)
{
	struct trace_segments *to = (void *)record_at(ring, place);

	_Static_assert(TRACE_SEGMENTS_EACH == 2, "a pair");
	write_segment(&to->segment[0], sg, mapped > 0);
	if (likely(left > 1))
		write_segment(&to->segment[1], sg + 1, mapped > 1);
	else
		to->segment[1] = (struct trace_segment){ 0 };
	__atomic_store_n(&to->head, place | TRACE_SEGMENTS, __ATOMIC_RELEASE);
	return sg + TRACE_SEGMENTS_EACH;
}

/* A list is long: what its pairs have in common is known where they are written. */
static void write_segments(struct trace_ring *ring, u64 place,
			   const struct dma_event *event, u32 follow)
{
	const struct scatterlist *sg = event->sg;
	int left = event->nents, mapped = event->mapped;
	int with = min(left, mapped);
	u32 both = min(follow, (u32)with / 2);
	u32 none = mapped ? 0 : min(follow, (u32)(left / 2));

	left -= (int)(2 * (both + none));
	mapped -= (int)(2 * both);
	follow -= both + none;
	for (; both; both--, place += sizeof(struct trace_segments))
		sg = write_pair(ring, place, sg, 2, 2);
	for (; none; none--, place += sizeof(struct trace_segments))
		sg = write_pair(ring, place, sg, 2, 0);
	for (; follow; follow--, place += sizeof(struct trace_segments)) {
		sg = write_pair(ring, place, sg, left, mapped);
		left -= 2;
		mapped -= 2;
	}
}

static void list(enum trace_id id, const struct dma_event *event)
{
	struct trace_ring *ring = trace_rings[arch_cpu_id()];
	u32 follow;
	u64 place;

	if (!trace_on(id))
		return;
	follow = follow_of(event, ring);
	place = __atomic_fetch_add(&ring->head,
				   (1 + (u64)follow) * sizeof(struct trace_record),
				   __ATOMIC_RELAXED);
	write_segments(ring, place + sizeof(struct trace_record), event, follow);
	fill(ring, place, id, event->caller->pc,
	     (const u64[]){ trace_pair(event->dev->endpoint, (u32)event->dir),
			    trace_pair((u32)event->nents, (u32)event->mapped),
			    event->attrs, event->size, follow });
}

void trace_dma(const struct dma_event *event)
{
	switch (event->kind) {
	case DMA_EVENT_MAP_SG:
		list(TRACE_DMA_MAP_SG, event);
		break;
	case DMA_EVENT_UNMAP_SG:
		list(TRACE_DMA_UNMAP_SG, event);
		break;
	default:
		break;
	}
}

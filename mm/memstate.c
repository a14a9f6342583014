/* SPDX-License-Identifier: MIT */
/*
 * Where the state of the memory subsystem stands, for a monitor that reads it from outside
 * (abi/memstate.h).  All of it is constant: it costs nothing at run time, and a structure
 * that changes its shape changes its description with the next build.
 */
#include <abi/memstate.h>
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/kfence.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include "mm/alloc_profile.h"
#include "mm/dma_account.h"
#include "mm/dma_debug.h"
#include "mm/memstate.h"
#include "mm/page_debug.h"
#include "mm/pcp.h"
#include "mm/slab.h"
#include "mm/stackdepot.h"
#include "mm/trace.h"
#include "mm/vmap_internal.h"
#include "mm/zone.h"

#define VA(object) ((unsigned long)&(object))

/* One member, by any path through the structure. */
#define FIELD(type, member)                                   \
	{                                                     \
		.offset = offsetof(type, member), .count = 1, \
		.size = sizeof(((type *)NULL)->member),       \
	}
/* The same member of each element of an array in the structure. */
#define FIELDS(type, array, member)                              \
	{                                                        \
		.offset = offsetof(type, array[0] member),       \
		.stride = sizeof(((type *)NULL)->array[0]),      \
		.count = ARRAY_SIZE(((type *)NULL)->array),      \
		.size = sizeof(((type *)NULL)->array[0] member), \
	}

/* A member of each CPU's share of a cache; there are num_possible_cpus() of them. */
#define CPU_FIELD(member)                                                  \
	{                                                                  \
		.offset = offsetof(struct kmem_cache, cpu[0].member),      \
		.stride = sizeof(struct kmem_cpu_cache), .count = NR_CPUS, \
		.size = sizeof(((struct kmem_cpu_cache *)NULL)->member),   \
	}

_Static_assert(MAX_NR_ZONES <= MEMSTATE_ZONES, "room for the zones' names");
_Static_assert(MIGRATE_TYPES <= MEMSTATE_TYPES, "room for the types' names");

/* Some members are pointers, and it is the pointer's size that is told.
 * NOLINTBEGIN(bugprone-sizeof-expression) */
const struct memstate_mm memstate_mm = {
	.version = MEMSTATE_VERSION,
	.size = sizeof(struct memstate_mm),
	.page_size = PAGE_SIZE,
	.zones = {
		.va = VA(zones),
		.count = MAX_NR_ZONES,
		.stride = sizeof(struct zone),
		.name = {
			[ZONE_DMA] = "DMA",
			[ZONE_DMA32] = "DMA32",
			[ZONE_NORMAL] = "Normal",
			[ZONE_HIGHMEM] = "HighMem",
		},
		.start_pfn = FIELD(struct zone, start_pfn),
		.end_pfn = FIELD(struct zone, end_pfn),
		.present = FIELD(struct zone, present),
		.managed = FIELD(struct zone, managed),
		.free = FIELD(struct zone, free),
		.cma = FIELD(struct zone, cma),
		.free_cma = FIELD(struct zone, free_cma),
		.nr_free = FIELDS(struct zone, area, .nr),
		.fresh_blocks = FIELD(struct zone, fresh_blocks),
		.fresh_start = FIELDS(struct zone, fresh, .start),
		.fresh_end = FIELDS(struct zone, fresh, .end),
		.watermark = FIELDS(struct zone, watermark, ),
		.lowmem_reserve = FIELDS(struct zone, lowmem_reserve, ),
		.splits = FIELD(struct zone, splits),
		.merges = FIELD(struct zone, merges),
		.takes = FIELD(struct zone, takes),
		.puts = FIELD(struct zone, puts),
	},
	.pcp = {
		.pointer_va = VA(cpu_pcps),
		.cpu_stride = sizeof(struct cpu_pcps),
		.zone_stride = PCP_TYPES * sizeof(struct pcp),
		.list_stride = sizeof(struct pcp),
		.lists = PCP_TYPES,
		.top = FIELDS(struct pcp, stack, .top),
		.slot = FIELDS(struct pcp, slot, ),
		.allocs = FIELD(struct pcp, allocs),
		.limit = FIELDS(struct pcp, stack, .limit),
		.online_va = VA(cpu_online_bits),
		.batch_max = PCP_MAX_BATCH,
	},
	.pages = {
		.va = VMEMMAP_START,
		.stride = sizeof(struct page),
		.max_order = MAX_ORDER,
		.max_pfn_va = VA(max_pfn),
		.flags = FIELD(struct page, flags),
		.refcount = FIELD(struct page, _refcount),
		.free_mask = PAGE_FLAG(buddy),
		.pcp_mask = PAGE_FLAG(pcp),
		.live_mask = PAGE_FLAG(live),
		.slab_mask = PAGE_FLAG(slab),
		.table_mask = PAGE_FLAG(table),
		.kmalloc_mask = PAGE_FLAG(large_kmalloc),
		.user_mask = PAGE_FLAG(user),
		.movable_mask = PAGE_FLAG(movable),
		.isolated_mask = PAGE_FLAG(isolated),
		.order_mask = PAGE_ORDER_MASK,
		.order_shift = PG_order,
		.slab_cache = FIELD(struct slab, cache),
		.slab_inuse = FIELD(struct slab, inuse),
		.slab_objects = FIELD(struct slab, objects),
		.slab_head = FIELD(struct slab, head),
		.slab_colour = FIELD(struct slab, colour),
		.slab_free = FIELDS(struct slab, bits, ),
		.site = FIELD(struct page, debug),
	},
	.blocks = {
		.pointer_va = VA(pageblocks),
		.stride = sizeof(struct pageblock),
		.order = pageblock_order,
		.type = FIELD(struct pageblock, type),
		.types = MIGRATE_TYPES,
		.cma_type = MIGRATE_CMA,
		.isolate_type = MIGRATE_ISOLATE,
		.name = {
			[MIGRATE_UNMOVABLE] = "unmovable",
			[MIGRATE_MOVABLE] = "movable",
			[MIGRATE_RECLAIMABLE] = "reclaimable",
			[MIGRATE_CMA] = "cma",
			[MIGRATE_ISOLATE] = "isolate",
		},
	},
	.kfence = {
		.base_va = VA(kfence_base),
		.size = KFENCE_POOL_SIZE,
	},
	.slab = {
		.list_va = VA(slab_caches),
		.node = FIELD(struct kmem_cache, caches.next),
		.name = FIELD(struct kmem_cache, name),
		.flags = FIELD(struct kmem_cache, flags),
		.object_size = FIELD(struct kmem_cache, object_size),
		.size = FIELD(struct kmem_cache, size),
		.order = FIELD(struct kmem_cache, order),
		.nr_partial = FIELD(struct kmem_cache, lists.nr_partial),
		.nr_full = FIELD(struct kmem_cache, lists.nr_full),
		.nr_free = FIELD(struct kmem_cache, lists.nr_free),
		.objects = FIELD(struct kmem_cache, lists.objects),
		.inuse = FIELD(struct kmem_cache, lists.inuse),
		.pages = FIELD(struct kmem_cache, lists.pages),
		.created = FIELD(struct kmem_cache, lists.created),
		.freed = FIELD(struct kmem_cache, lists.freed),
		.depot_objects = FIELD(struct kmem_cache, depot.objects),
		.cpu_top = CPU_FIELD(top),
		.cpu_base = CPU_FIELD(base),
		.cpu_previous = CPU_FIELD(previous_rounds),
		.cpu_shelved = CPU_FIELD(shelved),
		.slab_objects = FIELD(struct kmem_cache, objects),
	},
	.areas = {
		.head_va = VA(vmap_space.tree.head),
		.tail_va = VA(vmap_space.tree.tail),
		.next = FIELD(struct range, next),
		.start = FIELD(struct range, start),
		.end = FIELD(struct range, end),
		.node = offsetof(struct vm_area, range),
		.state = FIELD(struct vm_area, state),
		.kind = FIELD(struct vm_area, kind),
		.nr_pages = FIELD(struct vm_area, nr_pages),
		.phys = FIELD(struct vm_area, phys_addr),
		.caller = FIELD(struct vm_area, caller),
		.state_building = VM_BUILDING,
		.state_live = VM_LIVE,
		.state_dying = VM_DYING,
		.kind_alloc = VM_ALLOC,
		.kind_map = VM_MAP,
		.kind_ioremap = VM_IOREMAP,
		.kind_ram = VM_RAM,
		.kind_block = VM_BLOCK,
		.flags = FIELD(struct vm_area, flags),
		.nr_huge = FIELD(struct vm_area, nr_huge),
		.flag_user = VM_USERMAP,
	},
	.boot = {
		.memory_va = VA(memblock.memory),
		.reserved_va = VA(memblock.reserved),
		.kept_back_va = VA(memblock.kept_back),
		.count = FIELD(struct memblock_type, cnt),
		.base = FIELDS(struct memblock_type, regions, .base),
		.size = FIELDS(struct memblock_type, regions, .size),
	},
	.dma = {
		.va = VA(dma_total),
		.mappings = FIELD(struct device_dma_account, mappings),
		.mapped_bytes = FIELD(struct device_dma_account, mapped_bytes),
		.coherent = FIELD(struct device_dma_account, coherent),
		.coherent_bytes = FIELD(struct device_dma_account, coherent_bytes),
		.refused = FIELD(struct device_dma_account, refused),
	},
	.mappings = {
		.pointer_va = VA(dma_debug_entries),
		.count = DMA_DEBUG_ENTRIES,
		.stride = sizeof(struct dma_debug_entry),
		.kind = FIELD(struct dma_debug_entry, kind),
		.dir = FIELD(struct dma_debug_entry, dir),
		.endpoint = FIELD(struct dma_debug_entry, endpoint),
		.name = FIELD(struct dma_debug_entry, name),
		.addr = FIELD(struct dma_debug_entry, addr),
		.phys = FIELD(struct dma_debug_entry, phys),
		.size = FIELD(struct dma_debug_entry, size),
		.caller = FIELD(struct dma_debug_entry, caller),
		.lost_va = VA(dma_debug_lost),
	},
	.owners = {
		.pointer_va = VA(page_owners),
		.chains_pointer_va = VA(stack_depot),
		.stride = sizeof(struct owner),
		.chain_stride = sizeof(struct depot_chain),
		.chains = STACK_DEPOT_SLOTS,
		.known = FIELD(struct owner, known),
		.alloc_chain = FIELD(struct owner, alloc_stack),
		.free_chain = FIELD(struct owner, free_stack),
		.gfp = FIELD(struct owner, gfp),
		.cpu = FIELD(struct owner, cpu),
		.order = FIELD(struct owner, order),
		.allocated = FIELD(struct owner, allocated),
		.freed = FIELD(struct owner, freed),
		.depth = FIELD(struct depot_chain, n),
		.pc = FIELDS(struct depot_chain, pcs, ),
	},
	.sites = {
		.va = VA(alloc_sites),
		.count = ALLOC_SITES,
		.stride = sizeof(struct alloc_site),
		.on_va = VA(alloc_profile.on),
		.run_va = VA(alloc_profile.run),
		.ip = FIELD(struct alloc_site, ip),
		.bytes = FIELD(struct alloc_site, bytes),
		.calls = FIELD(struct alloc_site, calls),
		.total = FIELD(struct alloc_site, total),
	},
	.trace_va = VA(trace_area),
};
/* NOLINTEND(bugprone-sizeof-expression) */

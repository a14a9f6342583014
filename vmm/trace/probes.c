/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "vmm/trace/probes.h"

#define EVENT "the guest's event of this name; raised when the monitor has read it"

const struct probe probes[] = {
	{ "vcpu_entry", "vcpu", "a vCPU is about to execute the guest" },
	{ "vcpu_exit", "vcpu, reason, cost",
	  "it had left the guest for the monitor, which is done with it; reason is KVM's "
	  "(KVM_EXIT_IO is 2), cost the nanoseconds since KVM_RUN returned, a pause not "
	  "among them. The clock is read while somebody watches: the exit in whose middle "
	  "that begins has cost 0" },
	{ "doorbell", "device, queue, times", "a guest notified a queue, once or more" },
	{ "interrupt", "handle, address, data",
	  "a device sends a message-signalled interrupt" },
	{ "dma_access", "device, endpoint, iova, bytes, dir, moved",
	  "a device reads (dir 0) or writes (1) guest memory; moved is less than bytes where a "
	  "fault ended it. device is a string" },
	{ "dma_translate", "device, endpoint, iova, gpa, bytes, dir",
	  "an I/O address was translated by the IOMMU" },
	{ "dma_fault", "device, endpoint, iova, bytes, dir, at, reason",
	  "an access failed at that address; reason as in devices/dma/dma.h" },
	{ "block_queue", "device, request, op",
	  "a disk has taken a request out of its queue; request tells those of one disk apart" },
	{ "block_submit", "device, request, op, offset, bytes",
	  "the host is asked for it, or for a part" },
	{ "block_done", "device, request, op, bytes, error",
	  "it is complete, for the guest, too" },
	{ "block_wait", "device, request, op, error",
	  "it failed, and is tried again, as a new request, when the guest goes on" },
	{ "memory_given", "host, bytes",
	  "guest memory goes back to the host; host is the address in the monitor" },
	{ "memory_taken", "gpa, bytes", "the guest takes memory out of the balloon" },
	{ "events_lost", "cpu, events",
	  "events that the guest overwrote before they were read" },
	{ "mm_page_alloc", "cpu, call_site, pfn, order, gfp_flags, migratetype", EVENT },
	{ "mm_page_free", "cpu, call_site, pfn, order", EVENT },
	{ "mm_page_alloc_extfrag",
	  "cpu, pfn, alloc_order, fallback_order, alloc_migratetype, fallback_migratetype, "
	  "change_ownership",
	  EVENT },
	{ "kmalloc", "cpu, call_site, ptr, bytes_req, bytes_alloc, gfp_flags", EVENT },
	{ "kfree", "cpu, call_site, ptr", EVENT },
	{ "kmem_cache_alloc",
	  "cpu, call_site, ptr, name, bytes_req, bytes_alloc, gfp_flags", EVENT },
	{ "kmem_cache_free", "cpu, call_site, ptr, name", EVENT },
	{ "alloc_vmap_area", "cpu, call_site, addr, size, align, failed", EVENT },
	{ "purge_vmap_area_lazy", "cpu, start, end, npurged", EVENT },
	{ "free_vmap_area_noflush", "cpu, call_site, va_start, nr_lazy, nr_lazy_max",
	  EVENT },
	{ "mm_vmscan_direct_reclaim_begin", "cpu, order, gfp_flags", EVENT },
	{ "mm_vmscan_direct_reclaim_end", "cpu, nr_reclaimed", EVENT },
	{ "mm_vmscan_kswapd_wake", "cpu, nid, zid, order", EVENT },
	{ "mm_vmscan_kswapd_sleep", "cpu, nid", EVENT },
	{ "dma_map_page", "cpu, call_site, device, phys_addr, dma_addr, size, dir",
	  EVENT },
	{ "dma_unmap_page", "cpu, call_site, device, dma_addr, size, dir", EVENT },
	{ "dma_alloc", "cpu, call_site, device, virt_addr, dma_addr, size", EVENT },
	{ "dma_free", "cpu, call_site, device, virt_addr, dma_addr, size", EVENT },
	{ "dma_map_sg", "cpu, call_site, device, nents, ents, bytes, dir", EVENT },
	{ "dma_unmap_sg", "cpu, call_site, device, nents, bytes, dir", EVENT },
	{ NULL, NULL, NULL },
};

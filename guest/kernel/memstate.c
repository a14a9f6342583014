/* SPDX-License-Identifier: MIT */
/*
 * What the monitor needs to understand addresses of this kernel (abi/memstate.h); the ELF
 * note in boot/memstate_note.S leads it here.  Constant data: nothing to do at run time.
 */
#include <abi/memstate.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <asm/clock.h>
#include <asm/desc.h>
#include <asm/pagetable.h>
#include <asm/platform.h>
#include <guest/console.h>
#include <guest/machine.h>
#include <guest/sched.h>
#include <guest/symbols.h>
#include <guest/viommu_domain.h>
#include <mm/memstate.h>

#include "guest/process/mm.h"

extern const struct memstate memstate;

#define VA(object) ((unsigned long)&(object))

/* One member, by any path through the structure. */
#define FIELD(type, member)                                   \
	{                                                     \
		.offset = offsetof(type, member), .count = 1, \
		.size = sizeof(((type *)NULL)->member),       \
	}

_Static_assert(VIRTIO_IOMMU_MAP_F_READ == 1 && VIRTIO_IOMMU_MAP_F_WRITE == 2 &&
		       VIRTIO_IOMMU_MAP_F_MMIO == 4,
	       "flags of mappings are told as they are");

/* Some members are pointers, and it is the pointer's size that is told.
 * NOLINTBEGIN(bugprone-sizeof-expression) */
static const struct memstate_kernel kernel = {
	.version = MEMSTATE_VERSION,
	.size = sizeof(struct memstate_kernel),
	.log = {
		.va = VA(log_ring),
		.size = LOG_SIZE,
		.end_va = VA(log_end),
	},
	.symbols = {
		.count_va = VA(symbol_count),
		.entries_va = (unsigned long)symbol_offsets,
		.names_va = (unsigned long)symbol_names,
	},
	.threads = {
		.list_va = VA(all_threads),
		.node = FIELD(struct task_struct, all.next),
		.pid = FIELD(struct task_struct, pid),
		.state = FIELD(struct task_struct, state),
		.cpu = FIELD(struct task_struct, cpu),
		.rsp = FIELD(struct task_struct, rsp),
		.stack = FIELD(struct task_struct, stack),
		.name_offset = offsetof(struct task_struct, name),
		.name_size = TASK_NAME_LEN,
		.stack_size = THREAD_SIZE,
		.process = FIELD(struct task_struct, process),
		.space = FIELD(struct task_struct, mm),
		.page_table = FIELD(struct mm_struct, pgd),
		.frame_rbp = FIELD(struct switch_frame, rbp),
		.frame_rip = FIELD(struct switch_frame, rip),
		.state_name = {
			[TASK_RUNNING] = "running",
			[TASK_INTERRUPTIBLE] = "interruptible",
			[TASK_UNINTERRUPTIBLE] = "uninterruptible",
			[TASK_DEAD] = "dead",
		},
		.offsets_va = (unsigned long)__per_cpu_offset,
		.idle_va = VA(idle_tasks),
		.current_va = VA(cpu_local.current_task),
		.idle_stack = FIELD(struct task_struct, canary),
	},
	.iommu = {
		.pointer_va = VA(the_viommu),
		.domains = offsetof(struct viommu, domains),
		.endpoints = offsetof(struct viommu, endpoints),
		.domain_node = FIELD(struct viommu_domain, node.next),
		.domain_id = FIELD(struct viommu_domain, id),
		.domain_endpoints = FIELD(struct viommu_domain, endpoints),
		.first = FIELD(struct viommu_domain, mappings.head.next),
		.tail_offset = offsetof(struct viommu_domain, mappings.tail),
		.node_offset = offsetof(struct viommu_mapping, range),
		.next = FIELD(struct range, next),
		.start = FIELD(struct range, start),
		.end = FIELD(struct range, end),
		.phys = FIELD(struct viommu_mapping, phys),
		.flags = FIELD(struct viommu_mapping, flags),
		.endpoint_node = FIELD(struct viommu_endpoint, node.next),
		.endpoint_id = FIELD(struct viommu_endpoint, id),
		.endpoint_domain = FIELD(struct viommu_endpoint, domain),
		.endpoint_device = FIELD(struct viommu_endpoint, dev),
		.device_name = FIELD(struct device, name),
	},
	.clock = {
		.base_va = VA(tsc_base),
		.khz_va = VA(tsc_khz),
	},
};
/* NOLINTEND(bugprone-sizeof-expression) */

#define IMAGE_PA(symbol) ((unsigned long)(symbol)-KERNEL_BASE)

const struct memstate memstate = {
	.magic = MEMSTATE_MAGIC,
	.version = MEMSTATE_VERSION,
	.size = sizeof(struct memstate),
	.range = {
		{ KERNEL_BASE, 0, KERNEL_IMAGE_MAX },
		{ PAGE_OFFSET, 0, VMALLOC_START - PAGE_OFFSET },
	},
	.page_table = IMAGE_PA(kernel_pml4),
	.image_start = IMAGE_PA(_start),
	.image_end = IMAGE_PA(_end),
	.text_start = (unsigned long)_text,
	.text_end = (unsigned long)_etext,
	.nr_cpus_va = (unsigned long)&nr_possible_cpus,
	.mm_va = (unsigned long)&memstate_mm,
	.kernel_va = (unsigned long)&kernel,
};

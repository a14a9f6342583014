/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/vmm/kernel_image.h"

#define FIELD(type, member)                                                  \
	{                                                                    \
		offsetof(type, member), 0, 1, sizeof(((type *)NULL)->member) \
	}
#define VA(member) (IMAGE_DIRECT + KERNEL_AT + offsetof(struct kernel_parts, member))

static const struct memstate_kernel description = {
	.version = MEMSTATE_VERSION,
	.size = sizeof(struct memstate_kernel),
	.log = { VA(log), KERNEL_LOG, VA(numbers.log_end) },
	.symbols = { VA(numbers.symbol_count), VA(symbol), VA(names) },
	.threads = {
		.list_va = VA(numbers.thread_list),
		.node = FIELD(struct kernel_thread, next),
		.pid = FIELD(struct kernel_thread, pid),
		.state = FIELD(struct kernel_thread, state),
		.cpu = FIELD(struct kernel_thread, cpu),
		.rsp = FIELD(struct kernel_thread, rsp),
		.stack = FIELD(struct kernel_thread, stack),
		.name_offset = offsetof(struct kernel_thread, name),
		.name_size = 8,
		.stack_size = sizeof(((struct kernel_parts *)NULL)->stack),
		.process = FIELD(struct kernel_thread, process),
		.space = FIELD(struct kernel_thread, space),
		.page_table = FIELD(struct kernel_space, page_table),
		.frame_rbp = { 0, 0, 1, 8 },
		.frame_rip = { 8, 0, 1, 8 },
		.state_name = { "running", "asleep" },
		.offsets_va = VA(numbers.offsets),
		.idle_va = VA(idle),
		.current_va = VA(numbers.current),
		.idle_stack = FIELD(struct kernel_thread, stack),
	},
	.iommu = {
		.pointer_va = VA(numbers.iommu),
		.domains = 0,
		.endpoints = 8,
		.domain_node = FIELD(struct kernel_domain, next),
		.domain_id = FIELD(struct kernel_domain, id),
		.domain_endpoints = FIELD(struct kernel_domain, endpoints),
		.first = FIELD(struct kernel_domain, head.next),
		.tail_offset = offsetof(struct kernel_domain, tail),
		.node_offset = offsetof(struct kernel_iommu_mapping, node),
		.next = FIELD(struct kernel_range, next),
		.start = FIELD(struct kernel_range, start),
		.end = FIELD(struct kernel_range, end),
		.phys = FIELD(struct kernel_iommu_mapping, phys),
		.flags = FIELD(struct kernel_iommu_mapping, flags),
		.endpoint_node = FIELD(struct kernel_endpoint, next),
		.endpoint_id = FIELD(struct kernel_endpoint, id),
		.endpoint_domain = FIELD(struct kernel_endpoint, domain),
		.endpoint_device = FIELD(struct kernel_endpoint, device),
		.device_name = { 0, 0, 1, 8 },
	},
	.clock = { VA(numbers.tsc_base), VA(numbers.khz) },
};

static const struct memstate_mappings mappings = {
	.pointer_va = VA(numbers.mappings),
	.count = KERNEL_ENTRIES,
	.stride = sizeof(struct kernel_mapping),
	.kind = FIELD(struct kernel_mapping, kind),
	.dir = FIELD(struct kernel_mapping, dir),
	.endpoint = FIELD(struct kernel_mapping, endpoint),
	.name = FIELD(struct kernel_mapping, name),
	.addr = FIELD(struct kernel_mapping, addr),
	.phys = FIELD(struct kernel_mapping, phys),
	.size = FIELD(struct kernel_mapping, size),
	.caller = FIELD(struct kernel_mapping, caller),
	.lost_va = VA(numbers.lost),
};

static const struct memstate_owners owners = {
	.pointer_va = VA(numbers.owners),
	.chains_pointer_va = VA(numbers.chains),
	.stride = sizeof(struct kernel_owner),
	.chain_stride = sizeof(struct kernel_chain),
	.chains = KERNEL_CHAINS,
	.known = FIELD(struct kernel_owner, known),
	.alloc_chain = FIELD(struct kernel_owner, alloc),
	.free_chain = FIELD(struct kernel_owner, free),
	.gfp = FIELD(struct kernel_owner, gfp),
	.cpu = FIELD(struct kernel_owner, cpu),
	.order = FIELD(struct kernel_owner, order),
	.allocated = FIELD(struct kernel_owner, allocated),
	.freed = FIELD(struct kernel_owner, freed),
	.depth = FIELD(struct kernel_chain, n),
	.pc = { offsetof(struct kernel_chain, pc), 8, 4, 8 },
};

static const struct memstate_sites sites = {
	.va = VA(site),
	.count = KERNEL_ENTRIES,
	.stride = sizeof(struct kernel_site),
	.on_va = VA(numbers.profile_on),
	.run_va = VA(numbers.run),
	.ip = FIELD(struct kernel_site, ip),
	.bytes = FIELD(struct kernel_site, bytes),
	.calls = FIELD(struct kernel_site, calls),
	.total = FIELD(struct kernel_site, total),
};

/* "main" was switched out in `one`, called by `two`, called by `three`. */
static void make_threads(struct kernel_parts *k)
{
	k->numbers.thread_list = VA(thread[0].next);
	k->thread[0] = (struct kernel_thread){ .next = VA(thread[1].next),
					       .name = "main",
					       .pid = 1,
					       .state = 1,
					       .rsp = VA(stack[8]),
					       .stack = VA(stack) };
	k->thread[1] = (struct kernel_thread){ .next = VA(thread[2].next),
					       .name = "busy",
					       .pid = 2,
					       .cpu = 1,
					       .process = 1,
					       .space = VA(space[0]),
					       .rsp = VA(stack[8]),
					       .stack = VA(stack) };
	k->thread[2] = (struct kernel_thread){ .next = VA(numbers.thread_list),
					       .name = "nap",
					       .pid = 3,
					       .state = 1,
					       .process = 1,
					       .space = VA(space[1]),
					       .rsp = VA(stack[8]),
					       .stack = VA(stack) };
	strcpy(k->idle[0].name, "idle/0");
	strcpy(k->idle[1].name, "idle/1");
	k->idle[1].rsp = VA(stack[8]);
	k->numbers.offsets[1] = sizeof(k->idle[0]);
	k->numbers.current[0] = VA(idle[0]);
	/* CPU 1's stands behind CPU 0's as far as its other variables do. */
	memcpy((char *)&k->numbers.current[0] + sizeof(k->idle[0]),
	       &(uint64_t){ VA(thread[1]) }, sizeof(uint64_t));
	k->stack[8] = VA(stack[20]); /* rbp */
	k->stack[9] = KERNEL_TEXT + 0x1010; /* rip */
	k->stack[20] = VA(stack[30]);
	k->stack[21] = KERNEL_TEXT + 0x1120;
	k->stack[30] = VA(stack[40]);
	k->stack[31] = KERNEL_TEXT + 0x1230;
}

static void make_spaces(struct image *image, struct kernel_parts *k)
{
	unsigned int i, level;

	for (i = 0; i < KERNEL_SPACES; i++) {
		uint64_t table = KERNEL_TABLES + i * 0x4000ull;

		k->space[i].page_table = IMAGE_DIRECT + table;
		memset(image->bytes + table, 0, 0x4000);
		for (level = 4; level; level--, table += 0x1000) {
			unsigned int shift = 12 + 9 * (level - 1);
			uint64_t *entry = (uint64_t *)(image->bytes + table) +
					  (KERNEL_USER >> shift) % 512;

			*entry = (level > 1 ? table + 0x1000 : KERNEL_USER_AT(i)) | 0x27;
		}
	}
}

static void make_names(struct kernel_parts *k)
{
	static const char names[] = "one\0two\0three";
	unsigned int i;

	memcpy(k->names, names, sizeof(names));
	k->numbers.symbol_count = KERNEL_SYMBOLS;
	for (i = 0; i <= KERNEL_SYMBOLS; i++) {
		k->symbol[i].offset = 0x1000 + i * 0x100;
		k->symbol[i].name = i * 4;
	}
	k->symbol[KERNEL_SYMBOLS].name = sizeof(names);
	memset(k->log, '.', sizeof(k->log));
	k->numbers.log_end = KERNEL_LOG + 4;
	memcpy(k->log, "end\n", 4);
	memcpy(k->log + 4, "be\1in\n", 6);
}

static void make_books(struct kernel_parts *k)
{
	strcpy(k->device, "0000:00:03.0");
	k->numbers.device_name = VA(device);
	k->numbers.mappings = VA(mapping);
	k->mapping[5] = (struct kernel_mapping){
		MEMSTATE_DMA_SINGLE,  1,	 0, 0x18, 0x9000, 0x5000, 3000,
		KERNEL_TEXT + 0x1180, VA(device)
	};
	k->mapping[1] = (struct kernel_mapping){
		MEMSTATE_DMA_COHERENT, 0,	  0, 0x18, 0xa000, 0, 4096,
		KERNEL_TEXT + 0x1080,  VA(device)
	};
	k->numbers.lost = 7;
	k->numbers.profile_on = 1;
	k->site[0] = (struct kernel_site){ 0, 10, 1, 1 };
	k->site[3] = (struct kernel_site){ KERNEL_TEXT + 0x1050, 5000, 2, 9 };
	k->site[4] = (struct kernel_site){ KERNEL_TEXT + 0x1060, 0, 0, 4 };
	k->numbers.owners = VA(owner);
	k->numbers.chains = VA(chain);
	k->numbers.tsc_base = 1000000;
	k->numbers.khz = 1000;
	k->owner[8] = (struct kernel_owner){ 2, 1, 0xcc0, 1, 2, 1, 3000000, 0 };
	k->chain[0] = (struct kernel_chain){ 1, 1, { KERNEL_TEXT + 0x1010 } };
	k->chain[1] = (struct kernel_chain){
		1, 2, { KERNEL_TEXT + 0x1020, KERNEL_TEXT + 0x1120 }
	};
}

static void make_iommu(struct kernel_parts *k)
{
	k->numbers.iommu = VA(numbers.domains);
	k->numbers.domains = VA(domain.next);
	k->numbers.endpoints = VA(endpoint[0].next);
	k->domain = (struct kernel_domain){ .next = VA(numbers.domains),
					    .id = 4,
					    .endpoints = 1,
					    .head.next = VA(range[0].node) };
	k->range[0] = (struct kernel_iommu_mapping){
		0x5000, { 0x10000, 0x11000, VA(range[1].node) }, 1, 0
	};
	k->range[1] = (struct kernel_iommu_mapping){
		0x8000, { 0x20000, 0x24000, VA(domain.tail) }, 3, 0
	};
	k->endpoint[0] = (struct kernel_endpoint){ VA(endpoint[1].next), VA(domain),
						   VA(numbers.device_name), 0x18, 0 };
	k->endpoint[1] = (struct kernel_endpoint){ VA(numbers.endpoints), 0,
						   VA(numbers.device_name), 0x20, 0 };
}

struct kernel_parts *kernel_image_add(struct image *image)
{
	struct kernel_parts *k = (void *)(image->bytes + KERNEL_AT);

	memset(k, 0, sizeof(*k));
	image->table->text_start = KERNEL_TEXT;
	image->table->text_end = KERNEL_TEXT + 0x100000;
	image->table->kernel_va = VA(description);
	image->mm->mappings = mappings;
	image->mm->owners = owners;
	image->mm->sites = sites;
	k->description = description;
	make_threads(k);
	make_spaces(image, k);
	make_names(k);
	make_books(k);
	make_iommu(k);
	return k;
}

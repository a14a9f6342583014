/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <abi/platform.h>
#include <abi/pvh.h>

#include "vmm/machine/config.h"
#include "vmm/boot/pvh.h"

#define MEMMAP_MAX 8

/* The page at PV_EBDA_BASE. */
struct boot_page {
	struct pvh_start_info info;
	struct pvh_module initrd;
	struct pvh_memmap map[MEMMAP_MAX];
	char cmdline[CMDLINE_MAX];
};
_Static_assert(PV_EBDA_BASE + sizeof(struct boot_page) <= 0xa0000, "below the VGA hole");

static uint64_t gpa_of(size_t offset)
{
	return PV_EBDA_BASE + offset;
}

static void add_range(struct boot_page *page, uint64_t start, uint64_t end, uint32_t type)
{
	if (start == end)
		return;
	page->map[page->info.memmap_entries++] = (struct pvh_memmap){
		.addr = start,
		.size = end - start,
		.type = type,
	};
}

static void fill_map(struct boot_page *page, const struct guest_memory *mem)
{
	unsigned int i;

	add_range(page, 0, PV_EBDA_BASE, PVH_MEM_RAM);
	add_range(page, PV_EBDA_BASE, 0xa0000, PVH_MEM_RESERVED);
	add_range(page, PV_BIOS_BASE, PV_BIOS_BASE + PV_BIOS_SIZE, PVH_MEM_RESERVED);
	add_range(page, PV_HIMEM_BASE, memory_low_end(mem), PVH_MEM_RAM);
	add_range(page, PV_ECAM_BASE, PV_ECAM_BASE + PV_ECAM_SIZE, PVH_MEM_RESERVED);
	/* IOAPIC, LAPIC and the pages that KVM keeps for itself. */
	add_range(page, PV_IOAPIC_BASE, PV_RAM_HIGH_BASE, PVH_MEM_RESERVED);
	for (i = 1; i < mem->ram.nr; i++)
		add_range(page, mem->ram.region[i].gpa,
			  mem->ram.region[i].gpa + mem->ram.region[i].size, PVH_MEM_RAM);
}

static void fill_initrd(struct boot_page *page, const struct pvh_boot *boot)
{
	if (!boot->initrd_size)
		return;
	page->initrd = (struct pvh_module){ .paddr = boot->initrd_gpa,
					    .size = boot->initrd_size };
	page->info.nr_modules = 1;
	page->info.modlist_paddr = gpa_of(offsetof(struct boot_page, initrd));
}

uint64_t pvh_write_start_info(const struct guest_memory *mem, const struct pvh_boot *boot)
{
	struct boot_page *page = ram_at(&mem->ram, PV_EBDA_BASE, sizeof(*page));

	memset(page, 0, sizeof(*page));
	page->info = (struct pvh_start_info){
		.magic = PVH_START_MAGIC,
		.version = PVH_START_VERSION,
		.cmdline_paddr = gpa_of(offsetof(struct boot_page, cmdline)),
		.rsdp_paddr = boot->rsdp_gpa,
		.memmap_paddr = gpa_of(offsetof(struct boot_page, map)),
	};
	strncpy(page->cmdline, boot->cmdline, sizeof(page->cmdline) - 1);
	fill_map(page, mem);
	fill_initrd(page, boot);
	return PV_EBDA_BASE;
}

/* SPDX-License-Identifier: MIT */
/*
 * What the loader tells: the PVH start info with memory map, command line and modules.  It
 * lies anywhere in RAM; all that is needed later is copied out, the rest reserved.
 */
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/string.h>
#include <abi/pvh.h>
#include <asm/desc.h>
#include <asm/pagetable.h>
#include <guest/boot.h>
#include <guest/cmdline.h>
#include <guest/machine.h>

#define MAP_MAX 128U

static struct pvh_start_info info;
static struct pvh_memmap map[MAP_MAX];
static unsigned int map_entries;
static char command_line[COMMAND_LINE_SIZE];
static struct pvh_module module;

static void read_early(void *to, phys_addr_t pa, size_t size)
{
	void *from = early_map(pa, size);

	if (!from)
		panic("boot: cannot look at %zu bytes at %#llx", size,
		      (unsigned long long)pa);
	memcpy(to, from, size);
}

static void read_command_line(void)
{
	if (!info.cmdline_paddr)
		return;
	if (strscpy(command_line, early_map(info.cmdline_paddr, COMMAND_LINE_SIZE),
		    COMMAND_LINE_SIZE) < 0)
		pr_warn("command line: cut after %d characters\n", COMMAND_LINE_SIZE - 1);
}

void start_info_read(phys_addr_t start_info)
{
	read_early(&info, start_info, sizeof(info));
	if (info.magic != PVH_START_MAGIC)
		panic("boot: no PVH start info at %#llx", (unsigned long long)start_info);
	if (info.version < 1 || !info.memmap_paddr || !info.memmap_entries)
		panic("boot: the loader gives no memory map (start info version %u)",
		      info.version);
	map_entries = min(info.memmap_entries, MAP_MAX);
	if (map_entries < info.memmap_entries)
		pr_warn("memory map: %u entries, %u used\n", info.memmap_entries,
			MAP_MAX);
	read_early(map, info.memmap_paddr, map_entries * sizeof(map[0]));
	if (info.nr_modules)
		read_early(&module, info.modlist_paddr, sizeof(module));
	read_command_line();
	memblock_reserve(start_info, sizeof(info));
}

const struct pvh_memmap *boot_memory_map(unsigned int *entries)
{
	*entries = map_entries;
	return map;
}

const char *boot_command_line(void)
{
	return command_line;
}

phys_addr_t boot_module(u64 *size)
{
	*size = module.size;
	return module.paddr;
}

phys_addr_t boot_rsdp(void)
{
	return info.rsdp_paddr;
}

/* Whole pages of RAM; what other entries say of the same pages wins. */
static void add_ram(void)
{
	for (unsigned int i = 0; i < map_entries; i++) {
		phys_addr_t start = PAGE_ALIGN(map[i].addr);
		phys_addr_t end = (map[i].addr + map[i].size) & PAGE_MASK;

		if (map[i].type == PVH_MEM_RAM &&
		    map[i].addr + map[i].size > map[i].addr && start < end)
			memblock_add(start, end - start);
	}
	for (unsigned int i = 0; i < map_entries; i++) {
		phys_addr_t start = map[i].addr & PAGE_MASK;
		phys_addr_t end = PAGE_ALIGN(map[i].addr + map[i].size);

		if (map[i].type != PVH_MEM_RAM && start < end)
			memblock_remove(start, end - start);
	}
}

void memory_map_register(void)
{
	add_ram();
	if (!memblock_phys_mem_size())
		panic("boot: the memory map has no RAM");
	memblock_reserve(0, PAGE_SIZE); /* so that physical address 0 means nothing */
	memblock_reserve(image_phys(_start), (phys_addr_t)(_end - _start));
	if (module.size)
		memblock_reserve(module.paddr, module.size);
}

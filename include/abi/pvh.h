/* SPDX-License-Identifier: MIT */
/*
 * The PVH start info: what ebx points at when a PVH kernel is entered (32-bit protected
 * mode, paging off).  Source: Xen, public/arch-x86/hvm/start_info.h.
 */
#ifndef ABI_PVH_H
#define ABI_PVH_H

#include <abi/types.h>

/* The ELF note that names the 32-bit entry point: owner "Xen", this type, 4-byte aligned. */
#define XEN_ELFNOTE_PHYS32_ENTRY 18

#define PVH_START_MAGIC	  0x336ec578u
#define PVH_START_VERSION 1u /* 1: the memory map fields are present */

struct pvh_start_info {
	le32 magic;
	le32 version;
	le32 flags;
	le32 nr_modules;
	le64 modlist_paddr; /* struct pvh_module[nr_modules] */
	le64 cmdline_paddr; /* zero-terminated, 0 for none */
	le64 rsdp_paddr;
	le64 memmap_paddr; /* struct pvh_memmap[memmap_entries] */
	le32 memmap_entries;
	le32 reserved;
};
_Static_assert(sizeof(struct pvh_start_info) == 56, "PVH start info");

struct pvh_module {
	le64 paddr;
	le64 size;
	le64 cmdline_paddr;
	le64 reserved;
};
_Static_assert(sizeof(struct pvh_module) == 32, "PVH module");

/* Types as in the e820 map. */
#define PVH_MEM_RAM	 1u
#define PVH_MEM_RESERVED 2u
#define PVH_MEM_ACPI	 3u

struct pvh_memmap {
	le64 addr;
	le64 size;
	le32 type;
	le32 reserved;
};
_Static_assert(sizeof(struct pvh_memmap) == 24, "PVH memory map entry");

#endif

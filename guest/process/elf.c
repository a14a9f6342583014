/* SPDX-License-Identifier: MIT */
/* Reading ELF headers: elf.h.  Nothing of the file is believed before it is checked. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/pfn.h>
#include <linux/string.h>

#include "elf.h"

struct elf_header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct elf_header) == 64, "ELF-64, figure 2");

struct elf_program_header {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct elf_program_header) == 56, "ELF-64, figure 6");

#define TYPE_EXECUTABLE 2
#define MACHINE_X86_64	62
#define SEGMENT_LOAD	1
#define SEGMENT_INTERP	3

/* Magic, 64 bits, little-endian, version 1. */
static const u8 ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

/* [offset, offset + n) lies in a file of this size. */
static bool in_file(u64 offset, u64 n, size_t size)
{
	return offset <= size && n <= size - offset;
}

static bool header_good(const struct elf_header *h, size_t size)
{
	return !memcmp(h->ident, ident, sizeof(ident)) && h->type == TYPE_EXECUTABLE &&
	       h->machine == MACHINE_X86_64 && h->version == 1 &&
	       h->phentsize == sizeof(struct elf_program_header) &&
	       in_file(h->phoff, (u64)h->phnum * h->phentsize, size);
}

static bool segment_good(const struct elf_program_header *p, size_t size,
			 unsigned long low, unsigned long high)
{
	return in_file(p->offset, p->filesz, size) && p->filesz <= p->memsz && p->memsz &&
	       p->vaddr >= low && p->vaddr < high && p->memsz <= high - p->vaddr &&
	       p->flags && !(p->flags & ELF_WRITE && p->flags & ELF_EXEC);
}

static int add_segment(struct elf_image *image, const struct elf_program_header *p)
{
	if (p->vaddr < PAGE_ALIGN(image->end))
		return -ENOEXEC;
	if (image->segments == ELF_SEGMENTS)
		return -E2BIG;
	image->segment[image->segments++] = (struct elf_segment){
		.addr = p->vaddr,
		.size = p->memsz,
		.offset = p->offset,
		.file_size = p->filesz,
		.flags = p->flags & (ELF_READ | ELF_WRITE | ELF_EXEC),
	};
	image->end = p->vaddr + p->memsz;
	return 0;
}

static bool can_start(const struct elf_image *image)
{
	for (unsigned int i = 0; i < image->segments; i++) {
		const struct elf_segment *s = &image->segment[i];

		if (s->flags & ELF_EXEC && image->entry >= s->addr &&
		    image->entry - s->addr < s->file_size)
			return true;
	}
	return false;
}

int elf_parse(const void *file, size_t size, unsigned long low, unsigned long high,
	      struct elf_image *image)
{
	struct elf_program_header p;
	struct elf_header h;
	int err = 0;

	*image = (struct elf_image){ 0 };
	if (size < sizeof(h))
		return -ENOEXEC;
	memcpy(&h, file, sizeof(h));
	if (!header_good(&h, size))
		return -ENOEXEC;
	image->entry = h.entry;
	for (unsigned int i = 0; i < h.phnum && !err; i++) {
		memcpy(&p, (const char *)file + h.phoff + i * sizeof(p), sizeof(p));
		if (p.type == SEGMENT_INTERP)
			return -ENOEXEC;
		if (p.type != SEGMENT_LOAD)
			continue;
		err = segment_good(&p, size, low, high) ? add_segment(image, &p)
							: -ENOEXEC;
	}
	return err ? err : can_start(image) ? 0 : -ENOEXEC;
}

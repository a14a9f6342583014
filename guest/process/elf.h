/* SPDX-License-Identifier: MIT */
/* Programs as the loader takes them: static ELF files for x86-64 (ELF-64 object file format;
 * System V ABI, AMD64 supplement).  Knows no machine. */
#ifndef GUEST_PROCESS_ELF_H
#define GUEST_PROCESS_ELF_H

#include <linux/types.h>

#define ELF_SEGMENTS 8 /* loadable ones, at most */

#define ELF_EXEC  1U
#define ELF_WRITE 2U
#define ELF_READ  4U

struct elf_segment {
	unsigned long addr, size; /* in memory; behind file_size bytes it is zero */
	unsigned long offset, file_size; /* what of the file comes to addr */
	unsigned int flags; /* ELF_READ, ... */
};

struct elf_image {
	unsigned long entry; /* in an executable segment */
	unsigned long end; /* of the highest segment */
	unsigned int segments; /* at least one; ascending, no page in two of them */
	struct elf_segment segment[ELF_SEGMENTS];
};

/*
 * Reads the headers of a file of `size` bytes, which may be anything.  Addresses lie in
 * [low, high).  0; -ENOEXEC: it is no such file, or broken, or a segment is writable and
 * executable; -E2BIG: too many segments.
 */
int elf_parse(const void *file, size_t size, unsigned long low, unsigned long high,
	      struct elf_image *image);

#endif

/* SPDX-License-Identifier: MIT */
/* A working PVH kernel file, to be spoilt: one segment, one note. */
#ifndef TESTS_UNIT_VMM_TEST_ELF_H
#define TESTS_UNIT_VMM_TEST_ELF_H

#include <elf.h>
#include <stdint.h>

#define TEST_ELF_GPA	 0x200000ull
#define TEST_ELF_MEMSZ	 0x3000ull
#define TEST_ELF_PAYLOAD 0x1000
#define TEST_ELF_PHDRS	 40

struct test_note {
	Elf64_Nhdr head;
	char name[4];
	uint32_t entry;
};

struct test_elf {
	Elf64_Ehdr header;
	Elf64_Phdr phdrs[TEST_ELF_PHDRS];
	struct test_note note;
	uint8_t payload[TEST_ELF_PAYLOAD];
};

/* phdrs[0] is the segment, phdrs[1] the note; there are no others. */
void test_elf_init(struct test_elf *elf);

#endif

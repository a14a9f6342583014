/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/vmm/test_elf.h"
#include "tests/unit/vmm/vmm_test.h"

void test_file_make(struct test_file *file, const void *bytes, size_t size)
{
	file->fd = memfd_create("test", MFD_CLOEXEC);
	assert_true(file->fd >= 0);
	assert_int_equal(write(file->fd, bytes, size), size);
	snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
}

void test_file_close(struct test_file *file)
{
	close(file->fd);
}

void test_elf_init(struct test_elf *elf)
{
	memset(elf, 0, sizeof(*elf));
	memcpy(elf->header.e_ident, ELFMAG, SELFMAG);
	elf->header.e_ident[EI_CLASS] = ELFCLASS64;
	elf->header.e_ident[EI_DATA] = ELFDATA2LSB;
	elf->header.e_type = ET_EXEC;
	elf->header.e_machine = EM_X86_64;
	elf->header.e_phoff = offsetof(struct test_elf, phdrs);
	elf->header.e_phentsize = sizeof(Elf64_Phdr);
	elf->header.e_phnum = 2;
	elf->phdrs[0] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_offset = offsetof(struct test_elf, payload),
		.p_paddr = TEST_ELF_GPA,
		.p_filesz = sizeof(elf->payload),
		.p_memsz = TEST_ELF_MEMSZ,
	};
	elf->phdrs[1] = (Elf64_Phdr){
		.p_type = PT_NOTE,
		.p_offset = offsetof(struct test_elf, note),
		.p_filesz = sizeof(elf->note),
		.p_align = 4,
	};
	elf->note = (struct test_note){
		.head = { .n_namesz = 4, .n_descsz = 4, .n_type = 18 },
		.name = "Xen",
		.entry = (uint32_t)TEST_ELF_GPA + 0x10,
	};
	memset(elf->payload, 0x5a, sizeof(elf->payload));
}

void test_memory(struct guest_memory *mem, uint64_t size)
{
	struct error err = { "" };

	assert_int_equal(memory_create(mem, size, MEMORY_PRIVATE, &err), 0);
}

void assert_refused(int ret, int errnum, const struct error *err, const char *part)
{
	assert_int_equal(ret, -errnum);
	if (!strstr(err->text, part))
		fail_msg("\"%s\" does not say \"%s\"", err->text, part);
	assert_null(strchr(err->text, '\n'));
}

void need_kvm(void)
{
	if (access("/dev/kvm", R_OK | W_OK))
		skip();
}

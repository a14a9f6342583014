/* SPDX-License-Identifier: MIT */
/*
 * A kernel's ELF file: the input is the file.  What the loader accepts is what its header
 * promises, and loading it fills the segments and nothing else.  The reader of symbols sees
 * the same file.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include <abi/platform.h>

#include "tests/fuzz/lib/fuzz.h"
#include "vmm/boot/loader_elf.h"
#include "vmm/util/symbols.h"

/* 64 KiB behind the hole below 1 MiB. */
#define RAM_SIZE (PV_HIMEM_BASE + 0x10000)

static uint8_t ram[RAM_SIZE];

static int write_file(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("kernel", MFD_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && !ftruncate(fd, (off_t)size));
	FUZZ_CHECK(pwrite(fd, data, size, 0) == (ssize_t)size);
	return fd;
}

static void check_kernel(const struct kernel *k, size_t size)
{
	bool entered = false;

	FUZZ_CHECK(k->nr_segments && k->nr_segments <= KERNEL_SEGMENTS_MAX);
	for (unsigned int i = 0; i < k->nr_segments; i++) {
		const struct kernel_segment *s = &k->segments[i];

		FUZZ_CHECK(s->memsz && s->filesz <= s->memsz);
		FUZZ_CHECK(s->paddr <= UINT64_MAX - s->memsz);
		FUZZ_CHECK(s->filesz <= size && s->offset <= size - s->filesz);
		entered |= k->entry - s->paddr < s->memsz;
		for (unsigned int j = 0; j < i; j++) {
			const struct kernel_segment *o = &k->segments[j];

			FUZZ_CHECK(s->paddr + s->memsz <= o->paddr ||
				   o->paddr + o->memsz <= s->paddr);
		}
	}
	FUZZ_CHECK(entered);
}

/* Loads it; then takes out what must be there, after which nothing is. */
static void load(const struct kernel *k, const uint8_t *data)
{
	static XXH64_hash_t empty;
	struct guest_memory mem = { .size = RAM_SIZE };
	struct error err = { "" };

	if (!empty)
		empty = XXH3_64bits(ram, sizeof(ram));
	FUZZ_CHECK(!ram_add(&mem.ram, 0, sizeof(ram), ram));
	if (kernel_check_fit(k, &mem, &err))
		return;
	FUZZ_CHECK(!kernel_load(k, &mem, &err));
	FUZZ_CHECK(kernel_low_end(k) <= RAM_SIZE);
	for (unsigned int i = 0; i < k->nr_segments; i++) {
		const struct kernel_segment *s = &k->segments[i];

		FUZZ_CHECK(s->paddr + s->memsz <= RAM_SIZE);
		if (s->filesz)
			FUZZ_CHECK(!memcmp(ram + s->paddr, data + s->offset, s->filesz));
		memset(ram + s->paddr, 0, s->filesz);
	}
	FUZZ_CHECK(XXH3_64bits(ram, sizeof(ram)) == empty);
}

static void read_symbols(int fd)
{
	struct symbols symbols = { .nr = 0 };
	char text[64];

	if (symbols_read(&symbols, fd))
		FUZZ_CHECK(!symbols.nr);
	for (size_t i = 0; i < symbols.nr; i++) {
		const struct symbol *s = &symbols.symbol[i];

		FUZZ_CHECK(s->end > s->start);
		FUZZ_CHECK(!i || s[-1].start <= s->start);
		symbols_describe(&symbols, s->end - 1, text, sizeof(text));
		FUZZ_CHECK(memchr(text, '\0', sizeof(text)));
	}
	symbols_free(&symbols);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = write_file(data, size);
	char path[32];
	struct error err = { "" };
	struct kernel k;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (kernel_open(&k, path, &err)) {
		FUZZ_CHECK(err.text[0]);
	} else {
		check_kernel(&k, size);
		load(&k, data);
		kernel_close(&k);
	}
	read_symbols(fd);
	return 0;
}

struct notes {
	Elf64_Nhdr entry;
	char xen[4];
	uint64_t entry_gpa;
	Elf64_Nhdr memstate;
	char pagevisor[12];
	uint64_t memstate_gpa;
} __attribute__((packed));

struct file {
	Elf64_Ehdr header;
	Elf64_Phdr phdr[3];
	struct notes notes;
	Elf64_Shdr shdr[3];
	Elf64_Sym symbol[2];
	char names[16];
	uint8_t text[32];
};

#define AT(member) offsetof(struct file, member)

static const struct file good = {
	.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
				 ELFDATA2LSB },
		    .e_type = ET_EXEC,
		    .e_machine = EM_X86_64,
		    .e_phoff = AT(phdr),
		    .e_phentsize = sizeof(Elf64_Phdr),
		    .e_phnum = 3,
		    .e_shoff = AT(shdr),
		    .e_shentsize = sizeof(Elf64_Shdr),
		    .e_shnum = 3 },
	.phdr = { { .p_type = PT_LOAD,
		    .p_offset = AT(text),
		    .p_paddr = PV_HIMEM_BASE,
		    .p_filesz = 32,
		    .p_memsz = 64 },
		  { .p_type = PT_LOAD,
		    .p_offset = AT(names),
		    .p_paddr = PV_HIMEM_BASE + 64,
		    .p_filesz = 16,
		    .p_memsz = 16 },
		  { .p_type = PT_NOTE,
		    .p_offset = AT(notes),
		    .p_filesz = sizeof(good.notes),
		    .p_align = 4 } },
	.notes = { { 4, 8, 18 },
		   "Xen",
		   PV_HIMEM_BASE,
		   { 10, 8, 1 },
		   "pagevisor",
		   0x100040 },
	.shdr = { { .sh_type = SHT_NULL },
		  { .sh_type = SHT_SYMTAB,
		    .sh_offset = AT(symbol),
		    .sh_size = sizeof(good.symbol),
		    .sh_entsize = sizeof(Elf64_Sym),
		    .sh_link = 2 },
		  { .sh_type = SHT_STRTAB, .sh_offset = AT(names), .sh_size = 16 } },
	.symbol = { { .st_name = 1,
		      .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
		      .st_shndx = 1,
		      .st_value = 0x100000,
		      .st_size = 16 },
		    { .st_name = 6,
		      .st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC),
		      .st_shndx = 1,
		      .st_value = 0x100010 } },
	.names = "\0start\0other",
	.text = { 0xf4, 0xeb, 0xfd },
};

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	struct file file = good;
	struct fuzz_out out = { buf, size };

	if (n > 3)
		return 0;
	if (n == 1)
		file.header.e_type = ET_DYN;
	if (n == 2)
		file.header.e_phnum = 1;
	if (n == 3)
		file.phdr[1].p_paddr = 0x1000;
	fuzz_put_bytes(&out, &file, sizeof(file));
	return size - out.left;
}

/* SPDX-License-Identifier: MIT */
/* Names of functions from ELF files, good and damaged. */
#include <elf.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/vmm/vmm_test.h"
#include "vmm/util/symbols.h"

struct file {
	Elf64_Ehdr header;
	Elf64_Shdr section[3];
	Elf64_Sym sym[5];
	char names[32];
};

static Elf64_Sym function(uint32_t name, uint64_t value, uint64_t size)
{
	return (Elf64_Sym){ .st_name = name,
			    .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			    .st_shndx = 1,
			    .st_value = value,
			    .st_size = size };
}

static void make(struct file *f)
{
	memset(f, 0, sizeof(*f));
	memcpy(f->header.e_ident, ELFMAG, SELFMAG);
	f->header.e_ident[EI_CLASS] = ELFCLASS64;
	f->header.e_shoff = offsetof(struct file, section);
	f->header.e_shentsize = sizeof(Elf64_Shdr);
	f->header.e_shnum = 3;
	f->section[1] = (Elf64_Shdr){ .sh_type = SHT_SYMTAB,
				      .sh_link = 2,
				      .sh_offset = offsetof(struct file, sym),
				      .sh_size = sizeof(f->sym) };
	f->section[2] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
				      .sh_offset = offsetof(struct file, names),
				      .sh_size = sizeof(f->names) };
	memcpy(f->names, "\0second\0first\0data\0end", 23);
	f->sym[0] = function(1, 0xffffffff80002000, 0x100);
	f->sym[1] = function(8, 0xffffffff80001000, 0x80);
	f->sym[2] = function(14, 0xffffffff80001020, 4);
	f->sym[2].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
	f->sym[3] = function(1000, 0xffffffff80003000, 4); /* a name outside the table */
	f->sym[4] = function(19, ~0ull - 2, 8); /* wraps */
}

static int read_bytes(struct symbols *s, const void *bytes, size_t size)
{
	struct test_file file;
	int ret;

	test_file_make(&file, bytes, size);
	ret = symbols_read(s, file.fd);
	test_file_close(&file);
	return ret;
}

static void assert_described(const struct symbols *s, uint64_t addr, const char *want)
{
	char text[64];

	symbols_describe(s, addr, text, sizeof(text));
	assert_string_equal(text, want);
}

static void functions_are_found(void **state)
{
	struct symbols s;
	struct file f;

	(void)state;
	make(&f);
	assert_int_equal(read_bytes(&s, &f, sizeof(f)), 0);
	assert_int_equal(s.nr, 2);
	assert_described(&s, 0xffffffff80001000, "first+0");
	assert_described(&s, 0xffffffff8000107f, "first+0x7f");
	assert_described(&s, 0xffffffff80001080, "0xffffffff80001080");
	assert_described(&s, 0xffffffff80002012, "second+0x12");
	assert_described(&s, 0, "0");
	symbols_free(&s);
	assert_described(&s, 0xffffffff80001000, "0xffffffff80001000");
}

/* A call that is the last instruction of a function returns behind it. */
static void return_addresses(void **state)
{
	static const struct {
		uint64_t addr;
		const char *text;
	} want[] = { { 0xffffffff80001080, "first+0x80" },
		     { 0xffffffff80001001, "first+0x1" },
		     { 0xffffffff80001000, "0xffffffff80001000" },
		     { 0, "0" } };
	struct symbols s;
	struct file f;
	char text[64];

	(void)state;
	make(&f);
	assert_int_equal(read_bytes(&s, &f, sizeof(f)), 0);
	for (unsigned int i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		symbols_describe_return(&s, want[i].addr, text, sizeof(text));
		assert_string_equal(text, want[i].text);
	}
	symbols_free(&s);
}

static void files_without_symbols_are_empty(void **state)
{
	struct symbols s;
	struct file f;

	(void)state;
	make(&f);
	f.header.e_shnum = 0;
	assert_int_equal(read_bytes(&s, &f, sizeof(f)), 0);
	assert_int_equal(s.nr, 0);
	symbols_free(&s);
	make(&f);
	f.section[1].sh_link = 3;
	assert_int_equal(read_bytes(&s, &f, sizeof(f)), 0);
	assert_int_equal(s.nr, 0);
	symbols_free(&s);
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct symbols s;
	struct file f;

	(void)state;
	assert_int_equal(symbols_read(&s, -1), -EBADF);
	assert_int_equal(read_bytes(&s, "text", 4), -ENODATA);
	make(&f);
	f.header.e_ident[0] = 0;
	assert_int_equal(read_bytes(&s, &f, sizeof(f)), -ENOEXEC);
	make(&f);
	f.section[1].sh_size = ~0ull;
	assert_int_equal(read_bytes(&s, &f, sizeof(f)), -ENOEXEC);
	make(&f);
	f.section[2].sh_offset = sizeof(f) - 1;
	assert_int_equal(read_bytes(&s, &f, sizeof(f)), -ENODATA);
	assert_int_equal(s.nr, 0);
	assert_null(s.symbol);
}

static void random_damage_is_survived(void **state)
{
	uint32_t seed = 3;
	struct symbols s;
	struct file f;
	unsigned int i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		make(&f);
		for (unsigned int n = 0; n < 3; n++) {
			seed = seed * 1103515245 + 12345;
			((uint8_t *)&f)[(seed >> 8) % sizeof(f)] = (uint8_t)(seed >> 3);
		}
		if (!read_bytes(&s, &f, sizeof(f))) {
			char text[64];

			symbols_describe(&s, 0xffffffff80001000, text, sizeof(text));
			symbols_free(&s);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_found),
		cmocka_unit_test(return_addresses),
		cmocka_unit_test(files_without_symbols_are_empty),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(random_damage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

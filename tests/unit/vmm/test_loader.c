/* SPDX-License-Identifier: MIT */
/* Kernels good and bad: what a file can say that must not be believed. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <abi/platform.h>

#include "tests/unit/vmm/test_elf.h"
#include "tests/unit/vmm/vmm_test.h"
#include "vmm/boot/loader_elf.h"

#define MEM (64ull << 20)

static int open_bytes(struct kernel *k, const void *bytes, size_t size, struct error *err)
{
	struct test_file file;
	int ret;

	test_file_make(&file, bytes, size);
	ret = kernel_open(k, file.path, err);
	k->path = "the kernel"; /* file does not outlive this function */
	test_file_close(&file);
	return ret;
}

static void good_kernel_is_loaded(void **state)
{
	struct error err = { "" };
	struct guest_memory mem;
	struct test_elf elf;
	struct kernel k;
	uint8_t *ram;

	(void)state;
	test_elf_init(&elf);
	test_memory(&mem, MEM);
	assert_int_equal(open_bytes(&k, &elf, sizeof(elf), &err), 0);
	assert_int_equal(k.entry, TEST_ELF_GPA + 0x10);
	assert_int_equal(k.nr_segments, 1);
	assert_int_equal(kernel_low_end(&k), TEST_ELF_GPA + TEST_ELF_MEMSZ);
	assert_int_equal(kernel_check_fit(&k, &mem, &err), 0);
	assert_int_equal(kernel_load(&k, &mem, &err), 0);
	ram = ram_at(&mem.ram, TEST_ELF_GPA - 1, TEST_ELF_MEMSZ + 2);
	assert_int_equal(ram[0], 0);
	assert_memory_equal(ram + 1, elf.payload, sizeof(elf.payload));
	assert_int_equal(ram[1 + sizeof(elf.payload)], 0);
	kernel_close(&k);
	memory_destroy(&mem);
}

static void note_may_stand_behind_others_or_be_long(void **state)
{
	struct {
		Elf64_Nhdr head;
		char name[8];
		char desc[8];
		Elf64_Nhdr pvh;
		char xen[4];
		uint64_t entry;
	} notes = {
		.head = { .n_namesz = 5, .n_descsz = 6, .n_type = 18 },
		.name = "Linux",
		.pvh = { .n_namesz = 4, .n_descsz = 8, .n_type = 18 },
		.xen = "Xen",
		.entry = TEST_ELF_GPA + 4,
	};
	struct error err = { "" };
	struct test_elf elf;
	struct kernel k;

	(void)state;
	test_elf_init(&elf);
	memcpy(elf.payload, &notes, offsetof(__typeof__(notes), entry));
	memcpy(elf.payload + offsetof(__typeof__(notes), xen) + 4, &notes.entry, 8);
	elf.phdrs[1].p_offset = offsetof(struct test_elf, payload);
	elf.phdrs[1].p_filesz = offsetof(__typeof__(notes), xen) + 12;
	assert_int_equal(open_bytes(&k, &elf, sizeof(elf), &err), 0);
	assert_int_equal(k.entry, TEST_ELF_GPA + 4);
	kernel_close(&k);
}

/* Behind the entry note: where the memory state is published. */
static void memory_state_note_is_read(void **state)
{
	const struct {
		struct test_note entry;
		Elf64_Nhdr head;
		char name[12];
		uint64_t address;
	} __attribute__((packed)) notes = {
		.entry = { { 4, 4, 18 }, "Xen", (uint32_t)TEST_ELF_GPA },
		.head = { .n_namesz = 10, .n_descsz = 8, .n_type = 1 },
		.name = "pagevisor",
		.address = 0x123456789,
	};
	struct error err = { "" };
	struct test_elf elf;
	struct kernel k;

	(void)state;
	test_elf_init(&elf);
	assert_int_equal(open_bytes(&k, &elf, sizeof(elf), &err), 0);
	assert_int_equal(k.memstate_gpa, 0);
	kernel_close(&k);
	memcpy(elf.payload, &notes, sizeof(notes));
	elf.phdrs[1].p_offset = offsetof(struct test_elf, payload);
	elf.phdrs[1].p_filesz = sizeof(notes);
	assert_int_equal(open_bytes(&k, &elf, sizeof(elf), &err), 0);
	assert_int_equal(k.entry, TEST_ELF_GPA);
	assert_int_equal(k.memstate_gpa, 0x123456789);
	kernel_close(&k);
}

/* --- one thing wrong at a time ---------------------------------------------------------- */

static void class_32(struct test_elf *e)
{
	e->header.e_ident[EI_CLASS] = ELFCLASS32;
}

static void big_endian(struct test_elf *e)
{
	e->header.e_ident[EI_DATA] = ELFDATA2MSB;
}

static void other_machine(struct test_elf *e)
{
	e->header.e_machine = EM_AARCH64;
}

static void object_file(struct test_elf *e)
{
	e->header.e_type = ET_REL;
}

static void no_magic(struct test_elf *e)
{
	e->header.e_ident[1] = 'X';
}

static void bzimage(struct test_elf *e)
{
	memcpy(e, "MZ", 2);
}

static void no_phdrs(struct test_elf *e)
{
	e->header.e_phnum = 0;
}

static void phdrs_without_end(struct test_elf *e)
{
	e->header.e_phnum = 0xffff;
}

static void small_phdrs(struct test_elf *e)
{
	e->header.e_phentsize = 8;
}

static void phdrs_past_end(struct test_elf *e)
{
	e->header.e_phoff = sizeof(*e) - 8;
}

static void phdrs_wrap(struct test_elf *e)
{
	e->header.e_phoff = UINT64_MAX - 8;
}

static void nothing_to_load(struct test_elf *e)
{
	e->phdrs[0].p_type = PT_NULL;
}

static void empty_segment(struct test_elf *e)
{
	e->phdrs[0].p_filesz = e->phdrs[0].p_memsz = 0;
}

static void more_file_than_memory(struct test_elf *e)
{
	e->phdrs[0].p_memsz = e->phdrs[0].p_filesz - 1;
}

static void segment_wraps(struct test_elf *e)
{
	e->phdrs[0].p_paddr = UINT64_MAX - 0x100;
}

static void segment_past_end(struct test_elf *e)
{
	e->phdrs[0].p_offset = sizeof(*e) - e->phdrs[0].p_filesz + 1;
}

static void segment_offset_wraps(struct test_elf *e)
{
	e->phdrs[0].p_offset = UINT64_MAX - 0x10;
}

static void segments_overlap(struct test_elf *e)
{
	e->header.e_phnum = 3;
	e->phdrs[2] = e->phdrs[0];
	e->phdrs[2].p_paddr += TEST_ELF_MEMSZ - 1;
}

static void segment_inside_segment(struct test_elf *e)
{
	e->header.e_phnum = 3;
	e->phdrs[2] = e->phdrs[0];
	e->phdrs[2].p_paddr += 0x10;
	e->phdrs[2].p_filesz = e->phdrs[2].p_memsz = 1;
}

static void too_many_segments(struct test_elf *e)
{
	unsigned int i;

	e->header.e_phnum = TEST_ELF_PHDRS;
	for (i = 2; i < TEST_ELF_PHDRS; i++) {
		e->phdrs[i] = e->phdrs[0];
		e->phdrs[i].p_paddr += i * 0x10000;
	}
}

static void no_note(struct test_elf *e)
{
	e->phdrs[1].p_type = PT_NULL;
}

static void note_of_others(struct test_elf *e)
{
	memcpy(e->note.name, "Yen", 4);
}

static void note_of_other_type(struct test_elf *e)
{
	e->note.head.n_type = 17;
}

static void note_too_long(struct test_elf *e)
{
	e->note.head.n_descsz = UINT32_MAX;
}

static void note_name_too_long(struct test_elf *e)
{
	e->note.head.n_namesz = UINT32_MAX;
}

static void note_of_odd_size(struct test_elf *e)
{
	e->note.head.n_descsz = 3;
}

static void notes_huge(struct test_elf *e)
{
	e->phdrs[1].p_filesz = UINT64_MAX;
}

static void notes_past_end(struct test_elf *e)
{
	e->phdrs[1].p_offset = sizeof(*e) - 4;
}

static void entry_outside(struct test_elf *e)
{
	e->note.entry = (uint32_t)(TEST_ELF_GPA + TEST_ELF_MEMSZ);
}

static void bad_files_are_refused(void **state)
{
	static const struct {
		void (*spoil)(struct test_elf *elf);
		int errnum;
		const char *says;
	} cases[] = {
		{ class_32, ENOEXEC, "not ELF64" },
		{ big_endian, ENOEXEC, "not ELF64" },
		{ other_machine, ENOEXEC, "not ELF64 for x86-64" },
		{ object_file, ENOEXEC, "not linked" },
		{ no_magic, ENOEXEC, "is not ELF" },
		{ bzimage, ENOEXEC, "bzImage" },
		{ no_phdrs, ENOEXEC, "program headers" },
		{ phdrs_without_end, ENOEXEC, "program headers" },
		{ small_phdrs, ENOEXEC, "program headers" },
		{ phdrs_past_end, ENODATA, "truncated" },
		{ phdrs_wrap, ENODATA, "truncated" },
		{ nothing_to_load, ENOEXEC, "nothing to load" },
		{ empty_segment, ENOEXEC, "nothing to load" },
		{ more_file_than_memory, ENOEXEC, "sizes make no sense" },
		{ segment_wraps, ENOEXEC, "sizes make no sense" },
		{ segment_past_end, ENODATA, "truncated" },
		{ segment_offset_wraps, ENODATA, "truncated" },
		{ segments_overlap, ENOEXEC, "overlap" },
		{ segment_inside_segment, ENOEXEC, "overlap" },
		{ too_many_segments, ENOEXEC, "too many segments" },
		{ no_note, ENOEXEC, "no PVH note" },
		{ note_of_others, ENOEXEC, "no PVH note" },
		{ note_of_other_type, ENOEXEC, "no PVH note" },
		{ note_too_long, ENOEXEC, "no PVH note" },
		{ note_name_too_long, ENOEXEC, "no PVH note" },
		{ note_of_odd_size, ENOEXEC, "no PVH note" },
		{ notes_huge, ENODATA, "truncated" },
		{ notes_past_end, ENODATA, "truncated" },
		{ entry_outside, ENOEXEC, "entry is in no segment" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { "" };
		struct test_elf elf;
		struct kernel k;
		int ret;

		test_elf_init(&elf);
		cases[i].spoil(&elf);
		ret = open_bytes(&k, &elf, sizeof(elf), &err);
		assert_refused(ret, cases[i].errnum, &err, cases[i].says);
		assert_int_equal(k.fd, -1);
	}
}

static void every_truncation_is_refused(void **state)
{
	struct error err = { "" };
	struct test_elf elf;
	struct kernel k;
	size_t size;
	int ret;

	(void)state;
	test_elf_init(&elf);
	for (size = 4; size < sizeof(elf); size += size < 200 ? 1 : 509) {
		ret = open_bytes(&k, &elf, size, &err);
		assert_refused(ret, ENODATA, &err, "truncated");
	}
	ret = open_bytes(&k, &elf, 0, &err);
	assert_refused(ret, ENODATA, &err, "is empty");
}

/* Any bytes anywhere: it is refused, or everything it promises is true. */
static void random_damage_is_survived(void **state)
{
	struct guest_memory mem;
	struct test_elf elf;
	unsigned int i, round;

	(void)state;
	srand(1);
	test_memory(&mem, MEM);
	for (round = 0; round < 3000; round++) {
		struct error err = { "" };
		struct kernel k;

		test_elf_init(&elf);
		elf.header.e_phnum = 3;
		elf.phdrs[2] = elf.phdrs[0];
		elf.phdrs[2].p_paddr += 0x10000;
		for (i = 0; i < 1 + (unsigned int)rand() % 4; i++)
			((uint8_t *)&elf)[rand() % (64 + 3 * 56)] = (uint8_t)rand();
		if (open_bytes(&k, &elf, sizeof(elf), &err)) {
			assert_true(err.text[0]);
			continue;
		}
		if (!kernel_check_fit(&k, &mem, &err))
			assert_int_equal(kernel_load(&k, &mem, &err), 0);
		kernel_close(&k);
	}
	memory_destroy(&mem);
}

static void things_that_are_no_files(void **state)
{
	char fifo[] = "/tmp/pv-loader-XXXXXX";
	struct error err = { "" };
	struct kernel k;
	int ret;

	(void)state;
	ret = kernel_open(&k, "/nonexistent/kernel", &err);
	assert_refused(ret, ENOENT, &err, "/nonexistent/kernel");
	ret = kernel_open(&k, "/", &err);
	assert_refused(ret, EINVAL, &err, "not a regular file");
	ret = kernel_open(&k, "/dev/zero", &err);
	assert_refused(ret, EINVAL, &err, "not a regular file");
	close(mkstemp(fifo));
	unlink(fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	ret = kernel_open(&k, fifo, &err);
	assert_refused(ret, EINVAL, &err, "not a regular file");
	unlink(fifo);
}

/* --- where segments may stand ----------------------------------------------------------- */

static int fit(uint64_t paddr, uint64_t memsz, uint64_t ram, struct error *err)
{
	struct kernel k = { .path = "x", .nr_segments = 1 };
	struct guest_memory mem;
	int ret;

	k.segments[0] = (struct kernel_segment){ .paddr = paddr, .memsz = memsz };
	test_memory(&mem, ram);
	ret = kernel_check_fit(&k, &mem, err);
	memory_destroy(&mem);
	return ret;
}

static void segments_stand_in_usable_ram(void **state)
{
	const uint64_t gib = 1ull << 30;
	struct error err = { "" };

	(void)state;
	assert_int_equal(fit(0x1000, PV_EBDA_BASE - 0x1000, MEM, &err), 0);
	assert_int_equal(fit(PV_HIMEM_BASE, MEM - PV_HIMEM_BASE, MEM, &err), 0);
	assert_int_equal(fit(4 * gib, gib, 4 * gib, &err), 0);

	assert_refused(fit(PV_HIMEM_BASE, MEM - PV_HIMEM_BASE + 1, MEM, &err), ENOMEM,
		       &err, "too small for kernel x; give at least 65M");
	assert_refused(fit(MEM, 1, MEM, &err), ENOMEM, &err, "too small");
	assert_refused(fit(0x1000, PV_EBDA_BASE, MEM, &err), ENOEXEC, &err,
		       "outside RAM");
	assert_refused(fit(0xa0000, 1, MEM, &err), ENOEXEC, &err, "outside RAM");
	assert_refused(fit(PV_BIOS_BASE, 0x1000, MEM, &err), ENOEXEC, &err,
		       "outside RAM");
	assert_refused(fit(PV_HIMEM_BASE - 1, 2, MEM, &err), ENOEXEC, &err,
		       "outside RAM");
	assert_refused(fit(3 * gib, 1, 4 * gib, &err), ENOEXEC, &err, "outside RAM");
	assert_refused(fit(3 * gib - 1, 2, 4 * gib, &err), ENOEXEC, &err, "outside RAM");
	assert_refused(fit(4 * gib - 1, 2, 4 * gib, &err), ENOEXEC, &err, "outside RAM");
	assert_refused(fit(4 * gib, 1, 3 * gib, &err), ENOEXEC, &err, "outside RAM");
	assert_refused(fit(5 * gib, 1, 4 * gib, &err), ENOEXEC, &err, "outside RAM");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_kernel_is_loaded),
		cmocka_unit_test(note_may_stand_behind_others_or_be_long),
		cmocka_unit_test(memory_state_note_is_read),
		cmocka_unit_test(bad_files_are_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(random_damage_is_survived),
		cmocka_unit_test(things_that_are_no_files),
		cmocka_unit_test(segments_stand_in_usable_ram),
	};

	return cmocka_run_group_tests_name("vmm loader", tests, NULL, NULL);
}

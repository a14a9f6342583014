/* SPDX-License-Identifier: MIT */
/*
 * Core dumps of a guest made here: what a reader of the file finds at each address is what
 * RAM holds there, on regular files and pipes alike; page tables may be anything.
 */
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/vmm/vmm_test.h"
#include "vmm/dump/dump.h"

#define LOW_SIZE  (4ull << 20)
#define HIGH_GPA  0x100000000ull
#define HIGH_SIZE (2ull << 20)
#define RAM_SIZE  (LOW_SIZE + HIGH_SIZE)

#define PRESENT 1ull
#define LARGE	0x80ull

#define KERNEL_VA 0xffffffff80000000ull

struct fixture {
	uint8_t *memory;
	struct ram ram;
	struct dump_cpu cpus[3];
	struct dump dump;
	int fd;
	uint8_t *file;
	size_t size;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	unsigned int i;

	f->memory = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_int_equal(ram_add(&f->ram, 0, LOW_SIZE, f->memory), 0);
	assert_int_equal(ram_add(&f->ram, HIGH_GPA, HIGH_SIZE, f->memory + LOW_SIZE), 0);
	for (i = 0; i < 3; i++) {
		f->cpus[i].regs.rip = 0x1000 + i;
		f->cpus[i].regs.rsp = 0x2000 + i;
		f->cpus[i].sregs.gs.base = 0x3000 + i;
	}
	f->fd = memfd_create("core", MFD_CLOEXEC);
	f->dump = (struct dump){ .ram = &f->ram,
				 .nr_cpus = 3,
				 .cpus = f->cpus,
				 .end = UINT64_MAX,
				 .fd = f->fd,
				 .give_up_fd = { -1, -1 },
				 .pagemap_fd = open("/proc/self/pagemap", O_RDONLY) };
	memset(f->memory + 0x3000, 0x33, 4096);
	memset(f->memory + LOW_SIZE - 10, 0x44,
	       20); /* over the end of the first region */
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->file)
		munmap(f->file, f->size);
	munmap(f->memory, RAM_SIZE);
	close(f->fd);
	if (f->dump.pagemap_fd >= 0)
		close(f->dump.pagemap_fd);
	free(f);
	return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void map_file(struct fixture *f)
{
	struct stat st;

	assert_int_equal(fstat(f->fd, &st), 0);
	f->size = (size_t)st.st_size;
	f->file = mmap(NULL, f->size, PROT_READ, MAP_SHARED, f->fd, 0);
	assert_ptr_not_equal(f->file, MAP_FAILED);
}

static void write_dump(struct fixture *f)
{
	struct error err = { "" };

	if (dump_write(&f->dump, &err))
		fail_msg("%s", err.text);
	map_file(f);
}

static const Elf64_Phdr *phdr(const struct fixture *f, unsigned int i)
{
	const Elf64_Ehdr *e = (const Elf64_Ehdr *)f->file;

	return (const Elf64_Phdr *)(f->file + e->e_phoff) + i;
}

static unsigned int nr_loads(const struct fixture *f)
{
	return ((const Elf64_Ehdr *)f->file)->e_phnum - 1u;
}

/* Every segment lies in the file and holds what RAM holds at its physical address. */
static void assert_segments_true(const struct fixture *f)
{
	unsigned int i;

	for (i = 1; i <= nr_loads(f); i++) {
		const Elf64_Phdr *p = phdr(f, i);
		const void *memory = ram_at(&f->ram, p->p_paddr, p->p_filesz);

		assert_int_equal(p->p_type, PT_LOAD);
		assert_non_null(memory);
		assert_true(p->p_offset + p->p_filesz <= f->size);
		assert_memory_equal(f->file + p->p_offset, memory, p->p_filesz);
	}
}

static uint8_t byte_at(const struct fixture *f, uint64_t vaddr)
{
	unsigned int i;

	for (i = 1; i <= nr_loads(f); i++) {
		const Elf64_Phdr *p = phdr(f, i);

		if (vaddr - p->p_vaddr < p->p_filesz)
			return f->file[p->p_offset + (vaddr - p->p_vaddr)];
	}
	fail_msg("nothing at %#llx", (unsigned long long)vaddr);
	return 0;
}

/* --- without paging ----------------------------------------------------------------------------- */

static void all_of_ram_is_there(void **state)
{
	struct fixture *f = *state;
	const Elf64_Ehdr *e;

	write_dump(f);
	e = (const Elf64_Ehdr *)f->file;
	assert_memory_equal(e->e_ident, ELFMAG, SELFMAG);
	assert_int_equal(e->e_type, ET_CORE);
	assert_int_equal(nr_loads(f), 2);
	assert_int_equal(phdr(f, 2)->p_paddr, HIGH_GPA);
	assert_int_equal(phdr(f, 1)->p_filesz + phdr(f, 2)->p_filesz, RAM_SIZE);
	assert_segments_true(f);
	assert_int_equal(byte_at(f, HIGH_GPA + 9), 0x44);
}

static void each_vcpu_is_a_thread(void **state)
{
	struct fixture *f = *state;
	const uint8_t *note;
	uint64_t value;
	unsigned int i;

	write_dump(f);
	assert_int_equal(phdr(f, 0)->p_type, PT_NOTE);
	note = f->file + phdr(f, 0)->p_offset;
	for (i = 0; i < 3; i++, note += 356) {
		assert_int_equal(((const Elf64_Nhdr *)note)->n_type, NT_PRSTATUS);
		assert_string_equal((const char *)note + 12, "CORE");
		assert_int_equal(*(const uint32_t *)(note + 20 + 32), i + 1);
		memcpy(&value, note + 20 + 112 + 16 * 8, 8);
		assert_int_equal(value, 0x1000 + i); /* rip */
		memcpy(&value, note + 20 + 112 + 19 * 8, 8);
		assert_int_equal(value, 0x2000 + i); /* rsp */
		memcpy(&value, note + 20 + 112 + 22 * 8, 8);
		assert_int_equal(value, 0x3000 + i); /* gs base */
	}
}

/* What was never touched costs neither disk nor memory. */
static void zero_is_a_hole(void **state)
{
	struct fixture *f = *state;
	unsigned char resident[RAM_SIZE / 4096];
	struct stat st;
	size_t i, n = 0;

	write_dump(f);
	assert_int_equal(fstat(f->fd, &st), 0);
	assert_true(st.st_blocks * 512 <= 64 << 10);
	assert_true((uint64_t)st.st_size > RAM_SIZE);
	if (f->dump.pagemap_fd < 0)
		skip();
	assert_int_equal(mincore(f->memory, RAM_SIZE, resident), 0);
	for (i = 0; i < RAM_SIZE / 4096; i++)
		n += resident[i] & 1;
	assert_true(n <= 3 || n >= 512); /* or it came in one huge page */
}

static void a_range_is_cut_out(void **state)
{
	struct fixture *f = *state;

	f->dump.begin = 0x3801;
	f->dump.end = HIGH_GPA + 5;
	write_dump(f);
	assert_segments_true(f);
	assert_int_equal(phdr(f, 1)->p_paddr, 0x3801);
	assert_int_equal(phdr(f, 2)->p_filesz, 5);
	assert_int_equal(byte_at(f, 0x3801), 0x33);
}

static void a_range_without_ram_is_refused(void **state)
{
	struct fixture *f = *state;
	struct error err = { "" };

	f->dump.begin = LOW_SIZE;
	f->dump.end = HIGH_GPA;
	assert_refused(dump_write(&f->dump, &err), EINVAL, &err, "no RAM");
}

/* --- elsewhere than in a regular file ------------------------------------------------------------- */

struct pipe_reader {
	int from, to;
};

static void *copy(void *arg)
{
	const struct pipe_reader *r = arg;
	char bytes[65536];
	ssize_t n;

	while ((n = read(r->from, bytes, sizeof(bytes))) > 0)
		if (write(r->to, bytes, (size_t)n) != n)
			break;
	return NULL;
}

static void a_pipe_gets_every_byte(void **state)
{
	struct fixture *f = *state;
	struct pipe_reader reader = { .to = f->fd };
	struct error err = { "" };
	pthread_t thread;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	reader.from = ends[0];
	pthread_create(&thread, NULL, copy, &reader);
	f->dump.fd = ends[1];
	assert_int_equal(dump_write(&f->dump, &err), 0);
	close(ends[1]);
	pthread_join(thread, NULL);
	close(ends[0]);
	map_file(f);
	assert_segments_true(f);
	assert_int_equal(nr_loads(f), 2);
	assert_int_equal(f->size, phdr(f, 2)->p_offset + HIGH_SIZE);
}

static void nobody_waits_for_a_pipe_for_ever(void **state)
{
	struct fixture *f = *state;
	struct error err = { "" };
	int ends[2], hurry[2];

	assert_int_equal(pipe(ends) | pipe(hurry), 0);
	assert_int_equal(write(hurry[1], "x", 1), 1);
	f->dump.fd = ends[1];
	f->dump.give_up_fd[1] = hurry[0];
	assert_refused(dump_write(&f->dump, &err), EINTR, &err, "dump:");
	close(ends[0]);
	close(ends[1]);
	close(hurry[0]);
	close(hurry[1]);
}

static void a_full_disk_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct error err = { "" };

	f->dump.fd = open("/dev/full", O_WRONLY);
	assert_refused(dump_write(&f->dump, &err), ENOSPC, &err, "dump:");
	close(f->dump.fd);
}

/* --- with paging -------------------------------------------------------------------------------------- */

static void set_entry(struct fixture *f, uint64_t table, unsigned int i, uint64_t entry)
{
	memcpy(f->memory + table + i * 8ull, &entry, 8);
}

static void switch_paging_on(struct dump_cpu *cpu, uint64_t root)
{
	cpu->sregs.cr0 = 1ull << 31;
	cpu->sregs.efer = 1ull << 10;
	cpu->sregs.cr3 = root;
}

/* root -> pdpt -> pd with one large page at the kernel's address, and a page at 0x5000. */
static void make_tables(struct fixture *f, uint64_t root, uint64_t small)
{
	set_entry(f, root, 511, (root + 0x1000) | PRESENT);
	set_entry(f, root + 0x1000, 510, (root + 0x2000) | PRESENT);
	set_entry(f, root + 0x2000, 0, 0 | PRESENT | LARGE);
	set_entry(f, root + 0x2000, 1, (2ull << 20) | PRESENT | LARGE);
	set_entry(f, root, 0, (root + 0x3000) | PRESENT);
	set_entry(f, root + 0x3000, 0, (root + 0x4000) | PRESENT);
	set_entry(f, root + 0x4000, 0, (root + 0x5000) | PRESENT);
	set_entry(f, root + 0x5000, 5, small | PRESENT | 1ull << 63);
}

static void virtual_addresses_lead_to_memory(void **state)
{
	struct fixture *f = *state;

	make_tables(f, 0x100000, 0x3000);
	switch_paging_on(&f->cpus[0], 0x100000);
	switch_paging_on(&f->cpus[1], 0x100000);
	f->dump.paging = true;
	write_dump(f);
	assert_segments_true(f);
	assert_int_equal(nr_loads(f), 2); /* the large pages are one piece */
	assert_int_equal(byte_at(f, 0x5000), 0x33);
	assert_int_equal(byte_at(f, KERNEL_VA + 0x3004), 0x33);
	assert_int_equal(byte_at(f, KERNEL_VA + LOW_SIZE - 1), 0x44);
}

static void the_first_vcpu_is_right(void **state)
{
	struct fixture *f = *state;

	make_tables(f, 0x100000, 0x3000);
	make_tables(f, 0x120000, 0x7000);
	set_entry(f, 0x125000, 6, 0x3000 | PRESENT); /* the second alone has this */
	switch_paging_on(&f->cpus[0], 0x100000);
	switch_paging_on(&f->cpus[2], 0x120000);
	f->dump.paging = true;
	write_dump(f);
	assert_segments_true(f);
	assert_int_equal(byte_at(f, 0x5000), 0x33);
	assert_int_equal(byte_at(f, 0x6000), 0x33);
	assert_int_equal(nr_loads(f), 3);
}

static void before_paging_addresses_are_physical(void **state)
{
	struct fixture *f = *state;

	f->dump.paging = true;
	write_dump(f);
	assert_segments_true(f);
	assert_int_equal(byte_at(f, 0x3000), 0x33);
}

/* A table that is its own entry would be walked for ever. */
static void a_loop_of_tables_ends(void **state)
{
	struct fixture *f = *state;
	unsigned int i;

	for (i = 0; i < 512; i++)
		set_entry(f, 0x100000, i, 0x100000 | PRESENT);
	switch_paging_on(&f->cpus[0], 0x100000);
	f->dump.paging = true;
	write_dump(f);
	assert_true(nr_loads(f) <= DUMP_SEGMENTS_MAX);
	assert_segments_true(f);
}

static void random_tables_are_survived(void **state)
{
	struct fixture *f = *state;
	struct dump_segments segments;
	unsigned int round, i;
	size_t s;

	srandom(7);
	f->dump.paging = true;
	for (round = 0; round < 50; round++) {
		for (i = 0; i < 2000; i++)
			set_entry(f, (uint64_t)(random() % 64) << 12,
				  (unsigned int)random() % 512,
				  (uint64_t)(random() % 2200) << 12 |
					  (uint64_t)(random() & 0x81));
		switch_paging_on(&f->cpus[0], (uint64_t)(random() % 64) << 12);
		switch_paging_on(&f->cpus[1], (uint64_t)random() << 12);
		f->cpus[0].sregs.cr4 = random() & 1 ? 1ull << 12 : 0;
		segments = (struct dump_segments){ .nr = 0 };
		assert_int_equal(dump_page_tables(&f->dump, &segments), 0);
		for (s = 0; s < segments.nr; s++) {
			const struct dump_segment *g = &segments.segment[s];

			assert_non_null(ram_at(&f->ram, g->paddr, g->size));
			assert_true(!s || g[-1].vaddr <= g->vaddr);
		}
		free(segments.segment);
	}
}

#define DUMP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DUMP_TEST(all_of_ram_is_there),
		DUMP_TEST(each_vcpu_is_a_thread),
		DUMP_TEST(zero_is_a_hole),
		DUMP_TEST(a_range_is_cut_out),
		DUMP_TEST(a_range_without_ram_is_refused),
		DUMP_TEST(a_pipe_gets_every_byte),
		DUMP_TEST(nobody_waits_for_a_pipe_for_ever),
		DUMP_TEST(a_full_disk_is_an_error),
		DUMP_TEST(virtual_addresses_lead_to_memory),
		DUMP_TEST(the_first_vcpu_is_right),
		DUMP_TEST(before_paging_addresses_are_physical),
		DUMP_TEST(a_loop_of_tables_ends),
		DUMP_TEST(random_tables_are_survived),
	};

	return cmocka_run_group_tests_name("vmm dump", tests, NULL, NULL);
}

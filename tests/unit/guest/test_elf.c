/* SPDX-License-Identifier: MIT */
/* The ELF loader's reading of headers: a good file, each field broken, every truncation, and
 * random damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <linux/errno.h>
#include "guest/process/elf.h"

#define LOW  0x10000UL
#define HIGH 0x7ffffffff000UL

/* The layout of the ELF-64 object file format, written down a second time. */
struct header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
#define SEGMENTS 10
struct file {
	struct header h;
	struct segment s[SEGMENTS];
	uint8_t data[0x3000];
};

static struct file good(void)
{
	struct file f = {
		.h = { .ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 },
		       .type = 2,
		       .machine = 62,
		       .version = 1,
		       .entry = 0x401010,
		       .phoff = sizeof(struct header),
		       .phentsize = sizeof(struct segment),
		       .phnum = 4 },
		.s = { { .type = 1,
			 .flags = 4,
			 .vaddr = 0x400000,
			 .filesz = 0x200,
			 .memsz = 0x200 },
		       { .type = 1,
			 .flags = 5,
			 .offset = 0x1000,
			 .vaddr = 0x401000,
			 .filesz = 0x123,
			 .memsz = 0x123 },
		       { .type = 0x6474e551, .flags = 6 },
		       { .type = 1,
			 .flags = 6,
			 .offset = 0x2008,
			 .vaddr = 0x403008,
			 .filesz = 0x10,
			 .memsz = 0x5000 } },
	};

	return f;
}

static int parse(const struct file *f, struct elf_image *image)
{
	return elf_parse(f, sizeof(*f), LOW, HIGH, image);
}

static void good_file_is_read(void **state)
{
	struct file f = good();
	struct elf_image image;

	(void)state;
	assert_int_equal(parse(&f, &image), 0);
	assert_int_equal(image.entry, 0x401010);
	assert_int_equal(image.segments, 3);
	assert_int_equal(image.end, 0x408008);
	assert_int_equal(image.segment[1].flags, ELF_READ | ELF_EXEC);
	assert_int_equal(image.segment[2].addr, 0x403008);
	assert_int_equal(image.segment[2].offset, 0x2008);
	assert_int_equal(image.segment[2].file_size, 0x10);
	assert_int_equal(image.segment[2].size, 0x5000);
}

/* One field of a good file with another value. */
#define refused_with(field, value)                               \
	do {                                                     \
		struct file _f = good();                         \
		struct elf_image _image;                         \
		_f.field = (value);                              \
		assert_int_equal(parse(&_f, &_image), -ENOEXEC); \
	} while (0)

static void broken_headers_are_refused(void **state)
{
	(void)state;
	refused_with(h.ident[0], 0);
	refused_with(h.ident[4], 1); /* 32 bits */
	refused_with(h.ident[5], 2); /* big-endian */
	refused_with(h.ident[6], 0);
	refused_with(h.type, 1);
	refused_with(h.type, 3); /* position-independent */
	refused_with(h.machine, 3);
	refused_with(h.version, 2);
	refused_with(h.phentsize, 55);
	refused_with(h.phentsize, 57);
	refused_with(h.phnum, 0);
	refused_with(h.phnum, 0xffff);
	refused_with(h.phoff, sizeof(struct file) - 1);
	refused_with(h.phoff, UINT64_MAX);
	refused_with(h.phoff, UINT64_MAX - 4 * sizeof(struct segment) + 1);
}

static void broken_segments_are_refused(void **state)
{
	(void)state;
	refused_with(s[2].type, 3); /* wants an interpreter */
	refused_with(s[1].filesz, 0x124); /* larger than in memory */
	refused_with(s[1].memsz, 0x100);
	refused_with(s[1].memsz, 0);
	refused_with(s[1].offset, sizeof(struct file) - 0x122);
	refused_with(s[1].offset, UINT64_MAX);
	refused_with(s[1].offset, UINT64_MAX - 0x122); /* wraps to a good end */
	refused_with(s[3].filesz, UINT64_MAX);
	refused_with(s[3].memsz, UINT64_MAX);
	refused_with(s[3].memsz, HIGH);
	refused_with(s[3].memsz, UINT64_MAX - 0x403007); /* wraps */
	refused_with(s[3].vaddr, HIGH);
	refused_with(s[3].vaddr, HIGH - 0x4fff);
	refused_with(s[3].vaddr, 0xffffffff80000000);
	refused_with(s[0].vaddr, 0);
	refused_with(s[0].vaddr, LOW - 1);
	refused_with(s[3].vaddr, 0x400000); /* descending */
	refused_with(s[3].vaddr, 0x401800); /* in the page of the one before */
	refused_with(s[0].flags, 0);
	refused_with(s[1].flags, 7); /* writable and executable */
}

static void entry_lies_in_code(void **state)
{
	(void)state;
	refused_with(h.entry, 0);
	refused_with(h.entry, 0x400010); /* constants */
	refused_with(h.entry, 0x403010); /* data */
	refused_with(h.entry, 0x401123); /* one past the code */
	refused_with(h.entry, 0x400fff);
	refused_with(h.entry, UINT64_MAX);
}

static void segments_are_counted(void **state)
{
	struct file f = good();
	struct elf_image image;

	(void)state;
	f.h.phnum = SEGMENTS;
	for (unsigned int i = 4; i < SEGMENTS; i++)
		f.s[i] = (struct segment){ .type = 1,
					   .flags = 4,
					   .vaddr = 0x500000 + i * 0x1000UL,
					   .memsz = 1 };
	assert_int_equal(parse(&f, &image), -E2BIG);
	f.h.phnum = 9;
	assert_int_equal(parse(&f, &image), 0);
	assert_int_equal(image.segments, ELF_SEGMENTS);
}

static void truncated_file_is_never_read_past_its_end(void **state)
{
	struct file f = good();
	struct elf_image image;

	(void)state;
	for (size_t size = 0; size < sizeof(f); size += size < 0x400 ? 1 : 64) {
		/* Its own allocation, for AddressSanitizer. */
		void *copy = malloc(size ? size : 1);

		memcpy(copy, &f, size);
		if (!elf_parse(copy, size, LOW, HIGH, &image))
			assert_true(size >= 0x2018);
		free(copy);
	}
}

/* What is accepted keeps every promise of elf.h. */
static void check_promises(const struct elf_image *image, size_t size)
{
	unsigned long end = 0;
	int started = 0;

	assert_in_range(image->segments, 1, ELF_SEGMENTS);
	for (unsigned int i = 0; i < image->segments; i++) {
		const struct elf_segment *s = &image->segment[i];

		assert_true(s->addr >= ((end + 4095) & ~4095UL));
		assert_true(s->addr >= LOW && s->size && s->addr + s->size <= HIGH);
		assert_true(s->file_size <= s->size && s->offset <= size &&
			    s->file_size <= size - s->offset);
		started |= image->entry >= s->addr &&
			   image->entry < s->addr + s->file_size;
		end = s->addr + s->size;
	}
	assert_true(started);
	assert_int_equal(image->end, end);
}

static void random_damage_is_harmless(void **state)
{
	struct elf_image image;
	unsigned int accepted = 0;

	(void)state;
	srand(3);
	for (int round = 0; round < 200000; round++) {
		struct file f = good();
		size_t at = (size_t)rand() % (sizeof(f.h) + 4 * sizeof(struct segment));

		((uint8_t *)&f)[at] ^= (uint8_t)(1U << (rand() & 7));
		if (rand() & 1)
			((uint8_t *)&f)[(at + 7) % sizeof(f)] = (uint8_t)rand();
		if (parse(&f, &image))
			continue;
		accepted++;
		check_promises(&image, sizeof(f));
	}
	assert_true(accepted > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_file_is_read),
		cmocka_unit_test(broken_headers_are_refused),
		cmocka_unit_test(broken_segments_are_refused),
		cmocka_unit_test(entry_lies_in_code),
		cmocka_unit_test(segments_are_counted),
		cmocka_unit_test(truncated_file_is_never_read_past_its_end),
		cmocka_unit_test(random_damage_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

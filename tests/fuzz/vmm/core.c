/* SPDX-License-Identifier: MIT */
/*
 * An ELF core for `pagevisor inspect`: the input is the file's beginning, behind which RAM
 * stands.  It is refused with a line, or what is read of its RAM is what the file has there.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/lib/fuzz.h"
#include "vmm/dump/dump_notes.h"
#include "vmm/inspect/view.h"

#define PAGE	  4096u
#define RAM_PAGES 4u
#define FILE_SIZE (PAGE + RAM_PAGES * PAGE)

static uint8_t file[FILE_SIZE];
static struct view view; /* must not move */

static int open_file(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("core", MFD_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && pwrite(fd, file, FILE_SIZE, 0) == FILE_SIZE);
	return fd;
}

static void check_region(const struct facts_region *r)
{
	uint8_t page[PAGE];
	uint64_t at;

	FUZZ_CHECK(r->at <= FILE_SIZE && r->size <= FILE_SIZE - r->at);
	for (at = 0; at < r->size; at += PAGE) {
		FUZZ_CHECK(!view_read(&view, r->gpa + at, page, PAGE));
		FUZZ_CHECK(!memcmp(page, file + r->at + at, PAGE));
	}
}

static void look(void)
{
	struct error err = { "" };
	struct dump_cpu *cpus = view_registers(&view, &err);
	unsigned int i;

	FUZZ_CHECK(cpus || err.text[0]);
	free(cpus);
	for (i = 0; i < view.facts.nr_regions; i++)
		check_region(&view.facts.region[i]);
	FUZZ_CHECK(view.published || view.why.text[0]);
	FUZZ_CHECK(!view_refresh(&view, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { "" };
	char path[64];
	unsigned int i;

	memset(file, 0, PAGE);
	memcpy(file, data, size < PAGE ? size : PAGE);
	for (i = 0; i < RAM_PAGES; i++)
		memset(file + (1 + i) * PAGE, 0x11 + (int)i, PAGE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", open_file());
	if (view_open(&view, path, NULL, &err)) {
		FUZZ_CHECK(err.text[0]);
		return 0;
	}
	look();
	view_close(&view);
	return 0;
}

static void put_note(struct fuzz_out *out, const char *owner, uint32_t type,
		     const void *text, uint32_t size)
{
	const Elf64_Nhdr head = { (Elf64_Word)strlen(owner) + 1, size, type };
	static const uint8_t zeroes[NOTE_ALIGN];

	fuzz_put_bytes(out, &head, sizeof(head));
	fuzz_put_bytes(out, owner, head.n_namesz);
	fuzz_put_bytes(out, zeroes, -head.n_namesz % NOTE_ALIGN);
	fuzz_put_bytes(out, text, size);
	fuzz_put_bytes(out, zeroes, -size % NOTE_ALIGN);
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	static const char facts[] =
		"{\"version\":1,\"cpus\":1,\"memstate\":4096,\"ram\":"
		"[{\"gpa\":0,\"size\":16384,\"at\":4096}],\"cmdline\":\"x\"}";
	struct fuzz_out out = { buf, size };
	const struct prstatus status = { .pid = 1, .rip = 0x1000 };
	Elf64_Ehdr header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					   ELFDATA2LSB, EV_CURRENT },
			      .e_type = ET_CORE,
			      .e_machine = EM_X86_64,
			      .e_phoff = sizeof(header),
			      .e_phentsize = sizeof(Elf64_Phdr),
			      .e_phnum = 2 };
	Elf64_Phdr notes = { .p_type = PT_NOTE,
			     .p_offset = sizeof(header) + 2 * sizeof(notes) };
	const Elf64_Phdr ram = { .p_type = PT_LOAD,
				 .p_offset = PAGE,
				 .p_paddr = n == 1 ? 0x100 : 0,
				 .p_filesz = RAM_PAGES * PAGE };

	if (n > 2)
		return 0;
	notes.p_filesz = 12 + 8 + sizeof(status) + (n ? 0 : 12 + 12 + sizeof(facts) - 1);
	notes.p_filesz = (notes.p_filesz + 3) & ~3ull;
	fuzz_put_bytes(&out, &header, sizeof(header));
	fuzz_put_bytes(&out, &notes, sizeof(notes));
	fuzz_put_bytes(&out, &ram, sizeof(ram));
	put_note(&out, "CORE", NT_PRSTATUS, &status, sizeof(status));
	if (!n)
		put_note(&out, FACTS_NOTE_OWNER, FACTS_NOTE_TYPE, facts,
			 sizeof(facts) - 1);
	return size - out.left;
}

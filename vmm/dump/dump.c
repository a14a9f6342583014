/* SPDX-License-Identifier: MIT */
/* The ELF side: headers, notes, and where in the file RAM stands. */
#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/dump/dump.h"
#include "vmm/dump/dump_notes.h"
#include "vmm/util/log.h"

#define PAGE 4096ull
/* The file: header, program headers, notes, then from a page on the regions of RAM. */
struct layout {
	struct dump_segments segments;
	struct ram ram; /* what is wanted of each region */
	uint64_t offset[RAM_MAX_REGIONS]; /* of each in the file */
	uint64_t notes, notes_size; /* their offset */
	char *facts; /* what of the machine stands in a note; NULL: nothing */
	uint64_t facts_size;
	uint64_t size; /* of the file */
};

/* --- layout ------------------------------------------------------------------------------- */

/* The regions of RAM, cut to what is wanted; -EINVAL where nothing is left. */
static int cut_ram(const struct dump *dump, struct ram *ram)
{
	unsigned int i;

	for (i = 0; i < dump->ram->nr; i++) {
		const struct ram_region *r = &dump->ram->region[i];
		uint64_t begin = dump->begin > r->gpa ? dump->begin : r->gpa;
		uint64_t end = r->gpa + r->size;

		if (dump->end < end)
			end = dump->end;
		if (begin < end)
			ram_add(ram, begin, end - begin, r->host + (begin - r->gpa));
	}
	return ram->nr ? 0 : -EINVAL;
}

static int physical_segments(struct layout *l)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < l->ram.nr && !ret; i++)
		ret = dump_add_segment(&l->segments, l->ram.region[i].gpa,
				       l->ram.region[i].gpa, l->ram.region[i].size);
	return ret;
}

/* What is known of the machine, with the places of this file; NULL where it does not fit. */
static char *make_facts(const struct dump *dump, const struct layout *l)
{
	struct guest_facts facts;
	json_t *json;
	char *text;
	unsigned int i;

	if (!dump->facts)
		return NULL;
	facts = *dump->facts;
	facts.nr_regions = l->ram.nr;
	for (i = 0; i < l->ram.nr; i++)
		facts.region[i] = (struct facts_region){ l->ram.region[i].gpa,
							 l->ram.region[i].size,
							 l->offset[i] };
	json = facts_pack(&facts);
	text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	return text;
}

/* Where RAM stands depends on the length of what tells it: that gets room for the longest. */
static void make_room_for_facts(const struct dump *dump, struct layout *l)
{
	unsigned int i;

	for (i = 0; i < l->ram.nr; i++)
		l->offset[i] = INT64_MAX;
	l->facts = make_facts(dump, l);
	l->facts_size = l->facts ? strlen(l->facts) : 0;
}

static void place_facts(const struct dump *dump, struct layout *l)
{
	char *text = make_facts(dump, l);

	if (!text)
		return;
	memset(l->facts, ' ', l->facts_size);
	memcpy(l->facts, text, strlen(text));
	free(text);
}

static int lay_out(const struct dump *dump, struct layout *l)
{
	int ret = cut_ram(dump, &l->ram);
	unsigned int i;

	if (!ret)
		ret = dump->paging ? dump_page_tables(dump, &l->segments) : -ENOENT;
	if (ret == -ENOENT)
		ret = physical_segments(l);
	if (ret)
		return ret;
	l->notes = sizeof(Elf64_Ehdr) + (l->segments.nr + 1) * sizeof(Elf64_Phdr);
	make_room_for_facts(dump, l);
	l->notes_size = dump_notes_size(dump, l->facts_size);
	l->size = l->notes + l->notes_size;
	l->size = (l->size + PAGE - 1) & ~(PAGE - 1);
	for (i = 0; i < l->ram.nr; i++) {
		l->offset[i] = l->size;
		l->size += l->ram.region[i].size;
	}
	place_facts(dump, l);
	return 0;
}

/* Where in the file the byte at gpa, which is RAM, stands. */
static uint64_t offset_of(const struct layout *l, uint64_t gpa)
{
	unsigned int i;

	for (i = 0; i < l->ram.nr; i++)
		if (gpa - l->ram.region[i].gpa < l->ram.region[i].size)
			return l->offset[i] + (gpa - l->ram.region[i].gpa);
	return l->size; /* not reached: segments lie in RAM */
}

/* --- writing -------------------------------------------------------------------------------- */

static void fill_header(Elf64_Ehdr *header, const struct layout *l)
{
	*header = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT, ELFOSABI_NONE },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(*header),
		.e_ehsize = sizeof(*header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)(l->segments.nr + 1),
	};
}

/* All before RAM, in one piece. */
static void fill_front(const struct dump *dump, const struct layout *l, uint8_t *front)
{
	Elf64_Phdr *phdr = (Elf64_Phdr *)(front + sizeof(Elf64_Ehdr));
	size_t s;

	fill_header((Elf64_Ehdr *)front, l);
	*phdr++ = (Elf64_Phdr){ .p_type = PT_NOTE,
				.p_offset = l->notes,
				.p_filesz = l->notes_size,
				.p_memsz = l->notes_size,
				.p_align = NOTE_ALIGN };
	for (s = 0; s < l->segments.nr; s++) {
		const struct dump_segment *segment = &l->segments.segment[s];

		*phdr++ = (Elf64_Phdr){ .p_type = PT_LOAD,
					.p_flags = PF_R | PF_W | PF_X,
					.p_offset = offset_of(l, segment->paddr),
					.p_vaddr = segment->vaddr,
					.p_paddr = segment->paddr,
					.p_filesz = segment->size,
					.p_memsz = segment->size,
					.p_align = 1 };
	}
	dump_notes_fill(dump, l->facts, l->facts_size, front + l->notes);
}

static int write_all(const struct dump *dump, const struct layout *l, uint8_t *front)
{
	struct dump_file file;
	unsigned int i;
	int ret, closed;

	dump_file_open(&file, dump);
	ret = dump_file_write(&file, front, l->offset[0], 0);
	for (i = 0; i < l->ram.nr && !ret; i++)
		ret = dump_file_memory(&file, l->ram.region[i].host,
				       l->ram.region[i].size, l->offset[i]);
	closed = dump_file_close(&file, l->size);
	return ret ? ret : closed;
}

int dump_write(const struct dump *dump, struct error *err)
{
	struct layout l = { .size = 0 };
	uint8_t *front = NULL;
	int ret = lay_out(dump, &l);

	if (!ret) {
		front = calloc(1, l.offset[0]);
		ret = front ? 0 : -ENOMEM;
	}
	if (!ret) {
		if (l.segments.incomplete)
			log_line(
				"dump: the page tables map more pieces than fit; the rest "
				"can be found by its physical address only");
		fill_front(dump, &l, front);
		ret = write_all(dump, &l, front);
	}
	free(front);
	free(l.facts);
	free(l.segments.segment);
	if (ret == -EINVAL)
		return error_set(err, EINVAL, "dump: there is no RAM in that range");
	return ret ? error_set(err, -ret, "dump: %s", strerror(-ret)) : 0;
}

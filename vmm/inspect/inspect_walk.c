/* SPDX-License-Identifier: MIT */
/* One address: how it is reached. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "vmm/inspect/inspect.h"
#include "vmm/kvm/page_table.h"
#include "vmm/kvm/paging.h"

int inspect_address(const char *text, uint64_t *addr, struct error *err)
{
	char *end;

	errno = 0;
	*addr = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-')
		return error_set(err, EINVAL, "%s: not an address; give e.g. 0x1234000",
				 text);
	return 0;
}

bool inspect_is_kernel(uint64_t addr)
{
	return addr >> 47 == 0x1ffff;
}

/* --- walk ------------------------------------------------------------------------------- */

#define LEVELS_MAX 5

struct step {
	unsigned int level; /* 1: page table */
	uint64_t at; /* guest-physical, of the entry */
	unsigned int index;
	uint64_t entry;
	bool read; /* the entry is in RAM */
};

struct walk {
	uint64_t va, root;
	unsigned int nr;
	struct step step[LEVELS_MAX];
	bool mapped;
	uint64_t gpa, size; /* of the page */
};

static void walk_from(struct view *view, unsigned int levels, struct walk *w)
{
	uint64_t table = w->root & ENTRY_ADDRESS;
	unsigned int level;

	for (level = levels; level; level--) {
		struct step *s = &w->step[w->nr++];
		unsigned int shift = 12 + 9 * (level - 1);

		s->level = level;
		s->index = w->va >> shift & 511;
		s->at = table + s->index * sizeof(s->entry);
		s->read = !view_read(view, s->at, &s->entry, sizeof(s->entry));
		if (!s->read || !(s->entry & ENTRY_PRESENT))
			return;
		table = s->entry & ENTRY_ADDRESS;
		if (level == 1 || (level <= 3 && s->entry & ENTRY_LARGE)) {
			w->mapped = true;
			w->size = 1ull << shift;
			w->gpa = (table & ~(w->size - 1)) | (w->va & (w->size - 1));
			return;
		}
	}
}

/* A process's half is mapped by the tables of the vCPU that runs it, the kernel's by all. */
static int choose_root(struct inspect *in, struct walk *w, unsigned int *levels,
		       struct error *err)
{
	uint64_t kernel = in->view.published ? in->view.state.map.page_table : 0;
	const struct dump_cpu *cpus = NULL, *cpu;
	unsigned int i;

	*levels = 4;
	w->root = kernel;
	if (kernel && inspect_is_kernel(w->va))
		return 0;
	cpus = inspect_cpus(in);
	if (!cpus)
		return error_set(
			err, ENODATA,
			"no address of the kernel, and whose it is, is not known: %s",
			in->err.text);
	for (i = 0; i < in->view.facts.cpus; i++) {
		cpu = &cpus[i];
		if (!(cpu->sregs.cr0 & CR0_PG))
			continue;
		w->root = cpu->sregs.cr3;
		*levels = paging_levels(&cpu->sregs);
		if ((w->root & ENTRY_ADDRESS) != kernel)
			break;
	}
	if (w->root)
		return 0;
	return error_set(err, ENODATA, "%s: no page tables are known (paging is off)",
			 in->view.name);
}

static const char *level_name(unsigned int level)
{
	static const char *const names[] = { "", "PTE", "PMD", "PUD", "P4D", "PGD" };

	return names[level];
}

/* Linux's names: with four levels the highest is the PGD. */
static const char *step_name(const struct walk *w, const struct step *s)
{
	return s == &w->step[0] ? "PGD" : level_name(s->level);
}

static void print_step(const struct walk *w, const struct step *s)
{
	uint64_t e = s->entry;

	printf("%s[%3u] at %#014" PRIx64 ": ", step_name(w, s), s->index, s->at);
	if (!s->read)
		printf("outside RAM\n");
	else if (!(e & ENTRY_PRESENT))
		printf("%016" PRIx64 " not present\n", e);
	else
		printf("%016" PRIx64 " -> %#" PRIx64 " %s%s%s%s%s%s%s\n", e,
		       e & ENTRY_ADDRESS, e & 2 ? "rw" : "ro", e & 4 ? " user" : "",
		       e & 0x20 ? " accessed" : "", w->mapped && e & 0x40 ? " dirty" : "",
		       s->level > 1 && e & ENTRY_LARGE ? " large" : "",
		       e & 0x100 ? " global" : "", e & ENTRY_NX ? " nx" : "");
}

static void print_walk(const struct inspect *in, const struct walk *w)
{
	uint64_t host = view_host_address(&in->view, w->gpa);
	unsigned int i;

	printf("virtual %#018" PRIx64 ", root %#" PRIx64 "\n", w->va,
	       w->root & ENTRY_ADDRESS);
	for (i = 0; i < w->nr; i++)
		print_step(w, &w->step[i]);
	if (!w->mapped) {
		printf("not mapped\n");
		return;
	}
	printf("guest-physical %#" PRIx64 ", in a page of %" PRIu64 " KiB\n", w->gpa,
	       w->size >> 10);
	if (host)
		printf("host-virtual %#" PRIx64 " in process %d\n", host,
		       (int)in->view.facts.pid);
	else if (!ram_at(&in->view.ram, w->gpa, 1))
		printf("no RAM\n");
}

static json_t *walk_json(const struct inspect *in, const struct walk *w)
{
	json_t *steps = json_array();
	unsigned int i;

	for (i = 0; i < w->nr; i++)
		json_array_append_new(steps,
				      json_pack("{s:s, s:i, s:I, s:I, s:b}", "level",
						step_name(w, &w->step[i]), "index",
						(int)w->step[i].index, "at",
						(json_int_t)w->step[i].at, "entry",
						(json_int_t)w->step[i].entry, "present",
						(int)(w->step[i].entry & ENTRY_PRESENT)));
	return json_pack("{s:I, s:I, s:o, s:b, s:I, s:I, s:I}", "virtual",
			 (json_int_t)w->va, "root", (json_int_t)(w->root & ENTRY_ADDRESS),
			 "steps", steps, "mapped", w->mapped, "physical",
			 (json_int_t)w->gpa, "page_bytes", (json_int_t)w->size, "host",
			 (json_int_t)view_host_address(&in->view, w->gpa));
}

static int walk(struct inspect *in, struct error *err)
{
	struct walk w = { 0 };
	unsigned int levels;
	int ret = inspect_address(in->arg, &w.va, err);

	if (!ret)
		ret = choose_root(in, &w, &levels, err);
	if (ret)
		return ret;
	walk_from(&in->view, levels, &w);
	if (in->wants_json)
		in->json = walk_json(in, &w);
	else
		print_walk(in, &w);
	return 0;
}

const struct question inspect_walk_questions[] = {
	{ "walk", "ADDRESS", true, "from virtual to physical, level by level", walk },
	{ NULL, NULL, false, NULL, NULL },
};

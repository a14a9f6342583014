/* SPDX-License-Identifier: MIT */
/* One address: how it is reached. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
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
	const struct thread_state
		*process; /* whose tables; NULL: the kernel's, a vCPU's */
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

/* Where no processes are known, their half is mapped by the tables of a vCPU that runs one;
 * the kernel's is by all. */
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
	const struct thread_state *p = w->process;
	unsigned int i;

	if (p)
		printf("%s, pid %d, %s:\n", p->name, p->pid,
		       p->on_cpu < 0 ? p->state : "runs");
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
	return json_pack("{s:o*, s:I, s:I, s:o, s:b, s:I, s:I, s:I}", "pid",
			 w->process ? json_integer(w->process->pid) : NULL, "virtual",
			 (json_int_t)w->va, "root", (json_int_t)(w->root & ENTRY_ADDRESS),
			 "steps", steps, "mapped", w->mapped, "physical",
			 (json_int_t)w->gpa, "page_bytes", (json_int_t)w->size, "host",
			 (json_int_t)view_host_address(&in->view, w->gpa));
}

static void show(struct inspect *in, struct walk *w, unsigned int levels)
{
	walk_from(&in->view, levels, w);
	if (in->json)
		json_array_append_new(in->json, walk_json(in, w));
	else
		print_walk(in, w);
}

static int walk_known(struct inspect *in, uint64_t va, struct error *err)
{
	struct walk w = { .va = va };
	unsigned int levels;
	int ret = choose_root(in, &w, &levels, err);

	if (ret)
		return ret;
	inspect_begin_list(in, "");
	show(in, &w, levels);
	return 0;
}

/* --- processes, whether they run or not --- */

#define PID_ANY	       (-1)
#define PROCESS_LEVELS 4

/* Threads that have an address space, and where its tables are. */
struct spaces {
	struct thread_states list;
	uint64_t *root;
};

/* Of the threads in the list, those that were asked for.  Others are told of even where the
 * tables of one are nowhere (-EBADMSG). */
static int find_tables(struct inspect *in, int pid, struct spaces *s)
{
	size_t i, n = 0;
	int ret = 0, one;

	for (i = 0; i < s->list.nr; i++) {
		const struct thread_state *t = &s->list.thread[i];

		if (!t->space || (pid != PID_ANY && t->pid != pid))
			continue;
		one = memstate_read_page_table(&in->view.state, &in->kernel, t,
					       &s->root[n]);
		if (one)
			ret = one;
		else
			s->list.thread[n++] = *t;
	}
	s->list.nr = n;
	return ret;
}

static int read_spaces(struct inspect *in, int pid, struct spaces *s)
{
	int ret = memstate_read_threads(&in->view.state, &in->kernel, NULL, 0, &s->list);
	int found;

	if (ret && !(ret == -EBADMSG && in->last))
		return ret;
	s->root = calloc(s->list.nr + 1, sizeof(*s->root));
	if (!s->root)
		return -ENOMEM;
	found = find_tables(in, pid, s);
	return found ? found : ret;
}

static void show_spaces(struct inspect *in, const struct spaces *s, uint64_t va)
{
	size_t i;

	inspect_begin_list(in, "");
	for (i = 0; i < s->list.nr; i++) {
		struct walk w = { .process = &s->list.thread[i],
				  .va = va,
				  .root = s->root[i] };

		show(in, &w, PROCESS_LEVELS);
	}
}

/* In the tables of each of these processes.  -ENODATA: there is none. */
static int walk_processes(struct inspect *in, uint64_t va, int pid)
{
	struct spaces s = { 0 };
	int ret = read_spaces(in, pid, &s);

	if (!ret && !s.list.nr)
		ret = -ENODATA;
	if (!ret || (ret == -EBADMSG && in->last))
		show_spaces(in, &s, va);
	free(s.list.thread);
	free(s.root);
	return ret;
}

static int walk_of_pid(struct inspect *in, uint64_t va, struct error *err)
{
	char *end;
	long pid = strtol(in->more, &end, 10);
	int ret;

	if (end == in->more || *end || pid < 0 || pid > INT_MAX)
		return error_set(err, EINVAL,
				 "%s: not a pid; inspect %s threads has them", in->more,
				 in->view.name);
	if (!in->has_kernel)
		return error_set(err, ENODATA,
				 "%s: this guest does not say which processes it has",
				 in->view.name);
	ret = walk_processes(in, va, (int)pid);
	if (ret == -ENODATA)
		error_set(err, ENODATA,
			  "%s: no process with an address space; inspect %s threads has "
			  "those there are",
			  in->more, in->view.name);
	return ret;
}

static int walk(struct inspect *in, struct error *err)
{
	uint64_t va;
	int ret = inspect_address(in->arg, &va, err);

	if (ret)
		return ret;
	if (in->more)
		return walk_of_pid(in, va, err);
	if (in->has_kernel && !inspect_is_kernel(va)) {
		ret = walk_processes(in, va, PID_ANY);
		if (ret != -ENODATA)
			return ret;
	}
	return walk_known(in, va, err);
}

const struct question inspect_walk_questions[] = {
	{ "walk", "ADDRESS [PID]", true, "from virtual to physical, level by level",
	  walk },
	{ NULL, NULL, false, NULL, NULL },
};

/* SPDX-License-Identifier: MIT */
/*
 * Threads and where they are.  A thread that does not run left its registers on its stack; of
 * one that does, the vCPU has them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/memstate/memstate_kernel.h"
#include "vmm/util/array.h"

struct reading {
	struct memstate_view *view;
	const struct memstate_threads *d;
	const struct dump_cpu *cpus;
	unsigned int nr_cpus; /* of the vCPUs whose registers are known */
	unsigned int cpus_possible; /* as the guest says */
	uint64_t current[MEMSTATE_CPUS_MAX]; /* the va of the thread that runs there */
	struct thread_states *threads;
};

/* --- chains --------------------------------------------------------------------------------- */

static bool is_text(const struct memstate_view *view, uint64_t pc)
{
	return pc >= view->map.text_start && pc < view->map.text_end;
}

unsigned int memstate_chain(struct memstate_view *view, uint64_t pc, uint64_t fp,
			    uint64_t *chain, unsigned int max, bool *broken)
{
	unsigned int n = 0, descents = 0;
	uint64_t frame[2];

	*broken = false;
	if (n < max)
		chain[n++] = pc;
	while (n < max && fp) {
		if (fp % sizeof(fp) ||
		    memstate_read(view, fp, frame, sizeof(frame), "a stack")) {
			*broken = true;
			break;
		}
		/* An entry path left zeros. */
		if (!frame[1])
			break;
		if (!is_text(view, frame[1])) {
			/* A process's own address: the chain came to a system call. */
			*broken = (int64_t)frame[1] < 0;
			break;
		}
		chain[n++] = frame[1];
		/* Only from the stack of an NMI or a double fault may it go down; a circle must
		 * end. */
		if (frame[0] <= fp && descents++)
			break;
		fp = frame[0];
	}
	return n;
}

/* --- one thread ----------------------------------------------------------------------------- */

static int find_cpu(const struct reading *r, uint64_t va)
{
	unsigned int i;

	for (i = 0; i < r->cpus_possible; i++)
		if (r->current[i] == va)
			return (int)i;
	return -1;
}

static void chain_of_running(const struct reading *r, struct thread_state *t)
{
	const struct dump_cpu *cpu;

	if ((unsigned int)t->on_cpu >= r->nr_cpus)
		return;
	cpu = &r->cpus[t->on_cpu];
	t->rsp = cpu->regs.rsp;
	t->user = cpu->sregs.cs.selector & 3;
	if (!t->user)
		t->depth = memstate_chain(r->view, cpu->regs.rip, cpu->regs.rbp, t->pc,
					  KERNEL_CHAIN_MAX, &t->broken);
}

static void chain_of_waiting(const struct reading *r, struct thread_state *t)
{
	uint64_t rip = 0, rbp = 0;

	if (memstate_field(r->view, t->rsp, &r->d->frame_rip, 0, &rip, "a stack") ||
	    memstate_field(r->view, t->rsp, &r->d->frame_rbp, 0, &rbp, "a stack")) {
		t->broken = true;
		return;
	}
	t->depth = memstate_chain(r->view, rip, rbp, t->pc, KERNEL_CHAIN_MAX, &t->broken);
}

static int read_name(const struct reading *r, struct thread_state *t)
{
	uint64_t size = r->d->name_size;

	if (size > sizeof(t->name))
		size = sizeof(t->name);
	return size ? memstate_read_string(r->view, t->va + r->d->name_offset, t->name,
					   size, "a thread's name")
		    : 0;
}

static int read_thread(const struct reading *r, uint64_t va, struct thread_state *t)
{
	const struct memstate_threads *d = r->d;
	uint64_t pid = 0, state = 0, cpu = 0, process = 0;
	const struct memstate_want want[] = {
		{ &d->pid, &pid },	  { &d->state, &state },
		{ &d->cpu, &cpu },	  { &d->rsp, &t->rsp },
		{ &d->stack, &t->stack }, { &d->process, &process },
		{ &d->space, &t->space },
	};
	int ret;

	t->va = va;
	ret = memstate_fields(r->view, va, want, sizeof(want) / sizeof(want[0]),
			      "a thread");
	if (!ret)
		ret = read_name(r, t);
	if (!ret && t->idle)
		ret = memstate_field(r->view, va, &d->idle_stack, 0, &t->stack,
				     "a thread");
	if (ret)
		return ret;
	t->pid = (int)pid;
	t->cpu = (unsigned int)cpu;
	t->process = process;
	t->stack_size = d->stack_size;
	if (state < MEMSTATE_THREAD_STATES)
		memcpy(t->state, d->state_name[state], sizeof(d->state_name[state]));
	else
		snprintf(t->state, sizeof(t->state), "state %u", (uint8_t)state);
	t->on_cpu = find_cpu(r, va);
	if (t->on_cpu >= 0)
		chain_of_running(r, t);
	else
		chain_of_waiting(r, t);
	return 0;
}

static int append(struct thread_states *threads, const struct thread_state *t)
{
	struct thread_state *more =
		array_append(threads->thread, &threads->nr, t, sizeof(*t));

	if (!more)
		return -ENOMEM;
	threads->thread = more;
	return 0;
}

/* --- all of them ---------------------------------------------------------------------------- */

/* The first that was read a second time; nr: none was. */
static size_t first_again(const struct thread_state *list, size_t nr)
{
	size_t i, j;

	for (i = 1; i < nr; i++)
		for (j = 0; j < i; j++)
			if (list[j].va == list[i].va)
				return i;
	return nr;
}

/* A list that came back to one of its own, perhaps a while ago. */
static int bad_circle(struct reading *r)
{
	struct thread_states *t = r->threads;

	t->nr = first_again(t->thread, t->nr);
	return memstate_bad(r->view, "the list of threads turns back behind %s",
			    t->thread[t->nr - 1].name);
}

/* Each time the marked thread is so many behind, the mark comes after (R. Brent). */
struct mark {
	uint64_t node;
	unsigned int behind, room;
};

static bool is_back(struct mark *mark, uint64_t node)
{
	if (node == mark->node)
		return true;
	if (++mark->behind == mark->room)
		*mark = (struct mark){ node, 0, mark->room * 2 };
	return false;
}

static int walk_list(struct reading *r)
{
	const struct memstate_threads *d = r->d;
	struct mark mark = { .room = 1 };
	uint64_t node;
	int ret =
		memstate_read_pointer(r->view, d->list_va, &node, "the list of threads");

	/* NULL: not set up yet. */
	while (!ret && node && node != d->list_va) {
		struct thread_state t = { 0 };

		if (is_back(&mark, node))
			return bad_circle(r);
		if (r->threads->nr == KERNEL_THREADS_MAX)
			return memstate_bad(r->view,
					    "the list of threads does not end after %u",
					    KERNEL_THREADS_MAX);
		ret = read_thread(r, node - d->node.offset, &t);
		if (!ret)
			ret = append(r->threads, &t);
		if (!ret)
			ret = memstate_field(r->view, t.va, &d->node, 0, &node,
					     "the list of threads");
		if (!ret && !node)
			return memstate_bad(r->view,
					    "the list of threads breaks off behind %s",
					    t.name);
	}
	return ret;
}

/* A CPU that was never started has no thread, nor an area of its own. */
static int read_cpu(struct reading *r, unsigned int cpu, uint64_t *offset)
{
	int ret = memstate_read_pointer(
		r->view, r->d->offsets_va + cpu * sizeof(uint64_t), offset, "the CPUs");

	r->current[cpu] = 0;
	if (!ret && (!cpu || *offset))
		ret = memstate_read_pointer(r->view, r->d->current_va + *offset,
					    &r->current[cpu], "the CPUs");
	return ret;
}

static int read_idle(struct reading *r)
{
	struct thread_state t;
	uint64_t offset[MEMSTATE_CPUS_MAX];
	unsigned int cpu;
	int ret = 0;

	for (cpu = 0; cpu < r->cpus_possible && !ret; cpu++)
		ret = read_cpu(r, cpu, &offset[cpu]);
	for (cpu = 0; cpu < r->cpus_possible && !ret; cpu++) {
		if (!r->current[cpu])
			continue;
		t = (struct thread_state){ .idle = true };
		ret = read_thread(r, r->d->idle_va + offset[cpu], &t);
		if (!ret)
			ret = append(r->threads, &t);
	}
	return ret;
}

int memstate_read_threads(struct memstate_view *view,
			  const struct memstate_kernel *kernel,
			  const struct dump_cpu *cpus, unsigned int nr,
			  struct thread_states *threads)
{
	struct thread_states new = { 0 };
	struct reading r = { .view = view,
			     .d = &kernel->threads,
			     .cpus = cpus,
			     .nr_cpus = cpus ? nr : 0,
			     .threads = &new };
	int ret;

	memstate_refresh(view);
	ret = memstate_cpus(view, &r.cpus_possible);
	if (!ret)
		ret = read_idle(&r);
	if (!ret)
		ret = walk_list(&r);
	if (ret && ret != -EBADMSG) {
		free(new.thread);
		return ret;
	}
	free(threads->thread);
	*threads = new;
	return ret;
}

int memstate_read_page_table(struct memstate_view *view,
			     const struct memstate_kernel *kernel,
			     const struct thread_state *thread, uint64_t *gpa)
{
	uint64_t va = 0;
	int ret;

	memstate_refresh(view);
	if (!thread->space)
		return -ENODATA;
	ret = memstate_field(view, thread->space, &kernel->threads.page_table, 0, &va,
			     "an address space");
	if (ret)
		return ret;
	if (va % view->mm.page_size || memstate_translate(view, va, gpa) ||
	    !ram_at(view->ram, *gpa, view->mm.page_size))
		return memstate_bad(view,
				    "%s, pid %d: its page tables are said to be at %#llx",
				    thread->name, thread->pid, (unsigned long long)va);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Threads, log, registers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/inspect/inspect.h"
#include "vmm/inspect/registers.h"
#include "vmm/util/log.h"

typedef unsigned long long ull;

static int no_kernel(const struct inspect *in, struct error *err)
{
	return error_set(err, ENODATA, "%s: this guest publishes memory only",
			 in->view.name);
}

/* --- threads ------------------------------------------------------------------------------ */

static void print_place(const struct thread_state *t)
{
	if (t->on_cpu >= 0)
		printf("runs on CPU %d", t->on_cpu);
	else
		printf("%s, CPU %u", t->state, t->cpu);
}

static void print_thread(const struct inspect *in, const struct thread_state *t)
{
	printf("%s%s pid %d, ", t->name, t->process ? " (process)" : "", t->pid);
	print_place(t);
	if (t->user)
		printf(", in user mode");
	else if (t->on_cpu >= 0 && !t->depth)
		printf(", where is not known");
	putchar('\n');
	inspect_print_chain(in, t->pc, t->depth, t->on_cpu < 0, "  ");
	if (t->broken)
		printf("  (its stack makes no sense behind that)\n");
}

static json_t *thread_json(const struct inspect *in, const struct thread_state *t)
{
	return json_pack("{s:s, s:i, s:s, s:i, s:b, s:b, s:b, s:b, s:I, s:I, s:o}",
			 "name", t->name, "pid", t->pid, "state", t->state, "cpu",
			 (int)t->cpu, "running", t->on_cpu >= 0, "idle", t->idle,
			 "process", t->process, "broken", t->broken, "va",
			 (json_int_t)t->va, "rsp", (json_int_t)t->rsp, "chain",
			 inspect_chain(in, t->pc, t->depth, t->on_cpu < 0));
}

static void show_threads(struct inspect *in, const struct thread_states *list)
{
	size_t i;

	inspect_begin_list(in, "");
	for (i = 0; i < list->nr; i++)
		if (in->json)
			json_array_append_new(in->json,
					      thread_json(in, &list->thread[i]));
		else
			print_thread(in, &list->thread[i]);
}

static int threads(struct inspect *in, struct error *err)
{
	struct thread_states list = { 0 };
	const struct dump_cpu *cpus;
	int ret;

	if (!in->has_kernel)
		return no_kernel(in, err);
	cpus = inspect_cpus(in);
	ret = memstate_read_threads(&in->view.state, &in->kernel, cpus,
				    in->view.facts.cpus, &list);
	/* Those in front of what makes no sense are better than none. */
	if (!ret || (ret == -EBADMSG && in->last && !in->wants_json))
		show_threads(in, &list);
	if (!ret && !cpus)
		log_line("%s", in->err.text);
	free(list.thread);
	return ret;
}

/* --- log ---------------------------------------------------------------------------------- */

static int show_log(struct inspect *in, struct error *err)
{
	char *text;
	int ret;

	if (!in->has_kernel)
		return no_kernel(in, err);
	ret = memstate_read_log(&in->view.state, &in->kernel, &text);
	if (ret)
		return ret;
	if (in->wants_json)
		in->json = json_pack("{s:s%}", "log", text, strlen(text));
	else
		fputs(text, stdout);
	free(text);
	return 0;
}

/* --- registers ---------------------------------------------------------------------------- */

static void print_registers(const struct inspect *in, unsigned int i,
			    const struct dump_cpu *cpu)
{
	const struct kvm_regs *r = &cpu->regs;
	char where[128], buf[REGISTERS_ROW_SIZE];
	unsigned int row;

	inspect_symbol(in, r->rip, where, sizeof(where));
	printf("vCPU %u: rip %016llx %s\n", i, r->rip, where);
	for (row = 0; row < REGISTERS_ROWS; row++)
		printf("  %s\n", registers_row(r, row, buf));
	printf("  rflags %08llx cs %04x cr0 %08llx cr2 %016llx cr3 %08llx cr4 %08llx\n",
	       r->rflags, cpu->sregs.cs.selector, cpu->sregs.cr0, cpu->sregs.cr2,
	       cpu->sregs.cr3, cpu->sregs.cr4);
}

static int registers(struct inspect *in, struct error *err)
{
	const struct dump_cpu *cpus = inspect_cpus(in);
	unsigned int i;

	if (!cpus) {
		*err = in->err;
		return -ENODATA;
	}
	inspect_begin_list(in, "");
	for (i = 0; i < in->view.facts.cpus; i++)
		if (in->json)
			json_array_append_new(in->json, registers_pack(&cpus[i]));
		else
			print_registers(in, i, &cpus[i]);
	return 0;
}

const struct question inspect_kernel_questions[] = {
	{ "threads", NULL, false, "all threads, and where they are", threads },
	{ "log", NULL, false, "the newest lines that the kernel printed", show_log },
	{ "registers", NULL, true, "of all vCPUs", registers },
	{ NULL, NULL, false, NULL, NULL },
};

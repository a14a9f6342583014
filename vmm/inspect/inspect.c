/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/inspect/inspect.h"
#include "vmm/report/outcome.h"

#define TRIES 8

/* --- for the answers ---------------------------------------------------------------------- */

static void describe(const struct inspect *in, uint64_t addr, uint64_t inside, char *buf,
		     size_t size)
{
	const struct symbol *s = symbols_find(&in->view.symbols, inside);

	if (s)
		snprintf(buf, size, "%s+%#llx/%#llx", s->name,
			 (unsigned long long)(addr - s->start),
			 (unsigned long long)(s->end - s->start));
	else
		snprintf(buf, size, "%#llx", (unsigned long long)addr);
}

void inspect_symbol(const struct inspect *in, uint64_t addr, char *buf, size_t size)
{
	describe(in, addr, addr, buf, size);
}

void inspect_return(const struct inspect *in, uint64_t addr, char *buf, size_t size)
{
	describe(in, addr, addr - 1, buf, size);
}

json_t *inspect_number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static void describe_call(const struct inspect *in, const uint64_t *pc, unsigned int i,
			  bool all, char *buf, size_t size)
{
	if (i || all)
		inspect_return(in, pc[i], buf, size);
	else
		inspect_symbol(in, pc[i], buf, size);
}

void inspect_begin_list(struct inspect *in, const char *heading)
{
	if (in->wants_json)
		in->json = json_array();
	else
		fputs(heading, stdout);
}

void inspect_print_chain(const struct inspect *in, const uint64_t *pc, unsigned int n,
			 bool all, const char *indent)
{
	char text[128];
	unsigned int i;

	for (i = 0; i < n; i++) {
		describe_call(in, pc, i, all, text, sizeof(text));
		printf("%s%s\n", indent, text);
	}
}

json_t *inspect_chain(const struct inspect *in, const uint64_t *pc, unsigned int n,
		      bool all)
{
	json_t *list = json_array();
	char text[128];
	unsigned int i;

	for (i = 0; i < n; i++) {
		describe_call(in, pc, i, all, text, sizeof(text));
		json_array_append_new(list, json_string(text));
	}
	return list;
}

const struct dump_cpu *inspect_cpus(struct inspect *in)
{
	if (!in->cpus && !in->err.text[0])
		in->cpus = view_registers(&in->view, &in->err);
	return in->cpus;
}

/* --- asking ------------------------------------------------------------------------------- */

static const struct question *const tables[] = {
	inspect_memory_questions, inspect_dma_questions,    inspect_frame_questions,
	inspect_walk_questions,	  inspect_kernel_questions, NULL,
};

static const struct question *find_question(const char *name)
{
	const struct question *const *table, *q;

	for (table = tables; *table; table++)
		for (q = *table; q->name; q++)
			if (!strcmp(q->name, name))
				return q;
	return NULL;
}

/* What a guest's own table says is right whatever file was built since. */
static void use_own_symbols(struct inspect *in)
{
	struct symbols own = { 0 };

	if (memstate_read_symbols(&in->view.state, &in->kernel, &own))
		return;
	symbols_free(&in->view.symbols);
	in->view.symbols = own;
}

static int ask_once(struct inspect *in, const struct question *q, struct error *err)
{
	if (!q->no_state && !in->view.published) {
		*err = in->view.why;
		return -EBADMSG;
	}
	return q->show(in, err);
}

static int ask(struct inspect *in, const struct question *q, struct error *err)
{
	int ret = -EBADMSG, i;

	for (i = 0; i < TRIES && ret == -EBADMSG; i++) {
		if (i && view_refresh(&in->view, err))
			return -ESRCH;
		/* A core does not change. */
		in->last = i + 1 == TRIES || !in->view.live || in->view.copied;
		err->text[0] = '\0';
		ret = ask_once(in, q, err);
		if (ret && !err->text[0])
			*err = in->view.state.err;
		if (ret && !err->text[0])
			error_set(err, -ret, "%s: %s", in->view.name, strerror(-ret));
		if (in->last)
			break;
	}
	return ret;
}

/* --- without a question: what there is ------------------------------------------------------ */

static void print_facts(const struct inspect *in)
{
	const struct guest_facts *f = &in->view.facts;
	uint64_t mem = ram_size(&in->view.ram);

	printf("%s: %s, %u vCPUs, %llu MiB, kernel %s\n", in->view.name,
	       !in->view.live	 ? "a core"
	       : in->view.copied ? "a machine, as copied now (its memory may not be read "
				   "directly)"
				 : "a machine",
	       f->cpus, (unsigned long long)(mem >> 20),
	       f->kernel ? f->kernel : "unknown");
	if (f->cmdline && *f->cmdline)
		printf("command line: %s\n", f->cmdline);
	if (!in->view.published)
		printf("%s\n", in->view.why.text);
}

static json_t *facts_json(const struct inspect *in)
{
	const struct guest_facts *f = &in->view.facts;

	return json_pack("{s:s, s:b, s:b, s:i, s:o, s:s*, s:s*, s:b}", "name",
			 in->view.name, "live", in->view.live, "copied", in->view.copied,
			 "cpus", (int)f->cpus, "bytes",
			 inspect_number(ram_size(&in->view.ram)), "kernel", f->kernel,
			 "cmdline", f->cmdline, "published", in->view.published);
}

static void show_facts(struct inspect *in)
{
	const struct question *const *table, *q;

	if (in->wants_json) {
		in->json = facts_json(in);
		return;
	}
	print_facts(in);
	printf("\nWhat can be asked:\n");
	for (table = tables; *table; table++)
		for (q = *table; q->name; q++)
			printf("  %s %-*s %s\n", q->name, 18 - (int)strlen(q->name),
			       q->arg ? q->arg : "", q->text);
}

/* --- the command ---------------------------------------------------------------------------- */

struct options {
	const char *kernel;
	bool json;
};

static const struct option options[] = {
	{ "json", 0, NULL,
	  "The answer as JSON; addresses are numbers, as signed as JSON has "
	  "them.",
	  OPTION_TO(struct options, json) },
	{ "kernel", 0, "FILE",
	  "The guest's kernel, for a core that does not say which it is. A guest that has "
	  "the names of its functions in memory needs none.",
	  OPTION_TO(struct options, kernel) },
	{ .name = NULL },
};

static unsigned int most_words(const struct question *q)
{
	return !q->arg ? 1 : strchr(q->arg, '[') ? 3 : 2;
}

static const struct question *chosen(const struct parsed *parsed, struct error *err)
{
	const struct question *q = find_question(parsed->rest[0]);

	if (!q)
		error_set(err, EINVAL,
			  "%s: not a question; pagevisor inspect %s lists them",
			  parsed->rest[0], parsed->operand);
	else if (q->arg && parsed->nr_rest < 2)
		error_set(err, EINVAL, "%s: of which %s?", q->name, q->arg);
	else if (parsed->nr_rest > most_words(q))
		error_set(err, EINVAL, "%s: takes nothing more; leave out %s", q->name,
			  parsed->rest[parsed->nr_rest - 1]);
	else
		return q;
	return NULL;
}

static int answer(struct inspect *in, const struct parsed *parsed, struct error *err)
{
	const struct question *q = parsed->nr_rest ? chosen(parsed, err) : NULL;
	int ret = 0;

	if (parsed->nr_rest && !q)
		return -EINVAL;
	in->arg = parsed->nr_rest > 1 ? parsed->rest[1] : NULL;
	in->more = parsed->nr_rest > 2 ? parsed->rest[2] : NULL;
	in->has_kernel = in->view.published &&
			 !memstate_read_kernel(&in->view.state, &in->kernel);
	if (in->has_kernel)
		use_own_symbols(in);
	if (q)
		ret = ask(in, q, err);
	else
		show_facts(in);
	if (!ret && in->json) {
		json_dumpf(in->json, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(in->json);
	free(in->cpus);
	return ret;
}

static int run_inspect(void *target, const struct parsed *parsed, struct error *err)
{
	static struct inspect in; /* big, and must not move */
	const struct options *o = target;
	int ret;

	memset(&in, 0, sizeof(in));
	ret = view_open(&in.view, parsed->operand, o->kernel, err);
	if (!ret) {
		in.wants_json = o->json;
		ret = answer(&in, parsed, err);
		view_close(&in.view);
	}
	if (!ret)
		return STATUS_WELL;
	return ret == -EBADMSG ? STATUS_FAILED : STATUS_USAGE;
}

const struct command inspect_command = {
	.name = "inspect",
	.operand = "NAME|FILE",
	.rest = "[WHAT [ARGUMENT]]",
	.summary = "looks into a guest's memory from outside, alive or dead",
	.text = "Reads the memory of the machine NAME of this user, running, paused or hung, or "
		"an ELF core FILE of one; the guest does nothing for it and notices nothing. "
		"WHAT is buddyinfo, zoneinfo, pagetypeinfo, slabinfo, vmallocinfo (as the "
		"files of these names in /proc), dma (live mappings; all of them where the "
		"guest runs with dma_debug=on), iommu, top-callers (with alloc_profile=on), "
		"page ADDRESS (what a frame is used for, by whom; since when with "
		"page_owner=on), walk ADDRESS [PID] (from virtual to physical to the host's, "
		"level by level; an address of a process in the tables of each that there is, "
		"or of that of this PID, whether it runs or not), threads (with their call "
		"chains), log, or registers (for these the monitor is asked, and waited for up "
		"to 10 s, as by ctl). Without WHAT it says what it found. An address is "
		"guest-physical, or one of the kernel's virtual ones. What makes no sense is "
		"reported as that, with its place, and the exit status is 1.",
	.options = options,
	.target_size = sizeof(struct options),
	.run = run_inspect,
};

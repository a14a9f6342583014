/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/profile/profile_folded.h"
#include "vmm/report/report_json.h"

/* What is between frames sorts before what can be in them. */
static int rank(char c)
{
	return c == ';' ? 1 : (unsigned char)c + 1;
}

int folded_compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (*a ? rank(*a) : 0) - (*b ? rank(*b) : 0);
}

static int by_stack(const void *a, const void *b)
{
	return folded_compare(((const struct folded_line *)a)->stack,
			      ((const struct folded_line *)b)->stack);
}

static const char *name_of(const struct symbols *symbols, uint64_t addr, bool is_return)
{
	const struct symbol *symbol;

	if (addr == PROFILE_FRAME_BOOT)
		return "[boot]";
	if (!(addr >> 63))
		return "[user]";
	symbol = symbols_find(symbols, addr - is_return);
	return symbol ? symbol->name : "[unknown]";
}

/* A guest's file may call a function anything; two characters mean something here. */
static void put_name(FILE *f, const char *name)
{
	for (; *name; name++)
		fputc(*name == ';' || *name == '\n' || *name == ' ' ? '_' : *name, f);
}

/* Outermost first; user frames, of which the names are not known, are one. */
static char *fold(unsigned int cpu, const uint64_t *frames, unsigned int depth,
		  const struct symbols *symbols)
{
	const char *name, *before = "";
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "vCPU %u", cpu);
	while (depth-- > 0) {
		name = name_of(symbols, frames[depth], depth > 0);
		if (*name == '[' && !strcmp(name, before))
			continue;
		before = name;
		fputc(';', f);
		put_name(f, name);
	}
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

static bool add(struct folded *folded, char *stack, uint64_t count)
{
	folded->line[folded->nr] = (struct folded_line){ stack, count };
	if (stack)
		folded->nr++;
	return stack;
}

static bool add_cpu(struct folded *folded, const struct profile *p, unsigned int cpu,
		    const struct symbols *symbols, uint64_t idle)
{
	const struct profile_stacks *s = p->cpu[cpu].stacks;
	char text[32];
	unsigned int i;

	for (i = 0; i < s->nr; i++)
		if (!add(folded,
			 fold(cpu, s->frames + s->stack[i].first, s->stack[i].depth,
			      symbols),
			 s->stack[i].count))
			return false;
	snprintf(text, sizeof(text), "vCPU %u;[idle]", cpu);
	return !idle || add(folded, strdup(text), idle);
}

/* Different addresses of the same functions are one line. */
static void join_equal(struct folded *folded)
{
	size_t i, n = 0;

	for (i = 0; i < folded->nr; i++) {
		struct folded_line *line = &folded->line[i];

		if (n && !strcmp(folded->line[n - 1].stack, line->stack)) {
			folded->line[n - 1].count += line->count;
			free(line->stack);
		} else {
			folded->line[n++] = *line;
		}
	}
	folded->nr = n;
}

int folded_make(struct folded *folded, const struct profile *p,
		const struct symbols *symbols, const uint64_t *idle)
{
	size_t room = p->cpus + 1;
	unsigned int i;

	for (i = 0; i < p->cpus; i++)
		room += p->cpu[i].stacks->nr;
	*folded = (struct folded){ .line = calloc(room, sizeof(*folded->line)) };
	if (!folded->line)
		return -ENOMEM;
	for (i = 0; i < p->cpus; i++) {
		if (!add_cpu(folded, p, i, symbols, idle[i])) {
			folded_free(folded);
			return -ENOMEM;
		}
	}
	qsort(folded->line, folded->nr, sizeof(*folded->line), by_stack);
	join_equal(folded);
	return 0;
}

void folded_free(struct folded *folded)
{
	size_t i;

	for (i = 0; i < folded->nr; i++)
		free(folded->line[i].stack);
	free(folded->line);
	*folded = (struct folded){ .nr = 0 };
}

static int write_all(int fd, const char *text, size_t size)
{
	ssize_t n;

	for (; size; text += n, size -= (size_t)n) {
		n = write(fd, text, size);
		if (n < 0)
			return -errno;
	}
	return 0;
}

/* In one piece: a stream over the descriptor would make system calls that a confined thread
 * must not make. */
int folded_write(const struct folded *folded, int fd)
{
	char *text = NULL;
	size_t size = 0, i;
	FILE *f = open_memstream(&text, &size);
	int ret;

	if (!f)
		return -ENOMEM;
	for (i = 0; i < folded->nr; i++)
		fprintf(f, "%s %llu\n", folded->line[i].stack,
			(unsigned long long)folded->line[i].count);
	ret = fclose(f) ? -ENOMEM : write_all(fd, text, size);
	free(text);
	return ret;
}

json_t *folded_json(const struct folded *folded, const struct profile *p,
		    const uint64_t *idle)
{
	json_t *object = json_object(), *stacks = json_array(), *line;
	uint64_t samples = 0, halted = 0, lost = 0, cut = 0;
	size_t i;

	for (i = 0; i < p->cpus; i++) {
		samples += p->cpu[i].samples;
		halted += idle[i];
		lost += p->cpu[i].lost;
		cut += p->cpu[i].cut;
	}
	report_number(object, "hz", p->hz);
	report_number(object, "samples", samples);
	report_number(object, "idle", halted);
	report_number(object, "lost", lost);
	report_number(object, "cut", cut);
	for (i = 0; i < folded->nr; i++) {
		line = json_object();
		report_text(line, "stack", folded->line[i].stack);
		report_number(line, "count", folded->line[i].count);
		json_array_append_new(stacks, line);
	}
	json_object_set_new(object, "stacks", stacks);
	return object;
}

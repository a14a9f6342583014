/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "vmm/report/report_kinds.h"

enum frame_kind report_kind(const char *name)
{
	enum frame_kind kind;

	for (kind = FRAME_NONE; kind < FRAME_KINDS; kind++)
		if (!strcmp(name, frame_kind_name(kind)))
			return kind;
	return FRAME_NONE;
}

static const struct {
	const char *class, *title;
} kinds[FRAME_KINDS] = {
	[FRAME_NONE] = { "k-none", "no memory" },
	[FRAME_FREE] = { "k-free", "free" },
	[FRAME_FRESH] = { "k-fresh", "free, never used" },
	[FRAME_PCP] = { "k-pcp", "free, per-CPU lists" },
	[FRAME_PAGES] = { "k-pages", "pages" },
	[FRAME_MOVABLE] = { "k-movable", "movable pages" },
	[FRAME_ISOLATED] = { "k-isolated", "isolated, on the move" },
	[FRAME_CMA] = { "k-cma", "contiguous area (CMA), in use" },
	[FRAME_KFENCE] = { "k-kfence", "KFENCE pool" },
	[FRAME_SLAB] = { "k-slab", "slab" },
	[FRAME_KMALLOC] = { "k-kmalloc", "kmalloc, large" },
	[FRAME_TABLE] = { "k-pagetable", "page tables" },
	[FRAME_USER] = { "k-user", "user processes" },
	[FRAME_VMALLOC] = { "k-vmalloc", "vmalloc" },
	[FRAME_KERNEL] = { "k-kernel", "kernel image" },
	[FRAME_STRUCTS] = { "k-structpages", "struct pages" },
	[FRAME_RESERVED] = { "k-reserved", "reserved at boot" },
	[FRAME_KEPT_BACK] = { "k-keptback", "kept back by mem=" },
};

const char *report_kind_title(enum frame_kind kind)
{
	return kinds[kind].title;
}

const char *report_kind_class(unsigned int kind)
{
	return kinds[kind].class;
}

bool report_kind_is_free(enum frame_kind kind)
{
	return kind == FRAME_FREE || kind == FRAME_FRESH || kind == FRAME_PCP;
}

void report_key_read(struct report_key *key, const json_t *samples)
{
	json_t *names = json_object_get(samples, "map_key"), *name;
	const char *letter;

	memset(key, 0, sizeof(*key));
	json_object_foreach(names, letter,
			    name) if (letter[0] > 0 && json_string_value(name))
		key->kind[(unsigned char)letter[0]] =
		report_kind(json_string_value(name));
}

enum frame_kind report_key_kind(const struct report_key *key, char letter)
{
	return letter > 0 ? key->kind[(unsigned char)letter] : FRAME_NONE;
}

void report_kind_legend(FILE *f, const bool used[FRAME_KINDS])
{
	enum frame_kind kind;

	fputs("<ul class=\"legend\">", f);
	for (kind = FRAME_FREE; kind < FRAME_KINDS; kind++)
		if (used[kind])
			fprintf(f, "<li><i class=\"k-%s\"></i>%s</li>",
				frame_kind_name(kind), report_kind_title(kind));
	fputs("</ul>\n", f);
}

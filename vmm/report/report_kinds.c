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

const char *report_kind_title(enum frame_kind kind)
{
	static const char *const titles[FRAME_KINDS] = {
		[FRAME_NONE] = "no memory",
		[FRAME_FREE] = "free",
		[FRAME_FRESH] = "free, never used",
		[FRAME_PCP] = "free, per-CPU lists",
		[FRAME_PAGES] = "pages",
		[FRAME_MOVABLE] = "movable pages",
		[FRAME_ISOLATED] = "isolated, on the move",
		[FRAME_CMA] = "contiguous area (CMA), in use",
		[FRAME_KFENCE] = "KFENCE pool",
		[FRAME_SLAB] = "slab",
		[FRAME_KMALLOC] = "kmalloc, large",
		[FRAME_TABLE] = "page tables",
		[FRAME_USER] = "user processes",
		[FRAME_VMALLOC] = "vmalloc",
		[FRAME_KERNEL] = "kernel image",
		[FRAME_STRUCTS] = "struct pages",
		[FRAME_RESERVED] = "reserved at boot",
		[FRAME_KEPT_BACK] = "kept back by mem=",
	};

	return titles[kind];
}

bool report_kind_is_free(enum frame_kind kind)
{
	return kind == FRAME_FREE || kind == FRAME_FRESH || kind == FRAME_PCP;
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

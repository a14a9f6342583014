/* SPDX-License-Identifier: MIT */
/* An event in the words of its kind's text, as the kernel prints it. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/trace/trace_writer.h"
#include "vmm/util/gfp.h"

struct text {
	char *buf;
	size_t size, at;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format,
						      ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->buf + t->at, t->size - t->at, format, args);
	va_end(args);
	if (n > 0)
		t->at += (size_t)n < t->size - t->at ? (size_t)n : t->size - t->at - 1;
}

unsigned int trace_conversions(const struct trace_kind *kind)
{
	unsigned int n = 0;
	const char *p;

	for (p = kind->text; *p; p++)
		n += *p == '%';
	return n;
}

/* Where the conversion that begins at p ends. */
static const char *end_of_conversion(const char *p)
{
	p += 1 + strspn(p + 1, "lz");
	return p + (p[0] == 'p' && p[1] == 'S' ? 2 : 1);
}

/* As %pS: where in which function, and how long that is. */
static void add_site(struct text *t, const struct symbols *symbols, uint64_t site)
{
	/* A call that is its function's last instruction returns to the next one. */
	const struct symbol *s = site && symbols ? symbols_find(symbols, site - 1) : NULL;

	if (s)
		add(t, "%s+%#" PRIx64 "/%#" PRIx64, s->name, site - s->start,
		    s->end - s->start);
	else
		add(t, "%#" PRIx64, site);
}

static void add_array(struct text *t, const struct trace_event *e,
		      const struct trace_field *field, uint64_t n)
{
	unsigned int i;

	add(t, "{");
	for (i = 0; i < n; i++)
		add(t, "%s0x%" PRIx64, i ? "," : "", trace_element(e, field, i));
	add(t, "}");
}

static void add_number(struct text *t, const char *conversion, uint64_t v)
{
	switch (conversion[strspn(conversion, "lz")]) {
	case 'd':
		add(t, "%d", (int)v);
		break;
	case 'x':
		add(t, "%" PRIx64, v);
		break;
	case 'p':
		if (v)
			add(t, "%#" PRIx64, v);
		else
			add(t, "(nil)");
		break;
	default:
		add(t, "%" PRIu64, v);
	}
}

static uint64_t page_of(const struct trace_setting *s, uint64_t pfn)
{
	return pfn == UINT64_MAX ? 0 : s->pages_va + pfn * s->page_bytes;
}

static void add_field(struct text *t, const struct trace_entry *entry, unsigned int i,
		      const struct trace_setting *s, const char *conversion)
{
	const struct trace_field *f = &trace_kinds[entry->event->id].field[i];
	uint64_t v = entry->values->value[i];
	char names[GFP_TEXT];

	switch (f->form) {
	case TRACE_SITE:
		add_site(t, s->symbols, v);
		break;
	case TRACE_GFP:
		add(t, "%s", gfp_text(v, names, sizeof(names)));
		break;
	case TRACE_DIRECTION:
		if (v < TRACE_DIRECTIONS)
			add(t, "%s", trace_directions[v].name);
		else
			add(t, "%#" PRIx64, v);
		break;
	case TRACE_DMA_ATTRS:
		add(t, "%s",
		    bits_text(trace_attrs, TRACE_ATTR_NAMES, v, names, sizeof(names)));
		break;
	case TRACE_BOOL:
		add(t, "%s", v ? "true" : "false");
		break;
	case TRACE_STRING:
		add(t, "%s", entry->values->name);
		break;
	case TRACE_PHYS_ADDRS:
	case TRACE_DMA_ADDRS:
	case TRACE_LENGTHS:
		add_array(t, entry->event, f, v);
		break;
	default:
		add_number(t, conversion, v);
	}
}

/* One conversion, what stands behind its % given. */
static void add_shown(struct text *t, const struct trace_entry *entry,
		      const struct trace_setting *s, const struct trace_shown *shown,
		      const char *conversion)
{
	const struct trace_kind *kind = &trace_kinds[entry->event->id];
	unsigned int i = trace_field_index(kind, shown->field);
	uint64_t v = entry->values->value[i];

	switch (shown->as) {
	case TRACE_AS_FIELD:
		add_field(t, entry, i, s, conversion);
		break;
	case TRACE_AS_COUNT:
		add_number(t, conversion, v);
		break;
	case TRACE_AS_TRUNCATED:
		add(t, "%s", v ? TRACE_TRUNCATED : "");
		break;
	case TRACE_AS_FRAME:
		add_number(t, conversion, v == UINT64_MAX ? 0 : v);
		break;
	case TRACE_AS_PAGE:
		add_number(t, conversion, page_of(s, v));
		break;
	case TRACE_AS_FRAGMENTING:
		add_number(t, conversion, v < s->block_order);
		break;
	case TRACE_AS_BLOCK_ORDER:
		add_number(t, conversion, s->block_order);
		break;
	case TRACE_AS_FALSE:
		add(t, "false");
		break;
	}
}

void trace_describe(const struct trace_entry *entry, const struct trace_setting *setting,
		    char *buf, size_t size)
{
	const struct trace_kind *kind = &trace_kinds[entry->event->id];
	const struct trace_shown *shown = kind->shown;
	struct text t = { buf, size, 0 };
	const char *p = kind->text;

	buf[0] = '\0';
	while (*p) {
		size_t n = strcspn(p, "%");

		add(&t, "%.*s", (int)n, p);
		p += n;
		if (!*p)
			return;
		add_shown(&t, entry, setting, shown++, p + 1);
		p = end_of_conversion(p);
	}
}

void trace_field_text(const struct trace_entry *entry, unsigned int i,
		      const struct trace_setting *setting, char *buf, size_t size)
{
	const struct trace_field *f = &trace_kinds[entry->event->id].field[i];
	uint64_t v = entry->values->value[i];
	struct text t = { buf, size, 0 };

	buf[0] = '\0';
	if (f->form == TRACE_HEX || f->form == TRACE_SITE)
		add(&t, "%#" PRIx64, v);
	else
		add_field(&t, entry, i, setting, f->form == TRACE_SIGNED ? "d" : "u");
}

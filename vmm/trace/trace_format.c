/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/trace/trace_format.h"

/* common_type, common_flags, common_preempt_count, common_pid */
#define COMMON_BYTES 8u
/* What stands for a field of its own length: its offset, and its bytes << 16. */
#define LOCATION_BYTES 4u
#define FIRST_NUMBER   1000u

static const char common[] =
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";

uint64_t trace_tracepoint(unsigned int id)
{
	return FIRST_NUMBER + id;
}

/* --- where fields stand ------------------------------------------------------------------ */

static bool is_located(const struct trace_field *field)
{
	return field->form >= TRACE_STRING;
}

static size_t bytes_of(const struct trace_field *field)
{
	return is_located(field) ? LOCATION_BYTES : field->size;
}

static size_t aligned(size_t at, size_t to)
{
	return (at + to - 1) & ~(to - 1);
}

/* Where the field stands, from where the one before it ended. */
static size_t place_of(const struct trace_field *field, size_t at)
{
	return aligned(at, bytes_of(field));
}

static size_t end_of_fields(const struct trace_kind *kind)
{
	size_t at = COMMON_BYTES;
	unsigned int i;

	for (i = 0; kind->field[i].name; i++)
		at = place_of(&kind->field[i], at) + bytes_of(&kind->field[i]);
	return aligned(at, 8);
}

/* --- the description --------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void add(char *buf, size_t *at,
						      const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(buf + *at, TRACE_FORMAT_MAX - *at, format, args);
	va_end(args);
	if (n > 0 && (size_t)n < TRACE_FORMAT_MAX - *at)
		*at += (size_t)n;
}

static void add_names(char *buf, size_t *at, const struct bit_name *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		add(buf, at, ", { %#" PRIx64 ", \"%s\" }", names[i].bits, names[i].name);
	add(buf, at, ")");
}

static void add_gfp(char *buf, size_t *at, const char *f)
{
	add(buf, at, "(REC->%s) ? __print_flags(REC->%s, \"|\"", f, f);
	add_names(buf, at, gfp_flags, GFP_FLAGS);
	add(buf, at, " : \"none\"");
}

/* Debian 12's perf takes a quotient here in parentheses alone. */
static void add_array(char *buf, size_t *at, const char *f, unsigned int size)
{
	add(buf, at,
	    "__print_array(__get_dynamic_array(%s), (__get_dynamic_array_len(%s) / %u), %u)",
	    f, f, size, size);
}

static void add_page(char *buf, size_t *at, const struct trace_setting *s)
{
	add(buf, at, "REC->pfn != -1UL ? (%#" PRIx64 " + REC->pfn * %u) : 0", s->pages_va,
	    s->page_bytes);
}

static void add_field(char *buf, size_t *at, const struct trace_field *field)
{
	const char *f = field->name;

	switch (field->form) {
	case TRACE_SITE:
		add(buf, at, "(void *)REC->%s", f);
		break;
	case TRACE_GFP:
		add_gfp(buf, at, f);
		break;
	case TRACE_DIRECTION:
		add(buf, at, "__print_symbolic(REC->%s", f);
		add_names(buf, at, trace_directions, TRACE_DIRECTIONS);
		break;
	case TRACE_DMA_ATTRS:
		add(buf, at, "__print_flags(REC->%s, \"|\"", f);
		add_names(buf, at, trace_attrs, TRACE_ATTR_NAMES);
		break;
	case TRACE_BOOL:
		add(buf, at, "REC->%s ? \"true\" : \"false\"", f);
		break;
	case TRACE_STRING:
		add(buf, at, "__get_str(%s)", f);
		break;
	case TRACE_PHYS_ADDRS:
	case TRACE_DMA_ADDRS:
	case TRACE_LENGTHS:
		add_array(buf, at, f, field->size);
		break;
	default:
		add(buf, at, "REC->%s", f);
	}
}

/* What the conversion prints, in terms of the fields. */
static void add_shown(char *buf, size_t *at, const struct trace_kind *kind,
		      const struct trace_shown *shown, const struct trace_setting *s)
{
	const char *f = shown->field;
	const struct trace_field *field = &kind->field[trace_field_index(kind, f)];

	switch (shown->as) {
	case TRACE_AS_FIELD:
		add_field(buf, at, field);
		break;
	case TRACE_AS_COUNT:
		add(buf, at, "__get_dynamic_array_len(%s) / %u", f, field->size);
		break;
	case TRACE_AS_TRUNCATED:
		add(buf, at, "REC->%s ? \"" TRACE_TRUNCATED "\" : \"\"", f);
		break;
	case TRACE_AS_FRAME:
		add(buf, at, "REC->%s != -1UL ? REC->%s : 0", f, f);
		break;
	case TRACE_AS_PAGE:
		add_page(buf, at, s);
		break;
	case TRACE_AS_FRAGMENTING:
		add(buf, at, "REC->%s < %u", f, s->block_order);
		break;
	case TRACE_AS_BLOCK_ORDER:
		add(buf, at, "%u", s->block_order);
		break;
	case TRACE_AS_FALSE:
		add(buf, at, "\"false\"");
		break;
	}
}

static void add_fields(char *buf, size_t *at, const struct trace_kind *kind)
{
	size_t place = COMMON_BYTES;
	unsigned int i;

	for (i = 0; kind->field[i].name; i++) {
		const struct trace_field *f = &kind->field[i];

		place = place_of(f, place);
		add(buf, at, "\tfield:%s%s%s %s;\toffset:%zu;\tsize:%zu;\tsigned:%d;\n",
		    is_located(f) ? "__data_loc " : "", f->type,
		    is_located(f) ? "[]" : "", f->name, place, bytes_of(f),
		    f->form == TRACE_SIGNED);
		place += bytes_of(f);
	}
}

void trace_format(unsigned int id, const struct trace_setting *setting,
		  char buf[TRACE_FORMAT_MAX])
{
	const struct trace_kind *kind = &trace_kinds[id];
	unsigned int i, n = trace_conversions(kind);
	size_t at = 0;

	add(buf, &at, "name: %s\nID: %" PRIu64 "\nformat:\n%s", kind->name,
	    trace_tracepoint(id), common);
	add_fields(buf, &at, kind);
	add(buf, &at, "\nprint fmt: \"%s\"", kind->text);
	for (i = 0; i < n; i++) {
		add(buf, &at, ", ");
		add_shown(buf, &at, kind, &kind->shown[i], setting);
	}
	add(buf, &at, "\n");
}

/* --- the bytes --------------------------------------------------------------------------- */

/* Behind the fields at `end`; how many bytes it is. */
static size_t put_located(const struct trace_entry *entry,
			  const struct trace_field *field, uint64_t count, uint8_t *to)
{
	size_t n;
	unsigned int i;

	if (field->form == TRACE_STRING) {
		n = strlen(entry->values->name) + 1;
		memcpy(to, entry->values->name, n);
		return n;
	}
	for (i = 0; i < count; i++) {
		uint64_t element = trace_element(entry->event, field, i);

		memcpy(to + (size_t)i * field->size, &element, field->size);
	}
	return count * field->size;
}

size_t trace_lay_out(const struct trace_entry *entry, uint32_t tid,
		     uint8_t raw[TRACE_RAW_MAX])
{
	const struct trace_kind *kind = &trace_kinds[entry->event->id];
	uint16_t type = (uint16_t)trace_tracepoint(entry->event->id);
	size_t at = COMMON_BYTES, end = end_of_fields(kind);
	unsigned int i;

	memset(raw, 0, TRACE_RAW_MAX);
	memcpy(raw, &type, sizeof(type));
	memcpy(raw + 4, &tid, sizeof(tid));
	for (i = 0; kind->field[i].name; i++) {
		const struct trace_field *f = &kind->field[i];
		uint64_t value = entry->values->value[i];
		size_t n;

		at = place_of(f, at);
		if (is_located(f)) {
			n = put_located(entry, f, value, raw + end);
			value = end | n << 16;
			end = aligned(end + n, 8);
		}
		memcpy(raw + at, &value, bytes_of(f));
		at += bytes_of(f);
	}
	return end;
}

/* SPDX-License-Identifier: MIT */
/* Memory events for people and for Perfetto. */
#include <inttypes.h>
#include <string.h>

#include "vmm/trace/trace_writer.h"

/* --- text -------------------------------------------------------------------------------- */

static void text_begin(struct trace_writer *w, const struct trace_setting *setting)
{
	w->setting = setting;
}

static void text_event(struct trace_writer *w, const struct trace_entry *entry)
{
	const struct trace_event *e = entry->event;
	char text[TRACE_TEXT_MAX], site[96];
	unsigned int i;

	trace_describe(entry, w->setting, text, sizeof(text));
	if (entry->lost)
		fprintf(w->file, "[%03u] lost %" PRIu64 " events\n", e->cpu, entry->lost);
	fprintf(w->file, "[%03u] %5" PRIu64 ".%06" PRIu64 ": %s:%s: %s", e->cpu,
		entry->ns / 1000000000, entry->ns / 1000 % 1000000,
		trace_kinds[e->id].system, trace_kinds[e->id].name, text);
	if (e->site && trace_kinds[e->id].field[0].form != TRACE_SITE) {
		symbols_describe_return(w->setting->symbols, e->site, site, sizeof(site));
		fprintf(w->file, " (%s)", site);
	}
	fputc('\n', w->file);
	for (i = 0; i < e->depth; i++) {
		symbols_describe_return(w->setting->symbols, e->chain[i], site,
					sizeof(site));
		fprintf(w->file, "\t%16" PRIx64 " %s\n", e->chain[i], site);
	}
	w->events++;
}

static void text_end(struct trace_writer *w, uint64_t lost)
{
	fprintf(w->file, "# %" PRIu64 " events, %" PRIu64 " lost\n", w->events, lost);
}

void trace_text_writer(struct trace_writer *w, FILE *file)
{
	*w = (struct trace_writer){ text_begin, text_event, text_end, file, NULL, 0 };
}

/* --- JSON -------------------------------------------------------------------------------- */

/* Names of guests and of functions: printable, so only these two matter. */
static void put_quoted(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', f);
		fputc((unsigned char)*s < ' ' ? '?' : *s, f);
	}
	fputc('"', f);
}

static void json_begin(struct trace_writer *w, const struct trace_setting *setting)
{
	unsigned int cpu;

	w->setting = setting;
	fprintf(w->file, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
			 "{\"ph\":\"M\",\"pid\":1,\"tid\":0,\"name\":\"process_name\","
			 "\"args\":{\"name\":");
	put_quoted(w->file, setting->guest);
	fprintf(w->file, "}}");
	for (cpu = 0; cpu < setting->cpus; cpu++)
		fprintf(w->file,
			",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%u,\"name\":\"thread_name\","
			"\"args\":{\"name\":\"vcpu%u\"}}",
			cpu, cpu);
}

static void put_json_array(FILE *f, const struct trace_entry *entry, unsigned int i)
{
	const struct trace_field *field = &trace_kinds[entry->event->id].field[i];
	const char *form = field->form == TRACE_LENGTHS ? "%s%" PRIu64
							: "%s\"%#" PRIx64 "\"";
	unsigned int n;

	fputc('[', f);
	for (n = 0; n < entry->values->value[i]; n++)
		fprintf(f, form, n ? "," : "", trace_element(entry->event, field, n));
	fputc(']', f);
}

static void put_json_fields(struct trace_writer *w, const struct trace_entry *entry)
{
	const struct trace_kind *kind = &trace_kinds[entry->event->id];
	char value[GFP_TEXT];
	unsigned int i;

	for (i = 0; kind->field[i].name; i++) {
		const struct trace_field *f = &kind->field[i];

		fprintf(w->file, "%s\"%s\":", i ? "," : "", f->name);
		if (trace_is_array(f)) {
			put_json_array(w->file, entry, i);
			continue;
		}
		trace_field_text(entry, i, w->setting, value, sizeof(value));
		if (f->form <= TRACE_SIGNED || f->form == TRACE_BOOL)
			fputs(value, w->file);
		else
			put_quoted(w->file, value);
	}
}

static void put_json_chain(struct trace_writer *w, const struct trace_event *e)
{
	char site[96];
	unsigned int i;

	if (e->site) {
		symbols_describe_return(w->setting->symbols, e->site, site, sizeof(site));
		fprintf(w->file, ",\"caller\":");
		put_quoted(w->file, site);
	}
	if (!e->depth)
		return;
	fprintf(w->file, ",\"chain\":[");
	for (i = 0; i < e->depth; i++) {
		symbols_describe_return(w->setting->symbols, e->chain[i], site,
					sizeof(site));
		fputs(i ? "," : "", w->file);
		put_quoted(w->file, site);
	}
	fputc(']', w->file);
}

/* An instant of a thread; Perfetto takes `i`, too, Chrome's own viewer only `I`. */
static void json_event(struct trace_writer *w, const struct trace_entry *entry)
{
	const struct trace_event *e = entry->event;

	if (entry->lost)
		fprintf(w->file,
			",\n{\"ph\":\"I\",\"s\":\"t\",\"pid\":1,\"tid\":%u,\"ts\":%" PRIu64
			".%03u,\"name\":\"lost\",\"args\":{\"events\":%" PRIu64 "}}",
			e->cpu, entry->ns / 1000, (unsigned int)(entry->ns % 1000),
			entry->lost);
	fprintf(w->file,
		",\n{\"ph\":\"I\",\"s\":\"t\",\"pid\":1,\"tid\":%u,\"ts\":%" PRIu64
		".%03u,\"cat\":\"%s\",\"name\":\"%s\",\"args\":{",
		e->cpu, entry->ns / 1000, (unsigned int)(entry->ns % 1000),
		trace_kinds[e->id].system, trace_kinds[e->id].name);
	put_json_fields(w, entry);
	put_json_chain(w, e);
	fprintf(w->file, "}}");
	w->events++;
}

static void json_end(struct trace_writer *w, uint64_t lost)
{
	fprintf(w->file,
		"\n],\"otherData\":{\"events\":%" PRIu64 ",\"lost\":%" PRIu64 "}}\n",
		w->events, lost);
}

void trace_json_writer(struct trace_writer *w, FILE *file)
{
	*w = (struct trace_writer){ json_begin, json_event, json_end, file, NULL, 0 };
}

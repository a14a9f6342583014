/* SPDX-License-Identifier: MIT */
/*
 * perf.data, as tools/perf/Documentation/perf.data-file-format.txt of Linux describes it:
 *
 *   header
 *   one attribute an event: a tracepoint, whose number is that of its description below
 *   records: where the kernel's code is, names of vCPUs, a sample an event, losses
 *   features: the descriptions of the tracepoints, in the kernel's own form; how many CPUs
 *
 * A vCPU is a thread of one process, the guest; the guest's kernel is that process's program,
 * so that perf finds the names of call sites in its ELF file, whatever kernel the host runs.
 */
#include <linux/perf_event.h>
#include <string.h>

#include "vmm/trace/trace_format.h"

#define MAGIC		"PERFILE2"
#define FEATURE_TRACING 1
#define FEATURE_CPUS	7
#define GUEST_PID	1
#define FIRST_THREAD	100u
#define PAGE_BYTES	4096u

struct section {
	uint64_t offset, size;
};

struct header {
	char magic[8];
	uint64_t size, attr_size;
	struct section attrs, data, event_types;
	uint64_t features[4];
};
_Static_assert(sizeof(struct header) == 104, "header of perf.data");

struct attribute {
	struct perf_event_attr attr;
	struct section ids;
};

#define SAMPLE_TYPE                                                                     \
	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | \
	 PERF_SAMPLE_CPU | PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_RAW)

static void put(struct trace_writer *w, const void *bytes, size_t n)
{
	fwrite(bytes, 1, n, w->file);
}

static void put_u64(struct trace_writer *w, uint64_t value)
{
	put(w, &value, sizeof(value));
}

static void put_u32(struct trace_writer *w, uint32_t value)
{
	put(w, &value, sizeof(value));
}

static void put_string(struct trace_writer *w, const char *s)
{
	put(w, s, strlen(s) + 1);
}

static uint64_t place(const struct trace_writer *w)
{
	long at = ftell(w->file);

	return at < 0 ? 0 : (uint64_t)at;
}

static unsigned int count_wanted(const struct trace_setting *s)
{
	unsigned int id, n = 0;

	for (id = 1; id < TRACE_IDS; id++)
		n += s->enable[id] != TRACE_OFF;
	return n;
}

/* --- in front of the records ------------------------------------------------------------- */

static void put_attribute(struct trace_writer *w, unsigned int id, uint64_t ids_at)
{
	struct attribute a = {
		.attr = {
			.type = PERF_TYPE_TRACEPOINT,
			.size = sizeof(a.attr),
			.config = trace_tracepoint(id),
			.sample_period = 1,
			.sample_type = SAMPLE_TYPE,
			.disabled = 1,
		},
		.ids = { ids_at, sizeof(uint64_t) },
	};

	put(w, &a, sizeof(a));
}

static void put_attributes(struct trace_writer *w)
{
	uint64_t ids_at = sizeof(struct header);
	unsigned int id;

	for (id = 1; id < TRACE_IDS; id++)
		if (w->setting->enable[id])
			put_u64(w, id);
	for (id = 1; id < TRACE_IDS; id++) {
		if (!w->setting->enable[id])
			continue;
		put_attribute(w, id, ids_at);
		ids_at += sizeof(uint64_t);
	}
}

static uint16_t padded(size_t n)
{
	return (uint16_t)((n + 7) & ~(size_t)7);
}

static void put_padded(struct trace_writer *w, const char *s)
{
	static const char zero[8];
	size_t n = strlen(s) + 1;

	put(w, s, n);
	put(w, zero, padded(n) - n);
}

static void put_header_of(struct trace_writer *w, uint32_t type, uint16_t misc,
			  size_t body)
{
	struct perf_event_header h = {
		.type = type,
		.misc = misc,
		.size = (uint16_t)(sizeof(h) + body),
	};

	put(w, &h, sizeof(h));
}

/* The guest's kernel: its file begins with its text's page at an offset as long as below. */
static void put_kernel(struct trace_writer *w)
{
	const struct trace_setting *s = w->setting;
	const char *name = s->kernel ? s->kernel : "[guest]";

	put_header_of(w, PERF_RECORD_MMAP, PERF_RECORD_MISC_USER,
		      32 + padded(strlen(name) + 1));
	put_u32(w, GUEST_PID);
	put_u32(w, GUEST_PID);
	put_u64(w, s->text_start);
	put_u64(w, s->text_end - s->text_start);
	put_u64(w, s->text_offset);
	put_padded(w, name);
}

static void put_comm(struct trace_writer *w, uint32_t tid, const char *name)
{
	put_header_of(w, PERF_RECORD_COMM, 0, 8 + padded(strlen(name) + 1));
	put_u32(w, GUEST_PID);
	put_u32(w, tid);
	put_padded(w, name);
}

static void begin(struct trace_writer *w, const struct trace_setting *setting)
{
	static const struct header empty;
	unsigned int cpu;
	char name[16];

	w->setting = setting;
	put(w, &empty, sizeof(empty));
	put_attributes(w);
	put_comm(w, GUEST_PID, "guest");
	put_kernel(w);
	for (cpu = 0; cpu < setting->cpus; cpu++) {
		snprintf(name, sizeof(name), "vcpu%u", cpu);
		put_comm(w, FIRST_THREAD + cpu, name);
	}
}

/* --- records ----------------------------------------------------------------------------- */

static void put_lost(struct trace_writer *w, unsigned int id, uint64_t lost)
{
	put_header_of(w, PERF_RECORD_LOST, 0, 16);
	put_u64(w, id);
	put_u64(w, lost);
}

static void put_sample(struct trace_writer *w, const struct trace_entry *entry)
{
	const struct trace_event *e = entry->event;
	uint8_t raw[TRACE_RAW_MAX + 8] = { 0 };
	/* With its own length it fills whole words. */
	uint32_t size = padded(trace_lay_out(entry, FIRST_THREAD + e->cpu, raw) + 4) - 4u;
	/* A chain has its mark in front; without one it is the site alone. */
	uint64_t depth = e->depth ? e->depth : e->site != 0;
	unsigned int i;

	put_header_of(w, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER,
		      48 + 8 + 8 * (depth + 1) + 4 + size);
	put_u64(w, e->id);
	put_u64(w, e->site);
	put_u32(w, GUEST_PID);
	put_u32(w, FIRST_THREAD + e->cpu);
	put_u64(w, entry->ns);
	put_u32(w, e->cpu);
	put_u32(w, 0);
	put_u64(w, 1);
	put_u64(w, depth + 1);
	put_u64(w, (uint64_t)PERF_CONTEXT_USER);
	if (!e->depth && depth)
		put_u64(w, e->site);
	for (i = 0; i < e->depth; i++)
		put_u64(w, e->chain[i]);
	put_u32(w, size);
	put(w, raw, size);
}

static void event(struct trace_writer *w, const struct trace_entry *entry)
{
	if (entry->lost)
		put_lost(w, entry->event->id, entry->lost);
	put_sample(w, entry);
	w->events++;
}

/* --- descriptions ------------------------------------------------------------------------ */

static const char header_page[] =
	"\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
	"\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
	"\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
	"\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n";
static const char header_event[] = "# compressed entry header\n"
				   "\ttype_len    :    5 bits\n"
				   "\ttime_delta  :   27 bits\n"
				   "\tarray       :   32 bits\n";
static void put_text(struct trace_writer *w, const char *text)
{
	put_u64(w, strlen(text));
	put(w, text, strlen(text));
}

static bool same_system(unsigned int a, unsigned int b)
{
	return !strcmp(trace_kinds[a].system, trace_kinds[b].system);
}

/* The wanted events of the system that `first` is the first wanted one of. */
static void put_system(struct trace_writer *w, unsigned int first)
{
	uint32_t n = 0;
	unsigned int id;
	char text[TRACE_FORMAT_MAX];

	for (id = first; id < TRACE_IDS; id++)
		n += w->setting->enable[id] && same_system(id, first);
	put_string(w, trace_kinds[first].system);
	put_u32(w, n);
	for (id = first; id < TRACE_IDS; id++) {
		if (!w->setting->enable[id] || !same_system(id, first))
			continue;
		trace_format(id, w->setting, text);
		put_text(w, text);
	}
}

static bool is_first(const struct trace_setting *s, unsigned int id)
{
	unsigned int other;

	for (other = 1; other < id; other++)
		if (s->enable[other] && same_system(other, id))
			return false;
	return s->enable[id];
}

static void put_descriptions(struct trace_writer *w)
{
	static const char mark[] = { 23, 8, 68, 't', 'r', 'a', 'c', 'i', 'n', 'g' };
	static const char sizes[] = { 0, sizeof(long) }; /* little-endian */
	unsigned int id;
	uint32_t systems = 0;

	put(w, mark, sizeof(mark));
	put_string(w, "0.6");
	put(w, sizes, sizeof(sizes));
	put_u32(w, PAGE_BYTES);
	put_string(w, "header_page");
	put_text(w, header_page);
	put_string(w, "header_event");
	put_text(w, header_event);
	put_u32(w, 0); /* events of ftrace itself */
	for (id = 1; id < TRACE_IDS; id++)
		systems += is_first(w->setting, id);
	put_u32(w, systems);
	for (id = 1; id < TRACE_IDS; id++)
		if (is_first(w->setting, id))
			put_system(w, id);
	put_u32(w, 0); /* names of the kernel's functions */
	put_u32(w, 0); /* formats of trace_printk() */
	put_u64(w, 0); /* names of processes */
}

/* What is needed to read the records, each piece behind a table of all. */
static void put_features(struct trace_writer *w)
{
	struct section table[] = { { 0, 0 }, { 0, 0 } };
	uint64_t at = place(w);

	put(w, table, sizeof(table));
	table[0].offset = place(w);
	put_descriptions(w);
	table[1].offset = place(w);
	table[0].size = table[1].offset - table[0].offset;
	put_u32(w, w->setting->cpus); /* there are, and are in use */
	put_u32(w, w->setting->cpus);
	table[1].size = place(w) - table[1].offset;
	if (!fseek(w->file, (long)at, SEEK_SET))
		put(w, table, sizeof(table));
	fseek(w->file, 0, SEEK_END);
}

static void end(struct trace_writer *w, uint64_t lost)
{
	unsigned int n = count_wanted(w->setting);
	struct header h = {
		.magic = MAGIC,
		.size = sizeof(h),
		.attr_size = sizeof(struct attribute),
		.features = { 1ull << FEATURE_TRACING | 1ull << FEATURE_CPUS },
	};

	(void)lost;
	h.attrs.offset = sizeof(h) + n * sizeof(uint64_t);
	h.attrs.size = n * sizeof(struct attribute);
	h.data.offset = h.attrs.offset + h.attrs.size;
	h.data.size = place(w) - h.data.offset;
	put_features(w);
	if (!fseek(w->file, 0, SEEK_SET))
		put(w, &h, sizeof(h));
	fseek(w->file, 0, SEEK_END);
}

void trace_perf_writer(struct trace_writer *w, FILE *file)
{
	*w = (struct trace_writer){ begin, event, end, file, NULL, 0 };
}

/* SPDX-License-Identifier: MIT */
/* Files of memory events: what a writer is told, and those that there are. */
#ifndef VMM_TRACE_WRITER_H
#define VMM_TRACE_WRITER_H

#include <stdint.h>
#include <stdio.h>

#include "vmm/trace/trace_event.h"
#include "vmm/util/symbols.h"

/* An event as a writer gets it. */
struct trace_entry {
	const struct trace_event *event;
	const struct trace_values *values;
	uint64_t
		ns; /* since the guest started, or its time-stamp counter where that is not told */
	uint64_t lost; /* events of this CPU just before it */
};

/* What stands around the events. */
struct trace_setting {
	const char *guest; /* its name */
	const char *kernel; /* absolute path of its ELF file, or NULL */
	uint64_t text_start, text_end; /* va of its code */
	uint64_t text_offset; /* of text_start in that file */
	const struct symbols *symbols; /* may be empty, or NULL */
	uint64_t pages_va; /* of its struct pages, and bytes of one */
	uint32_t page_bytes;
	unsigned int block_order; /* of its page blocks */
	unsigned int cpus;
	uint8_t enable[TRACE_IDS_MAX];
};

struct trace_writer {
	void (*begin)(struct trace_writer *w, const struct trace_setting *setting);
	void (*event)(struct trace_writer *w, const struct trace_entry *entry);
	/* lost: of all, those behind the last event included. */
	void (*end)(struct trace_writer *w, uint64_t lost);
	FILE *file; /* whether all was written, ferror() tells */
	const struct trace_setting *setting;
	uint64_t events;
};

/* A line an event, as perf script prints them. */
void trace_text_writer(struct trace_writer *w, FILE *file);
/* Chrome's trace event format, which Perfetto reads. */
void trace_json_writer(struct trace_writer *w, FILE *file);
/* perf.data: tracepoints of Linux's names, with their descriptions.  The file must be one
 * that can be written at any place. */
void trace_perf_writer(struct trace_writer *w, FILE *file);

/* Behind the numbers of entries of a list that was not told whole. */
#define TRACE_TRUNCATED " [TRUNCATED]"

/* The event as the kernel prints it, into buf (always terminated). */
void trace_describe(const struct trace_entry *entry, const struct trace_setting *setting,
		    char *buf, size_t size);
/* Bytes that hold any. */
#define TRACE_TEXT_MAX 8192
/* The i-th field alone: numbers, addresses as such, names where it has them. */
void trace_field_text(const struct trace_entry *entry, unsigned int i,
		      const struct trace_setting *setting, char *buf, size_t size);
/* How many conversions the text has, each with its trace_kind.shown. */
unsigned int trace_conversions(const struct trace_kind *kind);

#endif

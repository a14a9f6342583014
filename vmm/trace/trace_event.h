/* SPDX-License-Identifier: MIT */
/*
 * What memory events are called and what they say: Linux's names, fields and texts
 * (include/trace/events/{kmem,vmalloc,vmscan,dma}.h), as tables.  Every writer reads these.
 */
#ifndef VMM_TRACE_EVENT_H
#define VMM_TRACE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/memstate/memstate_view.h"
#include "vmm/trace/trace_reader.h"
#include "vmm/util/error.h"

#define TRACE_FIELDS_MAX 10
#define TRACE_NAME_MAX	 32

enum trace_show {
	TRACE_SHOW_UNSIGNED,
	TRACE_SHOW_SIGNED,
	TRACE_SHOW_HEX,
	TRACE_SHOW_ADDRESS,
	TRACE_SHOW_GFP, /* by name */
	TRACE_SHOW_NAME, /* a string: the name of a cache or a device */
};

struct trace_field {
	const char *name;
	const char *type; /* as the kernel declares it */
	uint8_t size; /* bytes */
	enum trace_show show;
};

struct trace_kind {
	const char *system, *name;
	const char
		*print; /* the kernel's text, with one conversion for each field shown */
	const char *shown; /* the fields in it, as REC->... separated by commas */
	struct trace_field field[TRACE_FIELDS_MAX]; /* ends with one without name */
};

/* Where it may stand in a record, as for the kernel: a multiple of this. */
static inline size_t trace_alignment(const struct trace_field *field)
{
	return field->show == TRACE_SHOW_NAME ? 1 : field->size;
}

/* By enum trace_id; [0] has no name. */
extern const struct trace_kind trace_kinds[TRACE_IDS];

/* The fields of an event, in the order of its kind. */
struct trace_values {
	uint64_t value[TRACE_FIELDS_MAX];
	char name[TRACE_NAME_MAX]; /* what a TRACE_SHOW_NAME says */
	uint64_t bytes; /* what the event is about; 0: no size */
};

/* What names and frame numbers are found with; NULL members: not told. */
struct trace_names {
	struct memstate_view *state; /* of the guest that wrote the events */
	/* Names of caches, found once. */
	struct {
		uint64_t va;
		char name[TRACE_NAME_MAX];
	} cache[64];
	unsigned int nr_caches;
};

void trace_values(const struct trace_event *event, struct trace_names *names,
		  struct trace_values *values);

/* Reads GLOB[,GLOB...][,chain] into what `enable` shall say of each event.  0, or -EINVAL with
 * the line in err. */
int trace_parse_events(const char *text, uint8_t enable[TRACE_IDS_MAX],
		       struct error *err);
/* Is text what the glob says?  `*` any characters, `?` one. */
bool trace_matches(const char *glob, const char *text);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What memory events are called and what they say: Linux's names, fields and texts
 * (include/trace/events/{kmem,vmalloc,vmscan,dma}.h, as of 6.17), as tables.  Every writer
 * reads these.  tests/unit/vmm/test_trace_format.c has where they are not Linux's, and why.
 */
#ifndef VMM_TRACE_EVENT_H
#define VMM_TRACE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/memstate/memstate_view.h"
#include "vmm/trace/trace_reader.h"
#include "vmm/util/error.h"
#include "vmm/util/gfp.h"

#define TRACE_FIELDS_MAX 10
#define TRACE_SHOWN_MAX	 13
#define TRACE_NAME_MAX	 32

/* What a field is. */
enum trace_form {
	TRACE_UNSIGNED,
	TRACE_SIGNED,
	TRACE_HEX, /* an address, or the number of a frame */
	TRACE_SITE, /* an address in the kernel's code */
	TRACE_GFP, /* flags that have names, as the following two */
	TRACE_DIRECTION,
	TRACE_DMA_ATTRS,
	TRACE_BOOL,
	/* The kernel's __data_loc: as long as it is, behind the others. */
	TRACE_STRING, /* the name of a cache or a device */
	TRACE_PHYS_ADDRS, /* of the entries of a list */
	TRACE_DMA_ADDRS,
	TRACE_LENGTHS,
};

struct trace_field {
	const char *name;
	const char *type; /* as the kernel declares it, or each of its elements */
	uint8_t size; /* bytes, or those of an element */
	uint8_t form; /* enum trace_form */
};

/* How a conversion of the text comes to what it prints. */
enum trace_as {
	TRACE_AS_FIELD, /* by its form */
	TRACE_AS_COUNT, /* of the array's elements */
	TRACE_AS_TRUNCATED, /* a remark, where the field is set */
	TRACE_AS_FRAME, /* 0 where there is none */
	TRACE_AS_PAGE, /* the frame's struct page, NULL where there is none */
	TRACE_AS_FRAGMENTING, /* is the order less than a page block's? */
	TRACE_AS_BLOCK_ORDER, /* that of page blocks, from no field */
	TRACE_AS_FALSE, /* from no field */
};

struct trace_shown {
	enum trace_as as;
	const char *field; /* what it is made of, or NULL */
};

struct trace_kind {
	const char *system, *name;
	const char *text; /* the kernel's, with a conversion for each of `shown` */
	struct trace_shown shown[TRACE_SHOWN_MAX];
	struct trace_field field[TRACE_FIELDS_MAX]; /* ends with one without name */
};

/* By enum trace_id; [0] has no name. */
extern const struct trace_kind trace_kinds[TRACE_IDS];

/* enum dma_data_direction, and DMA_ATTR_*. */
#define TRACE_DIRECTIONS 4
extern const struct bit_name trace_directions[TRACE_DIRECTIONS];
#define TRACE_ATTR_NAMES 9
extern const struct bit_name trace_attrs[TRACE_ATTR_NAMES];

static inline bool trace_is_array(const struct trace_field *field)
{
	return field->form > TRACE_STRING;
}

/* The place of the field so called, which there is; NULL: of the first. */
unsigned int trace_field_index(const struct trace_kind *kind, const char *name);

/* The fields of an event, in the order of its kind. */
struct trace_values {
	uint64_t value[TRACE_FIELDS_MAX]; /* an array's: how many elements */
	char name[TRACE_NAME_MAX]; /* what a TRACE_STRING says */
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
/* The i-th element of an array. */
uint64_t trace_element(const struct trace_event *event, const struct trace_field *field,
		       unsigned int i);

/* Reads GLOB[,GLOB...][,chain] into what `enable` shall say of each event.  0, or -EINVAL with
 * the line in err. */
int trace_parse_events(const char *text, uint8_t enable[TRACE_IDS_MAX],
		       struct error *err);
/* Is text what the glob says?  `*` any characters, `?` one. */
bool trace_matches(const char *glob, const char *text);

#endif

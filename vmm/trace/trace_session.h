/* SPDX-License-Identifier: MIT */
/*
 * Events of one guest, read from outside: from its memory to a writer, through what the user
 * wants to see.
 */
#ifndef VMM_TRACE_SESSION_H
#define VMM_TRACE_SESSION_H

#include "vmm/inspect/view.h"
#include "vmm/trace/trace_writer.h"

#define TRACE_ANY_VCPU (~0u)

/* What of the events is written. */
struct trace_filter {
	uint8_t enable[TRACE_IDS_MAX];
	unsigned int vcpu; /* or TRACE_ANY_VCPU */
	uint64_t bytes_min,
		bytes_max; /* events without a size pass only where both are open */
	const char *
		site; /* glob of a function's name that the chain or site has; NULL: any */
};

struct trace_session {
	struct view *view;
	const struct trace_filter *filter;
	struct trace_writer *writer;
	struct trace_reader reader;
	struct trace_names names;
	struct trace_setting setting;
	uint64_t area_gpa;
	uint64_t tsc_base; /* when the guest started */
	uint32_t tsc_khz; /* 0: not told, times are in counts */
	uint64_t lost[TRACE_RINGS_MAX]; /* by vCPU: not told to the writer yet */
};

/* Has the monitor of that machine set the level of each event (NULL: leaves them as they
 * are); `before` is what they were, or NULL.  0, or a negative errno with the line in err. */
int trace_switch(const char *name, const uint8_t *enable, uint8_t *before,
		 struct error *err);
/* Where more than is wanted is on already, it stays on. */
void trace_join_levels(uint8_t *enable, const uint8_t *others);

/* Is it to be written? */
bool trace_filter_passes(const struct trace_filter *filter,
			 const struct trace_event *event,
			 const struct trace_values *values,
			 const struct symbols *symbols);

/* The view is open and stays the caller's, as filter and writer do.  `all`: with what is in
 * the rings already.  0, or a negative errno with the line in err. */
int trace_session_open(struct trace_session *s, struct view *view,
		       const struct trace_filter *filter, struct trace_writer *writer,
		       bool all, struct error *err);
/* Takes what has come since.  As trace_reader_poll(). */
int trace_session_poll(struct trace_session *s, struct error *err);
void trace_session_close(struct trace_session *s);

#endif

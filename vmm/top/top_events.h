/* SPDX-License-Identifier: MIT */
/*
 * Every object that a guest allocates, counted for `pagevisor top --events`.
 *
 * The guest keeps no such counter: its fast path would pay for it.  It counts while it is told
 * to write memory events (abi/trace.h), 30 instructions at most each; that is why this is asked
 * for, and switched off again at the end.
 */
#ifndef VMM_TOP_EVENTS_H
#define VMM_TOP_EVENTS_H

#include "vmm/trace/trace_session.h"

struct top_events {
	bool on;
	const char *name; /* of the machine */
	struct trace_filter filter;
	struct trace_writer writer;
	struct trace_session session;
	uint8_t before[TRACE_IDS_MAX]; /* what was on */
	uint64_t count[TRACE_IDS];
};

/* The view is the caller's and stays open.  0, or a negative errno with the line in err. */
int top_events_open(struct top_events *events, struct view *view, struct error *err);
/* Takes what has come since; those that were overwritten first are in lost(). */
void top_events_poll(struct top_events *events);
uint64_t top_events_lost(const struct top_events *events);
/* All as it was.  Also of one that was never opened. */
void top_events_close(struct top_events *events);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Taking a guest's memory events out of its rings (abi/trace.h), while it runs and with
 * nobody in it asked.
 *
 * Nothing is believed: the rings must lie in RAM, a place must be where it can be, and a
 * record counts only when its own mark says that it is whole and the ring says that it was
 * not overtaken meanwhile.  Whatever a guest writes, one poll costs at most the rings once.
 * Any number of readers may follow one guest: they change nothing.
 */
#ifndef VMM_TRACE_READER_H
#define VMM_TRACE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <abi/trace.h>

#include "vmm/util/error.h"

/* Where guest-physical memory is read.  0, or a negative errno: not all of it is RAM. */
struct trace_source {
	int (*read)(void *arg, uint64_t gpa, void *buf, size_t len);
	void *arg;
};

struct trace_event {
	unsigned int id; /* enum trace_id, one that there is */
	unsigned int cpu;
	uint64_t tsc;
	uint64_t site;
	uint64_t arg[5];
	unsigned int depth; /* of the chain; 0: none was asked for */
	uint64_t chain[TRACE_CHAIN_MAX];
	unsigned int nr_segments; /* of a scatter list, as many as were written */
	const struct trace_segment *segments; /* as long as the call lasts */
};

struct trace_counts {
	uint64_t events; /* taken */
	uint64_t lost; /* records overtaken by newer ones before they were taken */
	uint64_t wrong; /* records that make no sense */
};

struct trace_reader {
	struct trace_source source;
	struct trace_area area; /* as read and checked by trace_reader_open() */
	uint64_t at[TRACE_RINGS_MAX]; /* by ring: taken up to this place */
	uint64_t untold[TRACE_RINGS_MAX]; /* lost behind the last event that was told */
	struct trace_counts counts;
	struct trace_record *records; /* of one batch */
	struct trace_chain *chains;
	struct trace_segment *segments; /* of one event */
};

/*
 * The rings that the area at gpa tells of.  From here on: what is in them already counts
 * when `all` is set, and is passed over otherwise.  0; -EAGAIN: the guest has none yet;
 * -EBADMSG: they make no sense; -ENOMEM; the line is in err.
 */
int trace_reader_open(struct trace_reader *reader, const struct trace_source *source,
		      uint64_t gpa, bool all, struct error *err);
void trace_reader_close(struct trace_reader *reader);

/*
 * Calls fn for each event since the last time, those of one ring in order, and for as many as
 * were lost before it (0: none).  0; -EBADMSG, with the line in err: a ring makes no sense,
 * it is followed from where it is now; -EFAULT: the guest is gone.
 */
typedef void (*trace_fn)(void *arg, const struct trace_event *event, uint64_t lost);
int trace_reader_poll(struct trace_reader *reader, trace_fn fn, void *arg,
		      struct error *err);

#endif

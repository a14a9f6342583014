/* SPDX-License-Identifier: MIT */
/*
 * Events as Linux's own buffers have them: how the kernel's `format` files describe an
 * event, and its bytes laid out by that description.
 */
#ifndef VMM_TRACE_FORMAT_H
#define VMM_TRACE_FORMAT_H

#include "vmm/trace/trace_writer.h"

/* Bytes that hold any description, and any event. */
#define TRACE_FORMAT_MAX 8192
#define TRACE_RAW_MAX	 4096

/* The event's number as a tracepoint; any will do that no other has. */
uint64_t trace_tracepoint(unsigned int id);

/* The description, terminated, of an event of that guest. */
void trace_format(unsigned int id, const struct trace_setting *setting,
		  char buf[TRACE_FORMAT_MAX]);

/* The event, written by the process tid; how many bytes it is, the rest is zero. */
size_t trace_lay_out(const struct trace_entry *entry, uint32_t tid,
		     uint8_t raw[TRACE_RAW_MAX]);

#endif

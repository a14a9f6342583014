/* SPDX-License-Identifier: MIT */
/* A guest of the tests that writes memory events, well or badly (abi/trace.h). */
#ifndef TRACE_GUEST_H
#define TRACE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <abi/trace.h>

#include "vmm/trace/trace_reader.h"

#define TRACE_GUEST_RAM	  0x40000u
#define TRACE_GUEST_AREA  0x100u
#define TRACE_GUEST_RINGS 0x1000u

struct trace_guest {
	_Alignas(64) uint8_t ram[TRACE_GUEST_RAM];
	/* Called before each read of the reader, as if the guest ran at that moment. */
	void (*meanwhile)(struct trace_guest *guest);
	unsigned int reads;
	void *ctx;
};

/* nr rings of so many records. */
void trace_guest_init(struct trace_guest *guest, unsigned int nr, unsigned int records);
struct trace_area *trace_guest_area(struct trace_guest *guest);
struct trace_ring *trace_guest_ring(struct trace_guest *guest, unsigned int ring);
/* The record and chain of a place. */
struct trace_record *trace_guest_record(struct trace_guest *guest, unsigned int ring,
					uint64_t place);
struct trace_chain *trace_guest_chain(struct trace_guest *guest, unsigned int ring,
				      uint64_t place);
/* Takes a place, fills the record in, finishes it.  The place. */
uint64_t trace_guest_begin(struct trace_guest *guest, unsigned int ring);
void trace_guest_finish(struct trace_guest *guest, unsigned int ring, uint64_t place,
			unsigned int id, uint64_t value);
void trace_guest_write(struct trace_guest *guest, unsigned int ring, unsigned int id,
		       uint64_t value);
/* A mapping of a list of `nents`, of which n are told, in the records that this takes: the
 * i-th lies at 4096 * (i + 1), is i + 1 bytes long, and is at twice that for the device.  The
 * place of the first record. */
uint64_t trace_guest_write_list(struct trace_guest *guest, unsigned int ring,
				unsigned int nents, unsigned int n);
/* What a reader reads it through. */
struct trace_source trace_guest_source(struct trace_guest *guest);

#endif

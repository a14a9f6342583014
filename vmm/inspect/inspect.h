/* SPDX-License-Identifier: MIT */
/*
 * `pagevisor inspect`: questions about a guest, answered through a view (view.h).
 *
 * An answer is text in the format of the kernel's own file, where it has one, or JSON.  On a
 * guest that runs, what was read may have been half changed: a question whose answer makes
 * no sense is asked again, a few times.
 */
#ifndef VMM_INSPECT_H
#define VMM_INSPECT_H

#include <jansson.h>

#include "vmm/cli/command.h"
#include "vmm/inspect/view.h"
#include "vmm/memstate/memstate_books.h"
#include "vmm/memstate/memstate_kernel.h"

struct inspect {
	struct view view;
	const char *arg; /* of the question; NULL: none */
	const char *more; /* its second argument; NULL: none */
	bool last; /* the question is not asked again: what is known is to be shown */
	bool wants_json;
	json_t *json; /* the answer, where it is wanted so */
	struct memstate_kernel kernel;
	bool has_kernel; /* it publishes more than memory */
	struct dump_cpu
		*cpus; /* view.facts.cpus many; NULL: not known, or not asked yet */
	struct error err; /* why not */
};

/* A way to see a guest.  show(): prints, or sets in->json; 0, -EBADMSG with the line in
 * view.state.err (then nothing was printed, unless in->last), or another negative errno with
 * it in err. */
struct question {
	const char *name;
	const char *arg; /* its argument: "NAME", "NAME [MORE]", or NULL */
	bool no_state; /* needs nothing that the guest publishes */
	const char *text; /* what it tells, half a sentence */
	int (*show)(struct inspect *in, struct error *err);
};

/* Each ends with a row without name. */
extern const struct question inspect_memory_questions[];
extern const struct question inspect_dma_questions[];
extern const struct question inspect_frame_questions[];
extern const struct question inspect_walk_questions[];
extern const struct question inspect_kernel_questions[];

/* --- for the answers ------------------------------------------------------------------------ */

/* Begins an answer that is a list: an empty array, or the heading as it is. */
void inspect_begin_list(struct inspect *in, const char *heading);
/* As the kernel's %pS: "name+0x12/0x40", or the bare number. */
void inspect_symbol(const struct inspect *in, uint64_t addr, char *buf, size_t size);
/* The same of an address that a call returns to. */
void inspect_return(const struct inspect *in, uint64_t addr, char *buf, size_t size);
/* A number as JSON: as signed as that has them. */
json_t *inspect_number(uint64_t value);
/* A chain, one line a call with `indent` in front; and as an array of strings.  The first
 * is where it is, the others are returned to; with `all`, the first as well. */
void inspect_print_chain(const struct inspect *in, const uint64_t *pc, unsigned int n,
			 bool all, const char *indent);
json_t *inspect_chain(const struct inspect *in, const uint64_t *pc, unsigned int n,
		      bool all);
/* The address that somebody wrote.  0, or -EINVAL with the line in err. */
int inspect_address(const char *text, uint64_t *addr, struct error *err);
/* It is in the kernel's half of the address space. */
bool inspect_is_kernel(uint64_t addr);
/* The registers, asked for once.  NULL: not known, the line in in->err. */
const struct dump_cpu *inspect_cpus(struct inspect *in);

extern const struct command inspect_command;

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The value of one of QEMU's options, as a set of names with string values.  QEMU writes it
 * as `first,name=value,name=value` (a comma in a value is doubled) or as a JSON object; an
 * object within it is flattened ({"cache":{"direct":true}} is cache.direct=on), so that
 * both forms read alike.
 *
 * Whoever understands a name takes it out.  What nobody took is refused by
 * qemu_opts_finish(): nothing is ever ignored silently.
 */
#ifndef VMM_QEMU_OPTS_H
#define VMM_QEMU_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

#include "vmm/util/error.h"

struct qemu_opts {
	const char *option; /* "-device" */
	const char
		*kind; /* "virtio-blk-pci": the first value, once it was taken; or NULL */
	json_t *values; /* name -> string */
	json_t *taken; /* strings that were handed out: they live as long as this */
};

/* Reads text; `first` names a first value that has no name (NULL: it needs one).
 * 0, or -EINVAL, -ENOMEM with the line in err. */
int qemu_opts_parse(struct qemu_opts *opts, const char *option, const char *first,
		    const char *text, struct error *err);
void qemu_opts_fini(struct qemu_opts *opts);

/* Takes a value out; NULL: it is not there.  Valid until qemu_opts_fini(). */
const char *qemu_opts_take(struct qemu_opts *opts, const char *name);
/* Takes the name that says what the rest is about, and notes it for messages. */
const char *qemu_opts_take_kind(struct qemu_opts *opts, const char *name);
/* on, off, yes, no, true, false; `otherwise` when it is not there. */
int qemu_opts_take_bool(struct qemu_opts *opts, const char *name, bool otherwise,
			bool *value, struct error *err);
/* A number, decimal or 0x...; `otherwise` when it is not there. */
int qemu_opts_take_number(struct qemu_opts *opts, const char *name,
			  unsigned long long otherwise, unsigned long long *value,
			  struct error *err);

/* What is accepted because it says how things are anyway.  `why` is for the reader. */
struct qemu_harmless {
	const char *name;
	const char *value; /* the only one that is; NULL: any */
	const char *why;
};
/* Takes those out that have that value; the row without a name ends the table. */
void qemu_opts_take_harmless(struct qemu_opts *opts, const struct qemu_harmless *table);

/* 0 when nothing is left, else -EINVAL and a line that names it, and the element of the
 * domain XML that it comes from where that is known. */
int qemu_opts_finish(const struct qemu_opts *opts, struct error *err);

/* A value that was understood and is not possible here. */
__attribute__((format(printf, 3, 4))) int
qemu_refuse(const struct qemu_opts *opts, struct error *err, const char *fmt, ...);

/* qemu_elements.c: the XML element behind an option's property (NULL: of the option
 * itself), or NULL: not known. */
const char *qemu_element(const char *option, const char *kind, const char *name);

#endif

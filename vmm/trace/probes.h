/* SPDX-License-Identifier: MIT */
/* Every static probe of pagevisor (devices/probe.h), for the man page; a test compares this
 * table with the notes of the binary. */
#ifndef VMM_PROBES_H
#define VMM_PROBES_H

struct probe {
	const char *name;
	const char *args; /* their names, in order, separated by ", " */
	const char *text;
};

/* Ends with a row without name. */
extern const struct probe probes[];

#endif

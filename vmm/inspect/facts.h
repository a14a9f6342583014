/* SPDX-License-Identifier: MIT */
/*
 * What a reader has to know of a machine before it can read: where its RAM is, and what it
 * was started with.  A machine writes it as JSON into the run-time directory when it starts,
 * NAME.facts beside NAME.qmp; a core has the same in a note of owner "pagevisor" and type
 * FACTS_NOTE_TYPE.
 */
#ifndef VMM_FACTS_H
#define VMM_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <jansson.h>

#include "devices/dma/ram.h"
#include "vmm/util/error.h"

#define FACTS_NOTE_OWNER "pagevisor"
#define FACTS_NOTE_TYPE	 2
#define FACTS_VERSION	 1
#define FACTS_CPUS_MAX	 4096
#define FACTS_MAX	 65536 /* bytes of the text */

/* A range of RAM. */
struct facts_region {
	uint64_t gpa, size; /* whole pages */
	uint64_t at; /* its address in the monitor; in a core, its offset in the file */
};

struct guest_facts {
	pid_t pid; /* of the monitor; in a core, of the one that wrote it */
	uint64_t
		birth; /* of that process, see facts_birth_of(): tells a pid used again */
	int64_t started; /* the guest, seconds since 1970 */
	unsigned int cpus;
	uint64_t memstate_gpa; /* where the guest publishes its state; 0: it does not */
	bool private_ram; /* what the host has given no page for reads as zero */
	unsigned int nr_regions;
	struct facts_region
		region[RAM_MAX_REGIONS]; /* ascending, none overlaps another */
	char *kernel; /* absolute path; NULL: not known */
	char *cmdline; /* or NULL */
};

/* NULL: no memory. */
json_t *facts_pack(const struct guest_facts *facts);
/* Checked: the regions are as above, none wraps or is empty, cpus is 1 to FACTS_CPUS_MAX.
 * 0, or -EPROTO with the line in err; `what` is whose they are. */
int facts_unpack(struct guest_facts *facts, const json_t *json, const char *what,
		 struct error *err);
void facts_free(struct guest_facts *facts);

/* The same of a text. */
int facts_parse(struct guest_facts *facts, const char *text, size_t size,
		const char *what, struct error *err);

/* When the process was started, in clock ticks since the host was; 0: there is none. */
uint64_t facts_birth_of(pid_t pid);

#endif

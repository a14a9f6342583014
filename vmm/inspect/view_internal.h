/* SPDX-License-Identifier: MIT */
/* Shared by the parts of a view. */
#ifndef VMM_VIEW_INTERNAL_H
#define VMM_VIEW_INTERNAL_H

#include "vmm/inspect/view.h"

/* The sources.  Each fills in view->facts and view->source; what both hold is given back by
 * view_close() in any case.  0, or a negative errno with the line in err. */

/* view_live.c: the machine `name` of the run-time directory; -EPERM (no line): this process
 * may not read that one. */
int view_open_live(struct view *view, const char *name, struct error *err);
/* view_core.c: the ELF core behind fd, which is taken in any case; view->name is its name. */
int view_open_core(struct view *view, int fd, struct error *err);
/* view_copy.c: a core of the machine in memory, then as view_open_core(). */
int view_open_copy(struct view *view, const char *name, struct error *err);

/* The number of the region that all of [gpa, gpa + len) is in; -1: none. */
int facts_find(const struct guest_facts *facts, uint64_t gpa, uint64_t len);

#endif

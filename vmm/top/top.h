/* SPDX-License-Identifier: MIT */
/* `pagevisor top`: a guest live, on a terminal or as plain text. */
#ifndef VMM_TOP_H
#define VMM_TOP_H

#include "vmm/cli/command.h"
#include "vmm/top/top_page.h"

struct top {
	struct top_source source;
	struct top_settings settings;
	struct top_sample samples[2];
	unsigned int now; /* index of the last one; the other is the one before */
	struct top_page page;
};

/* Looks: the last look becomes the one before.  0, or -ESRCH with the line in err. */
int top_look(struct top *top, struct error *err);
/* The page of the last two looks. */
int top_fill(struct top *top);

/* The view on a terminal, until somebody leaves or the machine is gone (-ESRCH).  `looks`:
 * how many, 0 for no end.  0, or a negative errno with the line in err.  The terminal is as
 * it was on return, also where a signal ended it: *signal_number is that, or 0. */
int top_terminal(struct top *top, unsigned int looks, int *signal_number,
		 struct error *err);

extern const struct command top_command;

#endif

/* SPDX-License-Identifier: MIT */
/* How a run ended, and what that means to whoever started it. */
#ifndef VMM_OUTCOME_H
#define VMM_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

enum end_reason {
	END_NONE, /* it has not */
	END_EXIT, /* the guest wrote code to the exit port */
	END_POWEROFF, /* the guest switched itself off */
	END_RESET, /* the guest asked for a reset, and is not to be started again */
	END_PANIC, /* the guest says that its kernel panicked */
	END_TRIPLE_FAULT, /* a vCPU faulted while it handled a double fault */
	END_STUCK, /* KVM cannot go on with the guest: text */
	END_SIGNAL, /* the monitor was told to end by signal `code` */
	END_QUIT, /* Ctrl-A x */
	END_CONTROL, /* quit, over the control socket */
	END_CONSOLE, /* nothing can be printed any more: errno `code` */
	END_SANDBOX, /* a thread of the monitor made a forbidden system call: text */
	END_HOST, /* KVM or the host failed: text */
};

struct outcome {
	enum end_reason reason;
	uint64_t code;
	char text[224];
};

/* What a guest that panicked writes to the exit port. */
#define EXIT_CODE_PANIC 0x7d

#define STATUS_WELL   0 /* the guest finished well */
#define STATUS_FAILED 1 /* the guest reported failure, crashed, or did not finish */
#define STATUS_USAGE  2 /* usage or environment */

/* The exit status of the monitor. */
int outcome_status(const struct outcome *outcome);
/* The guest itself brought it about. */
bool outcome_by_guest(const struct outcome *outcome);
/* It crashed, or says that its kernel panicked. */
bool outcome_is_panic(const struct outcome *outcome);
/* A word for reports. */
const char *outcome_name(enum end_reason reason);
/* One sentence for people into buf. */
void outcome_describe(const struct outcome *outcome, char *buf, unsigned int size);

#endif

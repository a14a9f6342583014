/* SPDX-License-Identifier: MIT */
/* "It is done", counted (include/linux/completion.h): each complete() lets one waiter on. */
#ifndef _LINUX_COMPLETION_H
#define _LINUX_COMPLETION_H

#include <linux/wait.h>

struct completion {
	unsigned int done; /* complete() calls not yet consumed; UINT_MAX: for ever */
	struct wait_queue_head wait; /* its lock guards done */
};

#define COMPLETION_INITIALIZER(name)                          \
	{                                                     \
		0, __WAIT_QUEUE_HEAD_INITIALIZER((name).wait) \
	}
#define DECLARE_COMPLETION(name)	 struct completion name = COMPLETION_INITIALIZER(name)
#define DECLARE_COMPLETION_ONSTACK(name) DECLARE_COMPLETION(name)

void init_completion(struct completion *c);
void reinit_completion(struct completion *c);
/* From any context. */
void complete(struct completion *c);
void complete_all(struct completion *c);
void wait_for_completion(struct completion *c);
/* Ticks left (at least 1), or 0 when time ran out. */
unsigned long wait_for_completion_timeout(struct completion *c, unsigned long timeout);
bool try_wait_for_completion(struct completion *c);
bool completion_done(struct completion *c);

#endif

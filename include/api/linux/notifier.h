/* SPDX-License-Identifier: MIT */
/* A function that wants to hear of something (include/linux/notifier.h). */
#ifndef _LINUX_NOTIFIER_H
#define _LINUX_NOTIFIER_H

struct notifier_block;
typedef int (*notifier_fn_t)(struct notifier_block *nb, unsigned long action, void *data);

struct notifier_block {
	notifier_fn_t notifier_call;
	struct notifier_block *next; /* in its chain: the next lower priority */
	int priority; /* higher ones are called first */
};

/* What a notifier_call returns. */
#define NOTIFY_DONE	 0x0000 /* not interested */
#define NOTIFY_OK	 0x0001
#define NOTIFY_STOP	 0x8001 /* nobody else needs to hear of it */
#define NOTIFY_STOP_MASK 0x8000

#endif

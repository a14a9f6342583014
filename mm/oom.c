/* SPDX-License-Identifier: MIT */
/* Out of memory: the notifiers, then the killer, one request at a time. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/oom.h>
#include <linux/sched/mm.h>
#include "mm/oom.h"

static struct {
	struct mutex lock; /* guards all of this, while they run too */
	struct notifier_block *chain; /* by priority, the highest first */
	bool (*kill)(const struct oom_control *oc);
	unsigned long times;
} oom = { .lock = __MUTEX_INITIALIZER(oom.lock) };

void oom_reset(void)
{
	mutex_init(&oom.lock);
	oom.chain = NULL;
	oom.kill = NULL;
	oom.times = 0;
}

unsigned long oom_count(void)
{
	return READ_ONCE(oom.times);
}

int register_oom_notifier(struct notifier_block *nb)
{
	struct notifier_block **link = &oom.chain;

	if (!nb->notifier_call)
		return -EINVAL;
	mutex_lock(&oom.lock);
	while (*link && (*link)->priority >= nb->priority)
		link = &(*link)->next;
	nb->next = *link;
	*link = nb;
	mutex_unlock(&oom.lock);
	return 0;
}

int unregister_oom_notifier(struct notifier_block *nb)
{
	struct notifier_block **link = &oom.chain;
	int err = -EINVAL;

	mutex_lock(&oom.lock);
	while (*link && *link != nb)
		link = &(*link)->next;
	if (*link) {
		*link = nb->next;
		err = 0;
	}
	mutex_unlock(&oom.lock);
	return err;
}

void set_oom_killer(bool (*kill)(const struct oom_control *oc))
{
	mutex_lock(&oom.lock);
	oom.kill = kill;
	mutex_unlock(&oom.lock);
}

/* Pages that the notifiers gave. */
static unsigned long ask_notifiers(void)
{
	unsigned long freed = 0;

	for (struct notifier_block *nb = oom.chain; nb; nb = nb->next)
		if (nb->notifier_call(nb, 0, &freed) & NOTIFY_STOP_MASK)
			break;
	return freed;
}

bool out_of_memory(gfp_t gfp, unsigned int order)
{
	struct oom_control oc = { gfp, (int)order };
	unsigned int saved;
	bool helped;

	/* Another request is at it: what it gets free may do for this one, too. */
	if (!mutex_trylock(&oom.lock))
		return true;
	oom.times++;
	saved = memalloc_noreclaim_save();
	helped = ask_notifiers() || (oom.kill && oom.kill(&oc));
	memalloc_noreclaim_restore(saved);
	mutex_unlock(&oom.lock);
	return helped;
}

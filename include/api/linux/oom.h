/* SPDX-License-Identifier: MIT */
/*
 * Out of memory (include/linux/oom.h): a request that may not simply fail found nothing left
 * to reclaim.  First the notifiers are asked for what they can give, then the killer to end
 * somebody; when neither helps, the request fails.
 */
#ifndef _LINUX_OOM_H
#define _LINUX_OOM_H

#include <linux/gfp.h>
#include <linux/notifier.h>

/* The request. */
struct oom_control {
	gfp_t gfp_mask;
	int order;
};

/*
 * notifier_call gets data = unsigned long *freed and adds the pages it has freed.  It may
 * sleep and allocate (from the reserve, without reclaim).  0, or -EINVAL: not registered.
 * Both may sleep.
 */
int register_oom_notifier(struct notifier_block *nb);
int unregister_oom_notifier(struct notifier_block *nb);

/*
 * The killer: true when it has chosen somebody whose memory comes free soon; the request
 * then waits and tries again.  It may sleep, and does not allocate without __GFP_NOWARN |
 * __GFP_NORETRY.  NULL takes it away.  One call at a time.
 */
void set_oom_killer(bool (*kill)(const struct oom_control *oc));

#endif

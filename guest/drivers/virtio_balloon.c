/* SPDX-License-Identifier: MIT */
/*
 * The memory balloon (virtio 1.2, section 5.5): its thread and its device.
 *
 * The thread follows the device's target whenever that changes, and then rests.  When memory
 * runs out pages are taken back (DEFLATE_ON_OOM) and the thread rests, too: a target that
 * cannot be reached is not fought for until it is set anew.  Free memory is reported by the
 * thread as well, at most every two seconds, and only when something was freed meanwhile.
 */
#include <guest/balloon.h>
#include <guest/patience.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/slab.h>

#include "virtio_balloon.h"

#define REPORT_EVERY (2 * HZ)
#define RETRY_AFTER  (HZ / 5) /* when there was no page to be had */

struct virtio_balloon balloon = {
	.wake = __WAIT_QUEUE_HEAD_INITIALIZER(balloon.wake),
	.limit = ~0UL,
	.lock = __MUTEX_INITIALIZER(balloon.lock),
	.told = COMPLETION_INITIALIZER(balloon.told),
	.answers_lock = __SPIN_LOCK_UNLOCKED(balloon.answers_lock),
	.report_lock = __MUTEX_INITIALIZER(balloon.report_lock),
	.reported = COMPLETION_INITIALIZER(balloon.reported),
};

/* --- what the device and others want -------------------------------------------------------- */

unsigned long balloon_target(void)
{
	le32 pages = 0;

	if (balloon.vdev)
		virtio_cread(balloon.vdev, struct virtio_balloon_config, num_pages,
			     &pages);
	return pages;
}

unsigned long balloon_size(void)
{
	return READ_ONCE(balloon.pages.nr);
}

bool balloon_there(void)
{
	return balloon.vdev;
}

bool balloon_has(unsigned int feature)
{
	return balloon.vdev && virtio_has_feature(balloon.vdev, feature);
}

unsigned long balloon_stats_told(void)
{
	return READ_ONCE(balloon.stats_told);
}

static void wake_thread(struct virtio_balloon *b)
{
	wake_up(&b->wake);
}

static void config_changed(struct virtio_device *vdev)
{
	(void)vdev;
	WRITE_ONCE(balloon.changed, true);
	wake_thread(&balloon);
}

void balloon_limit(unsigned long pages)
{
	WRITE_ONCE(balloon.limit, pages);
	config_changed(balloon.vdev);
}

void balloon_settle(void)
{
	if (!balloon.vdev)
		return;
	for (unsigned int i = 0;
	     i < 10 * HZ && (READ_ONCE(balloon.changed) || !READ_ONCE(balloon.stuck));
	     i++)
		schedule_timeout_uninterruptible(1);
}

unsigned int balloon_frames(unsigned long *pfns, unsigned int n)
{
	const struct page *page;
	unsigned long flags;
	unsigned int i = 0;

	spin_lock_irqsave(&balloon.pages.lock, flags);
	for (page = balloon.pages.first; page && i < n;
	     page = (const struct page *)page->private)
		pfns[i++] = page_to_pfn(page);
	spin_unlock_irqrestore(&balloon.pages.lock, flags);
	return i;
}

/* --- memory is short ------------------------------------------------------------------------ */

static int on_oom(struct notifier_block *nb, unsigned long action, void *data)
{
	unsigned int n;

	(void)nb;
	(void)action;
	WRITE_ONCE(balloon.following, false);
	n = balloon_deflate(&balloon, BALLOON_BATCH);
	*(unsigned long *)data += n;
	return NOTIFY_OK;
}

static struct notifier_block oom_notifier = { .notifier_call = on_oom };

/* --- free pages ----------------------------------------------------------------------------- */

static int report(struct page_reporting_dev_info *dev, struct scatterlist *sg,
		  unsigned int nents)
{
	struct virtio_balloon *b = container_of(dev, struct virtio_balloon, reporting);
	struct virtqueue *vq = b->vq[BALLOON_REPORT];
	int err;

	reinit_completion(&b->reported);
	err = virtqueue_add_inbuf(vq, sg, nents, b, GFP_NOWAIT | __GFP_NOWARN);
	if (err)
		return err;
	virtqueue_kick(vq);
	if (balloon_wait(vq, &b->reported))
		return 0;
	mutex_lock(&b->lock);
	balloon_give_up(b);
	mutex_unlock(&b->lock);
	return -ETIMEDOUT;
}

long balloon_report(void)
{
	long pages = -EOPNOTSUPP;

	mutex_lock(&balloon.report_lock);
	if (balloon_has(VIRTIO_BALLOON_F_PAGE_REPORTING))
		pages = page_reporting_process(&balloon.reporting);
	mutex_unlock(&balloon.report_lock);
	return pages;
}

void balloon_hold_reports(bool hold)
{
	mutex_lock(&balloon.report_lock);
	WRITE_ONCE(balloon.reports_held, hold);
	mutex_unlock(&balloon.report_lock);
}

/* The thread's: of what was freed since last time. */
static void report_if_due(struct virtio_balloon *b)
{
	mutex_lock(&b->report_lock);
	if (!READ_ONCE(b->reports_held) && page_reporting_due(&b->reporting) &&
	    balloon_has(VIRTIO_BALLOON_F_PAGE_REPORTING))
		page_reporting_process(&b->reporting);
	mutex_unlock(&b->report_lock);
}

/* --- the thread ----------------------------------------------------------------------------- */

/* One step towards the target.  False: it has no work left, or nothing could be done. */
static bool step(struct virtio_balloon *b)
{
	unsigned long want = min(balloon_target(), READ_ONCE(b->limit));
	unsigned long have = balloon_size();

	if (want > have)
		return balloon_inflate(b, (unsigned int)min_t(unsigned long, want - have,
							      BALLOON_BATCH));
	if (want < have)
		return balloon_deflate(b, (unsigned int)min_t(unsigned long, have - want,
							      BALLOON_BATCH));
	WRITE_ONCE(b->following, false);
	return false;
}

static bool has_work(struct virtio_balloon *b)
{
	return READ_ONCE(b->changed) || READ_ONCE(b->stats_wanted) ||
	       kthread_should_stop();
}

static void rest(struct virtio_balloon *b)
{
	unsigned long most = MAX_SCHEDULE_TIMEOUT;

	if (READ_ONCE(b->following))
		most = RETRY_AFTER;
	else if (b->vq[BALLOON_REPORT])
		most = REPORT_EVERY;
	if (!wait_event_timeout(b->wake, has_work(b), most) && b->vq[BALLOON_REPORT])
		report_if_due(b);
}

static int run(void *data)
{
	struct virtio_balloon *b = data;

	while (!kthread_should_stop()) {
		if (READ_ONCE(b->changed)) {
			WRITE_ONCE(b->following, true);
			WRITE_ONCE(b->stuck, false);
			WRITE_ONCE(b->changed, false);
		}
		if (xchg(&b->stats_wanted, false) && b->vdev)
			balloon_send_stats(b);
		WRITE_ONCE(b->stuck, !READ_ONCE(b->following) || !step(b));
		if (b->stuck)
			rest(b);
	}
	return 0;
}

/* --- the device ----------------------------------------------------------------------------- */

static void take_answers(struct virtqueue *vq, struct completion *done)
{
	unsigned long flags;
	unsigned int len;

	spin_lock_irqsave(&balloon.answers_lock, flags);
	while (virtqueue_get_buf(vq, &len))
		complete(done);
	spin_unlock_irqrestore(&balloon.answers_lock, flags);
}

static void told(struct virtqueue *vq)
{
	take_answers(vq, &balloon.told);
}

static void reported(struct virtqueue *vq)
{
	take_answers(vq, &balloon.reported);
}

/* When patience ends the answer may be there, and only the interrupt missing. */
bool balloon_wait(struct virtqueue *vq, struct completion *done)
{
	if (wait_for_completion_timeout(done, io_patience(BALLOON_PATIENCE)))
		return true;
	take_answers(vq, done);
	return try_wait_for_completion(done);
}

static void stats_asked(struct virtqueue *vq)
{
	unsigned int len;

	if (!virtqueue_get_buf(vq, &len))
		return;
	WRITE_ONCE(balloon.stats_wanted, true);
	wake_thread(&balloon);
}

/* The lock is held. */
void balloon_give_up(struct virtio_balloon *b)
{
	if (!b->vdev)
		return;
	dev_err(&b->vdev->dev, "balloon does not answer: given up\n");
	virtio_reset_device(b->vdev);
	for (unsigned int i = 0; i < BALLOON_QUEUES; i++)
		while (b->vq[i] && virtqueue_detach_unused_buf(b->vq[i]))
			;
	b->vdev = NULL;
	balloon_empty(b);
}

/* Queues are numbered without gaps. */
static int find_queues(struct virtio_balloon *b, struct virtio_device *vdev)
{
	static const struct {
		vq_callback_t *callback;
		const char *name;
		int feature; /* -1: always */
	} all[BALLOON_QUEUES] = {
		[BALLOON_INFLATE] = { told, "inflate", -1 },
		[BALLOON_DEFLATE] = { told, "deflate", -1 },
		[BALLOON_STATS] = { stats_asked, "stats", VIRTIO_BALLOON_F_STATS_VQ },
		[BALLOON_REPORT] = { reported, "reporting",
				     VIRTIO_BALLOON_F_PAGE_REPORTING },
	};
	vq_callback_t *callbacks[BALLOON_QUEUES];
	const char *names[BALLOON_QUEUES];
	struct virtqueue *found[BALLOON_QUEUES];
	unsigned int n = 0, i;
	int err;

	for (i = 0; i < BALLOON_QUEUES; i++) {
		if (all[i].feature >= 0 &&
		    !virtio_has_feature(vdev, (unsigned int)all[i].feature))
			continue;
		callbacks[n] = all[i].callback;
		names[n++] = all[i].name;
	}
	err = virtio_find_vqs(vdev, n, found, callbacks, names);
	if (err)
		return err;
	for (i = 0, n = 0; i < BALLOON_QUEUES; i++)
		b->vq[i] = all[i].feature < 0 ||
					   virtio_has_feature(
						   vdev, (unsigned int)all[i].feature)
				   ? found[n++]
				   : NULL;
	return 0;
}

static int init(struct virtio_balloon *b)
{
	if (!b->numbers)
		b->numbers = kcalloc(BALLOON_BATCH, sizeof(*b->numbers), GFP_KERNEL);
	return b->numbers ? balloon_stats_init(b) : -ENOMEM;
}

static int start(struct virtio_balloon *b)
{
	b->thread = kthread_create(run, b, "balloon");
	if (IS_ERR(b->thread))
		return (int)PTR_ERR(b->thread);
	virtio_device_ready(b->vdev);
	if (b->vq[BALLOON_STATS])
		b->stats_wanted = true;
	if (virtio_has_feature(b->vdev, VIRTIO_BALLOON_F_DEFLATE_ON_OOM))
		register_oom_notifier(&oom_notifier);
	b->changed = true;
	wake_up_process(b->thread);
	return 0;
}

static int probe(struct virtio_device *vdev)
{
	int err;

	if (balloon.vdev)
		return -EBUSY;
	err = init(&balloon);
	if (!err)
		err = find_queues(&balloon, vdev);
	if (err)
		return err;
	balloon.vdev = vdev;
	balloon.reporting.report = report;
	err = start(&balloon);
	if (err) {
		vdev->config->del_vqs(vdev);
		balloon.vdev = NULL;
	}
	return err;
}

static void remove(struct virtio_device *vdev)
{
	unregister_oom_notifier(&oom_notifier);
	kthread_stop(balloon.thread);
	mutex_lock(&balloon.lock);
	virtio_reset_device(vdev);
	vdev->config->del_vqs(vdev);
	balloon_empty(&balloon);
	balloon.vdev = NULL;
	mutex_unlock(&balloon.lock);
}

static const unsigned int features[] = {
	VIRTIO_BALLOON_F_MUST_TELL_HOST,
	VIRTIO_BALLOON_F_STATS_VQ,
	VIRTIO_BALLOON_F_DEFLATE_ON_OOM,
	VIRTIO_BALLOON_F_PAGE_REPORTING,
};

static const struct virtio_device_id ids[] = { { VIRTIO_ID_BALLOON }, { 0 } };

static struct virtio_driver driver = {
	.name = "virtio-balloon",
	.id_table = ids,
	.feature_table = features,
	.feature_table_size = ARRAY_SIZE(features),
	.probe = probe,
	.remove = remove,
	.config_changed = config_changed,
};

module_virtio_driver(driver);

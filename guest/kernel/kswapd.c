/* SPDX-License-Identifier: MIT */
/* The thread that frees memory ahead of need. */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <mm/reclaim.h>

static int kswapd(void *unused)
{
	(void)unused;
	memalloc_noreclaim_save();
	while (kswapd_run())
		;
	return 0;
}

static int start_kswapd(void)
{
	struct task_struct *task = kthread_run(kswapd, NULL, "kswapd0");

	return IS_ERR(task) ? (int)PTR_ERR(task) : 0;
}
device_initcall(start_kswapd);

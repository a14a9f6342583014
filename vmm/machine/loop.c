/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "vmm/machine/loop.h"

#define URGENT_BATCH 4

int loop_init(struct loop *loop, pthread_mutex_t *lock)
{
	*loop = (struct loop){ .lock = lock };
	loop->devices.fd = epoll_create1(EPOLL_CLOEXEC);
	loop->control.fd = epoll_create1(EPOLL_CLOEXEC);
	loop->urgent_fd = epoll_create1(EPOLL_CLOEXEC);
	return loop->devices.fd < 0 || loop->control.fd < 0 || loop->urgent_fd < 0
		       ? -errno
		       : 0;
}

void loop_fini(struct loop *loop)
{
	close(loop->devices.fd);
	close(loop->control.fd);
	close(loop->urgent_fd);
	loop->devices.fd = loop->control.fd = loop->urgent_fd = -1;
}

static int watch(struct loop_set *set, struct host_watch *w, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = w };
	int op = w->host_data ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (epoll_ctl(set->fd, op, w->fd, &event))
		return -errno;
	w->host_data = set; /* marks it as being in the set */
	return 0;
}

static void unwatch(struct loop_set *set, struct host_watch *w)
{
	int i;

	if (!w->host_data)
		return;
	w->host_data = NULL;
	epoll_ctl(set->fd, EPOLL_CTL_DEL, w->fd, NULL);
	for (i = 0; i < set->nr_batch; i++)
		if (set->batch[i].data.ptr == w)
			set->batch[i].data.ptr = NULL;
}

int loop_watch(struct loop *loop, struct host_watch *w, uint32_t events)
{
	return watch(&loop->devices, w, events);
}

void loop_unwatch(struct loop *loop, struct host_watch *w)
{
	unwatch(&loop->devices, w);
}

int loop_watch_control(struct loop *loop, struct host_watch *w, uint32_t events)
{
	return watch(&loop->control, w, events);
}

void loop_unwatch_control(struct loop *loop, struct host_watch *w)
{
	unwatch(&loop->control, w);
}

int loop_watch_urgent(struct loop *loop, struct host_watch *w)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = w };

	return epoll_ctl(loop->urgent_fd, EPOLL_CTL_ADD, w->fd, &event) ? -errno : 0;
}

static void run_urgent(const struct loop *loop)
{
	struct epoll_event batch[URGENT_BATCH];
	int i, n = epoll_wait(loop->urgent_fd, batch, URGENT_BATCH, 0);

	for (i = 0; i < n; i++) {
		const struct host_watch *w = batch[i].data.ptr;

		w->fn(w->arg, batch[i].events);
	}
}

static void run_set(struct loop_set *set)
{
	int i;

	set->nr_batch = epoll_wait(set->fd, set->batch, LOOP_BATCH, 0);
	for (i = 0; i < set->nr_batch; i++) {
		const struct host_watch *w = set->batch[i].data.ptr;

		if (w)
			w->fn(w->arg, set->batch[i].events);
	}
	set->nr_batch = 0;
}

static void run_devices(struct loop *loop)
{
	pthread_mutex_lock(loop->lock);
	run_set(&loop->devices);
	pthread_mutex_unlock(loop->lock);
}

void loop_run_once(struct loop *loop)
{
	struct pollfd sets[] = {
		{ .fd = loop->urgent_fd, .events = POLLIN },
		{ .fd = loop->devices.fd, .events = POLLIN },
		{ .fd = loop->control.fd, .events = POLLIN },
	};

	if (poll(sets, 3, -1) < 0)
		return;
	if (sets[0].revents) {
		run_urgent(loop);
		return;
	}
	if (sets[1].revents)
		run_devices(loop);
	if (sets[2].revents)
		run_set(&loop->control);
}

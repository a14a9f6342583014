/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/mock_host.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "devices/util.h"

static struct mock_host *of(struct host *host)
{
	return container_of(host, struct mock_host, host);
}

static int msi_open(struct host *host, const char *who, unsigned int nr)
{
	struct mock_host *mh = of(host);
	unsigned int run = 0;

	(void)who;
	if (mh->fail_msi_open)
		return mh->fail_msi_open;
	for (unsigned int i = 0; i < MOCK_MSI; i++) {
		run = mh->msi[i].open ? 0 : run + 1;
		if (run < nr)
			continue;
		for (unsigned int v = i + 1 - nr; v <= i; v++)
			mh->msi[v] = (struct mock_msi){ .open = true };
		return (int)(i + 1 - nr);
	}
	return -ENOSPC;
}

static void msi_close(struct host *host, int first, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		of(host)->msi[first + (int)i] = (struct mock_msi){ 0 };
}

static int msi_route(struct host *host, int handle, const struct msi_msg *msg)
{
	struct mock_host *mh = of(host);
	struct mock_msi *m = &mh->msi[handle];

	if (mh->fail_route)
		return mh->fail_route;
	m->routed = msg != NULL;
	if (msg)
		m->msg = *msg;
	m->routes++;
	return 0;
}

static void msi_fire(struct host *host, int handle)
{
	of(host)->msi[handle].fired++;
}

static void irq_line(struct host *host, unsigned int gsi, bool level)
{
	of(host)->line[gsi] = level;
	of(host)->line_changes++;
}

static int doorbell_add(struct host *host, uint64_t gpa, unsigned int len, int fd)
{
	struct mock_host *mh = of(host);

	if (mh->fail_doorbell)
		return mh->fail_doorbell;
	if (mh->nr_doorbells == MOCK_DOORBELLS)
		return -ENOSPC;
	mh->doorbell[mh->nr_doorbells++] = (struct mock_doorbell){ gpa, len, fd };
	return 0;
}

static void doorbell_del(struct host *host, uint64_t gpa, unsigned int len, int fd)
{
	struct mock_host *mh = of(host);

	for (unsigned int i = 0; i < mh->nr_doorbells; i++) {
		const struct mock_doorbell *b = &mh->doorbell[i];

		if (b->gpa != gpa || b->len != len || b->fd != fd)
			continue;
		mh->doorbell[i] = mh->doorbell[--mh->nr_doorbells];
		return;
	}
}

static int watch(struct host *host, struct host_watch *w, uint32_t events)
{
	struct mock_host *mh = of(host);
	unsigned int i = 0;

	if (mh->fail_watch)
		return mh->fail_watch;
	while (i < mh->nr_watches && mh->watch[i] != w)
		i++;
	if (i == MOCK_WATCHES)
		return -ENOSPC;
	mh->watch[i] = w;
	mh->events[i] = events;
	if (i == mh->nr_watches)
		mh->nr_watches++;
	return 0;
}

static void unwatch(struct host *host, struct host_watch *w)
{
	struct mock_host *mh = of(host);

	for (unsigned int i = 0; i < mh->nr_watches; i++) {
		if (mh->watch[i] != w)
			continue;
		mh->nr_watches--;
		mh->watch[i] = mh->watch[mh->nr_watches];
		mh->events[i] = mh->events[mh->nr_watches];
		return;
	}
}

static void stop(struct host *host, enum host_stop how, int code)
{
	of(host)->stops++;
	of(host)->stop_how = how;
	of(host)->stop_code = code;
}

static void report(struct host *host, enum host_severity severity, const char *who,
		   const char *text)
{
	struct mock_host *mh = of(host);

	mh->reports++;
	snprintf(mh->last_report, sizeof(mh->last_report), "%s: %s", who, text);
	if (mh->verbose)
		printf("# report %d %s\n", severity, mh->last_report);
}

static const struct host_ops ops = {
	.msi_open = msi_open,
	.msi_close = msi_close,
	.msi_route = msi_route,
	.msi_fire = msi_fire,
	.irq_line = irq_line,
	.doorbell_add = doorbell_add,
	.doorbell_del = doorbell_del,
	.watch = watch,
	.unwatch = unwatch,
	.stop = stop,
	.report = report,
};

void mock_host_init(struct mock_host *mh)
{
	memset(mh, 0, sizeof(*mh));
	mh->host.ops = &ops;
}

static bool still_watched(const struct mock_host *mh, const struct host_watch *w)
{
	for (unsigned int i = 0; i < mh->nr_watches; i++)
		if (mh->watch[i] == w)
			return true;
	return false;
}

unsigned int mock_host_poll(struct mock_host *mh, int timeout_ms)
{
	struct pollfd fds[MOCK_WATCHES];
	struct host_watch *w[MOCK_WATCHES];
	unsigned int n = mh->nr_watches, ready = 0;

	for (unsigned int i = 0; i < n; i++) {
		w[i] = mh->watch[i];
		fds[i] =
			(struct pollfd){ .fd = w[i]->fd, .events = (short)mh->events[i] };
	}
	if (poll(fds, n, timeout_ms) <= 0)
		return 0;
	for (unsigned int i = 0; i < n; i++) {
		if (!fds[i].revents || !still_watched(mh, w[i]))
			continue;
		w[i]->fn(w[i]->arg, (uint32_t)fds[i].revents);
		ready++;
	}
	return ready;
}

bool mock_host_run(struct mock_host *mh, unsigned int max)
{
	while (max--)
		if (!mock_host_poll(mh, 0))
			return true;
	return false;
}

bool mock_host_ring(struct mock_host *mh, uint64_t gpa, unsigned int len)
{
	for (unsigned int i = 0; i < mh->nr_doorbells; i++) {
		const struct mock_doorbell *b = &mh->doorbell[i];

		if (b->gpa == gpa && (!b->len || b->len == len))
			return eventfd_write(b->fd, 1) == 0;
	}
	return false;
}

unsigned int mock_host_fired(const struct mock_host *mh)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < MOCK_MSI; i++)
		sum += mh->msi[i].fired;
	return sum;
}

unsigned int mock_host_fired_data(const struct mock_host *mh, uint32_t data)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < MOCK_MSI; i++)
		if (mh->msi[i].routed && mh->msi[i].msg.data == data)
			sum += mh->msi[i].fired;
	return sum;
}

unsigned int mock_host_msi_open_count(const struct mock_host *mh)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < MOCK_MSI; i++)
		sum += mh->msi[i].open;
	return sum;
}

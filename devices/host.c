/* SPDX-License-Identifier: MIT */
/* The host's ops, with what an absent op means. */
#include "devices/host.h"

#include <errno.h>
#include <stdio.h>

#define REPORT_BYTES 512
/* How many reports of one kind pass before only every doubling does. */
#define REPORT_FREE 8

int host_msi_open(struct host *host, const char *who, unsigned int nr)
{
	return host->ops->msi_open ? host->ops->msi_open(host, who, nr) : -ENOSYS;
}

void host_msi_close(struct host *host, int first, unsigned int nr)
{
	if (host->ops->msi_close)
		host->ops->msi_close(host, first, nr);
}

int host_msi_route(struct host *host, int handle, const struct msi_msg *msg)
{
	return host->ops->msi_route ? host->ops->msi_route(host, handle, msg) : -ENOSYS;
}

void host_msi_fire(struct host *host, int handle)
{
	if (host->ops->msi_fire)
		host->ops->msi_fire(host, handle);
}

void host_irq_line(struct host *host, unsigned int gsi, bool level)
{
	if (host->ops->irq_line)
		host->ops->irq_line(host, gsi, level);
}

int host_doorbell_add(struct host *host, uint64_t gpa, unsigned int len, int fd)
{
	if (!host->ops->doorbell_add)
		return -ENOSYS;
	return host->ops->doorbell_add(host, gpa, len, fd);
}

void host_doorbell_del(struct host *host, uint64_t gpa, unsigned int len, int fd)
{
	if (host->ops->doorbell_del)
		host->ops->doorbell_del(host, gpa, len, fd);
}

int host_watch(struct host *host, struct host_watch *w, uint32_t events)
{
	return host->ops->watch ? host->ops->watch(host, w, events) : -ENOSYS;
}

void host_unwatch(struct host *host, struct host_watch *w)
{
	if (host->ops->unwatch)
		host->ops->unwatch(host, w);
}

void host_stop(struct host *host, enum host_stop how, int code)
{
	if (host->ops->stop)
		host->ops->stop(host, how, code);
}

bool host_limit_pass(struct host_limit *limit)
{
	uint64_t n = ++limit->count;

	return n <= REPORT_FREE || (n & (n - 1)) == 0;
}

void host_vreport(struct host *host, enum host_severity severity, const char *who,
		  const char *fmt, va_list ap)
{
	char text[REPORT_BYTES];

	if (!host->ops->report)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	host->ops->report(host, severity, who, text);
}

void host_report(struct host *host, enum host_severity severity, const char *who,
		 const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	host_vreport(host, severity, who, fmt, ap);
	va_end(ap);
}

/* SPDX-License-Identifier: MIT */
/*
 * What device models ask of the program they stand in: the VMM, or a test.
 *
 * One lock, owned by the embedder, protects the whole device world.  It is held
 *   - by a vCPU thread around each bus_read()/bus_write() (ports, BARs, configuration),
 *   - by the event loop around each host_watch callback,
 *   - by whoever resets, pauses, resumes, reads statistics or unplugs.
 * So models need no locks of their own, and every op below is called with it held.  No op
 * may call back into a model before it returns.
 *
 * An op may be NULL: the call is then refused with -ENOSYS, or has no effect.
 */
#ifndef DEVICES_HOST_H
#define DEVICES_HOST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

struct host;

enum host_severity { HOST_INFO, HOST_WARN, HOST_ERROR };

/* What the guest asked for at a port. */
enum host_stop {
	HOST_STOP_EXIT, /* end the VM; code: what was written to the exit port */
	HOST_STOP_RESET, /* start it again */
	HOST_STOP_POWEROFF,
	HOST_STOP_PANIC, /* nothing: its kernel panicked */
};

/* A file descriptor watched by the event loop.  Owned by the model, fixed in place from
 * host_watch() to host_unwatch(). */
struct host_watch {
	int fd;
	void (*fn)(void *arg, uint32_t events); /* EPOLLIN, EPOLLOUT, ... */
	void *arg;
	void *host_data; /* the embedder's */
};

/* One message-signalled interrupt. */
struct msi_msg {
	uint64_t addr;
	uint32_t data;
};

struct host_ops {
	/*
	 * Message-signalled interrupts.  open reserves nr handles, first .. first + nr - 1,
	 * and returns the first (>= 0) or a negative errno; they start without a route.
	 * route gives a handle its message; NULL takes it away.  fire sends the message;
	 * never called without one.  A route may be changed at any time; after route(NULL)
	 * or close returns nothing more is sent.
	 */
	int (*msi_open)(struct host *host, const char *who, unsigned int nr);
	void (*msi_close)(struct host *host, int first, unsigned int nr);
	int (*msi_route)(struct host *host, int handle, const struct msi_msg *msg);
	void (*msi_fire)(struct host *host, int handle);

	/* Sets the level of an interrupt line (a GSI). */
	void (*irq_line)(struct host *host, unsigned int gsi, bool level);

	/*
	 * A doorbell: guest writes at gpa make the eventfd fd readable and do not reach
	 * bus_write().  len: width of the write in bytes, 0 for any.  0 or a negative errno:
	 * then the writes go on arriving through bus_write(), which rings as well.
	 * Removed with the same gpa, len and fd.
	 */
	int (*doorbell_add)(struct host *host, uint64_t gpa, unsigned int len, int fd);
	void (*doorbell_del)(struct host *host, uint64_t gpa, unsigned int len, int fd);

	/*
	 * The event loop calls w->fn while fd has one of `events`.  Watching again changes
	 * the events.  After unwatch returns fn is not called any more, not even for an
	 * event already fetched.
	 */
	int (*watch)(struct host *host, struct host_watch *w, uint32_t events);
	void (*unwatch)(struct host *host, struct host_watch *w);

	/* The guest wants to stop.  Returns; the embedder stops when it can. */
	void (*stop)(struct host *host, enum host_stop how, int code);

	/* One line of text, without the newline. */
	void (*report)(struct host *host, enum host_severity severity, const char *who,
		       const char *text);
};

/* The embedder puts this into its own structure. */
struct host {
	const struct host_ops *ops;
};

int host_msi_open(struct host *host, const char *who, unsigned int nr);
void host_msi_close(struct host *host, int first, unsigned int nr);
int host_msi_route(struct host *host, int handle, const struct msi_msg *msg);
void host_msi_fire(struct host *host, int handle);
void host_irq_line(struct host *host, unsigned int gsi, bool level);
int host_doorbell_add(struct host *host, uint64_t gpa, unsigned int len, int fd);
void host_doorbell_del(struct host *host, uint64_t gpa, unsigned int len, int fd);
int host_watch(struct host *host, struct host_watch *w, uint32_t events);
void host_unwatch(struct host *host, struct host_watch *w);
void host_stop(struct host *host, enum host_stop how, int code);

__attribute__((format(printf, 4, 5))) void host_report(struct host *host,
						       enum host_severity severity,
						       const char *who, const char *fmt,
						       ...);
/*
 * Reports about what a guest does must not flood the host: of one kind (one limit, zeroed
 * at first) the first few are let through, then only each time their number doubles.
 */
struct host_limit {
	uint64_t count;
};
bool host_limit_pass(struct host_limit *limit);

__attribute__((format(printf, 4, 0))) void host_vreport(struct host *host,
							enum host_severity severity,
							const char *who, const char *fmt,
							va_list ap);

#endif

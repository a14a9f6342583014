/* SPDX-License-Identifier: MIT */
/*
 * The program that device models stand in, for tests: no KVM, no threads.  It records what
 * it was asked to do; its event loop runs when a test says so.
 */
#ifndef MOCK_HOST_H
#define MOCK_HOST_H

#include "devices/host.h"

#define MOCK_MSI       4096
#define MOCK_LINES     32
#define MOCK_DOORBELLS 256
#define MOCK_WATCHES   256

struct mock_msi {
	bool open, routed;
	struct msi_msg msg; /* what was routed last */
	unsigned int routes; /* how often */
	unsigned int fired;
};

struct mock_doorbell {
	uint64_t gpa;
	unsigned int len;
	int fd;
};

struct mock_host {
	struct host host;
	struct mock_msi msi[MOCK_MSI];
	bool line[MOCK_LINES];
	unsigned int line_changes;
	struct mock_doorbell doorbell[MOCK_DOORBELLS];
	unsigned int nr_doorbells;
	struct host_watch *watch[MOCK_WATCHES];
	uint32_t events[MOCK_WATCHES];
	unsigned int nr_watches;
	unsigned int reports;
	char last_report[512];
	bool verbose; /* print reports */
	unsigned int stops;
	enum host_stop stop_how;
	int stop_code;
	/* To be failed: the next calls of these ops give a negative errno. */
	int fail_doorbell, fail_msi_open, fail_route, fail_watch;
};

void mock_host_init(struct mock_host *mh);

/* One turn of the event loop: calls every watch whose fd is ready.  How many were. */
unsigned int mock_host_poll(struct mock_host *mh, int timeout_ms);
/* Turns until nothing is ready any more (at most `max`; false when that was too few). */
bool mock_host_run(struct mock_host *mh, unsigned int max);

/* Rings the doorbell that stands there, as KVM does; false when there is none. */
bool mock_host_ring(struct mock_host *mh, uint64_t gpa, unsigned int len);

/* Messages sent so far, over all handles. */
unsigned int mock_host_fired(const struct mock_host *mh);
/* The same for one message's data. */
unsigned int mock_host_fired_data(const struct mock_host *mh, uint32_t data);
unsigned int mock_host_msi_open_count(const struct mock_host *mh);

#endif

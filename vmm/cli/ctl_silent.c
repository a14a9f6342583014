/* SPDX-License-Identifier: MIT */
/* A monitor that does not answer: what is said of it, and what mends that. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "vmm/cli/ctl.h"
#include "vmm/util/log.h"
#include "vmm/util/process.h"

#define TEXT_SIZE 64

struct monitor {
	pid_t pid; /* 0: not known */
	char state; /* as process_stat() tells it */
	char who[TEXT_SIZE];
};

/* Who listens at the other end. */
static void find_monitor(const struct ctl *ctl, struct monitor *m)
{
	struct process_stat stat = { 0 };
	struct ucred peer = { .pid = 0 };
	socklen_t size = sizeof(peer);

	*m = (struct monitor){ .who = "its monitor" };
	if (getsockopt(ctl->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.pid <= 0 ||
	    process_stat(peer.pid, &stat))
		return;
	m->pid = peer.pid;
	m->state = stat.state;
	snprintf(m->who, sizeof(m->who), "its monitor (process %d)", (int)m->pid);
}

/* What is known of why, and the mend; `otherwise` where nothing is. */
static void put_why(const struct monitor *m, const char *otherwise, char why[TEXT_SIZE])
{
	if (m->state == 'T')
		snprintf(why, TEXT_SIZE, "it is stopped; kill -CONT %d lets it go on",
			 (int)m->pid);
	else if (m->state == 't')
		snprintf(why, TEXT_SIZE, "a debugger holds it; let it go on there");
	else
		snprintf(why, TEXT_SIZE, "%s", otherwise);
}

void ctl_tell_waiting(struct ctl *ctl)
{
	struct monitor m;
	char why[TEXT_SIZE], most[TEXT_SIZE] = "";

	if (ctl->told)
		return;
	ctl->told = true;
	find_monitor(ctl, &m);
	put_why(&m, "", why);
	if (ctl->patience_ms > 0)
		snprintf(most, sizeof(most), " up to %d s", ctl->patience_ms / 1000);
	log_line("%s: waits%s for %s%s%s", ctl->name, most, m.who, *why ? ": " : "", why);
}

int ctl_late(struct ctl *ctl, struct error *err)
{
	struct monitor m;
	char why[TEXT_SIZE], otherwise[TEXT_SIZE] = "it is busy or hangs";

	ctl->late = true;
	find_monitor(ctl, &m);
	if (m.pid)
		snprintf(otherwise, sizeof(otherwise),
			 "it is busy or hangs; kill -KILL %d ends it", (int)m.pid);
	put_why(&m, otherwise, why);
	return error_set(err, ETIMEDOUT, "%s: %s does not answer: %s", ctl->name, m.who,
			 why);
}

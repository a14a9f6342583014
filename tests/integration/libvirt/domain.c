/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain.h"

#define EVENTS_MAX   4096 /* bytes of their names */
#define XML_MAX	     65536
#define PING_MS	     240
#define SETTLED_MS   200
#define GUEST_BEGINS "pagevisor guest: "
#define GUEST_STAYS  "staying until the power button is pressed"
#define GUEST_HELPS  "Ctrl-O h: help"

void doze(void)
{
	usleep(TURN_MS * 1000);
}

/* --- events ------------------------------------------------------------------------------- */

static pthread_mutex_t events_lock = PTHREAD_MUTEX_INITIALIZER;
static char events[EVENTS_MAX]; /* since the last definition, under the lock */
static bool rebooted; /* told since then, however often: firmware may do so by itself */
static bool undefined; /* the last of them, under the lock */

static const char *event_name(int event, int detail)
{
	static const char *const names[][10] = {
		[VIR_DOMAIN_EVENT_DEFINED] = { "defined" },
		[VIR_DOMAIN_EVENT_UNDEFINED] = { "undefined" },
		[VIR_DOMAIN_EVENT_STARTED] = { "started" },
		[VIR_DOMAIN_EVENT_SUSPENDED] = { "suspended" },
		[VIR_DOMAIN_EVENT_RESUMED] = { "resumed" },
		[VIR_DOMAIN_EVENT_STOPPED] = { "stopped: shutdown", "stopped: destroyed",
					       "stopped: crashed", "stopped: migrated",
					       "stopped: saved", "stopped: failed" },
		[VIR_DOMAIN_EVENT_SHUTDOWN] = { "shutdown: finished",
						"shutdown: by the guest",
						"shutdown: by the host" },
		[VIR_DOMAIN_EVENT_CRASHED] = { "crashed: panicked" },
	};

	if (event >= (int)(sizeof(names) / sizeof(names[0])))
		return "another event";
	return detail < 10 && names[event][detail] ? names[event][detail]
						   : names[event][0];
}

static bool last_event_is(const char *name)
{
	size_t used = strlen(events), n = strlen(name);

	return used >= n && !strcmp(events + used - n, name);
}

/* A guest that panics is stopped; libvirt tells that too, before or after, or not, as its
 * threads run: it is not noted. */
static void add_event(const char *name)
{
	static const char panic[] = "crashed: panicked", stop[] = ", suspended";
	size_t used;

	pthread_mutex_lock(&events_lock);
	if (!strcmp(name, panic) && last_event_is(stop))
		events[strlen(events) - strlen(stop)] = '\0';
	used = strlen(events);
	if (strcmp(name, "suspended") != 0 || !last_event_is(panic))
		snprintf(events + used, sizeof(events) - used, "%s%s", used ? ", " : "",
			 name);
	undefined = !strcmp(name, "undefined");
	pthread_mutex_unlock(&events_lock);
}

static int on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event,
			int detail, void *opaque)
{
	(void)connection;
	(void)domain;
	(void)opaque;
	add_event(event_name(event, detail));
	return 0;
}

static void on_reboot(virConnectPtr connection, virDomainPtr domain, void *opaque)
{
	(void)connection;
	(void)domain;
	(void)opaque;
	pthread_mutex_lock(&events_lock);
	rebooted = true;
	pthread_mutex_unlock(&events_lock);
}

static void *run_events(void *unused)
{
	while (!virEventRunDefaultImpl())
		;
	return unused;
}

static void stay_awake(int timer, void *opaque)
{
	(void)timer;
	(void)opaque;
}

static bool all_told(void)
{
	bool told;

	pthread_mutex_lock(&events_lock);
	told = undefined;
	pthread_mutex_unlock(&events_lock);
	return told;
}

/* --- notes --------------------------------------------------------------------------------- */

static FILE *notes;

void domain_note(const struct domain *d, const char *name, const char *fmt, ...)
{
	va_list ap;

	if (!notes)
		return;
	va_start(ap, fmt);
	fprintf(notes, "%s, %s: ", d->story, name);
	vfprintf(notes, fmt, ap);
	fputc('\n', notes);
	va_end(ap);
}

static const char *state_name(int state, int reason)
{
	static const char *const running[] = { "unknown",      "booted",   "migrated",
					       "restored",     "snapshot", "unpaused",
					       "kept",	       "kept",	   "woken",
					       "after a crash" };
	static const char *const paused[] = {
		"unknown",	 "user",      "migration", "save",
		"dump",		 "I/O error", "watchdog",  "from snapshot",
		"shutting down", "snapshot",  "crashed",   "starting up"
	};
	static const char *const off[] = { "unknown",  "shutdown", "destroyed", "crashed",
					   "migrated", "saved",	   "failed" };
	static const char *const crashed[] = { "unknown", "panicked" };
	static const struct {
		const char *name;
		const char *const *reasons;
		int nr;
	} states[] = {
		[VIR_DOMAIN_RUNNING] = { "running", running, 10 },
		[VIR_DOMAIN_PAUSED] = { "paused", paused, 12 },
		[VIR_DOMAIN_SHUTDOWN] = { "shutting down", NULL, 0 },
		[VIR_DOMAIN_SHUTOFF] = { "shut off", off, 7 },
		[VIR_DOMAIN_CRASHED] = { "crashed", crashed, 2 },
	};
	static char text[64];
	bool known = state >= 0 && state <= VIR_DOMAIN_CRASHED && states[state].name;

	snprintf(text, sizeof(text), "%s (%s)", known ? states[state].name : "unknown",
		 known && reason < states[state].nr ? states[state].reasons[reason]
						    : "-");
	return text;
}

void domain_await(struct domain *d, const char *name, int state, int reason)
{
	int is = -1, why = -1, waited;

	for (waited = 0; waited < PATIENCE_MS; waited += TURN_MS) {
		assert_int_equal(virDomainGetState(d->handle, &is, &why, 0), 0);
		if (is == state && why == reason)
			break;
		doze();
	}
	domain_note(d, name, "%s", state_name(is, why));
	if (is != state || why != reason)
		fail_msg("%s, %s: it is %s", d->story, name, state_name(is, why));
}

/* --- the domain ------------------------------------------------------------------------------ */

static char *read_xml(void)
{
	const char *path = getenv("LIBVIRT_XML");
	char *text = calloc(1, XML_MAX);
	FILE *f = path ? fopen(path, "r") : NULL;

	assert_non_null(text);
	assert_non_null(f);
	assert_true(fread(text, 1, XML_MAX - 1, f) > 0);
	fclose(f);
	return text;
}

static void change(char *xml, const struct domain_change *c)
{
	char *value = strstr(xml, c->element), *rest;
	char *after;

	assert_non_null(value);
	value += strlen(c->element);
	rest = strchr(value, '<');
	assert_non_null(rest);
	after = strdup(rest);
	assert_non_null(after);
	snprintf(value, XML_MAX - (size_t)(value - xml), "%s%s", c->value, after);
	free(after);
}

int domain_try(struct domain *d, const char *story, const struct domain_change *changes,
	       size_t nr)
{
	char *xml = read_xml();
	size_t i;

	d->story = story;
	for (i = 0; i < nr; i++)
		change(xml, &changes[i]);
	pthread_mutex_lock(&events_lock);
	events[0] = '\0';
	undefined = rebooted = false;
	pthread_mutex_unlock(&events_lock);
	d->handle = virDomainDefineXML(d->connection, xml);
	free(xml);
	return d->handle ? 0 : -1;
}

void domain_define(struct domain *d, const char *story,
		   const struct domain_change *changes, size_t nr)
{
	assert_int_equal(domain_try(d, story, changes, nr), 0);
}

void domain_start(struct domain *d, const char *story,
		  const struct domain_change *changes, size_t nr)
{
	domain_define(d, story, changes, nr);
	assert_int_equal(virDomainCreateWithFlags(d->handle, VIR_DOMAIN_START_PAUSED), 0);
	console_open(d);
	assert_int_equal(virDomainResume(d->handle), 0);
	console_await_guest(d);
}

int domain_setup(void **state)
{
	struct domain *d = calloc(1, sizeof(*d));

	if (!d)
		return -1;
	d->connection = virConnectOpen(getenv("LIBVIRT_URI"));
	*state = d;
	if (!d->connection)
		return -1;
	d->callbacks[0] = virConnectDomainEventRegisterAny(
		d->connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
		VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), NULL, NULL);
	d->callbacks[1] = virConnectDomainEventRegisterAny(
		d->connection, NULL, VIR_DOMAIN_EVENT_ID_REBOOT,
		VIR_DOMAIN_EVENT_CALLBACK(on_reboot), NULL, NULL);
	return 0;
}

static void remove_domain(struct domain *d)
{
	int waited;

	console_close(d);
	if (virDomainIsActive(d->handle) == 1)
		virDomainDestroy(d->handle);
	virDomainUndefine(d->handle);
	virDomainFree(d->handle);
	/* All the others came before the last one. */
	for (waited = 0; waited < PATIENCE_MS && !all_told(); waited += TURN_MS)
		doze();
	pthread_mutex_lock(&events_lock);
	domain_note(d, "events", "%s", events);
	domain_note(d, "event of a reboot", "%s", rebooted ? "told" : "none");
	pthread_mutex_unlock(&events_lock);
}

int domain_teardown(void **state)
{
	struct domain *d = *state;

	if (d->handle)
		remove_domain(d);
	virConnectDomainEventDeregisterAny(d->connection, d->callbacks[0]);
	virConnectDomainEventDeregisterAny(d->connection, d->callbacks[1]);
	virConnectClose(d->connection);
	free(d);
	return 0;
}

static pthread_t event_thread;

static void quiet(void *ctx, virErrorPtr error)
{
	(void)ctx;
	(void)error;
}

int domain_group_setup(void **state)
{
	const char *path = getenv("LIBVIRT_NOTES");

	(void)state;
	if (!getenv("LIBVIRT_ERRORS"))
		virSetErrorFunc(NULL, quiet);
	notes = path ? fopen(path, "w") : NULL;
	if (virEventRegisterDefaultImpl())
		return -1;
	/* A loop with nothing to watch would sleep past what is added to it. */
	virEventAddTimeout(TURN_MS, stay_awake, NULL, NULL);
	return pthread_create(&event_thread, NULL, run_events, NULL) ? -1 : 0;
}

int domain_group_teardown(void **state)
{
	(void)state;
	return notes && fclose(notes) ? -1 : 0;
}

/* --- the console ----------------------------------------------------------------------------- */

void console_open(struct domain *d)
{
	d->console = virStreamNew(d->connection, VIR_STREAM_NONBLOCK);
	assert_non_null(d->console);
	assert_int_equal(virDomainOpenConsole(d->handle, NULL, d->console,
					      VIR_DOMAIN_CONSOLE_FORCE),
			 0);
	d->used = 0;
}

void console_close(struct domain *d)
{
	if (!d->console)
		return;
	virStreamAbort(d->console);
	virStreamFree(d->console);
	d->console = NULL;
}

/* Takes what has come. */
static void take(struct domain *d)
{
	int n = 1;

	while (n > 0) {
		size_t room = sizeof(d->seen) - 1 - d->used;

		assert_true(room > 0);
		n = virStreamRecv(d->console, d->seen + d->used, room);
		if (n > 0)
			d->used += (size_t)n;
	}
	d->seen[d->used] = '\0';
}

bool console_shows(struct domain *d, const char *text)
{
	take(d);
	return strstr(d->seen, text);
}

void console_forget(struct domain *d)
{
	take(d);
	d->used = 0;
	d->seen[0] = '\0';
}

void console_settle(struct domain *d)
{
	size_t before;
	int quiet;

	for (quiet = 0; quiet < SETTLED_MS; quiet += TURN_MS) {
		before = d->used;
		doze();
		take(d);
		if (d->used != before)
			quiet = 0;
	}
	console_forget(d);
}

void console_await(struct domain *d, const char *text)
{
	int waited;

	for (waited = 0; waited < PATIENCE_MS; waited += TURN_MS) {
		if (console_shows(d, text))
			return;
		doze();
	}
	fail_msg("%s: the console never shows \"%s\" but:\n%s", d->story, text, d->seen);
}

void console_key(struct domain *d, char key)
{
	const char keys[2] = { 0x0f, key };

	assert_int_equal(virStreamSend(d->console, keys, sizeof(keys)), 2);
}

void console_await_guest(struct domain *d)
{
	int waited;

	for (waited = 0; waited < PATIENCE_MS; waited += TURN_MS) {
		if (waited % PING_MS == 0)
			console_key(d, 'h');
		if (console_shows(d, GUEST_HELPS)) {
			console_forget(d);
			return;
		}
		doze();
	}
	fail_msg("%s: the guest does not answer; it showed:\n%s", d->story, d->seen);
}

void console_await_boot(struct domain *d)
{
	console_await(d, GUEST_BEGINS);
	console_await(d, GUEST_STAYS);
	console_await_guest(d);
}

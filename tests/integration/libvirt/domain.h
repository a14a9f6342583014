/* SPDX-License-Identifier: MIT */
/*
 * A domain under libvirt's C API, for tests that drive one: its states, the events that
 * libvirt tells, and its console.
 *
 * The connection is $LIBVIRT_URI, the domain's XML the file $LIBVIRT_XML.  What a test
 * notes goes, a line each, to the file $LIBVIRT_NOTES, so that the same test over another
 * emulator can be compared line by line: a note says what a user sees, never when.
 */
#ifndef TESTS_DOMAIN_H
#define TESTS_DOMAIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#define PATIENCE_MS 60000
#define TURN_MS	    20

#define CONSOLE_MAX 65536

struct domain {
	virConnectPtr connection;
	int callbacks[2]; /* for its events */
	virDomainPtr handle; /* NULL: not defined */
	virStreamPtr console; /* NULL: not open */
	char seen
		[CONSOLE_MAX]; /* what the console showed, from the last console_forget() on */
	size_t used;
	const char *story; /* what the notes are about */
};

/* For cmocka: a test finds no domain and leaves none; what happened to it is noted. */
int domain_setup(void **state);
int domain_teardown(void **state);
/* Once a program, before all and after all tests. */
int domain_group_setup(void **state);
int domain_group_teardown(void **state);

/* Defines it.  Each change replaces the value of an element: "<on_crash>", "preserve". */
struct domain_change {
	const char *element; /* the start tag */
	const char *value;
};
/* 0, or -1 when libvirt refuses it. */
int domain_try(struct domain *d, const char *story, const struct domain_change *changes,
	       size_t nr);
void domain_define(struct domain *d, const char *story,
		   const struct domain_change *changes, size_t nr);
/* Defines it, starts it paused, opens its console, lets it go, and waits until the guest
 * answers there. */
void domain_start(struct domain *d, const char *story,
		  const struct domain_change *changes, size_t nr);

/* Waits until it has this state for this reason, and notes that under the name. */
void domain_await(struct domain *d, const char *name, int state, int reason);
void domain_note(const struct domain *d, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void console_open(struct domain *d);
void console_close(struct domain *d);
/* Takes what has come; waits until the text is among what was seen. */
void console_await(struct domain *d, const char *text);
bool console_shows(struct domain *d, const char *text);
void console_forget(struct domain *d);
/* The same, when nothing has come for a while. */
void console_settle(struct domain *d);
/* Ctrl-O and the letter: <guest/sysrq.h>. */
void console_key(struct domain *d, char key);
/* Waits until the guest answers a key; what was seen is forgotten. */
void console_await_guest(struct domain *d);
/* The guest starts from the beginning, and gets to where it stays. */
void console_await_boot(struct domain *d);

void doze(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The QMP server on a machine that is none.  Recorded conversations are replayed from
 * tests/unit/vmm/qmp/, whose lines are
 *
 *   [N]> TEXT	client N (1) sends TEXT and a line feed
 *   [N]< JSON	client N receives this; "*" stands for any value
 *   ! ...	the machine does something, or was asked something that often
 *
 * and after which nobody has received anything more.  The rest is about clients that mean
 * harm: none costs more memory than the limits say, and the next one is served.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/vmm/qmp_peer.h"
#include "tests/unit/vmm/vmm_test.h"

#define LINE 4096

static bool matches(const json_t *got, const json_t *want);

static bool members_match(const json_t *got, const json_t *want)
{
	const char *name;
	json_t *value;

	if (!json_is_object(got) || json_object_size(got) != json_object_size(want))
		return false;
	json_object_foreach((json_t *)want, name, value)
	{
		if (!matches(json_object_get(got, name), value))
			return false;
	}
	return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the file's lines */
static bool matches(const json_t *got, const json_t *want)
{
	size_t i;

	if (!got)
		return false;
	if (json_is_string(want) && !strcmp(json_string_value(want), "*"))
		return true;
	if (json_is_object(want))
		return members_match(got, want);
	if (!json_is_array(want))
		return json_equal(got, want);
	if (json_array_size(got) != json_array_size(want))
		return false;
	for (i = 0; i < json_array_size(want); i++)
		if (!matches(json_array_get(got, i), json_array_get(want, i)))
			return false;
	return true;
}

static void expect(struct fixture *f, struct client *c, const char *text)
{
	json_t *want = json_loads(text, 0, NULL), *got = peer_next_value(f, c);
	char *shown = got ? json_dumps(got, 0) : NULL;

	if (!want)
		fail_msg("the test's own line is no JSON: %s", text);
	if (!matches(got, want))
		fail_msg("expected %s\ngot %s", text, shown ? shown : "nothing");
	free(shown);
	json_decref(got);
	json_decref(want);
}

static void assert_silent(struct fixture *f, struct client *c)
{
	json_t *got = c->fd < 0 ? NULL : peer_next_value(f, c);

	if (got)
		fail_msg("unexpected: %s", json_dumps(got, 0));
}

static void negotiate(struct fixture *f, struct client *c)
{
	peer_connect(f, c);
	expect(f, c, "{\"QMP\": \"*\"}");
	peer_send_line(f, c, "{\"execute\":\"qmp_capabilities\"}");
	expect(f, c, "{\"return\": {}}");
}

static void assert_serves(struct fixture *f, struct client *c)
{
	peer_send_line(f, c, "{\"execute\":\"query-name\"}");
	expect(f, c, "{\"return\": {\"name\": \"fake\"}}");
}

/* --- conversations ---------------------------------------------------------------------------- */

static void happen(struct fixture *f, const char *kind, const char *cause)
{
	struct control_event event = {
		.kind = !strcmp(kind, "reset")	 ? CONTROL_EVENT_RESET
			: !strcmp(kind, "panic") ? CONTROL_EVENT_PANIC
						 : CONTROL_EVENT_SHUTDOWN,
		.cause = !strcmp(cause, "guest-reset")	 ? CONTROL_BY_GUEST_RESET
			 : !strcmp(cause, "guest-panic") ? CONTROL_BY_GUEST_PANIC
			 : !strcmp(cause, "signal")	 ? CONTROL_BY_SIGNAL
							 : CONTROL_BY_GUEST_SHUTDOWN,
	};

	control_tell(&f->fake.control, &event);
}

/* The second disk fails: reads or writes, with an error of that number; the guest waits, or
 * gets it ("report"). */
static void fail_disk(struct fixture *f, const char *op, const char *error,
		      const char *action)
{
	struct control_event event = {
		.kind = CONTROL_EVENT_IO_ERROR,
		.disk = 1,
		.reading = !strcmp(op, "read"),
		.error = -(int)strtol(error, NULL, 10),
		.after = !strcmp(action, "report") ? CONTROL_IS_TOLD : CONTROL_STAYS,
	};

	control_tell(&f->fake.control, &event);
}

static void do_or_check(struct fixture *f, const char *line)
{
	const struct {
		const char *name;
		unsigned int count;
	} counts[] = {
		{ "stops", f->fake.stops },	      { "conts", f->fake.conts },
		{ "resets", f->fake.resets },	      { "nmis", f->fake.nmis },
		{ "powerdowns", f->fake.powerdowns }, { "quits", f->fake.quits },
		{ "dumps", f->fake.dumps },
	};
	char word[32], one[32] = "", two[32] = "", three[32] = "";
	size_t i;

	assert_true(sscanf(line, "%31s %31s %31s %31s", word, one, two, three) >= 1);
	if (!strcmp(word, "disk"))
		fail_disk(f, one, two, three);
	if (!strcmp(word, "managed"))
		f->fake.managed = true;
	if (!strcmp(word, "errors"))
		f->fake.reports = !strcmp(one, "reported");
	if (!strcmp(word, "event"))
		happen(f, one, two);
	if (!strcmp(word, "refuse"))
		f->fake.refuse = true;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (!strcmp(word, counts[i].name))
			assert_int_equal(counts[i].count, strtoul(one, NULL, 10));
}

static void replay_line(struct fixture *f, const char *line)
{
	unsigned int i = *line == '2';
	struct client *c = &f->clients[i];

	line += i;
	if (*line == '!')
		do_or_check(f, line + 1);
	else if (*line == '<' && c->fd < 0)
		peer_connect(f, c);
	if (*line == '<')
		expect(f, c, line + 1);
	else if (*line == '>')
		peer_send_line(f, c, line + 2);
}

static void replay(struct fixture *f, const char *name)
{
	char path[128], line[LINE];
	unsigned int i;
	FILE *file;

	snprintf(path, sizeof(path), "tests/unit/vmm/qmp/%s.qmp", name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: run this from the top of the tree", path);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		replay_line(f, line);
	}
	fclose(file);
	for (i = 0; i < CLIENTS; i++)
		assert_silent(f, &f->clients[i]);
}

static void libvirt_probes(void **state)
{
	replay(*state, "libvirt-probe");
}

static void libvirt_runs_a_guest(void **state)
{
	replay(*state, "libvirt-run");
}

static void disks_are_described(void **state)
{
	replay(*state, "blocks");
}

static void errors_of_disks_are_told(void **state)
{
	replay(*state, "io-errors");
}

static void each_mistake_has_its_answer(void **state)
{
	replay(*state, "errors");
}

static void two_clients_do_not_mix(void **state)
{
	replay(*state, "two-clients");
}

static void counters_are_told(void **state)
{
	replay(*state, "counters");
}

/* --- descriptors -------------------------------------------------------------------------------- */

static void a_dump_goes_to_the_descriptor_given(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->clients[0];
	char byte = 0;
	int ends[2];

	negotiate(f, c);
	assert_int_equal(pipe(ends), 0);
	peer_send_with_fd(f, c,
			  "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"d\"}}",
			  ends[1]);
	close(ends[1]);
	expect(f, c, "{\"return\": {}}");
	peer_send_line(
		f, c,
		"{\"execute\":\"dump-guest-memory\",\"arguments\":{\"paging\":true,"
		"\"protocol\":\"fd:d\",\"detach\":true}}");
	expect(f, c, "{\"event\":\"DUMP_COMPLETED\",\"data\":\"*\",\"timestamp\":\"*\"}");
	expect(f, c, "{\"return\": {}}");
	assert_true(f->fake.dump.paging);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	/* The server has closed it, so the pipe ends. */
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

static void a_confined_machine_opens_no_file(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->clients[0];

	f->fake.confined = true;
	negotiate(f, c);
	peer_send_line(
		f, c,
		"{\"execute\":\"dump-guest-memory\",\"arguments\":{\"paging\":true,"
		"\"protocol\":\"file:/tmp/should-not-be\"}}");
	expect(f, c, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"*\"}}");
	assert_int_equal(f->fake.dumps, 0);
	assert_int_not_equal(access("/tmp/should-not-be", F_OK), 0);
}

/* What is not named stays as it is, and one bad value changes nothing. */
static void actions_are_set_one_by_one(void **state)
{
	static const struct {
		const char *arguments;
		bool good, reboot, stays;
		enum machine_panic panic;
	} rows[] = {
		{ "{}", true, false, false, PANIC_ENDS },
		{ "{\"reboot\":\"reset\"}", true, true, false, PANIC_ENDS },
		{ "{\"shutdown\":\"pause\"}", true, true, true, PANIC_ENDS },
		{ "{\"panic\":\"pause\"}", true, true, true, PANIC_STAYS },
		{ "{\"panic\":\"none\"}", true, true, true, PANIC_GOES_ON },
		{ "{\"panic\":\"exit-failure\"}", true, true, true, PANIC_FAILS },
		{ "{\"reboot\":\"shutdown\",\"panic\":\"shutdown\"}", true, false, true,
		  PANIC_ENDS },
		{ "{\"reboot\":\"reset\",\"panic\":\"run\"}", false, false, true, 0 },
		{ "{\"reboot\":\"reset\",\"shutdown\":\"off\"}", false, false, true, 0 },
		{ "{\"reboot\":\"again\"}", false, false, true, 0 },
		{ "{\"reboot\":1}", false, false, true, 0 },
		{ "{\"watchdog\":\"bark\",\"reboot\":\"reset\"}", false, false, true, 0 },
		{ "{\"watchdog\":\"reset\"}", true, false, true, 0 },
		{ "{\"watchdog\":\"shutdown\"}", true, false, true, 0 },
		{ "{\"watchdog\":\"poweroff\"}", true, false, true, 0 },
		{ "{\"watchdog\":\"pause\"}", true, false, true, 0 },
		{ "{\"watchdog\":\"debug\"}", true, false, true, 0 },
		{ "{\"watchdog\":\"inject-nmi\"}", true, false, true, 0 },
		{ "{\"colour\":\"red\"}", false, false, true, 0 },
		{ "{\"watchdog\":\"none\",\"shutdown\":\"poweroff\"}", true, false, false,
		  0 },
	};
	struct fixture *f = *state;
	struct client *c = &f->clients[0];
	char text[256];
	size_t i;

	negotiate(f, c);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text),
			 "{\"execute\":\"set-action\",\"arguments\":%s}",
			 rows[i].arguments);
		peer_send_line(f, c, text);
		expect(f, c,
		       rows[i].good
			       ? "{\"return\":{}}"
			       : "{\"error\":{\"class\":\"GenericError\",\"desc\":\"*\"}}");
		assert_int_equal(f->fake.actions.reboot, rows[i].reboot);
		assert_int_equal(f->fake.actions.stays, rows[i].stays);
		assert_int_equal(f->fake.actions.panic, rows[i].panic);
	}
}

/* Descriptors are limited in number, and none outlives its client. */
static void descriptors_do_not_pile_up(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->clients[0];
	char text[128], byte;
	int ends[2], i;

	negotiate(f, c);
	assert_int_equal(pipe(ends), 0);
	for (i = 0; i < QMP_FDS_MAX + 3; i++) {
		snprintf(text, sizeof(text),
			 "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"d%d\"}}", i);
		peer_send_with_fd(f, c, text, ends[1]);
		expect(f, c, i < QMP_FDS_MAX ? "{\"return\":{}}" : "{\"error\":\"*\"}");
	}
	/* With a command that does not want it, and a name that is taken. */
	peer_send_with_fd(f, c, "{\"execute\":\"query-name\"}", ends[1]);
	expect(f, c, "{\"return\":\"*\"}");
	peer_send_with_fd(f, c,
			  "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"d0\"}}",
			  ends[1]);
	expect(f, c, "{\"return\":{}}");
	peer_send_line(f, c,
		       "{\"execute\":\"closefd\",\"arguments\":{\"fdname\":\"d0\"}}");
	expect(f, c, "{\"return\":{}}");
	close(ends[1]);
	peer_disconnect(c);
	peer_run(f);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

/* --- clients that mean harm ------------------------------------------------------------------- */

static void fill(struct fixture *f, struct client *c, char byte, size_t n)
{
	char bytes[4096];

	memset(bytes, byte, sizeof(bytes));
	for (; n > sizeof(bytes); n -= sizeof(bytes))
		peer_send_bytes(f, c, bytes, sizeof(bytes));
	peer_send_bytes(f, c, bytes, n);
}

static void what_is_too_large_is_skipped(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->clients[0];

	negotiate(f, c);
	peer_send_bytes(f, c, "{\"execute\":\"", 12);
	fill(f, c, 'x', 4 * QMP_VALUE_MAX);
	expect(f, c,
	       "{\"error\":{\"class\":\"GenericError\",\"desc\":\"JSON value is too large\"}}");
	assert_true(f->server->clients->frame.room <= QMP_VALUE_MAX);
	peer_send_bytes(f, c, "\"}", 2);
	assert_serves(f, c);
	assert_silent(f, c);
}

static void what_is_too_deep_is_skipped(void **state)
{
	struct fixture *f = *state;
	struct client *c = &f->clients[0];

	negotiate(f, c);
	fill(f, c, '[', 100000);
	expect(f, c,
	       "{\"error\":{\"class\":\"GenericError\",\"desc\":\"JSON nesting is too deep\"}}");
	fill(f, c, ']', 100000);
	assert_serves(f, c);
	assert_silent(f, c);
}

/* Who never reads gets no answers for more than the limit, and loses nothing by it. */
static void who_does_not_read_is_not_read(void **state)
{
	static const char ask[] = "{\"execute\":\"query-commands\"}";
	struct fixture *f = *state;
	struct client *c = &f->clients[0];
	unsigned int asked = 0, answered = 0;
	json_t *value;

	negotiate(f, c);
	while (send(c->fd, ask, sizeof(ask) - 1, MSG_DONTWAIT) == sizeof(ask) - 1) {
		asked++;
		peer_run(f);
	}
	assert_true(f->server->clients->out_n < QMP_OUTPUT_MAX / 4);
	while ((value = peer_next_value(f, c))) {
		answered++;
		json_decref(value);
	}
	/* A request may have been cut. */
	assert_true(answered >= asked);
	assert_int_equal(f->server->nr_clients, 1);
}

/* Events come without being asked for: who does not read them is dropped in the end. */
static void who_does_not_read_events_is_dropped(void **state)
{
	struct fixture *f = *state;
	unsigned int i;

	negotiate(f, &f->clients[0]);
	negotiate(f, &f->clients[1]);
	for (i = 0; i < 100000 && f->server->nr_clients == 2; i++) {
		happen(f, "reset", "guest-reset");
		expect(f, &f->clients[1],
		       "{\"event\":\"RESET\",\"data\":\"*\",\"timestamp\":\"*\"}");
	}
	assert_int_equal(f->server->nr_clients, 1);
	assert_serves(f, &f->clients[1]);
}

static void a_client_that_vanishes_is_forgotten(void **state)
{
	static const char *const parts[] = {
		"",
		"{",
		"{\"execute\":\"stop\"}",
		"{\"execute\":\"query-commands\"}",
		"garbage",
		"{\"execute\":\"stop\"}{\"exec",
	};
	struct fixture *f = *state;
	struct client *c = &f->clients[0];
	size_t i;

	negotiate(f, &f->clients[1]);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		negotiate(f, c);
		assert_int_equal(f->server->nr_clients, 2);
		assert_true(send(c->fd, parts[i], strlen(parts[i]), 0) >= 0);
		peer_disconnect(c);
		peer_run(f);
		assert_int_equal(f->server->nr_clients, 1);
		assert_serves(f, &f->clients[1]);
	}
	assert_int_equal(f->fake.stops, 2); /* what was asked was done */
}

/* Any bytes, in any pieces: the server stays, and understands what comes after a line feed. */
static void random_bytes_are_survived(void **state)
{
	static const char *const words[] = {
		"{",
		"}",
		"[",
		"]",
		"\"",
		"\\",
		":",
		",",
		"\"execute\"",
		"\"stop\"",
		"\"id\"",
		"1e9",
		"null",
		" ",
		"\xff",
		"\"arguments\"",
		"qmp_capabilities",
		"\t",
	};
	struct fixture *f = *state;
	struct client *c = &f->clients[0];
	unsigned int round, i;
	json_t *value;

	srandom(5);
	for (round = 0; round < 300; round++) {
		negotiate(f, c);
		for (i = 0; i < 40; i++) {
			const char *word = words[(size_t)random() %
						 (sizeof(words) / sizeof(words[0]))];

			peer_send_bytes(f, c, word, strlen(word));
		}
		while ((value = peer_next_value(f, c)))
			json_decref(value);
		assert_int_equal(f->server->nr_clients, 1);
		peer_disconnect(c);
		peer_run(f);
	}
	negotiate(f, c);
	assert_serves(f, c);
}

/* --- listeners ---------------------------------------------------------------------------------- */

static void a_full_house_opens_again(void **state)
{
	struct fixture *f = *state;
	struct error err = { "" };
	char where[64], greeting[256];
	int fds[QMP_CLIENTS_MAX + 1], i;

	snprintf(where, sizeof(where), "unix:/tmp/pv-test-qmp.%d,server=on,wait=off",
		 getpid());
	assert_int_equal(qmp_open(f->server, where, &err), 0);
	for (i = 0; i <= QMP_CLIENTS_MAX; i++) {
		struct sockaddr_un {
			sa_family_t family;
			char path[108];
		} addr = { .family = AF_UNIX };

		snprintf(addr.path, sizeof(addr.path), "/tmp/pv-test-qmp.%d", getpid());
		fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(connect(fds[i], (struct sockaddr *)&addr, sizeof(addr)),
				 0);
		peer_run(f);
	}
	assert_int_equal(f->server->nr_clients, QMP_CLIENTS_MAX);
	assert_true(recv(fds[QMP_CLIENTS_MAX], greeting, sizeof(greeting), MSG_DONTWAIT) <
		    0);
	close(fds[0]);
	peer_run(f);
	assert_true(recv(fds[QMP_CLIENTS_MAX], greeting, sizeof(greeting), MSG_DONTWAIT) >
		    0);
	for (i = 1; i <= QMP_CLIENTS_MAX; i++)
		close(fds[i]);
}

static void options_are_checked(void **state)
{
	static const char *const bad[] = { "unix:", "unix:,server", "unix:/tmp/x,wait=on",
					   "tcp:1", "fd=",	    "fd=x",
					   "fd=-1", "stdio",	    "" };
	struct fixture *f = *state;
	struct error err;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(qmp_open(f->server, bad[i], &err), EINVAL, &err, "--qmp");
	assert_refused(qmp_open(f->server, "fd=999", &err), EBADF, &err, "fd=999");
	assert_int_equal(f->server->nr_listeners, 0);
}

#define QMP_TEST(f) cmocka_unit_test_setup_teardown(f, peer_setup, peer_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QMP_TEST(libvirt_probes),
		QMP_TEST(libvirt_runs_a_guest),
		QMP_TEST(disks_are_described),
		QMP_TEST(errors_of_disks_are_told),
		QMP_TEST(each_mistake_has_its_answer),
		QMP_TEST(two_clients_do_not_mix),
		QMP_TEST(counters_are_told),
		QMP_TEST(a_dump_goes_to_the_descriptor_given),
		QMP_TEST(a_confined_machine_opens_no_file),
		QMP_TEST(actions_are_set_one_by_one),
		QMP_TEST(descriptors_do_not_pile_up),
		QMP_TEST(what_is_too_large_is_skipped),
		QMP_TEST(what_is_too_deep_is_skipped),
		QMP_TEST(who_does_not_read_is_not_read),
		QMP_TEST(who_does_not_read_events_is_dropped),
		QMP_TEST(a_client_that_vanishes_is_forgotten),
		QMP_TEST(random_bytes_are_survived),
		QMP_TEST(a_full_house_opens_again),
		QMP_TEST(options_are_checked),
	};

	return cmocka_run_group_tests_name("vmm qmp", tests, NULL, NULL);
}

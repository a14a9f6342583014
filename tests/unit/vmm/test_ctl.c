/* SPDX-License-Identifier: MIT */
/* The client of QMP: what answers late, not at all, or somebody else's question. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/vmm/vmm_test.h"
#include "vmm/cli/ctl.h"

#define GREETING "{\"QMP\": {}}\n{\"return\": {}}\n"

static struct ctl ctl;
static int peer; /* the monitor's end; it is this process that made it */

static int connect_pair(void **state)
{
	struct error err;
	int fd[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		return -1;
	peer = fd[1];
	return ctl_start(&ctl, "it", fd[0], &err);
}

static int disconnect(void **state)
{
	(void)state;
	ctl_close(&ctl);
	if (peer >= 0)
		close(peer);
	return 0;
}

static void say(const char *text)
{
	assert_int_equal(write(peer, text, strlen(text)), strlen(text));
}

/* How many lines came since the last time. */
static unsigned int heard(void)
{
	char text[4096];
	ssize_t n = recv(peer, text, sizeof(text), MSG_DONTWAIT), i;
	unsigned int lines = 0;

	for (i = 0; i < n; i++)
		lines += text[i] == '}' && (i + 1 == n || text[i + 1] == '{');
	return lines;
}

/* What `question` returns, a number; -1 with the line in err. */
static json_int_t ask(const char *question, struct error *err)
{
	json_t *answer = ctl_execute(&ctl, question, json_object(), -1, err);
	json_int_t number = answer ? json_integer_value(answer) : -1;

	json_decref(answer);
	return number;
}

static void assert_late(const char *question)
{
	struct error err = { "" };
	char who[64];

	assert_int_equal(ask(question, &err), -1);
	assert_true(ctl.late);
	snprintf(who, sizeof(who),
		 "it: its monitor (process %d) does not answer: ", (int)getpid());
	assert_int_equal(strncmp(err.text, who, strlen(who)), 0);
	snprintf(who, sizeof(who), "it is busy or hangs; kill -KILL %d ends it",
		 (int)getpid());
	assert_non_null(strstr(err.text, who));
}

static void what_answers_in_time_is_heard(void **state)
{
	struct error err = { "" };

	(void)state;
	say(GREETING "{\"event\": \"STOP\"}\n{\"return\": 7}\n");
	assert_int_equal(ask("a", &err), 7);
	assert_false(ctl.late);
}

static void a_monitor_that_hangs_is_named_and_not_flooded(void **state)
{
	(void)state;
	ctl.patience_ms = 0;
	assert_late("a");
	assert_late("b");
	say("{\"QMP\": {}}\n");
	assert_late("c");
	assert_int_equal(heard(), 1); /* the greeting's: nothing was asked */
}

/* An answer that came too late is not taken for that to the next question. */
static void late_answers_belong_to_nobody(void **state)
{
	struct error err = { "" };

	(void)state;
	ctl.patience_ms = 0;
	say(GREETING);
	assert_late("a");
	assert_int_equal(heard(), 2);
	assert_late("b");
	assert_int_equal(heard(), 0);
	say("{\"return\": 1}\n{\"event\": \"STOP\"}\n{\"return\": 2}\n");
	assert_int_equal(ask("c", &err), 2);
	assert_false(ctl.late);
	assert_int_equal(heard(), 1);
}

static void one_that_leaves_is_not_late(void **state)
{
	struct error err = { "" };

	(void)state;
	say(GREETING);
	close(peer);
	peer = -1;
	assert_int_equal(ask("a", &err), -1);
	assert_false(ctl.late);
	assert_string_equal(err.text, "it: the machine went away");
}

static void a_refusal_has_the_monitors_words(void **state)
{
	struct error err = { "" };

	(void)state;
	say(GREETING "{\"error\": {\"desc\": \"no such thing\"}}\n");
	assert_int_equal(ask("a", &err), -1);
	assert_string_equal(err.text, "it: no such thing");
	say("nonsense\n");
	assert_int_equal(ask("a", &err), -1);
	assert_string_equal(err.text, "it: what answers there speaks no QMP");
}

int main(void)
{
#define CTL_TEST(name) cmocka_unit_test_setup_teardown(name, connect_pair, disconnect)
	const struct CMUnitTest tests[] = {
		CTL_TEST(what_answers_in_time_is_heard),
		CTL_TEST(a_monitor_that_hangs_is_named_and_not_flooded),
		CTL_TEST(late_answers_belong_to_nobody),
		CTL_TEST(one_that_leaves_is_not_late),
		CTL_TEST(a_refusal_has_the_monitors_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

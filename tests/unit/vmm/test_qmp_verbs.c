/* SPDX-License-Identifier: MIT */
/*
 * What libvirt says for each of its verbs, replayed without libvirt.  Each file of
 * tests/unit/vmm/qmp/verbs is a conversation that was recorded
 * (tests/integration/libvirt/record):
 *
 *   ! status S	how the guest stands at the beginning
 *   > JSON	libvirt asks
 *   < JSON	what it heard: the same kind of answer must come
 *
 * The machine is another one here, so values may differ: an answer is alike when it has the
 * same members of the same types.  Events have their names, errors their classes.  An event
 * that is heard while nothing is asked happens by itself, and so it is made to happen; so
 * does the STOP of a guest that has ended, whenever it comes.
 */
#include <dirent.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/vmm/qmp_peer.h"
#include "tests/unit/vmm/vmm_test.h"

#define DIRECTORY "tests/unit/vmm/qmp/verbs"
#define VERBS_MAX 64

struct replay {
	struct fixture *f;
	struct client *c;
	const char *file;
	unsigned int line;
	unsigned int asked; /* requests without an answer yet */
	bool ended; /* the guest has, and will stop */
};

static const struct {
	const char *name;
	enum control_event_kind kind;
} events[] = {
	{ "STOP", CONTROL_EVENT_STOP },
	{ "RESUME", CONTROL_EVENT_RESUME },
	{ "RESET", CONTROL_EVENT_RESET },
	{ "POWERDOWN", CONTROL_EVENT_POWERDOWN },
	{ "SHUTDOWN", CONTROL_EVENT_SHUTDOWN },
	{ "GUEST_PANICKED", CONTROL_EVENT_PANIC },
	{ "BALLOON_CHANGE", CONTROL_EVENT_BALLOON },
	{ "BLOCK_IO_ERROR", CONTROL_EVENT_IO_ERROR },
};

/* --- likeness ------------------------------------------------------------------------------- */

static bool alike(const json_t *got, const json_t *want);

/* These say what an answer is; all else is a value. */
static bool is_name(const char *member)
{
	return !strcmp(member, "event") || !strcmp(member, "class") ||
	       !strcmp(member, "id");
}

static bool objects_alike(const json_t *got, const json_t *want)
{
	const char *member;
	json_t *value;

	if (json_object_size(got) != json_object_size(want))
		return false;
	json_object_foreach((json_t *)want, member, value)
	{
		const json_t *mine = json_object_get(got, member);

		if (is_name(member) ? !json_equal(mine, value) : !alike(mine, value))
			return false;
	}
	return true;
}

/* Lists are of one kind each; theirs may be longer. */
static bool lists_alike(const json_t *got, const json_t *want)
{
	size_t i, n = json_array_size(got), theirs = json_array_size(want);

	if (!n != !theirs)
		return false;
	for (i = 0; i < n; i++)
		if (!alike(json_array_get(got, i),
			   json_array_get(want, i < theirs ? i : theirs - 1)))
			return false;
	return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the file's lines */
static bool alike(const json_t *got, const json_t *want)
{
	if (!got)
		return false;
	if (json_is_string(want) && !strcmp(json_string_value(want), "*"))
		return true;
	if (json_is_boolean(want))
		return json_is_boolean(got);
	if (json_typeof(got) != json_typeof(want))
		return false;
	if (json_is_object(want))
		return objects_alike(got, want);
	return !json_is_array(want) || lists_alike(got, want);
}

/* --- replay --------------------------------------------------------------------------------- */

static void happen(struct replay *r, const json_t *want)
{
	const char *name = json_string_value(json_object_get(want, "event"));
	struct control_event event = { .cause = CONTROL_BY_GUEST_SHUTDOWN };
	bool known = false;
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]) && !known; i++) {
		known = name && !strcmp(name, events[i].name);
		event.kind = events[i].kind;
	}
	if (!known)
		fail_msg("%s:%u: %s did not come", r->file, r->line, name ? name : "it");
	r->ended = event.kind == CONTROL_EVENT_SHUTDOWN ||
		   event.kind == CONTROL_EVENT_PANIC ||
		   event.kind == CONTROL_EVENT_IO_ERROR;
	if (event.kind == CONTROL_EVENT_STOP)
		r->f->fake.status = CONTROL_PAUSED;
	control_tell(&r->f->fake.control, &event);
}

static void expect(struct replay *r, const char *text)
{
	json_t *want = json_loads(text, 0, NULL), *got;
	const char *event = json_string_value(json_object_get(want, "event"));
	char *shown;

	assert_non_null(want);
	if (r->ended && event &&
	    !strcmp(event, "STOP")) { /* whatever else is on its way */
		r->f->fake.status = CONTROL_PAUSED;
		r->ended = false;
		json_decref(want);
		return;
	}
	got = peer_next_value(r->f, r->c);
	if (!got && event && !r->asked) {
		happen(r, want);
		got = peer_next_value(r->f, r->c);
	}
	shown = got ? json_dumps(got, 0) : NULL;
	if (!alike(got, want))
		fail_msg("%s:%u: expected %s\ngot %s", r->file, r->line, text,
			 shown ? shown : "nothing");
	r->asked -= r->asked && !event;
	free(shown);
	json_decref(got);
	json_decref(want);
}

static void ask(struct replay *r, const char *text)
{
	json_t *request = json_loads(text, 0, NULL);
	const char *name = json_string_value(json_object_get(request, "execute"));
	int fd;

	assert_non_null(name);
	if (!strcmp(name, "getfd")) {
		fd = memfd_create("dump", MFD_CLOEXEC);
		peer_send_with_fd(r->f, r->c, text, fd);
		close(fd);
	} else {
		peer_send_line(r->f, r->c, text);
	}
	json_decref(request);
	r->asked++;
}

/* The conversation begins where that of an earlier verb ended, unless it negotiates. */
static void begin(struct replay *r, const char *first)
{
	json_t *value;

	peer_connect(r->f, r->c);
	value = peer_next_value(r->f, r->c);
	assert_true(json_object_get(value, "QMP"));
	json_decref(value);
	if (strstr(first, "\"qmp_capabilities\""))
		return;
	peer_send_line(r->f, r->c, "{\"execute\":\"qmp_capabilities\"}");
	json_decref(peer_next_value(r->f, r->c));
}

static void set_status(struct fake_control *fake, const char *line)
{
	static const struct {
		const char *name;
		enum control_status status;
	} names[] = { { "prelaunch", CONTROL_PRELAUNCH },
		      { "running", CONTROL_RUNNING },
		      { "paused", CONTROL_PAUSED } };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(line, names[i].name))
			fake->status = names[i].status;
}

static void replay_line(struct replay *r, const char *line)
{
	if (!strncmp(line, "! status ", 9))
		set_status(&r->f->fake, line + 9);
	if (*line != '>' && *line != '<')
		return;
	if (r->c->fd < 0)
		begin(r, line);
	if (*line == '>')
		ask(r, line + 2);
	else
		expect(r, line + 2);
}

static void replay(struct fixture *f, const char *name)
{
	struct replay r = { .f = f, .c = &f->clients[0], .file = name };
	char path[300], *line = NULL;
	size_t size = 0;
	FILE *file;

	f->fake.managed = true;
	f->fake.balloon_bytes = 256 << 20;
	f->fake.balloon_interval = 1;
	snprintf(path, sizeof(path), DIRECTORY "/%s", name);
	file = fopen(path, "r");
	assert_non_null(file);
	while (getline(&line, &size, file) > 0) {
		r.line++;
		line[strcspn(line, "\n")] = '\0';
		replay_line(&r, line);
	}
	free(line);
	fclose(file);
	if (r.c->fd >= 0)
		assert_null(peer_next_value(f, r.c));
	assert_int_equal(r.asked, 0);
}

static void replay_verb(void **state)
{
	struct fixture *f = *state;

	replay(f, f->arg);
}

/* --- all of them ---------------------------------------------------------------------------- */

static char names[VERBS_MAX][256];

static int setup(void **state)
{
	const char *name = *state;
	int ret = peer_setup(state);

	((struct fixture *)*state)->arg = name;
	return ret;
}

int main(void)
{
	struct CMUnitTest tests[VERBS_MAX];
	struct dirent **entries;
	int i, n = scandir(DIRECTORY, &entries, NULL, alphasort), count = 0;

	for (i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		if (strstr(name, ".qmp") && count < VERBS_MAX) {
			strcpy(names[count], name);
			tests[count] =
				(struct CMUnitTest){ .name = names[count],
						     .test_func = replay_verb,
						     .setup_func = setup,
						     .teardown_func = peer_teardown,
						     .initial_state = names[count] };
			count++;
		}
		free(entries[i]);
	}
	if (n < 0 || count < 20) {
		fprintf(stderr, DIRECTORY ": run this from the top of the tree\n");
		return 1;
	}
	free(entries);
	return _cmocka_run_group_tests("QMP as libvirt's verbs speak it", tests,
				       (size_t)count, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* set-action: what the ends of a guest lead to, while it runs. */
#include <string.h>

#include "vmm/qmp/qmp_internal.h"

#define WORDS_MAX 8

/* Which of the words the argument is: its number; `before` when it is not there, -1 after
 * qmp_error(). */
static int read_choice(struct qmp_call *call, const char *name, int before,
		       const char *const words[WORDS_MAX])
{
	const char *word = json_string_value(json_object_get(call->arguments, name));
	int i;

	if (!word)
		return before;
	for (i = 0; i < WORDS_MAX && words[i]; i++)
		if (!strcmp(word, words[i]))
			return i;
	qmp_error(call, "Parameter '%s' does not accept value '%.100s'", name, word);
	return -1;
}

/* QEMU's words, all of them.  What a watchdog would do may be said: there is none to do it. */
static json_t *set_action(struct qmp_call *call)
{
	static const char *const reboots[WORDS_MAX] = { "shutdown", "reset" };
	static const char *const shutdowns[WORDS_MAX] = { "poweroff", "pause" };
	static const char *const panics[WORDS_MAX] = { [PANIC_ENDS] = "shutdown",
						       [PANIC_STAYS] = "pause",
						       [PANIC_FAILS] = "exit-failure",
						       [PANIC_GOES_ON] = "none" };
	static const char *const watchdogs[WORDS_MAX] = {
		"reset", "shutdown", "poweroff", "pause", "debug", "none", "inject-nmi"
	};
	const struct control_ops *ops = call->control->ops;
	struct control_actions actions;
	int reboot, shutdown, panic;

	ops->actions(call->control, &actions);
	reboot = read_choice(call, "reboot", actions.reboot, reboots);
	shutdown = read_choice(call, "shutdown", actions.stays, shutdowns);
	panic = read_choice(call, "panic", (int)actions.panic, panics);
	if (reboot < 0 || shutdown < 0 || panic < 0 ||
	    read_choice(call, "watchdog", 0, watchdogs) < 0)
		return NULL;
	actions = (struct control_actions){ .reboot = reboot,
					    .stays = shutdown,
					    .panic = (enum machine_panic)panic };
	ops->set_actions(call->control, &actions);
	return NULL;
}

static const struct qmp_arg action_args[] = { { "reboot", QMP_STRING, true },
					      { "shutdown", QMP_STRING, true },
					      { "panic", QMP_STRING, true },
					      { "watchdog", QMP_STRING, true },
					      { NULL, QMP_ANY, false } };

const struct qmp_command qmp_action_commands[] = {
	{ "set-action", set_action, action_args, false },
	{ NULL, NULL, NULL, false },
};

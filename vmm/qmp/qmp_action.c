/* SPDX-License-Identifier: MIT */
/* set-action: what the ends of a guest lead to, while it runs. */
#include <string.h>

#include "vmm/qmp/qmp_internal.h"

/* The argument as one of two words: *second tells which.  False after qmp_error(); an argument
 * that is not there leaves *second as it is. */
static bool read_choice(struct qmp_call *call, const char *name, const char *first,
			const char *second, bool *is_second)
{
	const char *word = json_string_value(json_object_get(call->arguments, name));

	if (!word)
		return true;
	*is_second = second && !strcmp(word, second);
	if (*is_second || !strcmp(word, first))
		return true;
	qmp_error(call, "Parameter '%s' does not accept value '%.100s'", name, word);
	return false;
}

/* A panic ends the guest as a shutdown does, and there is no watchdog that could do anything. */
static json_t *set_action(struct qmp_call *call)
{
	const struct control_ops *ops = call->control->ops;
	struct control_actions actions;
	bool ignored;

	ops->actions(call->control, &actions);
	if (!read_choice(call, "reboot", "shutdown", "reset", &actions.reboot) ||
	    !read_choice(call, "shutdown", "poweroff", "pause", &actions.stays) ||
	    !read_choice(call, "panic", "shutdown", NULL, &ignored) ||
	    !read_choice(call, "watchdog", "none", NULL, &ignored))
		return NULL;
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

/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "vmm/report/outcome.h"

static const char *const names[] = {
	[END_NONE] = "none",	     [END_EXIT] = "exit",
	[END_POWEROFF] = "poweroff", [END_RESET] = "reset",
	[END_PANIC] = "panic",	     [END_TRIPLE_FAULT] = "triple-fault",
	[END_STUCK] = "stuck",	     [END_SIGNAL] = "signal",
	[END_QUIT] = "quit",	     [END_CONTROL] = "control",
	[END_CONSOLE] = "console",   [END_SANDBOX] = "sandbox",
	[END_HOST] = "host",
};

int outcome_status(const struct outcome *outcome)
{
	switch (outcome->reason) {
	case END_EXIT:
		return outcome->code ? STATUS_FAILED : STATUS_WELL;
	case END_POWEROFF:
		return STATUS_WELL;
	case END_CONSOLE:
	case END_HOST:
		return STATUS_USAGE;
	default:
		return STATUS_FAILED;
	}
}

bool outcome_is_panic(const struct outcome *o)
{
	return o->reason == END_PANIC || o->reason == END_TRIPLE_FAULT ||
	       o->reason == END_STUCK ||
	       (o->reason == END_EXIT && o->code == EXIT_CODE_PANIC);
}

bool outcome_by_guest(const struct outcome *o)
{
	return o->reason == END_EXIT || o->reason == END_POWEROFF ||
	       o->reason == END_RESET || outcome_is_panic(o);
}

const char *outcome_name(enum end_reason reason)
{
	return names[reason];
}

void outcome_describe(const struct outcome *o, char *buf, unsigned int size)
{
	unsigned long long code = o->code;

	switch (o->reason) {
	case END_NONE:
		snprintf(buf, size, "it did not end");
		break;
	case END_EXIT:
		if (code)
			snprintf(buf, size, "the guest reported failure %llu", code);
		else
			snprintf(buf, size, "the guest finished well");
		break;
	case END_POWEROFF:
		snprintf(buf, size, "the guest switched itself off");
		break;
	case END_RESET:
		snprintf(buf, size, "the guest asked for a reset");
		break;
	case END_PANIC:
		snprintf(buf, size, "the guest's kernel panicked");
		break;
	case END_TRIPLE_FAULT:
		snprintf(buf, size, "the guest crashed: triple fault %s", o->text);
		break;
	case END_STUCK:
		snprintf(buf, size, "the guest crashed: %s", o->text);
		break;
	case END_SIGNAL:
		snprintf(buf, size, "ended by signal %llu (%s)", code,
			 strsignal((int)code));
		break;
	case END_QUIT:
		snprintf(buf, size, "ended by Ctrl-A x");
		break;
	case END_CONTROL:
		snprintf(buf, size, "ended over its control socket");
		break;
	case END_CONSOLE:
		snprintf(buf, size, "standard output takes no more: %s",
			 strerror((int)code));
		break;
	case END_SANDBOX:
	case END_HOST:
		snprintf(buf, size, "%s", o->text);
		break;
	}
}

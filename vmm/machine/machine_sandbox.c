/* SPDX-License-Identifier: MIT */
/* A machine's confinement. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/util/log.h"
#include "vmm/machine/machine.h"

static unsigned int disk_features(const struct block_backend *disk)
{
	unsigned int features = block_engine_is_ring(disk) ? SANDBOX_DISK_RING
							   : SANDBOX_DISK_CALLS;

	return block_is_device(disk) ? features | SANDBOX_DISK_DEVICE : features;
}

static unsigned int console_features(const struct console_config *console)
{
	if (console->kind == CONSOLE_STDIO)
		return isatty(STDIN_FILENO) || isatty(STDOUT_FILENO) ? SANDBOX_TERMINAL
								     : 0;
	return console->kind == CONSOLE_SOCKET ? SANDBOX_SOCKET : 0;
}

static unsigned int features(const struct machine *m)
{
	unsigned int bits = m->config.report || m->config.profile_hz ? SANDBOX_REPORT : 0,
		     i;

	if (m->config.panic_core)
		bits |= SANDBOX_CORE;
	for (i = 0; i < m->config.nr_disks; i++)
		bits |= disk_features(m->disks[i]);
	bits |= console_features(&m->config.console);
	if (m->config.two_consoles)
		bits |= console_features(&m->config.vconsole);
	if (m->config.name || m->config.nr_qmp || m->config.stays)
		bits |= SANDBOX_CONTROL;
	if (m->config.gdb)
		bits |= SANDBOX_DEBUGGER;
	return bits;
}

int machine_add_sandbox(struct machine *m, struct error *err)
{
	char text[128];
	int ret;

	if (!m->config.sandbox) {
		log_step("the monitor is not confined");
		return 0;
	}
	ret = sandbox_create(&m->sandbox, features(m), m->wake_fd, err);
	if (ret)
		return ret;
	sandbox_describe(m->sandbox, text, sizeof(text));
	log_step("confined, %s", text);
	return 0;
}

int machine_confine(const struct machine *m, enum sandbox_thread thread, const char *name)
{
	return m->sandbox ? sandbox_enter(m->sandbox, thread, name) : 0;
}

void machine_check_sandbox(struct machine *m)
{
	struct outcome outcome = { .reason = END_SANDBOX };

	if (sandbox_forbidden(outcome.text, sizeof(outcome.text)))
		machine_end(m, &outcome);
}

/* SPDX-License-Identifier: MIT */
/*
 * How a guest may end, and what the domain's policies make of it: on_poweroff, on_reboot,
 * on_crash.  The guest is asked for each end by a key on its console.  $LIBVIRT_STORY is the
 * pattern of the tests to run, if not all.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domain.h"

static void start_with(struct domain *d, const char *story, const char *element,
		       const char *policy)
{
	const struct domain_change changes[] = { { element, policy } };

	domain_start(d, story, changes, 1);
}

/* The guest started anew in the same process, and is at work. */
static void await_again(struct domain *d, int id)
{
	console_await_boot(d);
	assert_int_equal((int)virDomainGetID(d->handle), id);
}

/* --- power-off ------------------------------------------------------------------------------- */

static void poweroff_destroy(void **state)
{
	struct domain *d = *state;

	start_with(d, "power-off, destroy", "<on_poweroff>", "destroy");
	console_key(d, 'o');
	domain_await(d, "ended", VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN);
}

static void poweroff_restart(void **state)
{
	struct domain *d = *state;
	int id;

	start_with(d, "power-off, restart", "<on_poweroff>", "restart");
	id = (int)virDomainGetID(d->handle);
	console_key(d, 'o');
	console_await(d, "power button: flushing disks");
	await_again(d, id);
	domain_await(d, "again", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
}

/* --- reboot ---------------------------------------------------------------------------------- */

static void reboot_restart(void **state)
{
	struct domain *d = *state;
	int id;

	start_with(d, "reboot by the guest, restart", "<on_reboot>", "restart");
	id = (int)virDomainGetID(d->handle);
	console_key(d, 'b');
	await_again(d, id);
	domain_await(d, "again", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
}

static void reboot_destroy(void **state)
{
	struct domain *d = *state;

	start_with(d, "reboot by the guest, destroy", "<on_reboot>", "destroy");
	console_key(d, 'b');
	domain_await(d, "ended", VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN);
}

/* The policy changes while the guest runs. */
static void reboot_changed(void **state)
{
	struct domain *d = *state;
	int ret;

	start_with(d, "reboot by the guest, destroy since a moment", "<on_reboot>",
		   "restart");
	ret = virDomainSetLifecycleAction(d->handle, VIR_DOMAIN_LIFECYCLE_REBOOT,
					  VIR_DOMAIN_LIFECYCLE_ACTION_DESTROY,
					  VIR_DOMAIN_AFFECT_LIVE);
	domain_note(d, "change", ret ? "refused" : "done");
	console_key(d, 'b');
	domain_await(d, "ended", VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN);
}

/* With another policy for panics the emulator is told apart what to do at a reboot. */
static void reboot_destroy_preserve(void **state)
{
	static const struct domain_change changes[] = { { "<on_reboot>", "destroy" },
							{ "<on_crash>", "preserve" } };
	struct domain *d = *state;

	domain_start(d, "reboot by the guest, destroy, panics preserved", changes, 2);
	console_key(d, 'b');
	domain_await(d, "ended", VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN);
}

/* --- panic ----------------------------------------------------------------------------------- */

static void crash_destroy(void **state)
{
	struct domain *d = *state;

	start_with(d, "panic, destroy", "<on_crash>", "destroy");
	console_key(d, 'c');
	domain_await(d, "ended", VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_CRASHED);
}

static void crash_restart(void **state)
{
	struct domain *d = *state;
	int id;

	start_with(d, "panic, restart", "<on_crash>", "restart");
	id = (int)virDomainGetID(d->handle);
	console_key(d, 'c');
	console_await(d, "Kernel panic: sysrq triggered crash");
	await_again(d, id);
	domain_await(d, "again", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_CRASHED);
}

/* It is kept to be looked at: dumped here, then started anew by hand. */
static void crash_preserve(void **state)
{
	struct domain *d = *state;
	char path[256];
	int id;

	start_with(d, "panic, preserve", "<on_crash>", "preserve");
	id = (int)virDomainGetID(d->handle);
	console_key(d, 'c');
	domain_await(d, "kept", VIR_DOMAIN_CRASHED, VIR_DOMAIN_CRASHED_PANICKED);
	console_await(d, "Kernel panic: sysrq triggered crash");
	snprintf(path, sizeof(path), "%s/core", getenv("LIBVIRT_DIR"));
	assert_int_equal(virDomainCoreDump(d->handle, path, VIR_DUMP_MEMORY_ONLY), 0);
	unlink(path);
	domain_await(d, "dumped", VIR_DOMAIN_CRASHED, VIR_DOMAIN_CRASHED_PANICKED);
	/* A dead kernel can be let go on, to no avail; a reset brings it back. */
	assert_int_equal(virDomainResume(d->handle), 0);
	domain_await(d, "resumed", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
	console_key(d, 'h');
	assert_int_equal(virDomainReset(d->handle, 0), 0);
	await_again(d, id);
	domain_await(d, "again", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
}

/* Removes what is in libvirt's folder for such dumps; how many there were. */
static size_t take_dumps(void)
{
	const char *dir = getenv("LIBVIRT_DUMPS");
	char pattern[512];
	glob_t found;
	size_t i, n;

	snprintf(pattern, sizeof(pattern), "%s/*",
		 dir ? dir : "/var/lib/libvirt/qemu/dump");
	n = glob(pattern, 0, NULL, &found) ? 0 : found.gl_pathc;
	for (i = 0; i < n; i++)
		unlink(found.gl_pathv[i]);
	globfree(&found);
	return n;
}

static void crash_dump_destroy(void **state)
{
	struct domain *d = *state;

	start_with(d, "panic, coredump-destroy", "<on_crash>", "coredump-destroy");
	console_key(d, 'c');
	domain_await(d, "ended", VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_CRASHED);
	domain_note(d, "cores", "%zu", take_dumps());
}

static void crash_dump_restart(void **state)
{
	struct domain *d = *state;
	int id;

	start_with(d, "panic, coredump-restart", "<on_crash>", "coredump-restart");
	id = (int)virDomainGetID(d->handle);
	console_key(d, 'c');
	console_await(d, "Kernel panic: sysrq triggered crash");
	await_again(d, id);
	domain_await(d, "again", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_CRASHED);
	domain_note(d, "cores", "%zu", take_dumps());
}

/* --- what libvirt does not do -------------------------------------------------------------- */

/* No domain of QEMU's driver can have these. */
static void refused_policies(void **state)
{
	static const struct {
		const char *name;
		struct domain_change changes[2];
	} rows[] = {
		{ "power-off, preserve", { { "<on_poweroff>", "preserve" } } },
		{ "reboot, preserve", { { "<on_reboot>", "preserve" } } },
		{ "power-off, rename-restart",
		  { { "<on_poweroff>", "rename-restart" } } },
		{ "reboot, rename-restart", { { "<on_reboot>", "rename-restart" } } },
		{ "panic, rename-restart", { { "<on_crash>", "rename-restart" } } },
		{ "power-off, restart; reboot, destroy",
		  { { "<on_poweroff>", "restart" }, { "<on_reboot>", "destroy" } } },
	};
	struct domain *d = *state;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t nr = rows[i].changes[1].element ? 2 : 1;

		assert_int_equal(domain_try(d, rows[i].name, rows[i].changes, nr), -1);
		domain_note(d, "defined", "refused");
	}
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, domain_setup, domain_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(poweroff_destroy),	STORY(poweroff_restart),
		STORY(reboot_restart),		STORY(reboot_destroy),
		STORY(reboot_destroy_preserve), STORY(reboot_changed),
		STORY(crash_destroy),		STORY(crash_restart),
		STORY(crash_preserve),		STORY(crash_dump_destroy),
		STORY(crash_dump_restart),	STORY(refused_policies),
	};

	if (getenv("LIBVIRT_STORY"))
		cmocka_set_test_filter(getenv("LIBVIRT_STORY"));
	return cmocka_run_group_tests_name("libvirt's policies", tests,
					   domain_group_setup, domain_group_teardown);
}

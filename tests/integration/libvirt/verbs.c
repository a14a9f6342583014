/* SPDX-License-Identifier: MIT */
/*
 * What libvirt's users do to a domain, through its C API, each with the state that libvirt
 * shows afterwards.  The connection is $LIBVIRT_URI, the domain's XML the file $LIBVIRT_XML;
 * every test finds no domain and leaves none.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#define PATIENCE_MS 20000
#define TURN_MS	    50

struct fixture {
	virConnectPtr connection;
	virDomainPtr domain;
};

static char *read_file(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *f = fopen(path, "r");

	assert_non_null(text);
	assert_non_null(f);
	assert_true(fread(text, 1, 65535, f) > 0);
	fclose(f);
	return text;
}

/* Defines the domain, and starts it with these flags. */
static void start(struct fixture *f, unsigned int flags)
{
	char *xml = read_file(getenv("LIBVIRT_XML"));

	f->domain = virDomainDefineXML(f->connection, xml);
	free(xml);
	assert_non_null(f->domain);
	assert_int_equal(virDomainCreateWithFlags(f->domain, flags), 0);
}

static void expect(const struct fixture *f, int state, int reason)
{
	int is = -1, why = -1;

	assert_int_equal(virDomainGetState(f->domain, &is, &why, 0), 0);
	assert_int_equal(is, state);
	assert_int_equal(why, reason);
}

/* Waits until it is in this state, for this reason. */
static void await(const struct fixture *f, int state, int reason)
{
	int is = -1, why = -1, waited;

	for (waited = 0; waited < PATIENCE_MS; waited += TURN_MS) {
		assert_int_equal(virDomainGetState(f->domain, &is, &why, 0), 0);
		if (is == state && why == reason)
			return;
		usleep(TURN_MS * 1000);
	}
	expect(f, state, reason);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->connection = virConnectOpen(getenv("LIBVIRT_URI"));
	*state = f;
	return !f->connection;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->domain) {
		if (virDomainIsActive(f->domain) == 1)
			virDomainDestroy(f->domain);
		virDomainUndefine(f->domain);
		virDomainFree(f->domain);
	}
	virConnectClose(f->connection);
	free(f);
	return 0;
}

static void start_and_destroy(void **state)
{
	struct fixture *f = *state;

	start(f, 0);
	expect(f, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);
	assert_int_equal(virDomainDestroy(f->domain), 0);
	expect(f, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DESTROYED);
}

static unsigned long long cpu_time(const struct fixture *f)
{
	virDomainInfo info;

	assert_int_equal(virDomainGetInfo(f->domain, &info), 0);
	return info.cpuTime;
}

static void start_paused(void **state)
{
	struct fixture *f = *state;

	start(f, VIR_DOMAIN_START_PAUSED);
	expect(f, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
	assert_int_equal(virDomainResume(f->domain), 0);
	expect(f, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
}

/* A suspended guest uses no processor.  libvirt's figure has steps of 10 ms, and counts the
 * monitor's own threads, which answer. */
static void suspend_and_resume(void **state)
{
	struct fixture *f = *state;
	unsigned long long before;

	start(f, 0);
	assert_int_equal(virDomainSuspend(f->domain), 0);
	expect(f, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
	before = cpu_time(f);
	usleep(300 * 1000);
	assert_true(cpu_time(f) - before <= 20 * 1000 * 1000);
	assert_int_equal(virDomainResume(f->domain), 0);
	expect(f, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
}

/* Reads the console until it shows the text; the alarm ends a wait in vain. */
static void await_console(virStreamPtr stream, const char *text)
{
	char seen[65536] = "";
	size_t used = 0;

	alarm(PATIENCE_MS / 1000);
	while (!strstr(seen, text) && used < sizeof(seen) - 1) {
		int n = virStreamRecv(stream, seen + used, sizeof(seen) - 1 - used);

		assert_true(n > 0);
		used += (size_t)n;
		seen[used] = '\0';
	}
	alarm(0);
	assert_non_null(strstr(seen, text));
}

/* The console shows the guest; after a reset the guest boots again in the same process. */
static void console_and_reset(void **state)
{
	struct fixture *f = *state;
	virStreamPtr stream = virStreamNew(f->connection, 0);
	int id;

	start(f, VIR_DOMAIN_START_PAUSED);
	id = (int)virDomainGetID(f->domain);
	assert_int_equal(virDomainOpenConsole(f->domain, NULL, stream, 0), 0);
	assert_int_equal(virDomainResume(f->domain), 0);
	await_console(stream, "staying until the power button is pressed");
	assert_int_equal(virDomainReset(f->domain, 0), 0);
	await_console(stream, "staying until the power button is pressed");
	expect(f, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
	assert_int_equal((int)virDomainGetID(f->domain), id);
	virStreamAbort(stream);
	virStreamFree(stream);
}

static void shut_down(void **state)
{
	struct fixture *f = *state;
	virStreamPtr stream = virStreamNew(f->connection, 0);

	start(f, VIR_DOMAIN_START_PAUSED);
	assert_int_equal(virDomainOpenConsole(f->domain, NULL, stream, 0), 0);
	assert_int_equal(virDomainResume(f->domain), 0);
	await_console(stream, "staying until the power button is pressed");
	virStreamAbort(stream);
	virStreamFree(stream);
	assert_int_equal(virDomainShutdown(f->domain), 0);
	await(f, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN);
}

/* The monitor dies: the domain is off, and can be started again. */
static void killed(void **state)
{
	struct fixture *f = *state;
	char path[256], *text;

	start(f, 0);
	snprintf(path, sizeof(path), "/run/libvirt/qemu/%s.pid",
		 virDomainGetName(f->domain));
	text = read_file(path);
	assert_int_equal(kill((pid_t)strtol(text, NULL, 10), SIGKILL), 0);
	free(text);
	await(f, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_CRASHED);
	assert_int_equal(virDomainCreate(f->domain), 0);
	expect(f, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);
}

/* setmem takes memory from the guest, and gives it back. */
static void balloon(void **state)
{
	struct fixture *f = *state;
	unsigned long most;
	unsigned int round;
	int waited;

	start(f, 0);
	most = virDomainGetMaxMemory(f->domain);
	for (round = 0; round < 2; round++) {
		unsigned long wanted = round ? most : most / 2;
		virDomainInfo info = { .memory = 0 };

		assert_int_equal(virDomainSetMemory(f->domain, wanted), 0);
		for (waited = 0; waited < PATIENCE_MS && info.memory != wanted;
		     waited += TURN_MS) {
			usleep(TURN_MS * 1000);
			assert_int_equal(virDomainGetInfo(f->domain, &info), 0);
		}
		assert_int_equal(info.memory, wanted);
	}
}

/* Every kind of statistics has an answer. */
static void statistics(void **state)
{
	struct fixture *f = *state;
	virDomainStatsRecordPtr *records = NULL;
	virDomainMemoryStatStruct memory[VIR_DOMAIN_MEMORY_STAT_NR];
	virDomainBlockStatsStruct block;
	virDomainBlockInfo disk;
	virVcpuInfo cpus[8];
	virDomainPtr domains[2];
	unsigned long long value = 0;

	start(f, 0);
	domains[0] = f->domain;
	domains[1] = NULL;
	assert_int_equal(virDomainListGetStats(domains, 0, &records, 0), 1);
	assert_int_equal(virTypedParamsGetULLong(records[0]->params, records[0]->nparams,
						 "block.0.capacity", &value),
			 1);
	assert_int_not_equal(value, 0);
	virDomainStatsRecordListFree(records);
	assert_true(virDomainMemoryStats(f->domain, memory, VIR_DOMAIN_MEMORY_STAT_NR,
					 0) >= 2);
	assert_int_equal(virDomainBlockStats(f->domain, "vda", &block, sizeof(block)), 0);
	assert_int_equal(virDomainGetBlockInfo(f->domain, "vda", &disk, 0), 0);
	assert_int_equal(disk.capacity, value);
	assert_int_equal(virDomainGetVcpus(f->domain, cpus, 8, NULL, 0), 2);
}

static void dump(void **state)
{
	struct fixture *f = *state;
	char path[256], magic[4];
	FILE *core;

	start(f, 0);
	snprintf(path, sizeof(path), "%s/core", getenv("LIBVIRT_DIR"));
	assert_int_equal(virDomainCoreDump(f->domain, path, VIR_DUMP_MEMORY_ONLY), 0);
	expect(f, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
	core = fopen(path, "r");
	assert_non_null(core);
	assert_int_equal(fread(magic, 1, 4, core), 4);
	fclose(core);
	unlink(path);
	assert_memory_equal(magic, "\177ELF", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(start_and_destroy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(start_paused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(suspend_and_resume, set_up, tear_down),
		cmocka_unit_test_setup_teardown(console_and_reset, set_up, tear_down),
		cmocka_unit_test_setup_teardown(shut_down, set_up, tear_down),
		cmocka_unit_test_setup_teardown(killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(balloon, set_up, tear_down),
		cmocka_unit_test_setup_teardown(statistics, set_up, tear_down),
		cmocka_unit_test_setup_teardown(dump, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("libvirt", tests, NULL, NULL);
}

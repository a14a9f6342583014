/* SPDX-License-Identifier: MIT */
/*
 * What libvirt's users do to a domain, through its C API, each with the state that libvirt
 * shows afterwards and with what the guest says of it on its console.  $LIBVIRT_STORY is the
 * pattern of the tests to run, if not all.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libvirt/libvirt-qemu.h>

#include "domain.h"

#define QUIET_MS 300

static void start_and_destroy(void **state)
{
	struct domain *d = *state;

	domain_define(d, "start and destroy", NULL, 0);
	domain_await(d, "defined", VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_UNKNOWN);
	assert_int_equal(virDomainCreate(d->handle), 0);
	domain_await(d, "started", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);
	console_open(d);
	console_await_guest(d);
	assert_int_equal(virDomainDestroy(d->handle), 0);
	domain_await(d, "destroyed", VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DESTROYED);
}

/* A guest that stands answers nothing, until it goes on: then it has not lost the key. */
static void assert_stands(struct domain *d)
{
	console_settle(d);
	console_key(d, 'h');
	usleep(QUIET_MS * 1000);
	assert_false(console_shows(d, "sysrq"));
}

static void start_paused(void **state)
{
	struct domain *d = *state;

	domain_define(d, "start --paused", NULL, 0);
	assert_int_equal(virDomainCreateWithFlags(d->handle, VIR_DOMAIN_START_PAUSED), 0);
	domain_await(d, "started", VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
	console_open(d);
	usleep(QUIET_MS * 1000);
	assert_false(console_shows(d, "pagevisor guest"));
	assert_int_equal(virDomainResume(d->handle), 0);
	domain_await(d, "resumed", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
	console_await_guest(d);
}

static void suspend_and_resume(void **state)
{
	struct domain *d = *state;

	domain_start(d, "suspend and resume", NULL, 0);
	assert_int_equal(virDomainSuspend(d->handle), 0);
	domain_await(d, "suspended", VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
	assert_stands(d);
	assert_int_equal(virDomainResume(d->handle), 0);
	domain_await(d, "resumed", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
	console_await(d, "Ctrl-O h: help");
}

/* The guest boots again in the same process; suspended, only when it is resumed. */
static void reset(void **state)
{
	struct domain *d = *state;
	int id;

	domain_start(d, "reset", NULL, 0);
	id = (int)virDomainGetID(d->handle);
	assert_int_equal(virDomainReset(d->handle, 0), 0);
	console_await_boot(d);
	domain_await(d, "running", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
	assert_int_equal(virDomainSuspend(d->handle), 0);
	assert_int_equal(virDomainReset(d->handle, 0), 0);
	usleep(QUIET_MS * 1000);
	assert_false(console_shows(d, "pagevisor guest"));
	domain_await(d, "suspended", VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
	assert_int_equal(virDomainResume(d->handle), 0);
	console_await_boot(d);
	assert_int_equal((int)virDomainGetID(d->handle), id);
}

/* The guest leaves in order, and boots again in the same process. */
static void reboot(void **state)
{
	struct domain *d = *state;
	int id;

	domain_start(d, "reboot", NULL, 0);
	id = (int)virDomainGetID(d->handle);
	assert_int_equal(virDomainReboot(d->handle, 0), 0);
	console_await(d, "power button: flushing disks");
	console_await_boot(d);
	domain_await(d, "running", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
	assert_int_equal((int)virDomainGetID(d->handle), id);
	/* The order is used up: the next one is for good. */
	assert_int_equal(virDomainShutdown(d->handle), 0);
	domain_await(d, "shut down", VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN);
}

/* That the guest flushes its disks before, the story of a reboot shows: here libvirt may have
 * let go of the console by then. */
static void shut_down(void **state)
{
	struct domain *d = *state;

	domain_start(d, "shutdown", NULL, 0);
	assert_int_equal(virDomainShutdown(d->handle), 0);
	domain_await(d, "shut down", VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN);
}

/* The process of the guest, which libvirt keeps in its pid file. */
static pid_t process_of(const struct domain *d)
{
	const char *dir = getenv("LIBVIRT_RUN");
	char path[512], text[32] = "";
	long pid;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.pid", dir ? dir : "/run/libvirt/qemu",
		 virDomainGetName(d->handle));
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	pid = strtol(text, NULL, 10);
	assert_true(pid > 1);
	return (pid_t)pid;
}

/* The monitor dies: the domain is off, and can be started again. */
static void killed(void **state)
{
	struct domain *d = *state;

	domain_start(d, "killed", NULL, 0);
	console_close(d);
	assert_int_equal(kill(process_of(d), SIGKILL), 0);
	domain_await(d, "killed", VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_CRASHED);
	assert_int_equal(virDomainCreate(d->handle), 0);
	domain_await(d, "started", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);
}

/* --- what libvirt knows of it ------------------------------------------------------------ */

static unsigned long long memory_stat(const struct domain *d, int tag)
{
	virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
	int i, n = virDomainMemoryStats(d->handle, stats, VIR_DOMAIN_MEMORY_STAT_NR, 0);

	for (i = 0; i < n; i++)
		if (stats[i].tag == tag)
			return stats[i].val;
	return 0;
}

/* Until the guest has told how much is free: in [least, most] KiB. */
static void await_unused(const struct domain *d, unsigned long long least,
			 unsigned long long most)
{
	unsigned long long is = 0;
	int waited;

	for (waited = 0; waited < PATIENCE_MS; waited += TURN_MS) {
		is = memory_stat(d, VIR_DOMAIN_MEMORY_STAT_UNUSED);
		if (is >= least && is <= most)
			return;
		doze();
	}
	fail_msg("%s: %llu KiB are free in the guest, not %llu to %llu", d->story, is,
		 least, most);
}

#define TAKEN_KIB (8u << 10)

/* setmem takes memory from the guest, as the guest says, too, and gives it back. */
static void setmem(void **state)
{
	struct domain *d = *state;
	unsigned long most;
	unsigned long long unused;
	unsigned int round;

	domain_start(d, "setmem", NULL, 0);
	most = virDomainGetMaxMemory(d->handle);
	await_unused(d, most / 2, most);
	unused = memory_stat(d, VIR_DOMAIN_MEMORY_STAT_UNUSED);
	for (round = 0; round < 2; round++) {
		unsigned long wanted = round ? most : most - TAKEN_KIB;
		virDomainInfo info = { .memory = 0 };
		int waited;

		assert_int_equal(virDomainSetMemory(d->handle, wanted), 0);
		for (waited = 0; waited < PATIENCE_MS && info.memory != wanted;
		     waited += TURN_MS) {
			doze();
			assert_int_equal(virDomainGetInfo(d->handle, &info), 0);
		}
		assert_int_equal(info.memory, wanted);
		if (!round)
			await_unused(d, 0, unused - TAKEN_KIB / 2);
	}
	await_unused(d, unused - TAKEN_KIB / 2, most);
	domain_note(d, "memory", "taken and given back");
}

static unsigned long long parameter(const virDomainStatsRecord *record, const char *name)
{
	unsigned long long value = 0;
	int i;

	for (i = 0; i < record->nparams; i++)
		if (!strcmp(record->params[i].field, name) &&
		    record->params[i].type == VIR_TYPED_PARAM_ULLONG)
			value = record->params[i].value.ul;
	return value;
}

static virDomainStatsRecordPtr *get_stats(const struct domain *d)
{
	virDomainStatsRecordPtr *records = NULL;
	virDomainPtr domains[2] = { d->handle, NULL };

	assert_int_equal(virDomainListGetStats(domains, 0, &records, 0), 1);
	return records;
}

/* The guest works with its disk, and libvirt has counted what it says. */
static void domstats(void **state)
{
	static const struct domain_change changes[] = {
		{ "<cmdline>", "experiments=disk.commands stay" }
	};
	struct domain *d = *state;
	virDomainStatsRecordPtr *records;
	virDomainBlockStatsStruct block;
	virDomainBlockInfo disk;
	int i;

	domain_start(d, "domstats", changes, 1);
	records = get_stats(d);
	for (i = 0; i < records[0]->nparams; i++) {
		const char *field = records[0]->params[i].field;

		/* Whether KVM's own counters can be read is a matter of the host. */
		if (strncmp(field, "cpu.haltpoll", strlen("cpu.haltpoll")) != 0)
			domain_note(d, field, "told");
	}
	assert_true(parameter(records[0], "cpu.time") > 0);
	assert_int_equal(parameter(records[0], "block.1.capacity"), 1 << 20);
	assert_true(parameter(records[0], "block.1.wr.bytes") >= 16384);
	assert_true(parameter(records[0], "block.1.rd.bytes") >= 16384);
	assert_true(parameter(records[0], "block.1.fl.reqs") >= 1);
	assert_int_equal(parameter(records[0], "block.0.wr.reqs"), 0);
	virDomainStatsRecordListFree(records);
	assert_int_equal(virDomainBlockStats(d->handle, "vdb", &block, sizeof(block)), 0);
	assert_true(block.wr_bytes >= 16384 && block.rd_bytes >= 16384);
	assert_int_equal(virDomainGetBlockInfo(d->handle, "vda", &disk, 0), 0);
	assert_int_equal(disk.capacity, 1 << 20);
}

static void dommemstat(void **state)
{
	static const char *const names[VIR_DOMAIN_MEMORY_STAT_NR] = {
		"swap_in",	 "swap_out",	"major_fault", "minor_fault",
		"unused",	 "available",	"actual",      "rss",
		"usable",	 "last_update", "disk_caches", "hugetlb_pgalloc",
		"hugetlb_pgfail"
	};
	struct domain *d = *state;
	virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
	unsigned long most;
	int i, n;

	domain_start(d, "dommemstat", NULL, 0);
	most = virDomainGetMaxMemory(d->handle);
	await_unused(d, most / 2, most);
	n = virDomainMemoryStats(d->handle, stats, VIR_DOMAIN_MEMORY_STAT_NR, 0);
	for (i = 0; i < n; i++)
		domain_note(d, names[stats[i].tag], "told");
	assert_int_equal(memory_stat(d, VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON), most);
	assert_in_range(memory_stat(d, VIR_DOMAIN_MEMORY_STAT_AVAILABLE), most / 2, most);
	assert_true(memory_stat(d, VIR_DOMAIN_MEMORY_STAT_RSS) > 0);
}

static void information(void **state)
{
	struct domain *d = *state;
	unsigned char map[2];
	virVcpuInfo cpus[4];
	virDomainInfo info;
	char *type;
	int autostart = 1, i;

	domain_start(d, "dominfo", NULL, 0);
	assert_int_equal(virDomainGetInfo(d->handle, &info), 0);
	type = virDomainGetOSType(d->handle);
	domain_note(d, "type", "%s", type);
	free(type);
	domain_note(d, "CPUs", "%u", info.nrVirtCpu);
	domain_note(d, "max memory", "%lu KiB", info.maxMem);
	domain_note(d, "used memory", "%lu KiB", info.memory);
	assert_true(info.cpuTime > 0);
	assert_int_equal(virDomainIsPersistent(d->handle), 1);
	assert_int_equal(virDomainHasManagedSaveImage(d->handle, 0), 0);
	assert_int_equal(virDomainGetVcpus(d->handle, cpus, 4, map, 1), 2);
	for (i = 0; i < 2; i++)
		domain_note(d, i ? "vcpuinfo, second" : "vcpuinfo, first",
			    "CPU %u, state %d", cpus[i].number, cpus[i].state);
	assert_int_equal(virDomainSetAutostart(d->handle, 1), 0);
	assert_int_equal(virDomainGetAutostart(d->handle, &autostart), 0);
	domain_note(d, "autostart", "%d", autostart);
	assert_int_equal(virDomainSetAutostart(d->handle, 0), 0);
}

static void ask(struct domain *d, const char *command, unsigned int flags,
		const char *wanted)
{
	char *answer = NULL;
	bool same;

	assert_int_equal(virDomainQemuMonitorCommand(d->handle, command, &answer, flags),
			 0);
	same = strstr(answer, wanted);
	domain_note(d, command, "%s", same ? wanted : answer);
	free(answer);
}

static void monitor_command(void **state)
{
	struct domain *d = *state;

	domain_start(d, "qemu-monitor-command", NULL, 0);
	ask(d, "{\"execute\":\"query-status\"}", 0, "\"status\":\"running\"");
	ask(d, "info status", VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP, "VM status: running");
	ask(d, "{\"execute\":\"frobnicate\"}", 0, "\"class\":\"CommandNotFound\"");
	ask(d, "{\"execute\":\"query-memory-size-summary\"}", 0,
	    "\"base-memory\":67108864");
	assert_int_equal(virDomainInjectNMI(d->handle, 0), 0);
	console_await(d, "NMI at ");
	domain_note(d, "inject-nmi", "reaches the guest");
}

/* --- dump ----------------------------------------------------------------------------------- */

/* gdb finds a vCPU's place in the guest's kernel. */
static bool gdb_opens(const char *path)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "gdb -q -batch -ex 'info registers rip' '%s/guest.elf' '%s' 2>&1 | "
		 "grep -E '^rip .*<[a-z_]+\\+?[0-9]*>'",
		 getenv("B"), path);
	return system(command) == 0;
}

/* A core of the guest has what the guest logged. */
static bool file_has(const char *path, const char *text)
{
	char command[1024];

	snprintf(command, sizeof(command), "grep -aq '%s' '%s'", text, path);
	return system(command) == 0;
}

static void dump(void **state)
{
	struct domain *d = *state;
	char path[256], magic[4] = "";
	FILE *core;

	domain_start(d, "dump --memory-only", NULL, 0);
	snprintf(path, sizeof(path), "%s/core", getenv("LIBVIRT_DIR"));
	assert_int_equal(virDomainCoreDump(d->handle, path, VIR_DUMP_MEMORY_ONLY), 0);
	domain_await(d, "running", VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
	console_await_guest(d);
	core = fopen(path, "r");
	assert_non_null(core);
	assert_int_equal(fread(magic, 1, 4, core), 4);
	fclose(core);
	assert_memory_equal(magic, "\177ELF", 4);
	assert_true(gdb_opens(path));
	domain_note(d, "the core", "%s",
		    file_has(path, "staying until the power button")
			    ? "has what the guest logged"
			    : "has no log of the guest");
	unlink(path);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, domain_setup, domain_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORY(start_and_destroy),
		STORY(start_paused),
		STORY(suspend_and_resume),
		STORY(reset),
		STORY(reboot),
		STORY(shut_down),
		STORY(killed),
		STORY(setmem),
		STORY(domstats),
		STORY(dommemstat),
		STORY(information),
		STORY(monitor_command),
		STORY(dump),
	};

	if (getenv("LIBVIRT_STORY"))
		cmocka_set_test_filter(getenv("LIBVIRT_STORY"));
	return cmocka_run_group_tests_name("libvirt's verbs", tests, domain_group_setup,
					   domain_group_teardown);
}

/* SPDX-License-Identifier: MIT */
/*
 * Views: of this very process, which a machine's facts name, and of cores, whole, foreign,
 * cut off and hostile.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/vmm/kernel_image.h"
#include "tests/unit/vmm/live_image.h"
#include "tests/unit/vmm/run_folder.h"
#include "tests/unit/vmm/vmm_test.h"
#include "vmm/cli/rundir.h"
#include "vmm/dump/dump.h"
#include "vmm/inspect/registers.h"
#include "vmm/inspect/view.h"
#include "vmm/util/process.h"

static struct image image;
static struct view view; /* must not move */
static char dir[RUN_FOLDER_MAX], core_path[128];

static int make(void **state)
{
	(void)state;
	assert_int_equal(run_folder_make(dir), 0);
	snprintf(core_path, sizeof(core_path), "%s/core", dir);
	image_make(&image);
	kernel_image_add(&image);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	image_free(&image);
	return run_folder_remove(dir);
}

static void open_well(const char *what)
{
	struct error err = { "" };

	if (view_open(&view, what, NULL, &err))
		fail_msg("%s", err.text);
}

static void assert_no_view(const char *what, int errnum, const char *part)
{
	struct error err = { "" };

	assert_refused(view_open(&view, what, NULL, &err), errnum, &err, part);
}

/* --- facts ---------------------------------------------------------------------------------- */

static void facts_come_back(void **state)
{
	struct guest_facts facts = live_facts(&image), back;
	struct error err = { "" };
	json_t *json;

	(void)state;
	facts.kernel = (char *)"/k";
	json = facts_pack(&facts);
	assert_int_equal(facts_unpack(&back, json, "it", &err), 0);
	assert_int_equal(back.pid, facts.pid);
	assert_int_equal(back.birth, facts.birth);
	assert_int_equal(back.region[0].at, facts.region[0].at);
	assert_string_equal(back.kernel, "/k");
	assert_null(back.cmdline);
	facts_free(&back);
	json_decref(json);
}

static void facts_without_sense_are_refused(void **state)
{
	static const char *const wild[] = {
		"",
		"[]",
		"{}",
		"{\"version\": 2}",
		"{\"version\": 1, \"cpus\": 0}",
		"{\"version\": 1, \"cpus\": 1}",
		"{\"version\": 1, \"cpus\": 99999999}",
		"{\"version\": 1, \"cpus\": 1, \"ram\": [{\"gpa\": 1, \"size\": 4096}]}",
		"{\"version\": 1, \"cpus\": 1, \"ram\": [{\"gpa\": 0, \"size\": 0}]}",
		"{\"version\": 1, \"cpus\": 1, \"ram\": [{\"gpa\": 4096, \"size\": -4096}]}",
		"{\"version\": 1, \"cpus\": 1, \"ram\": [{\"size\": 8192}, {\"size\": 4096}]}",
		"{\"version\": 1, \"cpus\": 1, \"ram\": [{\"size\": 4096, \"at\": -1}]}",
		"{\"version\": 1, \"cpus\": 1, \"ram\": 7}",
	};
	struct guest_facts facts;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		struct error err = { "" };

		assert_refused(facts_parse(&facts, wild[i], strlen(wild[i]), "it", &err),
			       EPROTO, &err, "makes no sense");
		facts_free(&facts);
	}
}

static void birth_tells_processes_apart(void **state)
{
	(void)state;
	assert_true(facts_birth_of(getpid()) > 0);
	assert_int_equal(facts_birth_of(-5), 0);
}

static void a_process_that_is_stopped_is_told(void **state)
{
	struct process_stat stat, gone;
	pid_t child = fork();
	int status, ret;

	(void)state;
	if (!child) {
		raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	ret = process_stat(child, &stat);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	assert_int_equal(ret, 0);
	assert_int_equal(stat.state, 'T');
	assert_true(stat.birth >= facts_birth_of(getpid()));
	assert_int_equal(process_stat(child, &gone), -ESRCH);
	assert_int_equal(gone.birth, 0);
}

static void registers_come_back(void **state)
{
	struct dump_cpu cpu[2] = { 0 }, back[2];
	json_t *list = json_array();

	(void)state;
	cpu[0].regs.rip = UINT64_MAX - 3;
	cpu[1].sregs.cr3 = 0x1000;
	cpu[1].sregs.gs.base = 0xffffffff80000000;
	cpu[1].sregs.cs.selector = 0x33;
	json_array_append_new(list, registers_pack(&cpu[0]));
	json_array_append_new(list, registers_pack(&cpu[1]));
	assert_int_equal(registers_unpack(back, 2, list), 0);
	assert_memory_equal(cpu, back, sizeof(cpu));
	assert_int_equal(registers_unpack(back, 1, list), -EPROTO);
	json_object_del(json_array_get(list, 1), "r9");
	assert_int_equal(registers_unpack(back, 2, list), -EPROTO);
	json_decref(list);
	assert_int_equal(registers_unpack(back, 2, NULL), -EPROTO);
}

/* --- a machine ------------------------------------------------------------------------------- */

static void a_live_guest_is_read_anew_each_time(void **state)
{
	struct guest_facts facts = live_facts(&image);
	struct error err = { "" };
	uint64_t word = 0, at = 0x500ff8;

	(void)state;
	live_publish(&facts);
	open_well("it");
	assert_true(view.live && !view.copied && view.published);
	memset(image.bytes + at, 0x11, 16);
	assert_int_equal(view_read(&view, at + 4, &word, 8), 0); /* over two pages */
	assert_int_equal(word, 0x1111111111111111);
	memset(image.bytes + at, 0x22, 16);
	assert_int_equal(view_read(&view, at, &word, 8), 0);
	assert_int_equal(word, 0x1111111111111111); /* one reading sees one state */
	assert_int_equal(view_refresh(&view, &err), 0);
	assert_int_equal(view_read(&view, at, &word, 8), 0);
	assert_int_equal(word, 0x2222222222222222);
	memset(image.bytes + at, 0, 16);
	assert_int_equal(view_refresh(&view, &err), 0);
	assert_int_equal(view_read(&view, at, &word, 8), 0);
	assert_int_equal(word, 0);
	/* A page that the guest has no more is not asked for, and is not what it was. */
	at = 0x502000;
	memset(image.bytes + at, 0x33, 16);
	assert_int_equal(view_refresh(&view, &err), 0);
	assert_int_equal(view_read(&view, at, &word, 8), 0);
	assert_int_equal(word, 0x3333333333333333);
	assert_int_equal(madvise(image.bytes + at, 4096, MADV_DONTNEED), 0);
	assert_int_equal(view_refresh(&view, &err), 0);
	assert_int_equal(view_read(&view, at, &word, 8), 0);
	assert_int_equal(word, 0);
	assert_int_equal(view_read_virtual(&view, IMAGE_DIRECT + IMAGE_TABLE, &word, 8),
			 0);
	assert_int_equal(word, MEMSTATE_MAGIC);
	assert_int_equal(view_host_address(&view, 0x1234),
			 (uintptr_t)image.bytes + 0x1234);
	view_close(&view);
}

static void the_state_is_the_same_through_a_view(void **state)
{
	struct guest_facts facts = live_facts(&image);
	struct memstate_snapshot there, here;
	struct memstate_view direct;

	(void)state;
	live_publish(&facts);
	open_well("it");
	assert_int_equal(memstate_snapshot_take(&view.state, &there), 0);
	assert_int_equal(memstate_open(&direct, &image.ram, IMAGE_TABLE), 0);
	assert_int_equal(memstate_snapshot_take(&direct, &here), 0);
	assert_memory_equal(&there.zones, &here.zones, sizeof(here.zones));
	assert_int_equal(there.frames.nr, here.frames.nr);
	assert_memory_equal(there.frames.kind, here.frames.kind, here.frames.nr);
	memstate_snapshot_free(&there);
	memstate_snapshot_free(&here);
	view_close(&view);
}

static void outside_ram_nothing_is_read(void **state)
{
	struct guest_facts facts = live_facts(&image);
	uint8_t byte[16];

	(void)state;
	live_publish(&facts);
	open_well("it");
	assert_int_equal(view_read(&view, IMAGE_SIZE, byte, 1), -EFAULT);
	assert_int_equal(view_read(&view, IMAGE_SIZE - 8, byte, 16), -EFAULT);
	assert_int_equal(view_read(&view, UINT64_MAX, byte, 1), -EFAULT);
	assert_int_equal(view_read(&view, UINT64_MAX - 4, byte, 16), -EFAULT);
	assert_int_equal(view_read_virtual(&view, 0x1000, byte, 1), -EFAULT);
	assert_int_equal(view_host_address(&view, IMAGE_SIZE), 0);
	view_close(&view);
}

static void what_was_never_touched_stays_so(void **state)
{
	struct guest_facts facts = live_facts(&image);
	uint64_t size = 4ull << 20;
	unsigned char there[1024];
	uint8_t *fresh = mmap(NULL, size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t buf[4096];
	uint64_t at;

	(void)state;
	facts.region[0].at = (uintptr_t)fresh;
	facts.region[0].size = size;
	fresh[0] = 1;
	live_publish(&facts);
	open_well("it");
	for (at = 4096; at < size; at += 4096) {
		assert_int_equal(view_read(&view, at, buf, sizeof(buf)), 0);
		assert_int_equal(buf[5], 0);
	}
	view_close(&view);
	assert_int_equal(mincore(fresh, size, there), 0);
	for (at = 512; at < 1024; at++)
		assert_false(there[at] & 1);
	munmap(fresh, size);
}

static void machines_that_are_gone_are_told(void **state)
{
	struct guest_facts facts = live_facts(&image);
	struct error err = { "" };

	(void)state;
	assert_no_view("nobody", ENOENT, "nobody: no such machine");
	facts.birth++;
	live_publish(&facts);
	assert_no_view("it", ENOENT, "it: no such machine");
	facts.birth--;
	facts.region[0].at = 4096; /* nothing is there */
	live_publish(&facts);
	assert_no_view("it", EFAULT, "cannot be read");
	facts = live_facts(&image);
	live_publish(&facts);
	open_well("it");
	view.facts.birth++;
	assert_refused(view_refresh(&view, &err), ESRCH, &err, "went away");
	view_close(&view);
}

static void a_kernel_that_publishes_nothing_can_be_read(void **state)
{
	struct guest_facts facts = live_facts(&image);
	uint8_t byte;

	(void)state;
	facts.memstate_gpa = 0;
	live_publish(&facts);
	open_well("it");
	assert_false(view.published);
	assert_non_null(strstr(view.why.text, "publishes no memory state"));
	assert_int_equal(view_read(&view, 0x1000, &byte, 1), 0);
	view_close(&view);
}

/* --- cores ----------------------------------------------------------------------------------- */

static void write_core(bool with_facts)
{
	struct guest_facts facts = live_facts(&image);
	struct dump_cpu cpus[2] = { 0 };
	struct error err = { "" };
	struct dump dump = { .ram = &image.ram,
			     .nr_cpus = 2,
			     .cpus = cpus,
			     .end = UINT64_MAX,
			     .fd = open(core_path, O_RDWR | O_CREAT | O_TRUNC, 0600),
			     .give_up_fd = { -1, -1 },
			     .facts = with_facts ? &facts : NULL,
			     .pagemap_fd = -1 };

	facts.kernel = (char *)"/nowhere";
	cpus[1].regs.rip = 0x1234;
	cpus[1].sregs.cr3 = 0x5000;
	cpus[1].sregs.gs.base = 0x6000;
	if (dump_write(&dump, &err))
		fail_msg("%s", err.text);
	close(dump.fd);
}

static void a_core_answers_as_the_machine_did(void **state)
{
	struct error err = { "" };
	struct dump_cpu *cpus;
	struct zone_states zones;
	uint64_t word;

	(void)state;
	write_core(true);
	open_well(core_path);
	assert_false(view.live);
	assert_true(view.published);
	assert_int_equal(view.facts.cpus, 2);
	assert_string_equal(view.facts.kernel, "/nowhere");
	assert_int_equal(memstate_read_zones(&view.state, &zones), 0);
	assert_string_equal(zones.zone[0].name, "Low");
	assert_int_equal(view_read(&view, IMAGE_TABLE, &word, 8), 0);
	assert_int_equal(word, MEMSTATE_MAGIC);
	cpus = view_registers(&view, &err);
	assert_non_null(cpus);
	assert_int_equal(cpus[1].regs.rip, 0x1234);
	assert_int_equal(cpus[1].sregs.cr3, 0x5000);
	assert_int_equal(cpus[1].sregs.gs.base, 0x6000);
	assert_int_equal(view_host_address(&view, 0), 0);
	free(cpus);
	view_close(&view);
}

static void a_core_of_others_can_be_read(void **state)
{
	uint64_t word;

	(void)state;
	write_core(false);
	open_well(core_path);
	assert_false(view.published);
	assert_int_equal(view.facts.cpus, 2);
	assert_int_equal(view.facts.region[0].size, IMAGE_SIZE);
	assert_int_equal(view_read(&view, IMAGE_TABLE, &word, 8), 0);
	assert_int_equal(word, MEMSTATE_MAGIC);
	view_close(&view);
}

static void files_that_are_no_core_are_refused(void **state)
{
	int fd = open(core_path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	(void)state;
	assert_no_view(core_path, ENOEXEC, "nor an ELF core");
	assert_int_equal(write(fd, "#!/bin/sh\n", 10), 10);
	close(fd);
	assert_no_view(core_path, ENOEXEC, "nor an ELF core");
	assert_no_view("/proc/self/exe", ENOEXEC, "nor an ELF core");
	assert_no_view("/dev/null", ENOEXEC, "not a regular file");
	assert_no_view("/no/such/file", ENOENT, "No such file");
	assert_no_view(dir, ENOEXEC, "not a regular file");
}

static void a_core_cut_off_anywhere_is_refused(void **state)
{
	struct stat st;
	off_t size;

	(void)state;
	write_core(true);
	assert_int_equal(stat(core_path, &st), 0);
	for (size = st.st_size - 1; size > 4096; size = size / 3 * 2) {
		assert_int_equal(truncate(core_path, size), 0);
		assert_no_view(core_path, ENOEXEC, "");
	}
	for (; size; size -= size > 64 ? 61 : 1) {
		assert_int_equal(truncate(core_path, size), 0);
		assert_no_view(core_path, ENOEXEC, "");
	}
}

/* It says of itself that it has more RAM, or RAM elsewhere, than is in the file. */
static void a_core_that_lies_of_itself_is_refused(void **state)
{
	static const char *const lies[][2] = { { "\"size\":16777216",
						 "\"size\":99999744" },
					       { "\"at\":4096", "\"at\":9000" } };
	uint8_t front[4096], *at;
	unsigned int i;
	int fd;

	(void)state;
	for (i = 0; i < 2; i++) {
		write_core(true);
		fd = open(core_path, O_RDWR);
		assert_int_equal(pread(fd, front, sizeof(front), 0), sizeof(front));
		at = memmem(front, sizeof(front), lies[i][0], strlen(lies[i][0]));
		assert_non_null(at);
		memcpy(at, lies[i][1], strlen(lies[i][1]));
		assert_int_equal(pwrite(fd, front, sizeof(front), 0), sizeof(front));
		close(fd);
		assert_no_view(core_path, ENOEXEC, "cut off");
	}
}

/* Bytes of headers and notes that are anything: it opens or is refused, and can be read. */
static void damaged_cores_are_survived(void **state)
{
	unsigned int seed = 7, i, j, opened = 0;
	uint8_t front[2048], bad[2048], buf[64];
	struct zone_states zones;
	int fd;

	(void)state;
	write_core(true);
	fd = open(core_path, O_RDWR);
	assert_int_equal(pread(fd, front, sizeof(front), 0), sizeof(front));
	for (i = 0; i < 2000; i++) {
		struct error err = { "" };

		memcpy(bad, front, sizeof(bad));
		for (j = 0; j < 1 + i % 3; j++)
			bad[(unsigned int)rand_r(&seed) % (i & 1 ? 300 : sizeof(bad))] =
				(uint8_t)rand_r(&seed);
		assert_int_equal(pwrite(fd, bad, sizeof(bad), 0), sizeof(bad));
		if (view_open(&view, core_path, NULL, &err)) {
			assert_true(err.text[0]);
			continue;
		}
		opened++;
		view_read(&view, (uint64_t)rand_r(&seed) % (2 * IMAGE_SIZE), buf,
			  sizeof(buf));
		if (view.published)
			memstate_read_zones(&view.state, &zones);
		view_close(&view);
	}
	close(fd);
	assert_in_range(opened, 100, 1900);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(facts_come_back),
		TEST(facts_without_sense_are_refused),
		TEST(birth_tells_processes_apart),
		TEST(a_process_that_is_stopped_is_told),
		TEST(registers_come_back),
		TEST(a_live_guest_is_read_anew_each_time),
		TEST(the_state_is_the_same_through_a_view),
		TEST(outside_ram_nothing_is_read),
		TEST(what_was_never_touched_stays_so),
		TEST(machines_that_are_gone_are_told),
		TEST(a_kernel_that_publishes_nothing_can_be_read),
		TEST(a_core_answers_as_the_machine_did),
		TEST(a_core_of_others_can_be_read),
		TEST(files_that_are_no_core_are_refused),
		TEST(a_core_cut_off_anywhere_is_refused),
		TEST(a_core_that_lies_of_itself_is_refused),
		TEST(damaged_cores_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

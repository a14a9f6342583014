/* SPDX-License-Identifier: MIT */
/* What `pagevisor inspect` prints of a guest whose state was made by hand. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/vmm/kernel_image.h"
#include "tests/unit/vmm/live_image.h"
#include "tests/unit/vmm/run_folder.h"
#include "tests/unit/vmm/vmm_test.h"
#include "vmm/inspect/inspect.h"
#include "vmm/report/outcome.h"

#define SAID_MAX 16384
#define WORDS	 6

static struct image image;
static struct kernel_parts *k;
static char dir[RUN_FOLDER_MAX], said[SAID_MAX]; /* on both its outputs */

static int make(void **state)
{
	struct guest_facts facts;

	(void)state;
	if (run_folder_make(dir))
		return -1;
	image_make(&image);
	k = kernel_image_add(&image);
	facts = live_facts(&image);
	live_publish(&facts);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	image_free(&image);
	return run_folder_remove(dir);
}

/* Its status; what it says goes to `said`. */
static int inspect(const char *what, const char *arg, const char *more, const char *last)
{
	char *argv[WORDS] = { (char *)"inspect", (char *)"it", (char *)what,
			      (char *)arg,	 (char *)more, (char *)last };
	int argc = 0, status, old[2] = { dup(1), dup(2) }, file;
	ssize_t n;

	file = memfd_create("said", MFD_CLOEXEC);
	fflush(stdout);
	assert_true(dup2(file, 1) == 1 && dup2(file, 2) == 2);
	while (argc < WORDS && argv[argc])
		argc++;
	status = command_run(&inspect_command, argc, argv);
	fflush(stdout);
	assert_true(dup2(old[0], 1) == 1 && dup2(old[1], 2) == 2);
	n = pread(file, said, SAID_MAX - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(file);
	close(old[0]);
	close(old[1]);
	return status;
}

static void assert_said(const char *text)
{
	if (!strstr(said, text))
		fail_msg("no \"%s\" in: %s", text, said);
}

static unsigned int times_said(const char *text)
{
	const char *at = said;
	unsigned int n = 0;

	while ((at = strstr(at, text))) {
		at += strlen(text);
		n++;
	}
	return n;
}

/* --- walk ----------------------------------------------------------------------------------- */

static void an_address_of_processes_is_walked_in_each(void **state)
{
	(void)state;
	assert_int_equal(inspect("walk", "0x400123", NULL, NULL), STATUS_WELL);
	assert_said("busy, pid 2, runs:\n"
		    "virtual 0x0000000000400123, root 0x420000\n"
		    "PGD[  0] at 0x000000420000: 0000000000421027 -> 0x421000 rw user "
		    "accessed\n");
	assert_said("PTE[  0] at 0x000000423000: 0000000000440027 -> 0x440000 rw user "
		    "accessed\n"
		    "guest-physical 0x440123, in a page of 4 KiB\n");
	assert_said("nap, pid 3, asleep:\n"
		    "virtual 0x0000000000400123, root 0x424000\n");
	assert_said("guest-physical 0x441123, in a page of 4 KiB\n");
	assert_int_equal(times_said("guest-physical"), 2);
}

static void one_process_can_be_chosen(void **state)
{
	(void)state;
	assert_int_equal(inspect("walk", "0x400000", "3", NULL), STATUS_WELL);
	assert_said("nap, pid 3, asleep:\n");
	assert_said("guest-physical 0x441000,");
	assert_int_equal(times_said("guest-physical"), 1);
	assert_int_equal(inspect("walk", "0x600000", "3", NULL), STATUS_WELL);
	assert_said("PMD[  3] at 0x000000426018: 0000000000000000 not present\n"
		    "not mapped\n");
}

static void a_process_that_is_none_is_refused(void **state)
{
	(void)state;
	assert_int_equal(inspect("walk", "0x400000", "1", NULL), STATUS_USAGE);
	assert_said("1: no process with an address space; inspect it threads has");
	assert_int_equal(inspect("walk", "0x400000", "77", NULL), STATUS_USAGE);
	assert_said("77: no process with an address space");
	assert_int_equal(inspect("walk", "0x400000", "nap", NULL), STATUS_USAGE);
	assert_said("nap: not a pid");
	assert_int_equal(inspect("walk", "0x400000", "3", "4"), STATUS_USAGE);
	image.table->kernel_va = 0;
	assert_int_equal(inspect("walk", "0x400000", "3", NULL), STATUS_USAGE);
	assert_said("it: this guest does not say which processes it has");
}

static void walks_as_json_are_a_list(void **state)
{
	json_t *list;

	(void)state;
	assert_int_equal(inspect("walk", "0x400000", "--json", NULL), STATUS_WELL);
	list = json_loads(said, 0, NULL);
	assert_int_equal(json_array_size(list), 2);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(list, 1), "physical")),
		KERNEL_USER_AT(1));
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(list, 1), "pid")), 3);
	json_decref(list);
	assert_int_equal(inspect("walk", "0xffff888000000000", "--json", NULL),
			 STATUS_WELL);
	list = json_loads(said, 0, NULL);
	assert_int_equal(json_array_size(list), 1);
	assert_null(json_object_get(json_array_get(list, 0), "pid"));
	json_decref(list);
}

/* Tables that lead astray end where they do, and say so. */
static void wild_page_tables_are_survived(void **state)
{
	(void)state;
	memset(image.bytes + KERNEL_TABLES + 0x1000, 0x7f, 8); /* to another table */
	assert_int_equal(inspect("walk", "0x400000", "2", NULL), STATUS_WELL);
	assert_said("outside RAM\nnot mapped\n");
	k->space[0].page_table = 0x1234000;
	assert_int_equal(inspect("walk", "0x400000", "2", NULL), STATUS_FAILED);
	assert_said("pagevisor: memory state: busy, pid 2: its page tables are said to "
		    "be at 0x1234000\n");
	assert_int_equal(inspect("walk", "0x400000", NULL, NULL), STATUS_FAILED);
	assert_said("busy, pid 2: its page tables");
	assert_said("guest-physical 0x441000,"); /* of the other one */
	k->thread[2].next = k->thread[0].next;
	assert_int_equal(inspect("walk", "0x400000", "3", NULL), STATUS_FAILED);
	assert_said("guest-physical 0x441000,");
	assert_said("pagevisor: memory state: the list of threads turns back behind nap");
}

/* --- threads -------------------------------------------------------------------------------- */

static void all_threads_are_told_with_their_chains(void **state)
{
	(void)state;
	assert_int_equal(inspect("threads", NULL, NULL, NULL), STATUS_WELL);
	assert_said("main pid 1, asleep, CPU 0\n  one+0x10/0x100\n  two+0x20/0x100\n"
		    "  three+0x30/0x100\n");
	assert_said("busy (process) pid 2, runs on CPU 1, where is not known\n");
	assert_said("nap (process) pid 3, asleep, CPU 0\n  one+0x10/0x100\n");
}

static void what_stands_in_front_of_damage_is_told(void **state)
{
	(void)state;
	k->thread[1].next = 0;
	assert_int_equal(inspect("threads", NULL, NULL, NULL), STATUS_FAILED);
	assert_said("main pid 1, asleep, CPU 0\n  one+0x10/0x100\n");
	assert_said("busy (process) pid 2,");
	assert_said("memory state: the list of threads breaks off behind busy\n");
	assert_int_equal(times_said("main pid 1,"), 1);
	assert_int_equal(times_said("nap"), 0);
	assert_int_equal(inspect("threads", "--json", NULL, NULL), STATUS_FAILED);
	assert_int_equal(times_said("main"), 0); /* half a list is none */
}

/* --- arguments ------------------------------------------------------------------------------ */

static void what_is_too_much_or_too_little_is_refused(void **state)
{
	(void)state;
	assert_int_equal(inspect("page", "0x1000", "5", NULL), STATUS_USAGE);
	assert_said("page: takes nothing more; leave out 5");
	assert_int_equal(inspect("threads", "5", NULL, NULL), STATUS_USAGE);
	assert_said("threads: takes nothing more; leave out 5");
	assert_int_equal(inspect("walk", NULL, NULL, NULL), STATUS_USAGE);
	assert_said("walk: of which ADDRESS [PID]?");
}

/* --- zoneinfo ------------------------------------------------------------------------------- */

static void zoneinfo_tells_of_contiguous_areas(void **state)
{
	(void)state;
	assert_int_equal(inspect("zoneinfo", NULL, NULL, NULL), STATUS_WELL);
	assert_said("        managed  1024\n        cma      256\n        protection: ");
	assert_said("      nr_free_pages 512\n      nr_free_cma  128\n  pagesets\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)
	const struct CMUnitTest tests[] = {
		TEST(an_address_of_processes_is_walked_in_each),
		TEST(one_process_can_be_chosen),
		TEST(a_process_that_is_none_is_refused),
		TEST(walks_as_json_are_a_list),
		TEST(wild_page_tables_are_survived),
		TEST(all_threads_are_told_with_their_chains),
		TEST(what_stands_in_front_of_damage_is_told),
		TEST(what_is_too_much_or_too_little_is_refused),
		TEST(zoneinfo_tells_of_contiguous_areas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Confinement.  What a filter permits is compared with the table by running the program itself
 * (an interpreter of the instructions that occur); what a thread meets in it is seen in child
 * processes, as nothing undoes it.
 */
#include <fcntl.h>
#include <grp.h>
#include <liburing.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/vmm/vmm_test.h"
#include "vmm/sandbox/sandbox.h"
#include "vmm/sandbox/sandbox_calls.h"
#include "vmm/sandbox/sandbox_command.h"
#include "vmm/sandbox/sandbox_internal.h"

#define ALL_FEATURES ((1u << SANDBOX_FEATURES) - 1)
#define CALLS_END    600 /* no system call has a greater number */

static uint32_t next_random(void)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	return x ^= x << 5;
}

/* --- the program against the table ------------------------------------------------------------ */

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t value;

	assert_true(offset % 4 == 0 && offset + 4 <= sizeof(*data));
	memcpy(&value, (const char *)data + offset, sizeof(value));
	return value;
}

static bool jumps(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	case BPF_JSET:
		return a & k;
	}
	fail_msg("instruction %#x", code);
	return false;
}

/* What the program answers: SECCOMP_RET_*. */
static uint32_t judge(const struct sock_fprog *program, const struct seccomp_data *data)
{
	uint32_t a = 0, pc = 0;

	for (;;) {
		const struct sock_filter *i = &program->filter[pc++];

		assert_true(pc <= program->len);
		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			a = load(data, i->k);
			break;
		case BPF_ALU:
			assert_int_equal(i->code, BPF_ALU | BPF_AND | BPF_K);
			a &= i->k;
			break;
		case BPF_JMP:
			if (i->code == (BPF_JMP | BPF_JA))
				pc += i->k;
			else
				pc += jumps(i->code, a, i->k) ? i->jt : i->jf;
			break;
		case BPF_RET:
			return i->k & SECCOMP_RET_ACTION_FULL;
		default:
			fail_msg("instruction %#x", i->code);
		}
	}
}

static bool conditions_hold(const struct sandbox_call *call,
			    const struct seccomp_data *data)
{
	for (unsigned int i = 0; i < SANDBOX_CONDITIONS; i++) {
		const struct sandbox_condition *c = &call->condition[i];
		uint64_t value = c->value == SANDBOX_OWN_PID ? (uint64_t)getpid()
							     : c->value;

		if ((data->args[c->arg] & c->mask) != value)
			return false;
	}
	return true;
}

/* The table read plainly. */
static bool listed(enum sandbox_thread thread, unsigned int features,
		   const struct seccomp_data *data)
{
	for (size_t i = 0; i < sandbox_nr_calls; i++) {
		const struct sandbox_call *call = &sandbox_calls[i];

		if (call->nr == data->nr && call->threads & 1u << thread &&
		    (!call->features || call->features & features) &&
		    conditions_hold(call, data))
			return true;
	}
	return false;
}

static void assert_agree(const struct sock_fprog *program, enum sandbox_thread thread,
			 unsigned int features, const struct seccomp_data *data)
{
	uint32_t want = listed(thread, features, data) ? SECCOMP_RET_ALLOW
						       : SECCOMP_RET_TRAP;

	if (judge(program, data) != want)
		fail_msg(
			"thread %d, features %#x: call %d(%#llx, %#llx, %#llx, %#llx) is %s",
			thread, features, data->nr, data->args[0], data->args[1],
			data->args[2], data->args[3],
			want == SECCOMP_RET_TRAP ? "permitted" : "refused");
}

/* Arguments that this row permits, and others that differ in one bit. */
static void compare_row(const struct sock_fprog *program, enum sandbox_thread thread,
			unsigned int features, const struct sandbox_call *call)
{
	struct seccomp_data data = { .nr = call->nr, .arch = AUDIT_ARCH_X86_64 };

	for (unsigned int i = 0; i < 6; i++)
		data.args[i] = (uint64_t)next_random() << 32 | next_random();
	for (unsigned int i = 0; i < SANDBOX_CONDITIONS; i++) {
		const struct sandbox_condition *c = &call->condition[i];
		uint64_t value = c->value == SANDBOX_OWN_PID ? (uint64_t)getpid()
							     : c->value;

		data.args[c->arg] = (data.args[c->arg] & ~c->mask) | value;
	}
	assert_agree(program, thread, features, &data);
	for (unsigned int arg = 0; arg < 6; arg++) {
		for (unsigned int bit = 0; bit < 64; bit++) {
			data.args[arg] ^= 1ull << bit;
			assert_agree(program, thread, features, &data);
			data.args[arg] ^= 1ull << bit;
		}
	}
}

static void compare_all(enum sandbox_thread thread, unsigned int features)
{
	struct seccomp_data data = { .arch = AUDIT_ARCH_X86_64 };
	struct sock_fprog program;

	assert_int_equal(sandbox_filter_make(thread, features, &program), 0);
	for (data.nr = 0; data.nr < CALLS_END; data.nr++)
		assert_agree(&program, thread, features, &data);
	for (size_t i = 0; i < sandbox_nr_calls; i++)
		compare_row(&program, thread, features, &sandbox_calls[i]);
	free(program.filter);
}

static void a_filter_permits_what_is_listed_and_no_more(void **state)
{
	(void)state;
	for (enum sandbox_thread thread = 0; thread < SANDBOX_KINDS; thread++) {
		compare_all(thread, 0);
		compare_all(thread, ALL_FEATURES);
		for (unsigned int bit = 0; bit < SANDBOX_FEATURES; bit++)
			compare_all(thread, 1u << bit);
	}
}

static void another_architecture_ends_the_process(void **state)
{
	struct seccomp_data data = { .nr = SYS_read, .arch = AUDIT_ARCH_I386 };
	struct sock_fprog program;

	(void)state;
	assert_int_equal(sandbox_filter_make(SANDBOX_MAIN, 0, &program), 0);
	assert_int_equal(judge(&program, &data), SECCOMP_RET_KILL_PROCESS);
	data.arch = AUDIT_ARCH_X86_64;
	assert_int_equal(judge(&program, &data), SECCOMP_RET_ALLOW);
	data.nr |= __X32_SYSCALL_BIT;
	assert_int_not_equal(judge(&program, &data), SECCOMP_RET_ALLOW);
	free(program.filter);
}

/* What no thread may ever do, whatever the table comes to hold; to remove files is what the
 * sweeper is for. */
static void the_worst_is_not_listed(void **state)
{
	static const int never[] = {
		SYS_open,
		SYS_openat,
		SYS_openat2,
		SYS_creat,
		SYS_socket,
		SYS_execve,
		SYS_execveat,
		SYS_fork,
		SYS_vfork,
		SYS_clone,
		SYS_clone3,
		SYS_ptrace,
		SYS_kill,
		SYS_bpf,
		SYS_mount,
		SYS_unlink,
		SYS_renameat2,
		SYS_prctl,
		SYS_io_uring_setup,
		SYS_seccomp,
		SYS_setuid,
		SYS_connect,
		SYS_chmod,
		SYS_io_uring_register,
		SYS_process_vm_writev,
		SYS_pkey_mprotect,
		SYS_memfd_create,
		SYS_userfaultfd,
	};
	struct seccomp_data data = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		data.nr = never[i];
		for (enum sandbox_thread thread = 0; thread < SANDBOX_KINDS; thread++)
			assert_int_equal(listed(thread, ALL_FEATURES, &data),
					 thread == SANDBOX_SWEEPER &&
						 never[i] == SYS_unlink);
	}
}

static void each_row_can_be_read(void **state)
{
	struct sandbox_row row;

	(void)state;
	for (size_t i = 0; i < sandbox_nr_calls; i++) {
		const struct sandbox_call *call = &sandbox_calls[i];
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call->nr);

		assert_non_null(name);
		sandbox_row_describe(call, &row);
		assert_memory_equal(row.call, name, strlen(name));
		assert_true(row.threads[0] && row.why[0]);
		assert_true(strlen(row.call) + 1 < sizeof(row.call));
		assert_true(strlen(row.why) + 1 < sizeof(row.why));
		assert_int_equal(!call->arguments, !call->condition[0].mask);
		assert_int_equal(!call->arguments, !strchr(row.call, '('));
		assert_int_equal(call->threads >> SANDBOX_KINDS, 0);
		assert_int_equal(call->features & ~ALL_FEATURES, 0);
		free(name);
	}
}

/* --- threads inside -------------------------------------------------------------------------- */

struct inside {
	struct sandbox *sandbox;
	int alarm_fd;
	int status_fd; /* /proc/thread-self/status, opened before */
};

static void make(struct inside *in, unsigned int features)
{
	struct error err = { "" };

	in->alarm_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	in->status_fd = open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
	if (sandbox_create(&in->sandbox, features, in->alarm_fd, &err))
		_exit(90);
}

/* Runs fn in a process of its own: its exit status, or 128 and the signal that ended it. */
static int in_child(int (*fn)(struct inside *in))
{
	struct inside in;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		make(&in, ALL_FEATURES);
		_exit(fn(&in));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Ends the child with the line's number where something is not as it should be. */
#define EXPECT(condition)                            \
	do {                                         \
		if (!(condition))                    \
			_exit(100 + __LINE__ % 100); \
	} while (0)

static int works_on(struct inside *in)
{
	char *page;
	time_t now = 0;
	struct tm utc;
	eventfd_t count;

	EXPECT(!sandbox_enter(in->sandbox, SANDBOX_MAIN, "main"));
	page = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	EXPECT(page != MAP_FAILED);
	page[5] = 1;
	EXPECT(!munmap(page, 1 << 20));
	EXPECT(gmtime_r(&now, &utc) && utc.tm_mday == 1); /* the guest's clock */
	EXPECT(!eventfd_write(in->alarm_fd, 7) && !eventfd_read(in->alarm_fd, &count));
	EXPECT(count == 7 && !sandbox_forbidden((char[1]){ 0 }, 1));
	return 0;
}

/* Much is allocated and freed by a thread other than the first. */
static void *shrinks_the_heap(void *arg)
{
	const struct inside *in = arg;
	void *block[400];

	if (sandbox_enter(in->sandbox, SANDBOX_VCPU, "vCPU 0"))
		return arg;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 400; i++) {
			block[i] = malloc(64 << 10);
			EXPECT(block[i]);
			memset(block[i], round, 64 << 10);
		}
		for (int i = 0; i < 400; i++)
			free(block[i]);
	}
	return NULL;
}

static int heap_shrinks(struct inside *in)
{
	pthread_t thread;
	eventfd_t count;
	void *result;

	EXPECT(!pthread_create(&thread, NULL, shrinks_the_heap, in));
	EXPECT(!pthread_join(thread, &result) && !result);
	EXPECT(eventfd_read(in->alarm_fd, &count) && errno == EAGAIN);
	return 0;
}

static int is_refused(struct inside *in)
{
	char text[224];
	eventfd_t count;

	EXPECT(!sandbox_enter(in->sandbox, SANDBOX_VCPU, "vCPU 3"));
	EXPECT(socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EPERM);
	EXPECT(open("/etc/passwd", O_RDONLY) == -1 && errno == EPERM);
	EXPECT(!eventfd_read(in->alarm_fd, &count) && count == 2);
	EXPECT(sandbox_forbidden(text, sizeof(text)));
	EXPECT(strstr(text, "thread vCPU 3 ") && strstr(text, " socket(0x2, 0x1, 0") &&
	       strstr(text, "--sandbox off") && !strchr(text, '\n'));
	EXPECT(!sandbox_forbidden(text, sizeof(text)));
	return 0;
}

/* Memory that can be executed, another process's signal, another file mapped. */
static int arguments_are_looked_at(struct inside *in)
{
	pid_t parent = getppid();
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT(!sandbox_enter(in->sandbox, SANDBOX_MAIN, "main"));
	EXPECT(mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED);
	EXPECT(mmap(NULL, 4096, PROT_READ, MAP_SHARED, in->status_fd, 0) == MAP_FAILED);
	EXPECT(mprotect(page, 4096, PROT_READ | PROT_EXEC) && errno == EPERM);
	EXPECT(!mprotect(page, 4096, PROT_READ | PROT_WRITE));
	EXPECT(syscall(SYS_tgkill, parent, parent, 0) && errno == EPERM);
	EXPECT(!syscall(SYS_tgkill, getpid(), getpid(), 0));
	return 0;
}

static int goes_on_trying(struct inside *in)
{
	EXPECT(!sandbox_enter(in->sandbox, SANDBOX_MAIN, "main"));
	close(STDERR_FILENO); /* what it says is not this test's */
	for (int i = 0; i < SANDBOX_PATIENCE - 1; i++)
		EXPECT(syscall(SYS_getuid) == -1 && errno == EPERM);
	syscall(SYS_getuid);
	return 50;
}

static bool says(const char *status, const char *name, const char *value)
{
	const char *line = strstr(status, name);

	return line && !strncmp(line + strlen(name), value, strlen(value));
}

/* Is this root, where there is a user nobody? */
static bool can_leave_root(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(geteuid() || setgroups(0, NULL) || setuid(65534));
	EXPECT(pid > 0 && waitpid(pid, &status, 0) == pid);
	return !status;
}

static int has_no_privileges(struct inside *in)
{
	bool was_root = !geteuid(), leaves = can_leave_root();
	char status[8192];
	ssize_t n;

	EXPECT(!sandbox_enter(in->sandbox, SANDBOX_MAIN, "main"));
	n = pread(in->status_fd, status, sizeof(status) - 1, 0);
	EXPECT(n > 0);
	status[n] = '\0';
	EXPECT(says(status, "\nNoNewPrivs:\t", "1\n"));
	EXPECT(says(status, "\nSeccomp:\t", "2\n"));
	EXPECT(says(status, "\nCapEff:\t", "0000000000000000\n"));
	EXPECT(says(status, "\nCapPrm:\t", "0000000000000000\n"));
	EXPECT(says(status, "\nCapInh:\t", "0000000000000000\n"));
	EXPECT(says(status, "\nCapAmb:\t", "0000000000000000\n"));
	EXPECT(!was_root || says(status, "\nCapBnd:\t", "0000000000000000\n"));
	if (leaves) {
		EXPECT(says(status, "\nUid:\t", "65534\t65534\t65534\t65534\n"));
		EXPECT(says(status, "\nGid:\t", "65534\t65534\t65534\t65534\n"));
		EXPECT(says(status, "\nGroups:\t", " \n") ||
		       says(status, "\nGroups:\t", "\n"));
	}
	return 0;
}

static int lets_nothing_be_opened(struct inside *in)
{
	int abi, fd = sandbox_landlock_make(&abi), null;
	char byte;

	(void)in;
	if (fd < 0)
		return abi ? 51 : 77;
	null = open("/dev/zero", O_RDONLY);
	EXPECT(!sandbox_drop_privileges() && !sandbox_landlock_enter(fd));
	EXPECT(open("/etc/passwd", O_RDONLY) == -1 && errno == EACCES);
	EXPECT(open("/tmp", O_RDONLY | O_DIRECTORY) == -1 && errno == EACCES);
	EXPECT(open("/tmp/pagevisor-test", O_CREAT | O_WRONLY, 0600) == -1 &&
	       errno == EACCES);
	EXPECT(read(null, &byte, 1) == 1);
	return 0;
}

/*
 * A ring that is open for everything passes by the filter, and meets Landlock.  (Those of
 * disks are not open for everything: tests/unit/devices/test_block_backend.c.)
 */
static int landlock_holds_for_rings(struct inside *in)
{
	struct io_uring ring;
	struct io_uring_cqe *cqe;
	int abi, fd = sandbox_landlock_make(&abi);

	if (fd < 0 || io_uring_queue_init(4, &ring, 0))
		return 77;
	EXPECT(!sandbox_enter(in->sandbox, SANDBOX_VCPU, "vCPU 0"));
	io_uring_prep_openat(io_uring_get_sqe(&ring), AT_FDCWD, "/etc/passwd", O_RDONLY,
			     0);
	EXPECT(io_uring_submit_and_wait(&ring, 1) == 1 &&
	       !io_uring_peek_cqe(&ring, &cqe));
	EXPECT(cqe->res == -EACCES);
	return 0;
}

static void *confined_thread(void *arg)
{
	const struct inside *in = arg;

	if (sandbox_enter(in->sandbox, SANDBOX_VCPU, "vCPU 0"))
		return arg;
	return open("/dev/null", O_RDONLY) == -1 && errno == EPERM ? NULL : arg;
}

static int leaves_other_threads_alone(struct inside *in)
{
	uid_t before = geteuid();
	pthread_t thread;
	void *result;

	EXPECT(!pthread_create(&thread, NULL, confined_thread, in));
	EXPECT(!pthread_join(thread, &result) && !result);
	EXPECT(open("/dev/null", O_RDONLY) >= 0 && geteuid() == before);
	return 0;
}

static void a_confined_thread_works_on(void **state)
{
	(void)state;
	assert_int_equal(in_child(works_on), 0);
}

static void the_heap_grows_and_shrinks(void **state)
{
	(void)state;
	assert_int_equal(in_child(heap_shrinks), 0);
}

static void a_forbidden_call_is_refused_and_named(void **state)
{
	(void)state;
	assert_int_equal(in_child(is_refused), 0);
}

static void arguments_count(void **state)
{
	(void)state;
	assert_int_equal(in_child(arguments_are_looked_at), 0);
}

static void patience_ends(void **state)
{
	(void)state;
	assert_int_equal(in_child(goes_on_trying), 1);
}

static void privileges_are_gone(void **state)
{
	(void)state;
	assert_int_equal(in_child(has_no_privileges), 0);
}

static void landlock_lets_nothing_be_opened(void **state)
{
	int status = in_child(lets_nothing_be_opened);

	(void)state;
	if (status == 77)
		skip(); /* this kernel has none */
	assert_int_equal(status, 0);
}

static void landlock_sees_what_a_filter_does_not(void **state)
{
	int status = in_child(landlock_holds_for_rings);

	(void)state;
	if (status == 77)
		skip();
	assert_int_equal(status, 0);
}

static void confinement_is_a_threads_own(void **state)
{
	(void)state;
	assert_int_equal(in_child(leaves_other_threads_alone), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_filter_permits_what_is_listed_and_no_more),
		cmocka_unit_test(another_architecture_ends_the_process),
		cmocka_unit_test(the_worst_is_not_listed),
		cmocka_unit_test(each_row_can_be_read),
		cmocka_unit_test(a_confined_thread_works_on),
		cmocka_unit_test(the_heap_grows_and_shrinks),
		cmocka_unit_test(a_forbidden_call_is_refused_and_named),
		cmocka_unit_test(arguments_count),
		cmocka_unit_test(patience_ends),
		cmocka_unit_test(privileges_are_gone),
		cmocka_unit_test(landlock_lets_nothing_be_opened),
		cmocka_unit_test(landlock_sees_what_a_filter_does_not),
		cmocka_unit_test(confinement_is_a_threads_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#!/bin/bash
# The monitor is confined: what its threads may not do, what becomes of one that tries, and
# that all else goes on.  A library loaded before the C library's makes the forbidden calls:
# the monitor itself has no code for that.
. "$(dirname "$0")/lib/tap.bash"

pv=$B/pagevisor
tiny=$B/tiny.elf
report=$work/report.json

# --- the list ----------------------------------------------------------------------------------
# Each row of the list stands in the man page, and no other does.
man_lists_the_same() {
	"$pv" sandbox | sed -E 's/  +/|/g' >"$work/list"
	"$pv" --man | awk '/^\.SH CONFINEMENT/ { on = 1; next } /^\.SH/ { on = 0 } on && /^\.B / { head = substr($0, 4); getline; print head "|" $0 }' |
		sed 's/\\-/-/g' >"$work/man"
	awk -F'|' '{ print $2 ": " $1 "|" $3 }' "$work/list" | diff - "$work/man"
}
ok "the list is printed" sh -c "'$pv' sandbox | grep -Eq '^vCPU +ioctl \(KVM_RUN\) '"
ok "the man page has the same list" man_lists_the_same
ok "sandbox takes no operand" status 2 "$pv" sandbox more

need_kvm "a confined monitor"

# --- a thread that does what it may not ---------------------------------------------------------
cat >"$work/shim.c" <<'END'
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void misbehave(void)
{
	const char *what = getenv("SHIM_CALL");

	if (!strcmp(what, "openat"))
		syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
	else if (!strcmp(what, "execve"))
		syscall(SYS_execve, "/bin/true", NULL, NULL);
	else if (!strcmp(what, "mmap"))
		mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	else if (!strcmp(what, "ioctl"))
		syscall(SYS_ioctl, 0, KVM_CREATE_VCPU, 7);
	else
		for (;;)
			syscall(SYS_getuid);
}

static void at(const char *where)
{
	static int done;
	const char *wanted = getenv("SHIM_AT");

	if (wanted && !strcmp(wanted, where) && !done++)
		misbehave();
}

int epoll_wait(int fd, struct epoll_event *events, int nr, int timeout)
{
	int (*real)(int, struct epoll_event *, int, int) = dlsym(RTLD_NEXT, "epoll_wait");
	int ret = real(fd, events, nr, timeout);

	at("main");
	return ret;
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
	va_list args;
	int ret;

	va_start(args, request);
	ret = real(fd, request, va_arg(args, void *));
	va_end(args);
	if (request == KVM_RUN)
		at("vcpu");
	return ret;
}

/* After the machine's end, when the report is written. */
int pthread_join(pthread_t thread, void **value)
{
	int (*real)(pthread_t, void **) = dlsym(RTLD_NEXT, "pthread_join");
	int ret = real(thread, value);

	at("end");
	return ret;
}

long syscall(long nr, ...)
{
	long (*real)(long, ...) = dlsym(RTLD_NEXT, "syscall");
	long a[6];
	va_list args;

	va_start(args, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (nr == SYS_seccomp && getenv("SHIM_NO_FILTERS")) {
		errno = EINVAL;
		return -1;
	}
	if (nr == SYS_landlock_create_ruleset && getenv("SHIM_NO_LANDLOCK")) {
		errno = ENOSYS;
		return -1;
	}
	return real(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Of the sweeper, which waits for the monitor's end so. */
static int sweeps;

int prctl(int option, ...)
{
	int (*real)(int, ...) = dlsym(RTLD_NEXT, "prctl");
	unsigned long a[4];
	va_list args;

	va_start(args, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(args, unsigned long);
	va_end(args);
	if (option == PR_SET_NAME && !strcmp((const char *)a[0], "pv-sweeper"))
		sweeps = 1;
	return real(option, a[0], a[1], a[2], a[3]);
}

int poll(struct pollfd *fds, nfds_t nr, int timeout)
{
	int (*real)(struct pollfd *, nfds_t, int) = dlsym(RTLD_NEXT, "poll");
	int ret = real(fds, nr, timeout);

	if (sweeps)
		at("sweeper");
	return ret;
}

struct io_uring;
int io_uring_queue_init(unsigned int entries, struct io_uring *ring, unsigned int flags)
{
	int (*real)(unsigned int, struct io_uring *, unsigned int) =
		dlsym(RTLD_NEXT, "io_uring_queue_init");

	return getenv("SHIM_NO_RING") ? -EPERM : real(entries, ring, flags);
}
END
gcc -shared -fPIC -O1 -o "$work/shim.so" "$work/shim.c" || exit 2
shimmed() { # VARIABLE=VALUE... COMMAND...
	env LD_PRELOAD="$work/shim.so" "$@"
}

# forbidden THREAD AT CALL NAME OPTION...: the run ends with status 1 and one line that names both
forbidden() {
	local thread=$1 at=$2 call=$3 name=$4 got=0
	shift 4
	rm -f "$report"
	timeout 30 env LD_PRELOAD="$work/shim.so" SHIM_AT="$at" SHIM_CALL="$call" "$pv" run --report "$report" "$@" "$tiny" \
		>"$work/out" 2>"$work/err" </dev/null || got=$?
	cat "$work/out" "$work/err"
	[ "$got" = 1 ] || { echo "status $got, expected 1"; return 1; }
	[ "$(grep -c 'forbidden system call' "$work/err")" = 1 ] || { echo "not one line"; return 1; }
	grep -Eq "thread $thread made the forbidden system call $name\(.*--sandbox off" "$work/err"
}
reported() { # JQ-CONDITION
	jq -e "$1" "$report" || { cat "$report"; return 1; }
}
ok "the main thread opens a file" forbidden main main openat openat --append ps
ok "the report knows" reported '.outcome.end == "sandbox" and .outcome.status == 1 and
	(.outcome.text | test("thread main made the forbidden system call openat"))'
ok "a vCPU opens a file, while the guest spins" forbidden 'vCPU 0' vcpu openat openat --append ps
ok "the report knows it of the vCPU, too" reported '.outcome.end == "sandbox" and (.outcome.text | test("vCPU 0"))'
ok "the main thread executes a program" forbidden main main execve execve --append ps
ok "a vCPU executes a program" forbidden 'vCPU [01]' vcpu execve execve --cpus 2 --append ps
ok "memory to execute is refused" forbidden 'vCPU 0' vcpu mmap mmap --append ps
ok "a request of KVM that is not listed is refused" forbidden main main ioctl ioctl --append ps
ok "a forbidden call after the guest's end counts, too" forbidden main end openat openat --append 0
ok "the report is whole then, too" reported '.outcome.end == "exit"'
goes_on_trying() {
	local got=0
	timeout 30 env LD_PRELOAD="$work/shim.so" SHIM_AT="$1" SHIM_CALL=again "$pv" run --append ps "$tiny" \
		>"$work/out" 2>"$work/err" </dev/null || got=$?
	cat "$work/err"
	[ "$got" = 1 ] && grep -q "thread $2 makes forbidden system calls again and again, now number 102" "$work/err"
}
ok "a main thread that goes on trying is not waited for" goes_on_trying main main
ok "nor is a vCPU" goes_on_trying vcpu 'vCPU 0'
unconfined() {
	shimmed SHIM_AT=vcpu SHIM_CALL=openat "$pv" run --sandbox off --append p0 "$tiny"
}
ok "--sandbox off lets it" unconfined
sweeper_misbehaves() {
	XDG_RUNTIME_DIR=$work timeout 30 env LD_PRELOAD="$work/shim.so" SHIM_AT=sweeper SHIM_CALL="$1" "$pv" run --name swept --append p0 "$tiny" \
		>"$work/out" 2>"$work/err" || { cat "$work/err"; return 1; }
	cat "$work/err"
	[ "$(wc -l <"$work/err")" = 1 ] && grep -q "process pv-sweeper made the forbidden system call $1, number [0-9]*, and removed no more files" "$work/err" &&
		[ -S "$work/pagevisor/swept.qmp" ]
}
ok "a sweeper that opens a file ends at once, and is told of" sweeper_misbehaves openat
ok "one that executes a program, too" sweeper_misbehaves execve
terminal_after() {
	timeout 30 script -qefc "stty -g >'$work/before'
		LD_PRELOAD='$work/shim.so' SHIM_AT=$1 SHIM_CALL=$2 '$pv' run --append ps '$tiny'
		stty -g >'$work/after'" /dev/null </dev/null >"$work/screen" 2>&1
	cat "$work/screen"
	grep -q 'forbidden system call' "$work/screen" && cmp "$work/before" "$work/after"
}
ok "the terminal is as it was" terminal_after vcpu openat
ok "the terminal is as it was when patience ended" terminal_after vcpu again

# --- what holds for each thread ------------------------------------------------------------------
each_thread() { # PATTERN: a line of each thread's status
	local task
	for task in /proc/"$pid"/task/*; do
		grep -Eq "$1" "$task/status" || { cat "$task/status"; return 1; }
	done
}
"$pv" run -v --cpus 3 --append ps "$tiny" >"$work/out" 2>"$work/err" </dev/null &
pid=$!
for _ in {1..200}; do
	grep -q 'tiny guest' "$work/out" && break
	sleep 0.05
done
# KVM may have added one of its own.
ok "there are four threads" test "$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)" -ge 4
ok "each has a filter" each_thread '^Seccomp:	2$'
ok "each gains nothing by executing a file" each_thread '^NoNewPrivs:	1$'
ok "each has no capabilities" each_thread '^CapEff:	0000000000000000$'
ok "nor any permitted" each_thread '^CapPrm:	0000000000000000$'
[ "$(id -u)" != 0 ] || ok "no thread of root's is root's" each_thread '^Uid:	65534	65534	65534	65534$'
stopped_goes_on() {
	kill -STOP "$pid" && sleep 0.2 && kill -CONT "$pid" && sleep 0.2 && kill -0 "$pid"
}
ok "it goes on after it was stopped" stopped_goes_on
kill -TERM "$pid"
wait "$pid"
ok "no call was forbidden" grep -q 'ended by signal' "$work/err"
ok "-v says what holds" grep -Eq 'confined, each thread: no privileges, system calls filtered, (Landlock|no Landlock)' "$work/err"

# --- kernels that lack something -----------------------------------------------------------------
without_filters() {
	local got=0
	shimmed SHIM_NO_FILTERS=1 timeout 20 "$pv" run --append p0 "$tiny" >"$work/out" 2>"$work/err" || got=$?
	cat "$work/err"
	[ "$got" = 2 ] && [ ! -s "$work/out" ] && grep -q -- '--sandbox on: no filters .*; use .*--sandbox off' "$work/err"
}
without_landlock() {
	shimmed SHIM_NO_LANDLOCK=1 timeout 20 "$pv" run -v --append p0 "$tiny" >"$work/out" 2>"$work/err"
	cat "$work/out" "$work/err"
	grep -q 'tiny guest' "$work/out" && grep -q 'no Landlock in this kernel' "$work/err"
}
ok "no filters: the guest does not start, and the line names the mend" without_filters
ok "no Landlock: -v says so, and the guest runs" without_landlock

# --- all else goes on ----------------------------------------------------------------------------
guest() { # VARIABLE... OPTION...
	truncate -s 1M "$work/disk"
	timeout 100 env LD_PRELOAD="$work/shim.so" "$@" --cpus 2 --disk "$B/disk.img,ro" --disk "$work/disk" --report "$report" \
		"$B/guest.elf" --append 'experiments=disk.*,dma.*,rng.*' >"$work/out" 2>"$work/err"
}
ok "disks through io_uring" guest A=1 "$pv" run -v
ok "it was io_uring" grep -q 'disk.img: .*, io_uring' "$work/err"
ok "disks through system calls" guest SHIM_NO_RING=1 "$pv" run -v
ok "it was system calls" grep -q 'disk.img: .*, syscalls' "$work/err"
ok "--sandbox off, the same" guest A=1 "$pv" run -v --sandbox off
ok "the report tells it" reported '.config.sandbox == false'
finish

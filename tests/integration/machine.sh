#!/bin/bash
# How a machine ends, and what becomes of terminal, consoles and report, whatever happens.
# The guest is tiny.S: its command line says what it does.
. "$(dirname "$0")/lib/tap.bash"

need_kvm "how a machine ends"

pv=$B/pagevisor
tiny=$B/tiny.elf
report=$work/report.json

# ends STATUS PATTERN OPTION...: the run ends by itself so, and says so.
ends() {
	local want=$1 pattern=$2 got=0
	shift 2
	timeout 30 "$pv" run --report "$report" "$@" "$tiny" >"$work/out" 2>"$work/err" </dev/null || got=$?
	cat "$work/out" "$work/err"
	[ "$got" = "$want" ] || { echo "status $got, expected $want"; return 1; }
	[ -z "$pattern" ] || grep -Eq -- "$pattern" "$work/out" "$work/err" || { echo "does not say $pattern"; return 1; }
	[ "$(jq .outcome.status "$report")" = "$want" ]
}
reported() { # JQ-CONDITION
	jq -e "$1" "$report" || { cat "$report"; return 1; }
}

ok "the guest writes 0 to the exit port" ends 0 'tiny guest' --append p0
ok "the report knows" reported '.outcome.end == "exit" and .outcome.code == 0'
ok "the guest writes 3 to the exit port" ends 1 'reported failure 3' --append 3
ok "the report knows the code" reported '.outcome.end == "exit" and .outcome.code == 3'
ok "ACPI power-off" ends 0 '' --append o
ok "the report knows power-off" reported '.outcome.end == "poweroff"'
ok "a panic" ends 1 "the guest's kernel panicked" --append Pp
ok "triple fault" ends 1 'the guest crashed: triple fault' --append t
ok "a crash shows the registers" grep -q 'vCPU 0: rip' "$work/err"
ok "the report knows the crash" reported '.outcome.end == "triple-fault"'
ok "code where nothing is" ends 1 'the guest crashed: .*rip 0xd0000000' --append u
ok "reset through 0xCF9, --no-reboot" ends 1 'asked for a reset' --no-reboot --append r
ok "reset through the keyboard controller, --no-reboot" ends 1 'asked for a reset' --no-reboot --append K
ok "the report knows the reset" reported '.outcome.end == "reset"'
ok "the command line arrives" ends 0 '^c 0 AND MORE$' --append 'c 0 AND MORE'
ok "-v tells the steps" ends 0 'the guest starts' -v --append 0
ok "4 vCPUs" ends 0 'tiny guest' --cpus 4 --append p
ok "64 vCPUs" ends 0 'tiny guest' --cpus 64 --append p
ok "8 MiB" ends 0 'tiny guest' --mem 8M --append p
ok "64 GiB" ends 0 'tiny guest' --mem 64G --append p
ok "64 GiB cost nothing until touched" reported '.vmm.resident_kib < 20000'
ok "16 MiB touched" ends 0 '' --mem 1G --append w
ok "they are the guest's, the monitor's own stays small" \
	reported '.vmm.resident_kib - .vmm.own_kib >= 16384 and .vmm.own_kib < 5120'
ok "KTAP on the console" ends 0 'tiny.good' --append k
ok "the report has verdicts and evidence" reported '
	.counts == {"passed": 1, "failed": 1, "skipped": 1} and
	[.experiments[] | del(.at_us)] == [{"name": "tiny.good", "result": "pass", "evidence": "42 pages"},
		{"name": "tiny.bad", "result": "fail", "evidence": "off by one"},
		{"name": "tiny.later", "result": "skip", "evidence": "no device"}]'
ok "the report has version, configuration, times, exits, devices" reported '
	.version and .config.mem_bytes == 268435456 and .time.run_us > 0 and
	.time.exec_to_first_instruction_us > 0 and .vcpus[0].exits.io > 0 and
	.devices.com1.bytes_out > 0'

# --- ended from outside -------------------------------------------------------------------
# start OPTION...: in the background; $pid, output in $work/out and $work/err
start() {
	: >"$work/out"
	"$pv" run --report "$report" "$@" "$tiny" >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
}
until_said() { # N LINES of "tiny guest"
	local i
	for i in {1..200}; do
		[ "$(grep -c 'tiny guest' "$work/out")" -ge "$1" ] && return
		sleep 0.05
	done
	echo "did not say it $1 times: $i looks"
	return 1
}
# The background job ends, within ten seconds, with this status.
ended_with() {
	local got=0
	for _ in {1..200}; do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	kill -KILL "$pid" 2>/dev/null && echo "had to be killed"
	wait "$pid" || got=$?
	cat "$work/err"
	[ "$got" = "$1" ] || { echo "status $got, expected $1"; return 1; }
}
signal_ends() { # SIGNAL OPTION...
	local signal=$1
	shift
	start "$@"
	until_said 1 && kill -s "$signal" "$pid"
	ended_with 1 && grep -q "ended by signal" "$work/err"
}
ok "SIGTERM ends a halted guest" signal_ends TERM --append ph
ok "SIGTERM ends a spinning guest" signal_ends TERM --append ps
ok "SIGTERM ends a guest that prints for ever" signal_ends TERM --append f
ok "SIGHUP ends a guest of 4 vCPUs" signal_ends HUP --cpus 4 --append ps
# A job in the background of a script ignores SIGINT and SIGQUIT unless told otherwise.
ok "SIGQUIT ends it" signal_ends QUIT --append ps
ok "the report knows the signal" reported '.outcome.end == "signal" and .outcome.code == 3'

reset_reboots() { # LETTER
	start --append "p$1"
	until_said 4 && kill -TERM "$pid"
	ended_with 1 && reported '.resets >= 3'
}
ok "a reset starts the guest again" reset_reboots r
ok "a reset through the keyboard controller, too" reset_reboots K

# --- consoles ------------------------------------------------------------------------------
stalled_reader() {
	local reader
	mkfifo "$work/stalled"
	tail -f /dev/null <"$work/stalled" &
	reader=$!
	"$pv" run --append f "$tiny" >"$work/stalled" 2>"$work/err" </dev/null &
	pid=$!
	sleep 0.5
	kill -TERM "$pid"
	ended_with 1
	local ret=$?
	kill "$reader"
	return "$ret"
}
reader_gone() {
	local got
	set +o pipefail
	timeout 20 "$pv" run --append f "$tiny" 2>"$work/err" </dev/null | head -n 1 >/dev/null
	got=${PIPESTATUS[0]}
	set -o pipefail
	cat "$work/err"
	[ "$got" = 2 ] && grep -q 'standard output takes no more' "$work/err"
}
echoes() { # INPUT-COMMAND...
	timeout 20 "$pv" run --append e "$tiny" 2>"$work/err" >"$work/out"
	cat "$work/out" "$work/err"
	[ "$(cat "$work/out")" = "$1" ]
}
text="what goes in comes out, all 0123456789 of it, and more than a FIFO holds: q"
echo_from_file() {
	printf %s "$text" >"$work/in"
	echoes "$text" <"$work/in"
}
echo_from_pipe() {
	printf %s "$text" | echoes "$text"
}
no_stdin() {
	timeout 20 "$pv" run --append p "$tiny" <&-
}
through_pty() {
	local tty answer
	"$pv" run --console pty --append e "$tiny" 2>"$work/err" >"$work/out" </dev/null &
	pid=$!
	for _ in {1..100}; do
		tty=$(sed -n 's/.*the console is //p' "$work/err")
		[ -n "$tty" ] && break
		sleep 0.05
	done
	exec {fd}<>"$tty"
	printf 'ab\001' >&"$fd"
	IFS= read -r -t 10 -N 3 -u "$fd" answer
	printf q >&"$fd"
	ended_with 0 && [ "$answer" = $'ab\001' ] && [ ! -s "$work/out" ]
	local ret=$?
	exec {fd}>&-
	return "$ret"
}
ok "SIGTERM ends it while nobody reads its output" stalled_reader
ok "it ends when its output is closed" reader_gone
ok "input from a file" echo_from_file
ok "input from a pipe" echo_from_pipe
ok "no standard input at all" no_stdin
ok "console on a pseudo-terminal" through_pty
ok "console none prints nothing" ends 0 '' --console none --append k
ok "and the report still has the verdicts" reported '.counts.failed == 1'
ok "nothing was printed" test ! -s "$work/out"

# --- the terminal ---------------------------------------------------------------------------
mkfifo "$work/keyboard"
exec {keyboard}<>"$work/keyboard"
when_said() { # COMMAND...: once the guest has printed
	for _ in {1..200}; do
		grep -q 'tiny guest' "$work/screen" && break
		sleep 0.05
	done
	"$@"
}
# in_terminal TEXT: runs the shell text in a terminal of its own, whose keys come from
# $work/keyboard; succeeds when the terminal is after it what it was before.
in_terminal() {
	timeout 30 script -qefc "stty -g >'$work/before'; $1; stty -g >'$work/after'" /dev/null \
		<"$work/keyboard" >"$work/screen" 2>&1
	cat "$work/screen"
	cmp "$work/before" "$work/after"
}
type_keys() { # KEYS TEXT: as in_terminal, and types KEYS once the guest has printed
	: >"$work/screen"
	when_said printf %b "$1" >&"$keyboard" &
	in_terminal "$2"
}
kill_by_file() {
	kill "-$1" "$(cat "$work/pid")"
}
signalled() { # SIGNAL
	: >"$work/screen"
	when_said kill_by_file "$1" &
	in_terminal "sh -c 'echo \$\$ >\"$work/pid\"; exec \"\$@\"' sh $run_text ps '$tiny'"
}
run_text="'$pv' run --report '$report' --append"
raw_meanwhile() {
	in_terminal "$run_text ps '$tiny' & sleep 0.5; stty -a <&1 >'$work/during'; kill \$!; wait"
	# In the background the terminal is not touched.
	! grep -q -- '-icanon' "$work/during"
}
ok "terminal after a good end" in_terminal "$run_text p '$tiny'"
ok "terminal after a crash" in_terminal "$run_text t '$tiny'"
ok "terminal left alone in the background" raw_meanwhile
for signal in TERM INT HUP SEGV ABRT BUS XCPU ALRM USR1; do
	ok "terminal after SIG$signal" signalled "$signal"
done
ok "Ctrl-A x ends the run" type_keys '\001x' "$run_text ps '$tiny'"
ok "the report knows" reported '.outcome.end == "quit"'
ctrl_a_twice() {
	type_keys '[\001\001]xq' "$run_text pe '$tiny'" && grep -q $'\\[\001\\]xq' "$work/screen"
}
ok "Ctrl-A Ctrl-A is one Ctrl-A, and x alone is an x" ctrl_a_twice
ctrl_c_goes_to_the_guest() {
	type_keys '\003q' "$run_text pe '$tiny'" && grep -q $'\003q' "$work/screen"
}
ok "Ctrl-C goes to the guest" ctrl_c_goes_to_the_guest
finish

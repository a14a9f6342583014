#!/bin/bash
# Machines under control from outside: the real binary, its sockets, `pagevisor ctl` and
# `pagevisor list`.  What the protocol answers to whom is tests/unit/vmm/test_qmp.c's.
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/machine.bash"
. "$(dirname "$0")/lib/qmp.bash"

need_kvm "control of a machine"

# start NAME OPTION... : a machine in the background, its console in $work/NAME.
start() {
	local name=$1
	shift
	err=$work/$name.err
	"$pv" run --name "$name" "$@" >"$work/$name" 2>"$err" </dev/null &
	machine=$!
	lives_until "$err" -- "$pv" ctl "$name" status
}
ctl() {
	"$pv" ctl "$@"
}
says() { # PATTERN COMMAND...: it succeeds and prints that
	local pattern=$1
	shift
	"$@" >"$work/said" 2>&1 || { cat "$work/said"; return 1; }
	grep -Eq -- "$pattern" "$work/said" || { cat "$work/said"; return 1; }
}
until_printed() { # NAME PATTERN [COUNT]
	local i
	for ((i = 0; i < 600; i++)); do
		[ "$(grep -Ec -- "$2" "$work/$1")" -ge "${3:-1}" ] && return 0
		sleep 0.1
	done
	tail -n 3 "$work/$1"
	return 1
}
printed_bytes() {
	stat -c %s "$work/printer"
}

# --- stop and cont --------------------------------------------------------------------------

ok "a machine that waits" start printer --uuid 6bb50ab1-def2-499c-863a-e51ccaa98088 --paused --cpus 2 --append f "$B/tiny.elf"
ok "it is listed" says '^printer +[0-9]+ +prelaunch +2 +256 +6bb50ab1-def2-499c-863a-e51ccaa98088$' "$pv" list
nothing_yet() {
	[ "$(printed_bytes)" = 0 ]
}
ok "it has printed nothing" nothing_yet
# What managers use, by name.
knows() {
	local name
	ctl printer qmp query-commands | jq -r '.[].name' >"$work/commands"
	for name in query-status stop cont system_reset system_powerdown quit query-cpus-fast \
		query-memory-size-summary query-chardev query-block query-blockstats \
		query-named-block-nodes balloon query-balloon qom-get query-iothreads inject-nmi \
		dump-guest-memory query-dump query-commands query-qmp-schema query-uuid query-kvm \
		human-monitor-command; do
		grep -qx -- "$name" "$work/commands" || { echo "no $name"; return 1; }
	done
}
ok "it knows the commands that managers use" knows
goes_on() {
	local before
	before=$(printed_bytes)
	ctl printer cont && says '^running$' ctl printer status || return 1
	for ((i = 0; i < 100; i++)); do
		[ "$(printed_bytes)" -gt "$before" ] && return 0
		sleep 0.05
	done
	return 1
}
# A guest that prints all the time: not a byte after the answer.
stands() {
	local before registers
	ctl printer stop || return 1
	before=$(printed_bytes)
	registers=$(ctl printer qmp human-monitor-command '{"command-line": "info registers"}')
	sleep 0.3
	says '^paused$' ctl printer status && [ "$(printed_bytes)" = "$before" ] &&
		[ "$(ctl printer qmp human-monitor-command '{"command-line": "info registers"}')" = "$registers" ]
}
ok "it goes when it is told to" goes_on
ok "its exits are counted" says '"io": [0-9]+' ctl printer qmp query-pagevisor-counters
ok "and what its devices did" says '"dma.read_bytes": 0' ctl printer qmp query-pagevisor-counters
for i in 1 2 3; do
	ok "stopped it stands, $i" stands
	ok "and goes on, $i" goes_on
done
ok "each vCPU has its thread" says '^vCPU 1: thread [0-9]+$' ctl printer cpus
threads_are_its() {
	local tid
	for tid in $(ctl printer cpus | sed 's/.* //'); do
		[ -d "/proc/$machine/task/$tid" ] || return 1
	done
}
ok "of the machine's process" threads_are_its
ok "no second one of the name" is_refused 'printer: a machine of this name runs already' \
	"$pv" run --name printer "$B/tiny.elf"
ok "quit ends it" ctl printer quit
ok "as from outside" ends_with 1
ok "with its reason" grep -q 'ended over its control socket' "$work/printer.err"

# --- reset ----------------------------------------------------------------------------------

ok "a machine that says one thing" start once --append ps "$B/tiny.elf"
ok "says it" until_printed once 'tiny guest'
ok "reset" ctl once reset
ok "it says it again" until_printed once 'tiny guest' 2
ok "stopped" ctl once stop
ok "and reset" ctl once reset
ok "it stays stopped" says '^paused$' ctl once status
ok "until it is let go" ctl once cont
ok "it says it a third time" until_printed once 'tiny guest' 3

# --- who is there ---------------------------------------------------------------------------

kill_it() {
	kill -KILL "$machine"
	ends_with 137
}
ok "it is killed" kill_it
nothing_left() {
	local i
	for ((i = 0; i < 600; i++)); do
		[ -z "$(ls "$work/pagevisor")" ] && return
		sleep 0.1
	done
	ls -la "$work/pagevisor"
	return 1
}
ok "its socket goes all the same" nothing_left
ok "and nobody answers" is_refused 'once: no such machine' ctl once status
# The sweeper, which goes first, has the machine's command line, too.
kill_both() {
	local pid sweeper=
	for pid in $(pgrep -f -- "unix:$work/both.sock"); do
		[ "$(cat "/proc/$pid/comm")" = pv-sweeper ] && sweeper=$pid
	done
	[ -n "$sweeper" ] || { pgrep -a -f -- "unix:$work/both.sock"; return 1; }
	grep -q '^Seccomp:	2$' "/proc/$sweeper/status" && kill -KILL "$sweeper" && kill_it
}
ok "a machine" start both --qmp "unix:$work/both.sock" --append s "$B/tiny.elf"
ok "is killed with who would sweep after it" kill_both
leaves_socket() {
	[ -S "$work/pagevisor/both.qmp" ]
}
ok "its socket is left" leaves_socket
ok "for a list to find" "$pv" list
ok "and to remove" nothing_left

# All that a machine makes goes with it.
sockets=("$work/sockets/console" "$work/sockets/qmp" "$work/sockets/gdb")
mkdir "$work/sockets"
makes_all() {
	local socket
	start all --console "unix:${sockets[0]}" --qmp "unix:${sockets[1]}" --gdb "unix:${sockets[2]}" "$@" \
		--append s "$B/tiny.elf" || return 1
	lives_until "$err" -- test -e "$work/pagevisor/all.facts" || return 1
	for socket in "${sockets[@]}" "$work/pagevisor/all.qmp"; do
		[ -S "$socket" ] || { echo "no $socket"; return 1; }
	done
}
has_nothing() {
	local i
	for ((i = 0; i < 600; i++)); do
		[ -z "$(find "$work/sockets" "$work/pagevisor" -mindepth 1)" ] && return
		sleep 0.1
	done
	find "$work/sockets" "$work/pagevisor" -mindepth 1
	return 1
}
for confined in on off; do
	ok "sandbox $confined: a machine with sockets for all" makes_all --sandbox "$confined"
	ok "is told to go" ctl all quit
	ok "goes" ends_with 1
	ok "and leaves none of them" has_nothing
done
ok "a name that is none" is_refused 'not a machine.s name' "$pv" run --name ../x "$B/tiny.elf"
ok "a command that is none" is_refused 'nonsense: not a command' ctl once nonsense
ok "a dump into nothing" is_refused 'dump: of what' ctl once dump
ok "a place that is none" is_refused '--qmp tcp:1: not understood' "$pv" run --qmp tcp:1 "$B/tiny.elf"
others_may_enter() {
	local good=0
	chmod 755 "$work/pagevisor"
	is_refused 'others may enter' "$pv" list || good=1
	chmod 700 "$work/pagevisor"
	return "$good"
}
ok "a directory that others may enter is not used" others_may_enter

# --- the guest kernel -------------------------------------------------------------------------

truncate -s 1M "$work/disk"
ok "the guest kernel" start guest --cpus 2 --no-shutdown --disk "$work/disk" --report "$work/guest.json" \
	--append 'experiments=disk.hash stay' "$B/guest.elf"
ok "runs its experiments and stays" until_printed guest 'staying until the power button'
ok "a non-maskable interrupt" ctl guest nmi
ok "reaches it" until_printed guest '^NMI at '
disk_counted() {
	ctl guest disks
	ctl guest qmp query-blockstats | jq -e '.[0].stats.rd_bytes > 0 and .[0].stats.flush_operations >= 0'
}
ok "its disk's work is counted" disk_counted
ok "a dump" ctl guest dump "$work/core"
small() {
	du -k "$work/core"
	[ "$(du -k "$work/core" | cut -f1)" -lt 65536 ]
}
ok "has holes where the guest has nothing" small
backtrace() {
	gdb -q -batch -ex 'thread apply all bt' "$B/guest.elf" "$work/core"
}
ok "gdb sees both vCPUs, with names" says '^Thread 2 ' backtrace
ok "down to where they started" grep -q 'start_kernel' "$work/said"
flushes() {
	ctl guest qmp query-blockstats | jq '.[0].stats.flush_operations'
}
before=$(flushes)
ok "the power button" ctl guest powerdown
ok "is noticed" until_printed guest '^power button: '
is_off() {
	local i
	for ((i = 0; i < 100; i++)); do
		says '^shutdown$' ctl guest status && return 0
		sleep 0.1
	done
	return 1
}
ok "the guest switches itself off" is_off
flushed() {
	[ "$(flushes)" -gt "$before" ]
}
ok "with its disk flushed" flushed
ok "it cannot go on" is_refused 'Resetting the Virtual Machine is required' ctl guest cont
ok "but it can start again" ctl guest reset
ok "let go" ctl guest cont
ok "it boots again" until_printed guest '^pagevisor guest: ' 2
ok "up to the end" until_printed guest 'staying until the power button' 2
ok "and leaves again" ctl guest powerdown
ok "off" is_off
ok "kept, it goes when told to" ctl guest quit
ok "with the status of its guest" ends_with 0
ok "and the report of it" jq -e '.outcome.end == "poweroff" and .outcome.status == 0' "$work/guest.json"

# --- a panic ------------------------------------------------------------------------------------

ok "a machine whose kernel panics, and stays" start panic --no-shutdown --append Pps "$B/tiny.elf"
panicked() {
	for _ in $(seq 100); do
		says '^guest-panicked$' ctl panic status && return
		sleep 0.05
	done
	return 1
}
silent() {
	! grep '^tiny guest' "$work/panic"
}
ok "says so" panicked
ok "it stands at the very instruction" silent
ok "it can be let go on" ctl panic cont
ok "and does" until_printed panic '^tiny guest'
ok "it runs" says '^running$' ctl panic status
ok "started again" ctl panic reset
ok "it panics again" panicked
ok "it goes when told to" ctl panic quit
ok "with the status of a panic" ends_with 1

# What it leads to can be chosen, from before it starts.
panics_with() { # ACTION OPTION...: a machine that waits, and does that
	local action=$1
	shift
	start panic --paused "$@" --append Pps "$B/tiny.elf" && ctl panic qmp set-action "{\"panic\": \"$action\"}" && ctl panic cont
}
stands_as() { # STATE
	for _ in $(seq 200); do
		says "^$1\$" ctl panic status && return
		sleep 0.05
	done
	return 1
}
ok "a panic that is let pass" panics_with none
ok "is followed by what follows" until_printed panic '^tiny guest'
ok "the machine runs" stands_as running
ok "until told to go" ctl panic quit
ok "as others" ends_with 1
ok "a panic for which alone a machine stays" panics_with pause
ok "stays" stands_as guest-panicked
ok "until told to go, with the status of a panic" ctl panic quit
ok "which it is" ends_with 1
ok "a panic that counts as a shutdown" panics_with exit-failure --no-shutdown
ok "is one" stands_as shutdown
ok "and cannot be gone on from" is_refused 'Resetting the Virtual Machine is required' ctl panic cont
ok "nor can others" ctl panic quit
ok "it has failed" ends_with 1

# What set-action leads to is what it does in QEMU: the events, the state, whether it can go on.
ours() {
	"$pv" run --mem 64M --console none --paused --qmp "unix:$work/talk" --append Pps "$B/tiny.elf" 2>"$err" </dev/null &
}
qemus() {
	qemu-system-x86_64 -accel tcg -M pc -m 64 -nodefaults -display none -device pvpanic -S \
		-qmp "unix:$work/talk,server=on,wait=off" -kernel "$B/tiny.elf" -append Pps 2>"$err" </dev/null &
}
has_told() { # EVENT
	q query-status && [[ $events = *"\"$1\""* ]]
}
panic_under() { # MONITOR PANIC SHUTDOWN LAST-EVENT
	rm -f "$work/talk"
	"$1"
	machine=$!
	lives_until "$err" -- test -S "$work/talk" && connect "$work/talk" &&
		q "{\"execute\":\"set-action\",\"arguments\":{\"panic\":\"$2\",\"shutdown\":\"$3\"}}" cont &&
		lives_until "$err" -- has_told "$4" && q query-status || return 1
	{ echo "panic=$2, shutdown=$3"; echo "$events$answer"; q cont; echo "$answer"; } |
		jq -RcS 'fromjson? // . | if type == "object" then del(.timestamp) else . end'
	q quit >/dev/null
	disconnect
	wait "$machine"
	machine=
}
panics() { # MONITOR
	panic_under "$1" exit-failure pause STOP && panic_under "$1" shutdown pause STOP &&
		panic_under "$1" pause poweroff STOP && panic_under "$1" none pause GUEST_PANICKED
}
same_panics() {
	if ! panics qemus >"$work/qemus" || ! panics ours >"$work/ours"; then
		cat "$work/qemus" "$work/ours" "$err"
		return 1
	fi
	diff "$work/qemus" "$work/ours" && [ "$(grep -c GUEST_PANICKED "$work/ours")" = 4 ]
}
if command -v qemu-system-x86_64 >/dev/null; then
	ok "each panic has the events and the state that it has in QEMU" same_panics
else
	skip "panics beside QEMU's" "there is none"
fi

# --- a crash ------------------------------------------------------------------------------------

ok "a machine that crashes and stays" start crash --no-shutdown --append t "$B/tiny.elf"
ok "says so" says '^guest-panicked$' ctl crash status
ok "and can be looked at" says 'RIP' ctl crash qmp human-monitor-command '{"command-line": "info registers"}'
kill -TERM "$machine"
ok "its status is the crash" ends_with 1
ok "no machine is left" nothing_left
finish

#!/bin/bash
# pagevisor inspect and core, against a guest that stops in a state whose truth it has printed
# (guest/experiments/exp_inspect.c): running, paused, with a monitor that hangs, and dead.
# shellcheck disable=SC2034 # what eval expands
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/machine.bash"

need_kvm "a guest looked at from outside"

trap 'kill -CONT "$machine" 2>/dev/null; kill "$machine" 2>/dev/null; wait; rm -rf "$work"' EXIT

# start WAY OPTION... : the guest, stopped at the known state, when this returns.
start() {
	start_known "experiments=inspect.* dma_debug=on page_owner=on alloc_profile=on cma=16M stop-at=inspect:$1" "${@:2}"
}
own() { # what the guest says of itself under that title
	tr -d '\r' <"$work/console" | sed -n "/^# $1 begins/,/^# $1 ends/p" | sed '1d;$d'
}
inspect() {
	"$pv" inspect "$who" "$@"
}
same_as_own() {
	[ "$(own "$1" | wc -l)" -ge 2 ] || { cat "$work/console"; return 1; }
	diff <(own "$1") <(inspect "$1")
}
# told PATTERN COMMAND...: its output has a line like that.
told() {
	local pattern=$1
	shift
	"$@" >"$work/told" 2>&1 || { cat "$work/told"; return 1; }
	grep -Eq -- "$pattern" "$work/told" || { echo "no $pattern in:"; cat "$work/told"; return 1; }
}
fails() { # STATUS PATTERN COMMAND...
	local want=$1 pattern=$2 got=0
	shift 2
	"$@" >"$work/told" 2>&1 || got=$?
	[ "$got" = "$want" ] || { echo "status $got, expected $want"; cat "$work/told"; return 1; }
	grep -Eq -- "$pattern" "$work/told" || { echo "no $pattern in:"; cat "$work/told"; return 1; }
}
valid_json() {
	"$@" --json | python3 -m json.tool >/dev/null
}

# The same questions of every kind of guest; $1 says of which, $who is its name or file.
ask_all() {
	local area first block object dma
	read -r object < <(truth object)
	read -r block _ < <(truth block)
	read -r area _ _ _ first < <(truth area)
	read -r dma _ < <(truth dma)
	ok "$1: buddyinfo is the kernel's own" same_as_own buddyinfo
	ok "$1: zoneinfo is the kernel's own" same_as_own zoneinfo
	ok "$1: a hundred objects in their cache" told '^inspect-box +100 +[0-9]+ +200 ' inspect slabinfo
	ok "$1: an area of vmalloc, as the kernel shows it" \
		told "^$(tr -d '\r' <"$work/console" | sed -n 's/^# vmallocinfo //p' | sed 's/[+]/[+]/')\$" inspect vmallocinfo
	ok "$1: pagetypeinfo is the kernel's own" same_as_own pagetypeinfo
	ok "$1: an object, and the cache it is of" told '^slab of inspect-box ' inspect page "$object"
	ok "$1: it is in use" told "^object [0-9]+ at $object, in use" inspect page "$object"
	ok "$1: who allocated a block" told '^  inspect_state[+]' inspect page "$block"
	ok "$1: and since when" told '^page_owner: allocated [0-9]+[.][0-9]{9} s after boot' inspect page "$block"
	ok "$1: with what flags" told ', order 3, mask 0xcc0[(]GFP_KERNEL[)], by$' inspect page "$block"
	ok "$1: of what order" told 'use: pages, in a block of order 3' inspect page "$block"
	ok "$1: a page of vmalloc" told "^mapped in vmalloc area $area, 24576 bytes, by inspect_state[+]" inspect page "$first"
	ok "$1: an address of vmalloc, walked" told "^guest-physical $first, in a page of 4 KiB" inspect walk "$area"
	ok "$1: an address that leads nowhere" told '^not mapped' inspect walk 0xffffc8ffffffe000
	ok "$1: a live mapping, and who made it" \
		told "single P=[0-9a-f]+ D=${dma#0x} L=bb8 DMA_TO_DEVICE inspect_state[+]" inspect dma
	ok "$1: the calls that hold the most" told '^ +20000 +100 func:inspect_state[+]' inspect top-callers
	ok "$1: the log" told '^# stops at inspect' inspect log
}

# --- a guest that runs: one of its CPUs stands in the known state, the other idles ----------

ok "a guest stops at a named point" start park
who=it
ask_all running
ok "running: threads, and where they are" told '^  park[+]' inspect threads
ok "running: host memory behind an address" told "^host-virtual 0x[0-9a-f]+ in process $machine" \
	inspect walk "$(truth area | cut -d' ' -f1)"
ok "running: the contiguous area in zoneinfo" told '^        cma      4096$' inspect zoneinfo
ok "no IOMMU is told" told '^no IOMMU' inspect iommu
for what in buddyinfo zoneinfo pagetypeinfo slabinfo vmallocinfo dma iommu top-callers threads log registers \
	'page 0x200000' 'walk 0xffff888000200000' ''; do
	# shellcheck disable=SC2086 # words
	ok "JSON: ${what:-what there is}" valid_json inspect $what
done

# What every vCPU and device did so far; the guest stands still, but could be made to work.
counters() {
	"$pv" ctl it qmp query-pagevisor-counters
}
counters >"$work/before"
for what in buddyinfo zoneinfo pagetypeinfo slabinfo vmallocinfo dma iommu top-callers log 'page 0x200000'; do
	# shellcheck disable=SC2086 # words
	inspect $what >"$work/told" 2>&1
done
counters >"$work/after"
ok "no vCPU and no device did anything for it" diff "$work/before" "$work/after"
ok "there is something to compare" grep -q '"io": [1-9]' "$work/before"

# --- how it answers what cannot be answered -----------------------------------------------

ok "no such machine" fails 2 'nobody: no such machine runs' "$pv" inspect nobody
ok "no such question" fails 2 'weather: not a question' inspect weather
ok "no address" fails 2 'twelve: not an address' inspect page twelve
ok "no RAM" fails 2 '0xfee00000: no RAM' inspect page 0xfee00000

# --- where the system does not let it read another process -------------------------------------

unprivileged() {
	setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace "$pv" inspect "$who" "$@"
}
if [ "$(id -u)" = 0 ] && setpriv --bounding-set=-sys_ptrace true 2>/dev/null; then
	ok "not let: it is copied" told ': a machine, as copied now' unprivileged
	ok "not let: an object" told "^object [0-9]+ at $(truth object), in use" unprivileged page "$(truth object)"
	ok "not let: threads" told '^  inspect_state[+]' unprivileged threads
else
	skip "not let: it is copied" "needs root, and setpriv"
fi

# --- paused ---------------------------------------------------------------------------------

ok "a pause" "$pv" ctl it stop
ask_all paused
ok "paused: threads" told '^  inspect_state[+]' inspect threads
ok "a core of it" "$pv" core it -o "$work/core"
for what in buddyinfo zoneinfo pagetypeinfo slabinfo vmallocinfo dma threads log top-callers; do
	inspect "$what" >"$work/live.$what" 2>&1
done
ok "it goes on" "$pv" ctl it cont

# --- a monitor that hangs: its memory is read all the same -------------------------------

kill -STOP "$machine"
ask_all "hung monitor"
# What it alone could tell is waited for, which is said after a second, and then named; side by
# side, for each waits.
ask_in_vain() { # NUMBER COMMAND...
	local n=$1 got=0
	shift
	"$@" >"$work/vain$n" 2>"$work/vain$n.err" || got=$?
	echo "$got" >"$work/vain$n.status"
}
in_vain() { # NUMBER STATUS PATTERN...: it says that it waits, and then its line of complaint
	local n=$1 want=$2
	shift 2
	cat "$work/vain$n.err" "$work/vain$n.status" "$work/vain$n"
	[ "$(cat "$work/vain$n.status")" = "$want" ] && [ "$(wc -l <"$work/vain$n.err")" = "$((1 + $#))" ] &&
		head -n 1 "$work/vain$n.err" | grep -q "^pagevisor: it: waits up to 10 s for its monitor (process $machine): $mend\$" &&
		{ [ $# = 0 ] || tail -n 1 "$work/vain$n.err" | grep -Eq -- "$1"; }
}
mend="it is stopped; kill -CONT $machine lets it go on"
silent="it: its monitor [(]process ${machine}[)] does not answer: $mend"
missing="$silent; only its monitor can tell the registers of its vCPUs, all else can be asked\$"
vain=
for ask in '1 inspect registers' '2 inspect threads' '3 inspect walk 0x400000' "4 $pv ctl it status" \
	"5 $pv core it -o $work/vain.core" "6 $pv top it -b -n 1" "7 $pv list"; do
	# shellcheck disable=SC2086 # words
	ask_in_vain $ask &
	vain+=" $!"
done
# shellcheck disable=SC2086 # words
wait $vain
ok "hung monitor: registers are named as what is missing" in_vain 1 2 "^pagevisor: $missing"
ok "hung monitor: threads are told all the same" in_vain 2 0 "^pagevisor: $missing"
ok "hung monitor: where those are that run is not" grep -q 'runs on CPU 0, where is not known$' "$work/vain2"
ok "hung monitor: where the others are" grep -q '^  kswapd_run[+]' "$work/vain2"
ok "hung monitor: whose address it is, is not known" in_vain 3 2 "^pagevisor: no address of the kernel.*: $missing"
ok "hung monitor: ctl" in_vain 4 2 "^pagevisor: $silent\$"
ok "hung monitor: core" in_vain 5 2 "^pagevisor: $silent\$"
ok "hung monitor: nothing is left of the core" test ! -e "$work/vain.core"
ok "hung monitor: list" in_vain 7 0 "^pagevisor: $silent\$"
ok "hung monitor: top waits once" in_vain 6 0
ok "hung monitor: and shows its guest, and what is missing" bash -c "grep -Eq '^Exits/s +$silent' '$work/vain6' &&
	grep -q '^DMA32 ' '$work/vain6' && grep -q ' inspect-box\$' '$work/vain6' || { cat '$work/vain6'; false; }"
kill -CONT "$machine"

ok "the guest was not disturbed" told '^running' "$pv" ctl it status
ok "it ends" "$pv" ctl it quit
wait "$machine"
nothing_left() {
	"$pv" list && [ -z "$(ls "$work/pagevisor")" ]
}
ok "nothing of it is left" nothing_left

# --- a core: all of that again, and the same as before ----------------------------------------

who=$work/core
ask_all core
for what in buddyinfo zoneinfo pagetypeinfo slabinfo vmallocinfo dma threads log top-callers; do
	ok "core and machine: the same $what" diff "$work/live.$what" <(inspect "$what" 2>&1)
done
rm "$work/guest.elf"
ok "without the kernel's file" told '^  inspect_state[+]' inspect threads
sparse() {
	[ "$(du -k "$1" | cut -f1)" -lt 65536 ] && [ "$(stat -c %s "$1")" -gt 268435456 ]
}
ok "memory that is zero takes no room in it" sparse "$work/core"

# --- a guest that spins with interrupts off -----------------------------------------------------

ok "a guest spins" start spin
who=it
ok "spinning: where" told '^  spin[+]' inspect threads
ok "spinning: free blocks" same_as_own buddyinfo
"$pv" ctl it quit
wait "$machine"

# --- a guest behind an IOMMU ----------------------------------------------------------------------

ok "a guest behind an IOMMU" start park --iommu virtio
read -r dma _ _ _ phys < <(truth dma)
page=$((dma & ~0xfff))
ok "IOMMU: domains and their devices" told '^domain [0-9]+: 0000:00:0[0-9]' inspect iommu
ok "IOMMU: where the buffer is, and what the device may" \
	told "^  $(printf '0x%016x-0x%016x -> %#x' "$page" $((page + 0xfff)) $((phys & ~0xfff))) r-" inspect iommu
ok "IOMMU: the same mapping in the books" told "single P=${phys#0x} D=${dma#0x} L=bb8 " inspect dma
ok "IOMMU: whose the frame is" told 'holds it: single, 3000 bytes at 0x[0-9a-f]+, DMA_TO_DEVICE' inspect page "$phys"
inspect iommu >"$work/live.iommu" 2>&1
ok "IOMMU: a core of it" "$pv" core it -o "$work/iommu.core"
"$pv" ctl it quit
wait "$machine"
who=$work/iommu.core
ok "IOMMU: core and machine: the same" diff "$work/live.iommu" <(inspect iommu 2>&1)
ok "IOMMU: of a core, as JSON" valid_json inspect iommu

# --- a guest that panics: its core is there by itself -----------------------------------------

start panic --on-panic "core=$work/panic.core" >/dev/null
wait "$machine"
who=$work/panic.core
ok "the monitor says so" grep -q 'the guest panicked; its core' "$work/err"
ok "it stayed in its confinement" bash -c "! grep -q forbidden '$work/err'"
ask_all panicked
in_order() { # the panicking chain, call by call
	inspect threads | tr '\n' ' ' | grep -Eq 'die[+][^ ]+ +panic[+][^ ]+ +stop_at[+][^ ]+ +inspect_state[+]'
}
ok "panicked: the chain that panicked" in_order
ok "panicked: its last words" told '^Kernel panic: stopped at inspect' inspect log
gdb_in_order() {
	gdb -q -batch -nx -ex bt "$B/guest/guest.debug" "$work/panic.core" >"$work/gdb" 2>&1
	tr '\n' ' ' <"$work/gdb" | grep -Eq 'in die .* in panic .* in stop_at .* in inspect_state ' ||
		{ cat "$work/gdb"; return 1; }
}
ok "panicked: gdb tells the same" gdb_in_order

# --- a guest that does not: nothing is left of the file that was made for its core ---------------

no_panic() { # FILE COMMAND...: the machine runs, with that file, until the command ends it
	local file=$1
	shift
	start park --on-panic "core=$file" || return 1
	[ -f "$file" ] || { echo "no $file while it runs"; return 1; }
	"$@"
	wait "$machine"
	cat "$work/err"
}
gone() { # FILE: at once, or, where nobody was left to wait for it, soon
	local i
	for ((i = 0; i < 600; i++)); do
		[ -e "$1" ] || return 0
		sleep 0.05
	done
	return 1
}
ends_well() {
	no_panic "$work/well.core" "$pv" ctl it quit && [ ! -e "$work/well.core" ]
}
is_killed() {
	# shellcheck disable=SC2016 # the machine that there will be
	no_panic "$work/killed.core" eval 'kill -KILL "$machine"' && gone "$work/killed.core"
}
never_starts() {
	! "$pv" run --on-panic "core=$work/never.core" "$work/none.elf" 2>/dev/null && [ ! -e "$work/never.core" ]
}
what_was_there_stays() {
	echo older >"$work/old.core"
	: >"$work/empty.core"
	no_panic "$work/old.core" "$pv" ctl it quit && [ "$(cat "$work/old.core")" = older ] &&
		no_panic "$work/empty.core" "$pv" ctl it quit && [ -f "$work/empty.core" ]
}
ok "no panic: no file is left" ends_well
ok "a killed monitor: no file is left" is_killed
ok "a machine that never starts: no file is left" never_starts
ok "no panic: what was there before stays" what_was_there_stays

# --- damage ---------------------------------------------------------------------------------------

head -c 1000000 "$work/core" >"$work/cut"
ok "a core that is cut off" fails 2 'is cut off' "$pv" inspect "$work/cut" buddyinfo
ok "a file that is no core" fails 2 'neither a machine that runs nor an ELF core' "$pv" inspect Makefile
finish

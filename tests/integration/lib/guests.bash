# shellcheck shell=bash
# Guests in the lab and what is asked of each: sourced by lab_guests and lab_devices.
. "$(dirname "${BASH_SOURCE[0]}")/tap.bash"
. "$(dirname "${BASH_SOURCE[0]}")/verdicts.bash"

# QEMU 7.2, on several processors, now and then ends a guest of a guest at a wrong place:
# what it saves as the inner guest's state is the outer kernel's (its instruction behind
# VMRUN, its stack, its page tables).  The inner processor then shuts down, that is, a triple
# fault.  Whatever overruns a stack of our guest it reports itself (crash.*).  So a triple
# fault is tried once more, and said aloud; a second one counts.
lost=0
lost_state() {
	grep -q 'the guest crashed: triple fault' "$work/errors"
}
guest() { # NAME OPTIONS...
	run_guest "$@" || { lost_state && lost=$((lost + 1)) && run_guest "$@"; }
}
run_guest() {
	local name=$1
	shift
	truncate -s 1M "$work/scratch"
	timeout 240 "$B/pagevisor" run --disk "$B/disk.img,ro" --disk "$work/scratch" --report "$work/$name.json" "$@" \
		"$B/guest.elf" >"$work/$name" 2>"$work/errors" ||
		{ cat "$work/errors"; grep -E '^not ok|\(expected: ' "$work/$name"; tail -n 3 "$work/$name"; false; }
}
try() { # TITLE, NAME, kinds of skips, OPTIONS...
	local title=$1 name=$2 kinds=$3 lost=0
	shift 3
	ok "$title" guest "$name" "$@"
	[ "$lost" = 0 ] || echo "# $title: a triple fault, tried once more"
	# shellcheck disable=SC2086 # a list of words
	ok "$title: all passed${kinds:+, or may be skipped: $kinds}" all_passed "$work/$name" $kinds
}
# For a step with a $machine in the background: one that the emulator lost stands still, or
# spins, and its own limit ends it.
ok_or_again() { # TITLE, COMMAND...
	local title=$1 again=0
	shift
	ok "$title" once_or_again "$@"
	[ "$again" = 0 ] || echo "# $title: tried once more"
}
once_or_again() {
	"$@" && return 0
	again=1
	[ -z "$machine" ] || kill "$machine" 2>/dev/null && wait "$machine"
	"$@"
}

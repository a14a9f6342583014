# shellcheck shell=bash
# Guests in the lab and what is asked of each: sourced by lab_guests and lab_devices.
. "$(dirname "${BASH_SOURCE[0]}")/tap.bash"
. "$(dirname "${BASH_SOURCE[0]}")/verdicts.bash"

guest() { # NAME OPTIONS...
	local name=$1
	shift
	truncate -s 1M "$work/scratch"
	timeout 240 "$B/pagevisor" run --disk "$B/disk.img,ro" --disk "$work/scratch" --report "$work/$name.json" "$@" \
		"$B/guest.elf" >"$work/$name" 2>"$work/errors" ||
		{ cat "$work/errors"; grep -E '^not ok|\(expected: ' "$work/$name"; tail -n 3 "$work/$name"; false; }
}
try() { # TITLE, NAME, kinds of skips, OPTIONS...
	local title=$1 name=$2 kinds=$3
	shift 3
	ok "$title" guest "$name" "$@"
	# shellcheck disable=SC2086 # a list of words
	ok "$title: all passed${kinds:+, or may be skipped: $kinds}" all_passed "$work/$name" $kinds
}

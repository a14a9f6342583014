# verdicts.bash: what a run of the guest must have said on its console.
#
#   all_passed FILE KIND...	every planned experiment reported, none failed, and those that
#				were skipped may be in a run of these kinds: lib/skips
#   stack_reported FILE THREAD	it ended because the stack of this thread did, with registers
#				and the whole call chain
#   hostile FILE OPTION...	runs the hostile guest: the report goes to FILE, what the monitor
#				says to FILE.err
#   waited_for_transfers FILE  its IOMMU made an UNMAP or DETACH wait
#   hostile_passed FILE DEVICE...  each of these went through the cases, and all held
#   published_nonsense FILE	the report says that its memory state cannot be
#   told_in_measure FILE	the monitor reported, and was not flooded

# The counts of the last line are those of the lines before it.
counts_agree() { # FILE
	local plan ok bad skip
	plan=$(sed -n 's/^1\.\.//p' "$1")
	skip=$(grep -cE '^ok [0-9]+ .* # SKIP ' "$1")
	ok=$(($(grep -cE '^ok [0-9]+ ' "$1") - skip))
	bad=$(grep -cE '^not ok [0-9]+ ' "$1")
	echo "planned $plan: $ok ok, $bad not ok, $skip skipped; last line: $(tail -n 1 "$1")"
	[ "$((ok + bad + skip))" = "$plan" ] &&
		[ "$(tail -n 1 "$1")" = "$ok passed, $bad failed, $skip skipped" ]
}

# Is there a line in lib/skips for this experiment and reason, in one of the kinds?  The list is
# read once for a file: in the lab each process costs a tenth of a second.
only_named_skips() { # FILE KIND...
	local file=$1 kind glob why name reason bad=0
	local -a globs=() whys=()
	shift
	while IFS='|' read -r kind glob why; do
		kind=${kind%%[[:space:]]*}
		[[ -n $kind && " any $* " == *" $kind "* ]] || continue
		globs+=("${glob//[[:space:]]/}") whys+=("${why# }")
	done < <(grep -v '^#' tests/integration/lib/skips)
	while IFS=' ' read -r _ _ name _ _ reason; do
		may_be_skipped "$name" "$reason" && continue
		echo "$name may not be skipped in a run of the kinds $*: $reason"
		bad=1
	done < <(grep -E '^ok [0-9]+ .* # SKIP ' "$file")
	return $bad
}
may_be_skipped() { # NAME REASON, of $globs and $whys
	local i
	for i in "${!globs[@]}"; do
		# shellcheck disable=SC2053 # the right side is a pattern
		[[ $1 == ${globs[i]} && $2 == "${whys[i]}" ]] && return
	done
	return 1
}

all_passed() { # FILE KIND...
	local file=$1
	shift
	tr -d '\r' <"$file" >"$file.text"
	grep -E '^not ok |\(expected: .*\)$' "$file.text"
	! grep -q '^not ok ' "$file.text" && counts_agree "$file.text" &&
		only_named_skips "$file.text" "$@"
}

stack_reported() { # FILE THREAD
	tr -d '\r' <"$1"
	grep -q 'panic: double fault (stack overflow?) (error 0) at overrun+' "$1" &&
		grep -Eq "^CPU [0-9]+, [0-9]+ online, thread $2" "$1" &&
		grep -Eq '^rip ffffffff[0-9a-f]{8}  overrun\+' "$1" && grep -Eq '^r13 [0-9a-f]{16}  r14 [0-9a-f]{16}' "$1" &&
		grep -Eq '^  overrun\+0x[0-9a-f]+/0x[0-9a-f]+, [0-9]{2,} times' "$1" &&
		grep -Eq '^  (crash_stack|overrun_idle)\+' "$1" && ! grep -q 'while panicking' "$1"
}

# RAM up to the hole and above it: a guest's memory costs nothing until it is touched.  The
# virtio console prints what it is made to read, so the verdicts are taken from the report.
hostile() { # NAME OPTION...
	local file=$1
	shift
	truncate -s 128M "$file.img"
	timeout 240 "$B/pagevisor" run --mem 4G --cpus 2 --edu 64 --disk "$file.img" --balloon 1M \
		--console none --report "$file" "$@" "$B/hostile.elf" 2>"$file.err" ||
		{ jq -c '.experiments[] | select(.result == "fail")' "$file"; tail -n 2 "$file.err"; false; }
}
hostile_passed() { # FILE DEVICE...
	local file=$1 device n
	shift
	jq -c '.experiments[] | select(.result == "fail")' "$file"
	for device; do
		n=$(jq --arg name "hostile.$device" '[.experiments[] |
			select(.result == "pass" and (.name | startswith($name)))] | length' "$file")
		echo "$device: $n cases held"
		[ "$n" -gt 0 ] || return 1
	done
	jq -e '.counts.failed == 0 and .counts.passed > 200' "$file"
}
# An UNMAP or DETACH was not answered before the transfers under it had ended (case 32).
waited_for_transfers() { # FILE
	jq -c '.devices[] | select(has("waited")) | {unmaps, detaches, waited}' "$1"
	jq -e '[.devices[].waited // 0] | add > 0' "$1"
}
# The state that it publishes last is refused, with the reason.
published_nonsense() { # FILE
	jq -e '.memory.error | startswith("memory state: ")' "$1"
}
told_in_measure() { # FILE
	local n
	n=$(wc -l <"$1.err")
	echo "$n lines"
	[ "$n" -gt 0 ] && [ "$n" -lt 500 ]
}

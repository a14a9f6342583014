#!/bin/bash
# A machine whose disk is under load from all its vCPUs (guest/experiments/exp_load.c) is
# stopped, reset and switched off in the midst of it.  Once `stop` has answered nothing moves
# any more: not a byte of its memory, no register, no counter, nothing on its disk; and the disk
# has just those writes that count as done.
#
# The disk is past the page cache, where a request takes its time; in the second machine it is
# also behind an IOMMU, and completions are late on purpose, so that each stop meets some.
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/machine.bash"
. "$(dirname "$0")/lib/qmp.bash"

need_kvm "a machine stopped under load"

STOPS=${STOPS:-16} # of each machine
STANDS=0.05 # seconds for which it is looked on
disk=$work/disk
keys=$work/keys
mkfifo "$keys"
exec {keyboard}<>"$keys"

# of_disk NAME: one of the disk's counters, into $count.
of_disk() {
	q query-blockstats && [[ $answer =~ \"$1\":\ *([0-9]+) ]] && count=${BASH_REMATCH[1]}
}
start() { # OPTION...
	rm -f "$disk"
	truncate -s 1M "$disk"
	: >"$work/console"
	"$pv" run --name load --mem 32M --cpus 2 --no-shutdown --qmp "unix:$work/qmp" \
		--disk "$disk,cache=none" "$@" --append 'experiments=load.disk stay' "$B/guest.elf" >"$work/console" 2>"$err" <"$keys" &
	machine=$!
	lives_until "$err" -- "$pv" ctl load status && connect "$work/qmp" && goes_on 1
}
goes_on() { # LIFE: that one of the guest is at work
	lives_until "$err" "$work/console" -- has_begun "$1" && is_at_work
}
has_begun() {
	[ "$(grep -c '^# load.disk: .* writes found' "$work/console")" -ge "$1" ]
}
printed() { # PATTERN
	lives_until "$err" "$work/console" -- grep -Eq -- "$1" "$work/console"
}
# The disk works: it has done three writes more.
is_at_work() {
	of_disk wr_operations || return 1
	lives_until "$err" "$work/console" -- has_written $((count + 3)) || { how_it_stands load; return 1; }
}
has_written() {
	of_disk wr_operations && [ "$count" -ge "$1" ]
}

# What must not move is kept as the files NAME.*: counters, the disk, memory and registers.
# The counters are $answer: the first are told in the same breath as the answer to `stop`.  A
# doorbell that was rung before may be heard after it: it is held, and does not count.
look() { # NAME
	printf '%s\n' "$answer" | sed 's/\("queue.notifications": *\)[0-9]*/\10/g' >"$work/$1.counters"
	{ stat -c %y "$disk"; xxhsum -H128 "$disk"; } >"$work/$1.disk"
	"$pv" ctl load dump "$work/$1.core" >"$work/said" || { cat "$work/said"; return 1; }
}
nothing_moves() { # COMMAND...: after these
	local what good=0
	q "$@" query-pagevisor-counters && look before || return 1
	sleep "$STANDS"
	q query-pagevisor-counters && look after || return 1
	for what in counters disk core; do
		cmp "$work/before.$what" "$work/after.$what" || good=1
	done
	[ "$good" = 0 ] || diff <(jq . "$work/before.counters") <(jq . "$work/after.counters")
	return "$good"
}
# Each block is whole and the one that its lane's number asks for, and as many writes are there
# as the disk has done; one that a reset took back, which is counted as failed, may be there.
# How many: $on_disk.  A block is a line here.
disk_has_all_writes() {
	local failed
	of_disk failed_wr_operations || return 1
	failed=$count
	of_disk wr_operations || return 1
	judge_blocks "$count" $((count + failed)) >"$work/judged" || { cat "$work/judged"; return 1; }
	on_disk=$(cat "$work/judged")
}
judge_blocks() { # LEAST MOST writes
	od -v -An -t u8 -w4096 "$disk" | awk -v least="$1" -v most="$2" '
		function problem(text) { print "block " NR - 1 ": " text; bad = 1 }
		NR > 128 { if ($1) problem("is none of a lane"); next }
		{
			lane = int((NR - 1) / 16)
			number = int($1 % 2 ^ 40 / 4096)
			if ($1 && int($1 / 2 ^ 40) != lane + 1) problem("is of another lane")
			for (i = 2; i <= NF; i++) if ($i != ($1 ? $1 + i - 1 : 0)) { problem("word " i " is " $i); break }
			has[NR - 1] = number
			if (number > last[lane]) last[lane] = number
		}
		END {
			for (lane = 0; lane < 8; lane++) {
				sum += last[lane]
				for (n = last[lane]; n > last[lane] - 16; n--)
					if (has[lane * 16 + (n % 16 + 16) % 16] != (n > 0 ? n : 0)) { print "lane " lane ", which has come to " last[lane] ": write " n " is not there"; bad = 1 }
			}
			if (sum < least || sum > most) { print sum " writes are on the disk, " least " to " most " are done"; bad = 1 }
			if (!bad) print sum + 0
			exit bad
		}'
}
stands() {
	q query-status || return 1
	[[ $answer = *"\"$1\""* ]] || { echo "$answer"; return 1; }
}
stop_and_look() {
	is_at_work && sleep "0.0$((RANDOM % 40 + 10))" && nothing_moves stop && stands paused && disk_has_all_writes
}
stop_and_go() { # TIMES
	local i
	for ((i = 1; i <= $1; i++)); do
		if ! stop_and_look || ! q cont; then
			echo "at stop $i"
			how_it_stands load
			return 1
		fi
	done
	is_at_work
}

# --- what happens ---------------------------------------------------------------------------

off() {
	lives_until "$err" "$work/console" -- stands shutdown
}
found_all() { # LIFE: the guest has found as many writes
	local found
	found=$(sed -n 's/^# load.disk: .* lanes, \([0-9]*\) writes found.*/\1/p' "$work/console" | sed -n "$1p")
	[ "$found" = "$on_disk" ] || { echo "$found found, $on_disk on the disk"; return 1; }
}
same_bytes() {
	local said found
	said=$(sed -n 's/^ok .* load\.disk .* XXH64 \([0-9a-f]*\).*/\1/p' "$work/console")
	found=$(head -c 512K "$disk" | xxhsum -H64 | cut -d' ' -f1)
	echo "the guest read '$said', the disk has '$found'"
	[ -n "$said" ] && [ "$said" = "$found" ]
}
has_flushed() { # more often than that
	of_disk flush_operations && [ "$count" -gt "$1" ]
}
story() { # NAME OPTION...
	local name=$1 before
	shift
	ok "$name: a guest whose disk is under load" start "$@"
	ok "$name: stopped $STOPS times, each time nothing moves; each time it goes on" stop_and_go "$STOPS"
	if [ "$tap_failed" != 0 ]; then
		kill "$machine"
		return
	fi
	ok "$name: reset meanwhile" q system_reset
	ok "$name: it goes on from what is on the disk" goes_on 2
	of_disk flush_operations
	before=$count
	ok "$name: the power button, meanwhile" q system_powerdown
	ok "$name: is obeyed" off
	ok "$name: by a flush" has_flushed "$before"
	ok "$name: nothing moves any more" nothing_moves
	ok "$name: all that was done is on the disk" disk_has_all_writes
	ok "$name: reset while it stands: still nothing moves" nothing_moves system_reset
	ok "$name: let go" q cont
	ok "$name: it goes on" goes_on 3
	ok "$name: from all that was done" found_all 3
	printf '\017e' >&"$keyboard"
	ok "$name: told to end, it has what it wrote" printed '^ok 1 load.disk'
	ok "$name: and so has the disk" same_bytes
	ok "$name: told to go" q quit
	disconnect
	ok "$name: it goes" ends_with 1
}
story "a slow disk"
story "late completions" --iommu virtio --inject disk0:late
finish

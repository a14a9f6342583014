#!/bin/bash
# `pagevisor map`: the picture is strict XML, shows each frame of a real guest once, outlines
# what belongs together, and says in one line what it cannot draw.  How it looks in a browser
# is browser.sh's.
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/machine.bash"

svg=$work/map.svg

refuses() { # PATTERN ARGUMENT...
	is_refused "$1" "$pv" map "${@:2}"
}

ok "a machine that is not there is refused" refuses 'nobody' nobody -o "$svg"
ok "a file that is no core is refused" refuses "$B/tiny.elf" "$B/tiny.elf"
ok "--every without --for is refused" refuses 'give both' nobody --every 100
ok "--for without --every is refused" refuses 'give both' nobody --for 3
ok "too many moments are refused" refuses 'moments' nobody --every 10 --for 100
ok "--every 0 is refused" refuses 'milliseconds' nobody --every 0 --for 1
ok "--for of no time is refused" refuses 'seconds' nobody --every 100 --for nan

need_kvm "the memory of a guest"

# A guest that is done and waits: what it holds does not change.
start() {
	"$pv" run --name still --mem 64M --cpus 2 --append 'experiments=buddy.split dma_debug=on stay' \
		"$B/guest.elf" >"$work/console" 2>&1 </dev/null &
	machine=$!
	lives_until "$work/console" -- grep '^1 passed' "$work/console"
}
draws() {
	"$pv" map still "$@" >"$svg" && xmllint --noout --nonet "$svg"
}
# Sum of the sizes that the titles of the cells say, in KiB, by part of the title.
kib() {
	grep -o '<rect class="k-[^>]*><title>[^<]*' "$svg" | sed 's/.*<title>//' | grep -E -- "${1:-.}" |
		awk '{ unit = $2 == "KiB" ? 1 : $2 == "MiB" ? 1024 : 1 / 1024; n += $1 * unit } END { print n + 0 }'
}
each_frame_once() { # but for the hole below 1 MiB, which is no RAM of the guest's
	local n
	n=$(kib)
	echo "$n KiB of 65536 in cells"
	[ "$n" -gt 64512 ] && [ "$n" -le 65536 ]
}
as_inside() { # what the guest itself says when it is asked from outside
	local free
	free=$(kib ': free')
	echo "free: $free KiB"
	[ "$free" -gt 16384 ] && [ "$(kib ': kernel image')" -gt 256 ] && [ "$(kib ': slab')" -gt 16 ]
}
outlines() { # slabs with the cache's name, areas with who made them
	grep -o '<path class="o-[^>]*><title>[^<]*' "$svg" | sed 's/.*<title>//' >"$work/outlines"
	cat "$work/outlines"
	grep -Eq '^slab kmalloc-[0-9]+: [0-9]+ KiB at 0x' "$work/outlines" &&
		grep -Eq '^device [a-z0-9:.]+, coherent, DMA_[A-Z_]+, by [a-z_]+\+0x[0-9a-f]+: [0-9]+ KiB at 0x' "$work/outlines" &&
		grep -Eq '^vmalloc [a-z_]+\+0x[0-9a-f]+: [0-9]+ KiB at 0x' "$work/outlines"
}
# Slabs in outlines are the slabs in cells.
slabs_agree() {
	local sum
	sum=$(sed -n 's/^slab [^:]*: \([0-9]*\) KiB at .*/\1/p' "$work/outlines" | awk '{ n += $1 } END { print n + 0 }')
	echo "outlines $sum KiB, cells $(kib ': slab') KiB"
	[ "$sum" = "$(kib ': slab')" ]
}
needs_nothing() {
	! grep -iE '<[a-z][^>]*(src|href)=|url\(|@import|<script|<link' "$svg"
}
moments() { # ARGUMENT..., how many at least
	local n=${!#}
	set -- "${@:1:$#-1}"
	draws "$@" || return 1
	[ "$(grep -o '<g class="moment"' "$svg" | wc -l)" -ge "$n" ]
}
survives_the_end() {
	"$pv" map still --every 50 --for 40 >"$svg" 2>"$work/line" &
	local pid=$!
	sleep 1
	"$pv" ctl still quit && wait "$pid" && xmllint --noout "$svg" && grep -q 'class="moment"' "$svg"
}

ok "a guest waits" start
ok "it is drawn" draws
ok "each frame is in one cell" each_frame_once
ok "uses are in proportion" as_inside
ok "slabs, areas and mappings have outlines with names" outlines
ok "outlined slabs are all slabs" slabs_agree
ok "the picture needs nothing from outside" needs_nothing
ok "a picture goes to a file" "$pv" map still -o "$work/other.svg"
ok "the same bytes of a guest that stands still" cmp <("$pv" map still) "$work/other.svg"
ok "a disk that is full is noticed" refuses '--output /dev/full' still -o /dev/full
# A guest that is stopped, and its core, look the same.
cells() {
	grep -o '<rect class="k-[^>]*><title>[^<]*' "$1"
}
stopped() {
	"$pv" ctl still stop && "$pv" map still >"$work/stopped.svg" && "$pv" ctl still cont &&
		diff <(cells "$work/stopped.svg") <(cells "$work/other.svg")
}
core() {
	"$pv" core still -o "$work/still.core" && "$pv" map "$work/still.core" >"$work/core.svg" &&
		diff <(cells "$work/core.svg") <(cells "$work/other.svg")
}
ok "a guest that is stopped looks the same" stopped
ok "its core, too" core
ok "a core has one moment" refuses 'a core' "$work/still.core" --every 100 --for 1
ok "many moments make one picture" moments --every 20 --for 0.5 10
ok "the end of the guest ends the looking" survives_the_end
finish

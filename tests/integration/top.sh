#!/bin/bash
# `pagevisor top`: plain text that agrees with what else is known of a guest, and the view on
# a terminal, with real keys, sizes and signals (terminal/pty.c).
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/machine.bash"

page=$work/page

refuses() { # PATTERN ARGUMENT...
	is_refused "$1" "$pv" top "${@:2}"
}
ok "a machine that is not there is refused" refuses 'nobody' nobody -b
ok "without a terminal it says what to give" refuses 'give -b' nobody
ok "a delay that is none is refused" refuses '--delay 0' nobody -b -d 0
ok "a sort key that is none is refused" refuses '--sort x' nobody -b -s x
ok "no pages at all are refused" refuses '--iterations 0' nobody -b -n 0
need_kvm "a guest, live"

start() { # NAME EXPERIMENTS
	"$pv" run --name "$1" --mem 64M --cpus 2 --disk "$B/disk.img,ro" --append "$2" "$B/guest.elf" >"$work/$1" 2>&1 </dev/null &
	machine=$!
}
waits() { # NAME: its experiments are done
	lives_until "$work/$1" -- grep '^[0-9]* passed' "$work/$1"
}

# --- plain text ------------------------------------------------------------------------------

one_page() {
	"$pv" top still -b -n 1 "$@" >"$page"
}
has() {
	grep -Eq -- "$1" "$page" || { cat "$page"; return 1; }
}
has_all() {
	has '^top +still, 64M, 2 CPUs, running, up [0-9]+ s; every 1 s$' &&
		has '^Exits/s +.*io [0-9]+, .*[0-9]+ in all$' &&
		has '^Pages/s +0 allocations from CPU lists, buddy: 0 taken, 0 put, 0 splits, 0 merges$' &&
		has '^Objs/s +[+]0 in use, 0 slabs made; each allocation is counted with --events$' &&
		has '^DMA +[0-9]+ mapped, ' && has '^Memory +f free [0-9.]+M ' &&
		has '^0 +[a-zK]{64,}$' && has '^ZONE +PAGES +FREE +PCP +MIN +LOW +HIGH' &&
		has '^DEVICE +READ/S +WRITTEN/S' && has '^dmacheck0 +0 +0 ' && has ' kmalloc-64$'
}
# Free pages of each zone are its free blocks; the strip has each frame once.
adds_up() {
	awk '/^ZONE/ { zones = 1; next }
		zones && !NF { exit }
		zones { sum = 0; for (i = 8; i <= NF; i++) sum += $i * 2 ^ (i - 8)
			if (sum != $3) { print "zone " $1 ": " sum " in blocks, " $3 " free"; bad = 1 }
			n++ }
		END { exit bad || !n }' "$page"
}
strip() {
	sed -n '/^Memory/,/^$/p' "$page" | grep -E '^[0-9]+[KMG]? +[a-zK.]+$' | awk '{ n += length($2) } END { print n }'
}
as_a_map() { # the kernel's image in top and in `pagevisor map`
	local kib
	"$pv" map still -o "$work/map.svg" || return 1
	kib=$(grep -o '>kernel image [0-9]* KiB' "$work/map.svg" | tr -dc 0-9)
	echo "map: $kib KiB; strip of $(strip) cells"
	has " K kernel ${kib}K" && [ "$(strip)" = 128 ]
}
same_again() {
	sed 's/up [0-9]* s/up N s/; /^Exits/d' "$page" >"$work/first"
	one_page && sed 's/up [0-9]* s/up N s/; /^Exits/d' "$page" | diff "$work/first" -
}
sorted_by() { # LETTER, sort's arguments: the table is in this order
	local letter=$1
	shift
	one_page -s "$letter" || return 1
	sed '1,/^ *OBJS/d' "$page" >"$work/table"
	[ -s "$work/table" ] && sort -s "$@" -c "$work/table"
}
backwards() {
	one_page -s n --reverse || return 1
	sed '1,/^ *OBJS/d' "$page" | awk '{ print $NF }' | LC_ALL=C sort -r -c
}
pages() {
	"$pv" top still -b -n 3 -d 0.1 >"$page" && [ "$(grep -c '^top ' "$page")" = 3 ]
}

start still 'experiments=buddy.split,dma.sg,disk.hash stay'
still=$machine
ok "a guest is done and waits" waits still
ok "one page" one_page
ok "it has all parts" has_all
ok "free blocks are the free pages" adds_up
ok "the map says the same" as_a_map
ok "a guest that stands still gives the same page" same_again
ok "caches by objects" sorted_by o -k1,1nr
ok "caches by objects in use" sorted_by a -k2,2nr
ok "caches by the size of objects" sorted_by s -k4,4nr
ok "caches by slabs" sorted_by l -k5,5nr
ok "caches by pages of a slab" sorted_by p -k8,8nr
LC_ALL=C ok "caches by name" sorted_by n -k11,11
ok "and backwards" backwards
ok "as many pages as were asked for" pages
once() {
	"$pv" top still -o >"$page" && [ "$(grep -c '^top ' "$page")" = 1 ]
}
ok "one page with -o, as slabtop" once
as_slabtop() { # the header's sums are those of the table
	one_page -s n && sed '1,/^ *OBJS/d' "$page" |
		awk '{ o += $1; a += $2; l += $5; v += $6; c += $5 > 0; n++ }
			END { printf "Active / Total  %d / %d objects (%.1f%%),\n %d / %d slabs (%.1f%%), %d / %d caches\n", a, o, a * 100 / o, v, l, v * 100 / l, c, n }' >"$work/sums" &&
		cat "$work/sums" "$page" && grep -qF "$(head -n 1 "$work/sums")" "$page" && grep -qF "$(tail -n 1 "$work/sums")" "$page"
}
ok "what all caches have together, as slabtop's header" as_slabtop

# A stopped guest says so; a guest at work has rates.
stopped() {
	"$pv" ctl still stop && one_page && has ', paused, ' && "$pv" ctl still cont
}
ok "a guest that is stopped says so" stopped
start busy 'experiments=buddy.*,slab.* repeat=forever'
rates() {
	local i
	for ((i = 0; i < 60; i++)); do
		"$pv" top busy -b -n 1 >"$page" 2>/dev/null &&
			grep -Eq '^Pages/s +[1-9][0-9]* allocations from' "$page" && return 0
		sleep 0.2
	done
	cat "$page"
	return 1
}
ok "a guest at work has rates" rates
counts_objects() {
	local i
	for ((i = 0; i < 60; i++)); do
		"$pv" top busy -b -n 2 -d 0.2 --events >"$page" || break
		grep -Eq '^Objs/s +[0-9]+ allocations by kmalloc, [1-9][0-9]* of caches, [0-9]+ by either, unread$' "$page" && return 0
	done
	cat "$page"
	return 1
}
levels() { # of events, that are on
	"$pv" ctl busy qmp x-pagevisor-trace | jq -c '.before | add'
}
off_again() {
	local top i
	[ "$(levels)" = 0 ] || return 1
	"$pv" top busy -b -d 0.1 --events >"$page" &
	top=$!
	for ((i = 0; i < 1200; i++)); do
		[ "$(levels)" = 2 ] && break
		sleep 0.05
	done
	kill "$top"
	wait "$top"
	levels
	[ "$i" -lt 1200 ] && [ "$(levels)" = 0 ]
}
ok "with --events each allocation of an object is counted" counts_objects
ok "what it switched on is off when it is ended" off_again
leaves_with_it() {
	"$pv" top busy -b -d 0.1 >"$page" 2>"$work/line" &
	local top=$!
	sleep 0.5
	"$pv" ctl busy quit && wait "$top" && [ "$(wc -l <"$work/line")" = 1 ] && [ -s "$page" ]
}
ok "the end of the machine ends it, with a line" leaves_with_it

# The page that README.md shows has the lines of a real one: the same words and columns,
# whatever the numbers, letters and names of caches are.
shape() {
	sed -E '/^top /s/[a-z]+, [0-9]+M.*/NAME/; /^Exits/s/ .*//; /^(Memory| +[0-9a-z])/d; /^\[/d
		s/^[0-9]+M? +[a-zK]+$/STRIP/; s/[-+]?[0-9][0-9.]*[KMG]?%?/N/g; s/ N .*kmalloc.*| N .*magazine.*| N .*kmem.*/CACHE/
		s/^(ZONE|DMA32) .*/\1/; s/ +/ /g' "$1" | sort -u
}
as_in_the_readme() {
	sed -n '/^<!-- top:/,/^<!-- end of top/p' README.md | sed '1,2d' | sed '/^```/,$d' >"$work/shown"
	[ "$(wc -l <"$work/shown")" -gt 20 ] && one_page || return 1
	shape "$work/shown" >"$work/shape.shown"
	shape "$page" | comm -13 - "$work/shape.shown" >"$work/odd"
	cat "$work/odd"
	[ ! -s "$work/odd" ]
}
ok "README.md shows such a page" as_in_the_readme

# --- on a terminal ---------------------------------------------------------------------------

terminal() { # its steps
	printf '%s\n' "$@" | "$B/pty" 100 30 "$pv" top still -d 0.1
}
low_terminal() { # a few caches are seen
	printf '%s\n' "$@" | "$B/pty" 100 24 "$pv" top still -d 0.1
}
small() { # sizes that leave no room
	printf '%s\n' 'see top' 'resize 20 3' 'see top' 'miss ZONE' 'resize 1 1' 'resize 100 50' \
		'see kmalloc-64' 'key q' 'ends 0' restored | "$B/pty" 90 24 "$pv" top still -d 0.1
}
gone() {
	start short 'experiments=buddy.split stay'
	waits short || return 1
	printf '%s\n' 'see top      short' 'see kmalloc' "run $pv ctl short quit" 'ends 0' restored |
		"$B/pty" 90 24 "$pv" top short -d 0.1
}

ok "it shows, and q leaves" terminal 'see still, 64M' 'see OBJ SIZE' 'see kmalloc-4k' 'key q' 'ends 0' restored
ok "h helps, any key goes back" terminal 'see ZONE' 'key h' 'see sorts caches by' 'miss ZONE' 'key x' 'see ZONE' \
	'key q' 'ends 0' restored
ok "letters and arrows sort and move" terminal 'see kmalloc-4k' 'key n' 'see kmalloc-128' 'key \e[B\e[B' 'key \eA' \
	'key I' 'see magazine-62' 'key <' 'key >' 'key q' 'ends 0' restored
ok "capital letters sort, too; Ctrl-L looks anew" terminal 'see kmalloc-4k' 'key N' 'see kmalloc-128' 'key \f' 'see kmalloc-128' \
	'key Q' 'ends 0' restored
ok "the last line has the keys" terminal 'see F1Help   F3Search F4Filter F6Sort   F10Quit' 'key q' 'ends 0' restored
ok "/ searches as it is typed, F3 goes on, Esc ends" terminal 'see kmalloc-4k' 'key n' 'see kmalloc-128' 'miss magazine-62' \
	'key /ZINE-6' 'see search (F3: next): ZINE-6_' 'see magazine-62' 'key \b5' 'see magazine-510' 'key 0' 'see (none)' \
	'key \e' 'miss search' 'key q' 'ends 0' restored
ok "F3 finds the next, and begins again behind the last" low_terminal 'see OBJ/SLAB' 'key n' 'see kmalloc-128' 'key \eRmagazine' \
	'see search (F3: next): magazine_' 'see magazine-126' 'miss magazine-62' 'key \eR\eR\eR\eR\eR' 'see magazine-62' \
	'miss magazine-126' 'key \eR' 'see magazine-126' 'miss magazine-62' 'key \r' 'miss search' 'key q' 'ends 0' restored
ok "\\ shows only what matches, until Esc" terminal 'see kmalloc-4k' 'key \\ZINE-5|loc-9' 'see only caches with ZINE-5|loc-9' \
	'see magazine-510' 'see kmalloc-96' 'miss kmalloc-4k' 'key \r' 'see F4Filter' 'miss kmalloc-4k' "key \\\\" \
	'see (Esc: all): ZINE-5|loc-9_' 'key \e' 'see kmalloc-4k' 'miss only caches' 'key q' 'ends 0' restored
hung() { # top goes on without the monitor, and has it back
	terminal 'see running' "run kill -STOP $1" 'see its monitor (process' "see it is stopped; kill -CONT $1" 'see DMA32' 'key n' \
		'see kmalloc-128' "run kill -CONT $1" 'miss its monitor' 'see running' 'see dmacheck0' 'key q' 'ends 0' restored
}
ok "a monitor that hangs is named, and back when it answers" hung "$still"
ok "Z holds and goes on" terminal 'see every 0.1 s' 'key Z' 'see HELD' 'key Z' 'miss HELD' 'key q' 'ends 0' restored
ok "d sets the delay" terminal 'see every 0.1 s' 'key d' 'see seconds between' 'key 0.x' 'miss seconds between' \
	'key d0.95\b\r' 'see every 0.9 s' 'key q' 'ends 0' restored
ok "a delay that makes no sense changes nothing" terminal 'see every 0.1 s' 'key d0\r' 'miss seconds between' \
	'see every 0.1 s' 'key q' 'ends 0' restored
ok "the window changes its size" small
ok "Ctrl-C leaves" terminal 'see ZONE' 'signal 2' 'ends 0' restored
ok "SIGTERM ends it, the terminal is as before" terminal 'see ZONE' 'signal 15' 'ends 143' restored
ok "SIGHUP, too" terminal 'see ZONE' 'signal 1' 'ends 129' restored
ok "the machine goes, the terminal is as before" gone
unknown() {
	printf '%s\n' 'ends 2' restored | "$B/pty" 80 24 env TERM=none-such "$pv" top still
}
ok "a terminal that nobody knows is refused" unknown
"$pv" ctl still quit
finish

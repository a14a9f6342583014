#!/bin/bash
# What goes wrong under libvirt: full and vanishing disks, a monitor that is killed, readers
# that leave, two clients at once.  The state that virsh shows is the truth each time, and what
# the guest flushed is on the disk.
. "$(dirname "$0")/lib/libvirt.bash"
SIZE=$((8 << 20)) # bytes of a disk

# What the guest says it wrote and flushed, by its hash, is what the file has there.
mark_is_on() { # NAME FILE
	local said found
	said=$(sed -n 's/^ok .* disk\.mark .*XXH64 \([0-9a-f]*\).*/\1/p' "$work/$1.out")
	found=$(dd if="$2" bs=16384 skip=$((SIZE / 16384 - 1)) count=1 status=none | xxhsum -H64 - | cut -d' ' -f1)
	echo "the guest wrote '$said', the disk has '$found'"
	[ -n "$said" ] && [ "$said" = "$found" ]
}
# --- a full disk ------------------------------------------------------------------------------

mkdir "$work/small"
mount -t tmpfs -o size=256k none "$work/small" || exit 2
disk=$work/small/disk
truncate -s "$SIZE" "$disk"
dd if=/dev/zero of="$work/small/filler" bs=4096 status=none 2>/dev/null
ok "a guest on a full file system" with_disk full disk.mark "$disk"
ok "starts" v start full
ok "and is paused when it writes" becomes full 'paused (I/O error)'
ok "for want of space" says 'vda: no space' domblkerror full
ok "libvirtd, killed and started again, says the same" restart_libvirtd
ok "of it" becomes full 'paused (I/O error)'
ok "it cannot go on while nothing is mended" v resume full
ok "so it waits again" becomes full 'paused (I/O error)'
rm "$work/small/filler"
ok "with room again it goes on" v resume full
ok "the write was not lost" printed full '^ok .* disk.mark'
ok "nor anything else" mark_is_on full "$disk"
ok "it runs" is full 'running (unpaused)'
ok "no disk has an error" says '^No errors found' domblkerror full
ok "and leaves" ends full

# Who listens is there when it hears of the first of all events: that of another start.
listened_to() { # NAME
	for _ in $(seq 300); do
		v start --paused "$1" && v destroy "$1" || return 1
		grep -q lifecycle "$work/events" && break
		sleep 0.1
	done
	v start "$1"
}
rm "$disk"
truncate -s "$SIZE" "$disk"
dd if=/dev/zero of="$work/small/filler" bs=4096 status=none 2>/dev/null
ok "a guest that wants to know" with_disk told disk.mark "$disk" "error_policy='report'"
timeout 120 virsh -c qemu:///system event --all --loop --timeout 100 >"$work/events" 2>&1 &
listener=$!
ok "starts, too, and somebody listens" listened_to told
ok "is told" printed told '^not ok .* disk.mark'
heard() { # PATTERN
	for _ in $(seq 300); do
		grep -E -- "$1" "$work/events" && return
		sleep 0.1
	done
	cat "$work/events"
	return 1
}
ok "and so is who listens" heard "'io-error-reason'.*told.*report"
kill "$listener"
wait "$listener"
ok "and runs" is told 'running (booted)'
ok "until it leaves" ends told
umount "$work/small"

# --- a disk that goes away -----------------------------------------------------------------------

cutter=$work/cut
truncate -s "$SIZE" "$cutter"
ok "a guest whose disk will be cut" with_disk cut disk.hash "$cutter"
ok "waits" v start --paused cut
truncate -s 64K "$cutter"
ok "goes on without it" v resume cut
ok "sees errors" printed cut '^not ok .* disk.hash'
ok "and runs" is cut 'running (unpaused)'
ok "until it leaves" ends cut

gone=$work/gone
truncate -s "$SIZE" "$gone"
ok "a guest whose disk will be removed" with_disk gone disk.mark "$gone"
ok "waits" v start --paused gone
exec 9<"$gone"
rm "$gone"
ok "goes on" v resume gone
ok "its file lives as long as it is open" printed gone '^ok .* disk.mark'
ok "with what was written" mark_is_on gone /proc/self/fd/9
exec 9<&-
ok "it runs" is gone 'running (unpaused)'
ok "until it leaves" ends gone

# --- a monitor that is killed ------------------------------------------------------------------------

disk=$work/killed
for cache in writeback none writethrough; do
	rm -f "$disk" "$work/$cache.out"
	truncate -s "$SIZE" "$disk"
	ok "$cache: a guest" with_disk "$cache" disk.mark "$disk" "cache='$cache'"
	ok "$cache: writes and flushes" v start "$cache"
	ok "$cache: says so" printed "$cache" '^ok .* disk.mark'
	ok "$cache: it is killed" kill -KILL "$(cat "/run/libvirt/qemu/$cache.pid")"
	ok "$cache: which is seen" becomes "$cache" 'shut off (crashed)'
	ok "$cache: what it flushed is there" mark_is_on "$cache" "$disk"
	ok "$cache: it starts again" v start "$cache"
	ok "$cache: and runs" is "$cache" 'running (booted)'
	ok "$cache: until it is ended" v destroy "$cache"
	ok "$cache: for good" is "$cache" 'shut off (destroyed)'
done

# --- readers that leave, and two at once -------------------------------------------------------------

ok "a guest that prints for ever" define printer "$build/tiny.elf" f "<serial type='pty'/>" "
	<qemu:commandline><qemu:arg value='-qmp'/>
	<qemu:arg value='unix:$work/second,server=on,wait=off'/></qemu:commandline>"
ok "starts" v start printer
reads() { # one reader, who leaves
	timeout 20 head -c 1000 "$(v ttyconsole printer)" | grep -q 'tiny guest\|[[:print:]]'
}
for i in 1 2 3; do
	ok "a reader comes and leaves, $i" reads
	ok "the guest runs, $i" is printer 'running (booted)'
done
# The console has one client: the second is refused, and may take it by force.
mkfifo "$work/keys"
script -qfc "virsh -c qemu:///system console printer" "$work/first" <>"$work/keys" >/dev/null 2>&1 &
watcher=$!
sits() {
	local i
	for ((i = 0; i < 200; i++)); do
		[ "$(stat -c %s "$work/first" 2>/dev/null || echo 0)" -gt 2000 ] && return 0
		sleep 0.1
	done
	return 1
}
ok "somebody sits at the console" sits
refused() {
	local got=0
	timeout 20 script -qec "virsh -c qemu:///system console printer" /dev/null </dev/null >"$work/said" 2>&1 || got=$?
	grep -q 'Active console session exists' "$work/said" || { cat "$work/said"; false; }
}
ok "another is refused" refused
kill "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
ok "the guest runs all the same" is printer 'running (booted)'

# Two monitors: what one does the other hears.
second() { # COMMAND
	printf '%s\n' '{"execute":"qmp_capabilities"}' "{\"execute\":\"$1\"}" |
		nc -N -U "$work/second" >"$work/said" && grep -q '"return"' "$work/said"
}
ok "a second monitor stops it" second stop
ok "libvirt knows" becomes printer 'paused (unknown)'
ok "it lets it go on" second cont
ok "libvirt knows that, too" becomes printer 'running (unpaused)'
ok "the second ends it" second quit
ok "which is no crash" becomes printer 'shut off (shutdown)'
finish

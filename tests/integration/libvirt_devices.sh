#!/bin/bash
# Where libvirt's XML leads the consoles, and how it has the disks kept.
. "$(dirname "$0")/lib/libvirt.bash"

# --- consoles ---------------------------------------------------------------------------------

echoes() { # SOCKET: what is sent comes back
	local line=
	coproc CLIENT { timeout 20 nc -U "$1"; }
	echo 'a line from outside' >&"${CLIENT[1]}"
	read -r -t 15 line <&"${CLIENT[0]}"
	kill "$CLIENT_PID"
	wait "$CLIENT_PID" 2>/dev/null
	[[ $line == *'a line from outside'* ]]
}
socket=$work/serial
ok "a serial port on a socket" define socket "$build/tiny.elf" e "<serial type='unix'>
	<source mode='bind' path='$socket'/></serial>"
ok "starts" v start socket
ok "is spoken to" echoes "$socket"
ok "by one after the other" echoes "$socket"
ok "libvirt still knows it" says 'unix:.*serial,server=on' qemu-monitor-command socket '{"execute":"query-chardev"}'
ok "it runs" is socket 'running (booted)'
ok "it is ended" v destroy socket
is_gone() { # FILE
	local i
	for ((i = 0; i < 600; i++)); do
		[ ! -e "$1" ] && return
		sleep 0.1
	done
	return 1
}
ok "its socket goes" is_gone "$socket"

# The first has it until he leaves; the second waits, and gets it then.
ok "a guest that prints for ever" define forever "$build/tiny.elf" f "<serial type='unix'>
	<source mode='bind' path='$socket'/></serial>"
ok "with nobody there" v start forever
timeout 60 nc -dU "$socket" >"$work/first" 2>/dev/null &
first=$!
grows() { # FILE
	local before i
	before=$(stat -c %s "$1" 2>/dev/null || echo 0)
	for ((i = 0; i < 200; i++)); do
		[ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -gt $((before + 1000)) ] && return 0
		sleep 0.1
	done
	return 1
}
ok "one reads" grows "$work/first"
timeout 60 nc -dU "$socket" >"$work/second" 2>/dev/null &
second=$!
ok "with another waiting" grows "$work/first"
waits() {
	[ ! -s "$work/second" ]
}
ok "who gets nothing" waits
kill "$first"
ok "until the first has left" grows "$work/second"
kill "$second"
wait
ok "it runs with nobody, too" is forever 'running (booted)'
ok "it is ended, too" v destroy forever

ok "a serial port in a file, a virtio console on a socket" define two "$build/guest.elf" \
	"experiments=console.write stay" "<serial type='file'><source path='$work/two.out'/></serial>
	<console type='unix'><source mode='bind' path='$work/virtio'/><target type='virtio'/></console>"
ok "start" v start --paused two
timeout 60 nc -dU "$work/virtio" >"$work/virtio.out" 2>/dev/null &
connected() {
	local i
	for ((i = 0; i < 200; i++)); do
		says '"filename":"unix:[^"]*virtio,server=on"' qemu-monitor-command two '{"execute":"query-chardev"}' >/dev/null && return 0
		sleep 0.1
	done
	cat "$work/said"
	return 1
}
ok "both are known" connected
ok "go on" v resume two
ok "the kernel is on the first" printed two '^pagevisor guest: '
ok "its experiments, too" printed two 'staying until the power button'
alone() {
	cat "$work/virtio.out"
	[ "$(cat "$work/virtio.out")" = '# console.write: this came by the virtio console' ]
}
ok "the virtio console has what was written to it, and nothing else" alone
ok "its UUID is libvirt's" says "\"UUID\":\"$(v domuuid two | head -n 1)\"" qemu-monitor-command two '{"execute":"query-uuid"}'
ok "KVM is used" says '"enabled":true' qemu-monitor-command two '{"execute":"query-kvm"}'
ok "it leaves" ends two
wait

# --- the other name of the machine ---------------------------------------------------------------

MACHINE=pc-i440fx-7.2 ok "machine pc-i440fx-7.2" define alias "$build/guest.elf" "experiments=none stay" \
	"<serial type='file'><source path='$work/alias.out'/></serial>"
ok "starts, too" v start alias
ok "and is the same" printed alias '^pagevisor guest: .* on pagevisor'
ok "is listed as what it was called" says "machine='pc-i440fx-7.2'" dumpxml alias
ok "runs until it leaves" ends alias

# --- memory -------------------------------------------------------------------------------------

ok "a guest whose memory others may share" define shared "$build/guest.elf" "experiments=boot.* stay" \
	"<serial type='file'><source path='$work/shared.out'/></serial>" \
	"<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
ok "starts" v start shared
ok "with it" printed shared '^ok .* boot.memory-map'
is_shared() { # a mapping of 64 MiB
	local range rest
	while read -r range rest; do
		[[ $rest == rw-s*/memfd:* ]] && [ $((0x${range#*-} - 0x${range%-*})) -ge $((64 << 20)) ] && return
	done <"/proc/$(cat /run/libvirt/qemu/shared.pid)/maps"
	return 1
}
ok "which is a file that is shared" is_shared
ok "it leaves" ends shared

# --- the IOMMU ----------------------------------------------------------------------------------

behind_iommu() {
	sed "s|<name>[^<]*|<name>iommu|; s|<cmdline>stay|<cmdline>experiments=iommu.map,iommu.readonly,iommu.unmap-stale,rng.* stay|
		s|<serial type='pty'/>|<serial type='file'><source path='$work/iommu.out'/></serial>|" \
		"$build/libvirt/pagevisor-iommu.xml" >"$work/iommu.xml"
	v define "$work/iommu.xml"
}
ok "a guest behind the IOMMU" behind_iommu
ok "starts behind it" v start iommu
ok "finds it" printed iommu '^ok .* iommu.map'
ok "cannot write past it" printed iommu '^ok [0-9]+ iommu.readonly # write of'
passed_all() {
	printed iommu '^[0-9]+ passed, 0 failed, 0 skipped'
}
ok "with all its devices" passed_all
ok "leaves, too" ends iommu

# The shipped domains of stock QEMU, with its own IOMMU and edu: TCG, and KVM, where instructions
# may be emulated (a CPU that QEMU starts there, and little to do).
qemus() { # NAME EXPERIMENTS
	sed "s|<cmdline>stay|<cmdline>experiments=$2 stay|
		s|<serial type='pty'/>|<serial type='file'><source path='$work/pagevisor-$1.out'/></serial>|
		s|<cpu mode='host-passthrough'/>|<cpu><model>qemu64</model><feature policy='disable' name='svm'/></cpu>|" \
		"$build/libvirt/$1.xml" >"$work/$1.xml"
	v define "$work/$1.xml"
}
of_qemus() { # NAME EXPERIMENTS
	local name=pagevisor-$1 experiment
	ok "$1.xml: a guest in stock QEMU" qemus "$1" "$2"
	ok "$1: starts" v start "$name"
	ok "$1: none fails" printed "$name" '^[0-9]+ passed, 0 failed, 0 skipped'
	ok "$1: QEMU's IOMMU is before its devices" printed "$name" ': IOMMU of [3-9] devices'
	for experiment in ${2//,/ }; do
		ok "$1: $experiment" printed "$name" "^ok [0-9]+ $experiment # [^S]"
	done
	ok "$1: leaves" ends "$name"
}
if command -v qemu-system-x86_64 >/dev/null; then
	of_qemus qemu-tcg edu.mask,edu.bounce,iommu.bypass,iommu.lazy-window,iova.reuse,iova.exhaust,disk.hash,disk.commands
	of_qemus qemu-kvm edu.mask,iommu.bypass
else
	skip "stock QEMU" "there is none"
fi

# --- disks ------------------------------------------------------------------------------------

disk=$work/disk
flags_of() { # NAME: how the monitor has the file open, in octal
	local fd
	for fd in /proc/"$(cat "/run/libvirt/qemu/$1.pid")"/fd/*; do
		[ "$(readlink "$fd")" = "$disk" ] && sed -n 's/^flags:\t//p' "${fd/\/fd\//\/fdinfo\/}"
	done
}
is_direct() { # NAME YES
	[ $((0$(flags_of "$1") & 040000)) = "$2" ]
}
while read -r cache direct writeback no_flush; do
	rm -f "$disk" "$work/$cache.out"
	truncate -s 256K "$disk"
	ok "cache='$cache'" with_disk "$cache" 'disk.commands,disk.hash' "$disk" "cache='$cache'"
	ok "$cache: starts" v start "$cache"
	ok "$cache: all commands work" printed "$cache" '^ok .* disk.commands'
	ok "$cache: and all ways to read" printed "$cache" '^ok .* disk.hash'
	ok "$cache: the file is open so" is_direct "$cache" $((direct * 040000))
	ok "$cache: and libvirt sees it" says "\"cache\":\{\"writeback\":$writeback,\"direct\":$([ "$direct" = 1 ] && echo true || echo false),\"no-flush\":$no_flush\}" \
		qemu-monitor-command "$cache" '{"execute":"query-block"}'
	ok "$cache: it leaves" ends "$cache"
done <<-END
	none 1 true false
	directsync 1 false false
	writethrough 0 false false
	writeback 0 true false
	unsafe 0 true true
END
odd=$work/odd
truncate -s $(((256 << 10) + 256)) "$odd"
disk=$odd
ok "a disk of an odd size, past the page cache" with_disk odd disk.hash "$odd" "cache='none'"
odd_is_refused() {
	v start odd >"$work/said" 2>&1 && return 1
	cat "$work/said"
	grep -q 'its size is no multiple' "$work/said"
}
ok "is refused with its reason" odd_is_refused
finish

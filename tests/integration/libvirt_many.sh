#!/bin/bash
# GUESTS (50) guests under one libvirtd: all start, all answer, all stop; what one costs.
. "$(dirname "$0")/lib/libvirt.bash"
GUESTS=${GUESTS:-50}
TOGETHER=4 # virsh commands at a time
PATIENCE=${PATIENCE:-1200} # tenths of a second, for all of them

names() {
	seq -f 'g%g' "$GUESTS"
}
milliseconds() {
	echo $(($(date +%s%N) / 1000000))
}
# each WORD...: virsh WORD... NAME for every guest; fails when one does.
each() {
	names | xargs -P "$TOGETHER" -I{} virsh -q -c qemu:///system "$@" >"$work/each" 2>&1 || {
		tail -n 5 "$work/each"
		false
	}
}
# all WHAT COMMAND NAME...: until it succeeds for every guest.
all() {
	local i name left=$GUESTS
	for ((i = 0; i < PATIENCE && left; i++)); do
		left=0
		for name in $(names); do
			"$@" "$name" || left=$((left + 1))
		done
		sleep 0.1
	done
	[ "$left" = 0 ] || { echo "$left of $GUESTS do not"; false; }
}
define_all() {
	local name
	for name in $(names); do
		cat <<-END >"$work/$name.xml"
			<domain type='kvm'><name>$name</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
			<os><type machine='pagevisor'>hvm</type><kernel>$build/guest.elf</kernel>
			<cmdline>experiments=none stay</cmdline></os><features><acpi/></features>
			<devices><emulator>$build/pagevisor-system-x86_64</emulator>
			<controller type='usb' model='none'/><controller type='pci' model='pci-root'/>
			<memballoon model='virtio'/>
			<serial type='file'><source path='$work/$name.out'/></serial></devices></domain>
		END
	done
	names | xargs -P "$TOGETHER" -I{} virsh -q -c qemu:///system define "$work/{}.xml"
}
stays() {
	grep -q 'staying until the power button' "$work/$1.out" 2>/dev/null
}
count() { # STATE: as many are so
	[ "$(virsh -q -c qemu:///system list --all --name "$1" | grep -c .)" = "$GUESTS" ]
}
until_off() {
	local i
	for ((i = 0; i < 1200; i++)); do
		count --state-shutoff && return
		sleep 0.1
	done
	virsh -c qemu:///system list --all
	return 1
}
answer() {
	each qemu-monitor-command {} '{"execute":"query-status"}' &&
		[ "$(grep -c '"status":"running"' "$work/each")" = "$GUESTS" ]
}
processes() { # ... that are left
	cat /proc/[0-9]*/comm 2>/dev/null | grep -cE '^(pagevisor|pv-sweeper)'
}
memory() {
	local name sweeper
	for name in $(names); do
		cat "/proc/$(cat "/run/libvirt/qemu/$name.pid")/smaps_rollup"
	done >"$work/smaps"
	for sweeper in $(pgrep -x pv-sweeper); do
		cat "/proc/$sweeper/smaps_rollup"
	done >>"$work/smaps"
	awk -v n="$GUESTS" '/^Rss:/ { rss += $2 } /^Pss:/ { pss += $2 }
		END { printf "# a guest of 32 MiB: %d KiB resident, %d KiB of its own share\n", rss / n, pss / n }' "$work/smaps"
}
cpu() { # ticks of all of them
	local name ticks=0
	for name in $(names); do
		ticks=$((ticks + $(awk '{ print $14 + $15 }' "/proc/$(cat "/run/libvirt/qemu/$name.pid")/stat")))
	done
	echo "$ticks"
}
idle() {
	local before after
	before=$(cpu)
	sleep 2
	after=$(cpu)
	echo "# idle, one takes $((10 * (after - before) / GUESTS / 2)) ms of a processor in a second"
}

ok "$GUESTS guests are defined" define_all
began=$(milliseconds)
ok "start" each start {}
started=$(milliseconds)
ok "boot, each of them" all stays
booted=$(milliseconds)
ok "run, says libvirt" count --state-running
ok "answer" answer
memory
idle
stopping=$(milliseconds)
ok "are told to leave" each shutdown {}
ok "leave, says libvirt" until_off
stopped=$(milliseconds)
none_left() {
	local i
	for ((i = 0; i < 600; i++)); do
		[ "$(processes)" = 0 ] && return
		sleep 0.1
	done
	ps -e
	return 1
}
ok "and nothing is left of them" none_left
echo "# $GUESTS guests: $(((started - began) / GUESTS)) ms to start one, $(((booted - began) / GUESTS)) ms until it has booted, $(((stopped - stopping) / GUESTS)) ms to stop it"
finish

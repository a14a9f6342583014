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
# each COMMAND: virsh's command for every guest, {} in it being the name; one virsh does it for
# many.  Fails when one does.
each() {
	local i j commands
	for ((i = 1; i <= TOGETHER; i++)); do
		commands=
		for ((j = i; j <= GUESTS; j += TOGETHER)); do
			commands+="${1//"{}"/"g$j"};"
		done
		virsh -q -c qemu:///system "$commands" >"$work/each.$i" 2>&1 &
	done
	wait
	cat "$work"/each.* >"$work/each"
	! grep -m 5 '^error:' "$work/each"
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
	each "define $work/{}.xml" && count --inactive
}
all_stay() {
	local i left
	for ((i = 0; i < PATIENCE; i++)); do
		left=$(grep -L 'staying until the power button' "$work"/g*.out)
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	echo "these do not: $left"
	return 1
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
	each "qemu-monitor-command {} '{\"execute\":\"query-status\"}'" &&
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
ok "start" each 'start {}'
started=$(milliseconds)
ok "boot, each of them" all_stay
booted=$(milliseconds)
ok "run, says libvirt" count --state-running
ok "answer" answer
memory
idle
stopping=$(milliseconds)
ok "are told to leave" each 'shutdown {}'
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

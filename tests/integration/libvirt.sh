#!/bin/bash
# Stock libvirt manages pagevisor: a libvirtd of its own in private directories, driven through
# its C API (libvirt/verbs.c), and by virsh where a person would type.
. "$(dirname "$0")/lib/tap.bash"

xml=$(realpath "$B")/libvirt
here=tests/integration/libvirt

ok "the domain XML is valid" sh -c "for f in '$xml'/*.xml; do virt-xml-validate \$f domain || exit 1; done"
if ! have_kvm || [ "$(id -u)" != 0 ] || ! command -v libvirtd >/dev/null; then
	skip "libvirt" "needs root, /dev/kvm and libvirtd"
	finish
fi

# --- the program alone ----------------------------------------------------------------------
emulator=$B/pagevisor-system-x86_64
refused() { # PATTERN ARGUMENT...
	local pattern=$1 got=0
	shift
	timeout 20 "$emulator" "$@" >"$work/out" 2>&1 || got=$?
	cat "$work/out"
	[ "$got" = 2 ] && [ "$(wc -l <"$work/out")" = 1 ] && grep -Eq -- "$pattern" "$work/out"
}
ok "an unknown option is refused" refused '-frobnicate: this emulator has no such option$' -frobnicate
ok "USB is refused, with its XML element" refused "piix3-usb-uhci: there is no such device; in the domain XML: <controller type='usb' model='none'/>" -device piix3-usb-uhci,id=usb
ok "a network card is refused" refused '-netdev: .*<interface>' -netdev user,id=net0
ok "errors cannot be ignored" refused "werror=ignore: .*<driver error_policy=" -blockdev driver=file,filename=x,node-name=n \
	-device virtio-blk-pci,drive=n,werror=ignore
ok "-no-acpi is refused" refused '-no-acpi: .*<features><acpi/>' -no-acpi
ok "TCG is refused" refused "there is only KVM; in the domain XML: <domain type='kvm'>" -machine pagevisor -accel tcg
ok "half a JSON object is refused" refused '-blockdev: not a JSON object' -blockdev '{"driver":'
ok "a kernel is needed" refused '-kernel: missing; in the domain XML: <os><kernel>' -machine pagevisor

# --- under libvirt ----------------------------------------------------------------------------
# Each of these runs with a libvirtd of its own.
domain() { # the shipped XML of that name, as a small domain "pv" that stays
	sed "s|<cmdline>stay|<cmdline>experiments=none stay|; s|<name>[^<]*|<name>pv|" "$xml/$1.xml" >"$work/$1.xml"
}
domain pagevisor
domain qemu-tcg
export LIBVIRT_URI=qemu:///system LIBVIRT_DIR=$work
stories() { # XML PROGRAM: what it noted goes to PROGRAM.XML
	LIBVIRT_XML=$work/$1.xml LIBVIRT_NOTES=$work/$2.$1 "$here/private" timeout 300 "$B/libvirt/$2"
}
same_notes() { # PROGRAM
	"$here/compare" "$work/$1.pagevisor" "$work/$1.qemu-tcg"
}
# README.md's table, without the reasons, is what there is: no line more, no line less.
differences_are_listed() {
	[ "$(wc -l <"$work/verbs.pagevisor")" -gt 100 ] && [ "$(wc -l <"$work/policies.pagevisor")" -gt 30 ] || return 1
	{ same_notes verbs; same_notes policies; } | sort >"$work/differences"
	sed -n '/^## pagevisor and QEMU under libvirt/,/^## [^p]/p' tests/README.md |
		sed -n 's/^\(| [^|]*, [^|]* | [^|]* | [^|]* |\) .* |$/\1/p' | sort >"$work/listed"
	diff "$work/listed" "$work/differences"
}
ok "the verbs of libvirt's C API" stories pagevisor verbs
ok "on_poweroff, on_reboot, on_crash" stories pagevisor policies
if command -v qemu-system-x86_64 >/dev/null; then
	ok "the same verbs, stock QEMU" stories qemu-tcg verbs
	ok "the same policies, stock QEMU" stories qemu-tcg policies
	ok "what differs is listed in tests/README.md" differences_are_listed
else
	skip "stock QEMU" "there is none"
fi

# What a person types: each line's answer must match.
as_a_person() {
	local v="virsh -c $LIBVIRT_URI"
	says() { # PATTERN WORD...
		local pattern=$1
		shift
		$v "$@" 2>&1 | tee "$work/said" | grep -Eq -- "$pattern" ||
			{ echo "virsh $*: not $pattern:"; cat "$work/said"; exit 1; }
	}
	says 'defined from' define "$work/pagevisor.xml"
	says 'started' start pv --paused
	says 'paused \(user\)' domstate --reason pv
	says 'resumed' resume pv
	says 'running \(unpaused\)' domstate --reason pv
	says '^Used memory: +262144 KiB' dominfo pv
	says 'vda +.*disk.img' domblklist pv
	says '^vda rd_req' domblkstat pv vda
	says '^rss ' dommemstat pv
	says 'CPU time' vcpuinfo pv
	says '/dev/pts/' ttyconsole pv
	says '"status":"running"' qemu-monitor-command pv '{"execute":"query-status"}'
	says 'VM status: running' qemu-monitor-command --hmp pv 'info status'
	says 'marked as autostarted' autostart pv
	# libvirtd comes back and finds the guest as it was.
	kill -9 "$(cat /run/libvirtd.pid)"
	rm -f /run/libvirtd.pid
	libvirtd -d -f /etc/libvirt/libvirtd.conf -p /run/libvirtd.pid || return 1
	says 'running \(unpaused\)' domstate --reason pv
	says 'suspended' suspend pv
	says 'paused \(user\)' domstate --reason pv
	says 'destroyed' destroy pv
	says 'shut off \(destroyed\)' domstate --reason pv
	says 'has been undefined' undefine pv
	for _ in $(seq 50); do
		pgrep -f pagevisor-system >/dev/null || return 0
		sleep 0.1
	done
	echo "the guest's process is still there"
	return 1
}
export -f as_a_person
export work
ok "the verbs of virsh, and libvirtd killed and started again" "$here/private" bash -c as_a_person
finish

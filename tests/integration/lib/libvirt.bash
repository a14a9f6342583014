# libvirt.bash: a script whose tests are about domains of a libvirtd of its own; the script runs
# itself again in integration/libvirt/private, once.
#
#   . "$(dirname "$0")/lib/libvirt.bash"	after it all that tap.bash gives, and what follows
libvirt_script=$(realpath "$0")
libvirt_here=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
if [ -z "${LIBVIRT_PRIVATE:-}" ] && [ "$(id -u)" = 0 ] && command -v libvirtd >/dev/null; then
	exec "$libvirt_here/libvirt/private" system "$libvirt_script"
fi
. "$libvirt_here/lib/tap.bash"
if [ -z "${LIBVIRT_PRIVATE:-}" ] || ! have_kvm; then
	skip "$(basename "$0" .sh)" "needs root, /dev/kvm and libvirtd"
	finish
fi
build=$(realpath "$B")

v() {
	virsh -c qemu:///system "$@"
}
# define NAME KERNEL CMDLINE DEVICES [MORE]: one more domain, of machine $MACHINE.
define() {
	cat >"$work/$1.xml" <<-END
		<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
		<name>$1</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
		<os><type machine='${MACHINE:-pagevisor}'>hvm</type><kernel>$2</kernel><cmdline>$3</cmdline></os>
		<features><acpi/></features>
		<devices><emulator>$build/pagevisor-system-x86_64</emulator>
		<controller type='usb' model='none'/><controller type='pci' model='pci-root'/>
		<memballoon model='none'/>$4</devices>${5:-}</domain>
	END
	v define "$work/$1.xml"
}
# with_disk NAME EXPERIMENTS FILE [DRIVER-ATTRIBUTES]: the guest kernel with a disk; its console
# is the file NAME.out.
with_disk() {
	define "$1" "$build/guest.elf" "experiments=$2 stay" "
		<disk type='file' device='disk'><driver name='qemu' type='raw' ${4:-}/>
		<source file='$3'/><target dev='vda' bus='virtio'/></disk>
		<serial type='file'><source path='$work/$1.out'/></serial>"
}
is() { # NAME STATE: what virsh shows, now
	local shown
	shown=$(v domstate --reason "$1" | head -n 1)
	[ "$shown" = "$2" ] || { echo "$1 is $shown, not $2"; false; }
}
becomes() { # NAME STATE
	local i
	for ((i = 0; i < 600; i++)); do
		is "$1" "$2" >/dev/null && return 0
		sleep 0.1
	done
	is "$1" "$2"
}
printed() { # NAME PATTERN
	local i
	for ((i = 0; i < 600; i++)); do
		grep -Eq -- "$2" "$work/$1.out" 2>/dev/null && return 0
		sleep 0.1
	done
	tail -n 5 "$work/$1.out"
	return 1
}
says() { # PATTERN WORD...: virsh does, and succeeds
	local pattern=$1
	shift
	if ! v "$@" >"$work/said" 2>&1 || ! grep -Eq -- "$pattern" "$work/said"; then
		cat "$work/said"
		return 1
	fi
}
ends() { # NAME: by its power button
	v shutdown "$1" && becomes "$1" 'shut off (shutdown)'
}
restart_libvirtd() {
	kill -9 "$(cat /run/libvirtd.pid)"
	rm -f /run/libvirtd.pid
	libvirtd -d -f /etc/libvirt/libvirtd.conf -p /run/libvirtd.pid
}

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
# Each of these runs with a libvirtd of its own, or none; afterwards nothing may be left.
domain() { # the shipped XML of that name, as a small domain "pv" that stays
	sed "s|<cmdline>stay|<cmdline>experiments=none stay|; s|'MiB'>256|'MiB'>64|; s|<name>[^<]*|<name>pv|" "$xml/$1.xml" >"$work/$1.xml"
}
domain pagevisor
domain qemu-tcg
export B LIBVIRT_DIR=$work
traces() {
	pgrep -a -f "$work|$(realpath "$B")/pagevisor-system" | grep -v pgrep
	find /run/libvirt /etc/libvirt /var/{lib,cache,log}/libvirt 2>/dev/null | sort
}
traces >"$work/traces.before"

stories() { # KIND XML PROGRAM: what it noted goes to PROGRAM.XML.KIND
	LIBVIRT_XML=$work/$2.xml LIBVIRT_NOTES=$work/$3.$2.$1 "$here/private" "$1" timeout 300 "$B/libvirt/$3"
}
same_notes() { # PROGRAM
	"$here/compare" "$work/$1.pagevisor.system" "$work/$1.qemu-tcg.system"
}
# README.md's table, without the reasons, is what there is: no line more, no line less.
differences_are_listed() {
	[ "$(wc -l <"$work/verbs.pagevisor.system")" -gt 100 ] && [ "$(wc -l <"$work/policies.pagevisor.system")" -gt 30 ] || return 1
	{ same_notes verbs; same_notes policies; } | sort >"$work/differences"
	sed -n '/^## pagevisor and QEMU under libvirt/,/^## [^p]/p' tests/README.md |
		sed -n 's/^\(| [^|]*, [^|]* | [^|]* | [^|]* |\) .* |$/\1/p' | sort >"$work/listed"
	diff "$work/listed" "$work/differences"
}
# A user has files of their own, as nothing of the build need be theirs to read.
as_a_user() {
	local dir=$work/user
	mkdir "$dir" && chmod 711 "$work" && cp "$B"/{pagevisor,guest.elf,disk.img,scratch.img,libvirt/{verbs,policies}} "$dir" &&
		ln -s pagevisor "$dir/pagevisor-system-x86_64" || return 1
	sed "s|$(realpath "$B")/|$dir/|" "$work/pagevisor.xml" >"$dir/pv.xml"
	chown -R nobody:nogroup "$dir"
	LIBVIRT_DIR=$dir LIBVIRT_XML=$dir/pv.xml LIBVIRT_NOTES=$dir/notes "$here/private" session timeout 300 "$dir/verbs" &&
		diff "$work/verbs.pagevisor.system" "$dir/notes"
}
# A policy of each kind; the rest is the same code.
as_a_user_policies() {
	local dir=$work/user
	LIBVIRT_STORY='*_restart' LIBVIRT_DIR=$dir LIBVIRT_XML=$dir/pv.xml LIBVIRT_NOTES=$dir/policies.notes \
		"$here/private" session timeout 300 "$dir/policies" || return 1
	diff <(grep -E '^[^,]*, (coredump-)?restart,' "$work/policies.pagevisor.system") "$dir/policies.notes"
}
as_a_user_by_hand() {
	local dir=$work/user
	cp "$here/person" "$dir" && LIBVIRT_DIR=$dir "$here/private" session timeout 100 "$dir/person" user
}
# What libvirt-qemu may read, and may be given.
as_packaged() {
	local dir=$work/debian
	mkdir "$dir" && chmod 711 "$work" && cp "$B"/{pagevisor,guest.elf,disk.img,scratch.img} "$dir" &&
		ln -s pagevisor "$dir/pagevisor-system-x86_64" || return 1
	sed "s|$(realpath "$B")/|$dir/|" "$work/pagevisor.xml" >"$dir/pv.xml"
	LIBVIRT_DIR=$dir "$here/private" debian timeout 100 "$here/person" debian
}
embedded() {
	stories embed pagevisor verbs && diff "$work/verbs.pagevisor.system" "$work/verbs.pagevisor.embed"
}
embedded_policies() {
	LIBVIRT_STORY='*_restart' stories embed pagevisor policies || return 1
	diff <(grep -E '^[^,]*, (coredump-)?restart,' "$work/policies.pagevisor.system") "$work/policies.pagevisor.embed"
}
# From nothing: all that a domain names is made, too.
makes_all() {
	make -n NODEPS=1 B="$work/none" libvirt-xml >"$work/made"
	for file in pagevisor pagevisor-system-x86_64 guest.elf disk.img scratch.img libvirt/pagevisor.xml; do
		grep -q "none/$file" "$work/made" || { echo "does not make $file"; return 1; }
	done
}
nothing_is_left() {
	for _ in $(seq 600); do
		traces >"$work/traces.after"
		diff "$work/traces.before" "$work/traces.after" && return
		sleep 0.1
	done
	return 1
}

ok "the verbs of libvirt's C API" stories system pagevisor verbs
ok "on_poweroff, on_reboot, on_crash" stories system pagevisor policies
ok "the verbs of virsh; libvirtd goes and comes; autostart" "$here/private" system "$here/person" pagevisor
ok "make libvirt-xml makes what the domain names" makes_all
ok "the commands of README.md lead to the guest's console" "$here/private" system "$here/person" README
ok "as the package has it: guests are libvirt-qemu's" as_packaged
ok "the daemon of a user who is not root: all the same" as_a_user
ok "the same daemon: power-off, reboot and panic, restarted" as_a_user_policies
ok "the same daemon by virsh; it goes and comes" as_a_user_by_hand
ok "without a daemon, embedded: all the same" embedded
ok "embedded: power-off, reboot and panic, restarted" embedded_policies
ok "embedded, by virsh: one after the other finds the guest" "$here/private" embed "$here/person" embed
if command -v qemu-system-x86_64 >/dev/null; then
	ok "the same verbs, stock QEMU" stories system qemu-tcg verbs
	ok "the same policies, stock QEMU" stories system qemu-tcg policies
	ok "the same by hand, stock QEMU" "$here/private" system "$here/person" qemu-tcg
	ok "what differs is listed in tests/README.md" differences_are_listed
else
	skip "stock QEMU" "there is none"
fi
ok "no process, socket or file is left" nothing_is_left
finish

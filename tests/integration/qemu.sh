#!/bin/bash
# QEMU as the referee of the guest: the same guest.elf on QEMU's own devices passes all that
# needs no dmacheck, and names the rest as skipped.
. "$(dirname "$0")/lib/tap.bash"

guest() { # MACHINE
	local status=0
	truncate -s 1M "$work/scratch"
	rm -f "$work"/hvc*
	mkfifo "$work/hvc.in" "$work/hvc.out"
	timeout 240 cat "$work/hvc.out" >"$work/$1.hvc" &
	echo hello | timeout 240 tee "$work/hvc.in" >/dev/null &
	timeout 240 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -M "$1" -m 256 -smp 2 \
		-nodefaults -display none -serial stdio -no-reboot -kernel "$B/guest.elf" \
		-drive "file=$B/disk.img,format=raw,if=none,id=disk,readonly=on" \
		-device virtio-blk-pci,drive=disk -device virtio-rng-pci \
		-drive "file=$work/scratch,format=raw,if=none,id=scratch" \
		-device virtio-blk-pci,drive=scratch,serial=scratch \
		-chardev "pipe,id=hvc,path=$work/hvc" -device virtio-serial-pci -device virtconsole,chardev=hvc \
		-append console.expect=hello \
		-device isa-debug-exit,iobase=0x501 </dev/null >"$work/$1" 2>"$work/$1.errors" || status=$?
	[ "$status" = 1 ] || { echo "QEMU's status $status"; tail -n 40 "$work/$1.errors" "$work/$1"; false; }
}
counts() {
	tail -n 1 "$work/$1" | tr -d '\r' | grep -E '^[0-9]+ passed, 0 failed, [0-9]+ skipped$'
}
skipped_for_dmacheck_only() {
	! grep '# SKIP' "$work/$1" | grep -v dmacheck
}
disk_hash() {
	local want
	want=$(xxhsum -H64 "$B/disk.img" | cut -d' ' -f1)
	grep -E '^ok [0-9]+ disk.hash ' "$work/$1" | grep -F "$want"
}
console_line() {
	grep -F "by the virtio console" "$work/$1.hvc"
}
commands_seen() {
	grep -E '^ok [0-9]+ disk.commands # disk "scratch"' "$work/$1"
}

for machine in q35 pc; do
	ok "QEMU's $machine: the guest finishes well" guest "$machine"
	ok "QEMU's $machine: no experiment failed" counts "$machine"
	ok "QEMU's $machine: only what needs dmacheck is skipped" skipped_for_dmacheck_only "$machine"
	ok "QEMU's $machine: disk.hash is what xxhsum says" disk_hash "$machine"
	ok "QEMU's $machine: every disk command, and the disk's serial number" commands_seen "$machine"
	ok "QEMU's $machine: the console's line came out" console_line "$machine"
done
finish

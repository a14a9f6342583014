#!/bin/bash
# QEMU as the referee of the guest: the same guest.elf on QEMU's own devices passes all that
# needs no dmacheck, and names the rest as skipped.  A boot takes a second or two there, so
# here the guest also meets its other options, one by one.
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/verdicts.bash"

guest() { # NAME MACHINE MIB OPTIONS
	local status=0
	truncate -s 1M "$work/scratch"
	rm -f "$work"/hvc*
	mkfifo "$work/hvc.in" "$work/hvc.out"
	timeout 240 cat "$work/hvc.out" >"$work/$1.hvc" &
	echo hello | timeout 240 tee "$work/hvc.in" >/dev/null &
	timeout 240 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -M "$2" -m "$3" -smp 2 \
		-nodefaults -display none -serial stdio -no-reboot -kernel "$B/guest.elf" \
		-drive "file=$B/disk.img,format=raw,if=none,id=disk,readonly=on" \
		-device virtio-blk-pci,drive=disk -device virtio-rng-pci \
		-drive "file=$work/scratch,format=raw,if=none,id=scratch" \
		-device virtio-blk-pci,drive=scratch,serial=scratch \
		-chardev "pipe,id=hvc,path=$work/hvc" -device virtio-serial-pci -device virtconsole,chardev=hvc \
		-append "console.expect=hello $4" \
		-device isa-debug-exit,iobase=0x501 </dev/null >"$work/$1" 2>"$work/$1.errors" || status=$?
	[ "$status" = 1 ] || { echo "QEMU's status $status"; tail -n 40 "$work/$1.errors" "$work/$1"; false; }
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

# Everything that the guest can show without the witness, in one run.
all="bootmem=16M mem=2032M cma=32M highmem=64M"
for machine in q35 pc; do
	ok "QEMU's $machine: the guest finishes well" guest "$machine" "$machine" 2048 "$all"
	ok "QEMU's $machine: all passes but what needs dmacheck" all_passed "$work/$machine" no-dmacheck no-iommu no-edu
	ok "QEMU's $machine: disk.hash is what xxhsum says" disk_hash "$machine"
	ok "QEMU's $machine: every disk command, and the disk's serial number" commands_seen "$machine"
	ok "QEMU's $machine: the console's line came out" console_line "$machine"
done

option() { # KIND OPTIONS
	ok "$2: the guest finishes well" guest option q35 256 "$2"
	ok "$2: what the option leaves true passes" \
		all_passed "$work/option" no-dmacheck no-iommu no-edu no-options no-highmem below-1g "$1"
	[ "$1" = none ] || ok "$2: it is on" made_untrue "$1"
}
# What it makes untrue was left out for its sake.
made_untrue() { # KIND
	local why
	why=$(sed -n "s/^$1 *|[^|]*| *//p" tests/integration/lib/skips | head -n 1)
	[ -n "$why" ] && grep -F "# SKIP $why" "$work/option.text"
}
option slub_debug slub_debug=FZPU
option kfence kfence.sample_interval=1
option kmsan kmsan=on
option init init_on_alloc=1
option init init_on_free=1
option profile alloc_profile=on
option none "page_poison=on page_owner=on"

# A stack that ends: the guest says so, whosever it was.
overrun() { # EXPERIMENT
	local status=0
	guest crash q35 256 "experiments=crash.$1" >"$work/crash.status" || status=$?
	cat "$work/crash.status"
	[ "$status" != 0 ] && grep -q "QEMU's status 251" "$work/crash.status"
}
for crash in stack:main idle-boot:idle/0 idle-other:idle/1; do
	ok "crash.${crash%:*}: the guest ends in a panic" overrun "${crash%:*}"
	ok "crash.${crash%:*}: the report names ${crash#*:}" stack_reported "$work/crash" "${crash#*:}"
done

# QEMU's balloon, which is told over QMP what it shall have: 12 MiB of 256.
balloon() {
	local status=0
	printf '%s\n' '{"execute":"qmp_capabilities"}' \
		'{"execute":"balloon","arguments":{"value":255852544}}' '{"execute":"cont"}' |
		timeout 240 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -M q35 -m 256 -smp 2 -S \
			-nodefaults -display none -serial "file:$work/balloon" -qmp stdio -no-reboot \
			-kernel "$B/guest.elf" -append 'experiments=balloon.*' \
			-device virtio-balloon-pci,disable-legacy=on,deflate-on-oom=on,free-page-reporting=on \
			-device isa-debug-exit,iobase=0x501 >"$work/qmp" || status=$?
	[ "$status" = 1 ] || { cat "$work/qmp" "$work/balloon"; false; }
}
balloon_deflated() {
	grep -E '^ok [0-9]+ balloon.stats # told' "$work/balloon" &&
		grep -E '^ok [0-9]+ balloon.oom # after .* came from the balloon' "$work/balloon"
}
ok "QEMU's balloon: the guest finishes well" balloon
ok "QEMU's balloon: all passes but what needs dmacheck" all_passed "$work/balloon" no-dmacheck
ok "QEMU's balloon: statistics, and pages come back when memory is short" balloon_deflated

# A non-maskable interrupt comes by LINT1 there, as on a board: the first CPU takes it.
shown() { # PATTERN
	local i
	for ((i = 0; i < 600; i++)); do
		grep -q -- "$1" "$work/nmi" 2>/dev/null && return
		sleep 0.1
	done
	cat "$work/qmp" "$work/nmi"
	return 1
}
nmi() {
	local requests pid good=0
	mkfifo "$work/requests"
	timeout 120 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -M q35 -m 256 -smp 2 -nodefaults -display none \
		-serial "file:$work/nmi" -qmp stdio -no-reboot -kernel "$B/guest.elf" -append 'experiments=none stay' \
		<"$work/requests" >"$work/qmp" &
	pid=$!
	exec {requests}>"$work/requests"
	shown '^staying until' || good=1
	printf '%s\n' '{"execute":"qmp_capabilities"}' '{"execute":"inject-nmi"}' >&"$requests"
	shown '^NMI at ' || good=1
	printf '%s\n' '{"execute":"quit"}' >&"$requests"
	exec {requests}>&-
	wait "$pid"
	grep -c '^NMI at ' "$work/nmi"
	[ "$good" = 0 ] && [ "$(grep -c '^NMI at ' "$work/nmi")" = 1 ]
}
ok "QEMU's inject-nmi reaches the first CPU, and no other" nmi
finish

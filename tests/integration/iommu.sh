#!/bin/bash
# Devices behind an IOMMU, ours and QEMU's: what is said about it, and all that held without
# one.  Several vCPUs and memory above 4 GiB: tests/integration/lib/lab_devices.
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/verdicts.bash"

ours() { # NAME APPEND OPTIONS...
	local name=$1 append=$2
	shift 2
	truncate -s 1M "$work/scratch"
	timeout 240 "$B/pagevisor" run --mem 256M --cpus 2 "$@" --disk "$B/disk.img,ro" --disk "$work/scratch" \
		--append "$append" "$B/guest.elf" >"$work/$name" 2>"$work/$name.errors"
}
qemu() { # NAME MACHINE APPEND
	local status=0
	truncate -s 1M "$work/scratch"
	timeout 240 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -M "$2" -m 512 -smp 2 \
		-nodefaults -display none -serial stdio -no-reboot -kernel "$B/guest.elf" -append "$3" \
		-device virtio-iommu-pci \
		-drive "file=$B/disk.img,format=raw,if=none,id=disk,readonly=on" \
		-device virtio-blk-pci,drive=disk,iommu_platform=on,disable-legacy=on \
		-drive "file=$work/scratch,format=raw,if=none,id=scratch" \
		-device virtio-blk-pci,drive=scratch,serial=scratch,iommu_platform=on,disable-legacy=on \
		-device virtio-rng-pci,iommu_platform=on,disable-legacy=on -device edu -chardev null,id=hvc \
		-device virtio-serial-pci,iommu_platform=on,disable-legacy=on -device virtconsole,chardev=hvc \
		-device isa-debug-exit,iobase=0x501 </dev/null >"$work/$1" 2>"$work/$1.errors" || status=$?
	[ "$status" = 1 ] || { echo "QEMU's status $status"; tail -n 40 "$work/$1.errors" "$work/$1"; false; }
}
said() { # NAME TEXT
	grep -F "$2" "$work/$1"
}

behind='iommu.*,iova.*,edu.*,dma.*,disk.*,rng.*,buddy.orders,buddy.exhaust,vmalloc.virtual,vmalloc.not-dma'
if have_kvm; then
	ok "our IOMMU: the guest finishes well" ours strict "experiments=$behind" --iommu virtio --edu 28
	ok "our IOMMU: every device is behind it" said strict "IOMMU of 6 devices, strict"
	ok "our IOMMU: all passed" all_passed "$work/strict"
	ok "our IOMMU, boot bypass off: the guest finishes well" ours off "experiments=dma.*,disk.hash" \
		--iommu virtio,boot-bypass=off
	ok "our IOMMU, boot bypass off: all passed" all_passed "$work/off"
	ok "lazy unmapping: the guest finishes well" ours lazy "iommu.strict=0 experiments=$behind" \
		--iommu virtio --edu 28
	ok "lazy unmapping: all passed" all_passed "$work/lazy" lazy
	ok "no IOMMU, 28 address bits: the guest finishes well" ours bounce "experiments=edu.*" --edu 28
	ok "no IOMMU, 28 address bits: all passed" all_passed "$work/bounce"
	ok "all bounced: the guest finishes well" ours force "swiotlb=force experiments=disk.*,rng.*,edu.*" --edu 28
	ok "all bounced: all passed" all_passed "$work/force"
else
	skip "our IOMMU" "no usable /dev/kvm here; tests/integration/lab.sh covers it"
fi

small="no-dmacheck no-options no-highmem below-1g"
for machine in q35 pc; do
	ok "QEMU's $machine and IOMMU: the guest finishes well" qemu "$machine" "$machine" ""
	ok "QEMU's $machine and IOMMU: every device is behind it" said "$machine" "devices, strict"
	# shellcheck disable=SC2086 # a list of words
	ok "QEMU's $machine and IOMMU: all passes but what needs dmacheck" all_passed "$work/$machine" $small
done
ok "QEMU's IOMMU, lazy: the guest finishes well" qemu lazy q35 "iommu.strict=0 experiments=$behind"
ok "QEMU's IOMMU, lazy: all passes but what needs dmacheck" all_passed "$work/lazy" no-dmacheck lazy
finish

#!/bin/bash
# Every kind of fault in every device that it has a meaning for: the drivers survive, and the
# report counts.  One guest a kind, with that fault in all devices at once.
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/verdicts.bash"

need_kvm "faults on /dev/kvm"

guest() { # NAME, options...
	local name=$1
	shift
	truncate -s 1M "$work/disk"
	timeout 120 "$B/pagevisor" run --mem 64M --edu 28 --console none -v --disk "$work/disk" \
		--report "$work/$name.json" --append 'experiments=inject.* io_timeout=100' \
		"$@" "$B/guest.elf" 2>"$work/$name.err"
}
survived() { # NAME: all five passed, none skipped
	jq -c '.experiments[]' "$work/$1.json"
	jq -e '.counts.passed == 5 and .counts.failed == 0 and .counts.skipped == 0' \
		"$work/$1.json"
}
# The report counts each device's faults, and -v told of each.
counted() { # NAME KIND DEVICE...
	local name=$1 kind=$2 device n told
	shift 2
	for device; do
		n=$(jq ".devices.$device.\"inject.$kind\"" "$work/$name.json")
		told=$(grep -c "$device: injected $kind " "$work/$name.err")
		echo "$device: counted $n, told $told"
		[ "$n" -gt 0 ] && [ "$n" = "$told" ] || return 1
	done
}
evidence() { # NAME EXPERIMENT REGEX
	jq -r ".experiments[] | select(.name == \"inject.$2\") | .evidence" "$work/$1.json" |
		tee /dev/stderr | grep -qE "$3"
}

# kind KIND DEVICE...: devices in which it has a meaning for this guest.
kind() {
	local kind=$1 device
	local -a rules=()
	shift
	for device; do
		rules+=(--inject "$device:$kind,every=4,seed=7")
	done
	ok "$kind: the guest ends well" guest "$kind" "${rules[@]}"
	ok "$kind: every driver survives" survived "$kind"
	ok "$kind: counted and told" counted "$kind" "$kind" "$@"
}

kind short disk0 rng0 dmacheck0 edu0
kind flip disk0 rng0 dmacheck0 edu0
kind late disk0 rng0 console0 dmacheck0
kind reorder disk0 rng0 console0 dmacheck0
kind lost disk0 rng0 console0 dmacheck0
kind spurious disk0 rng0 console0 dmacheck0 edu0
kind error disk0 rng0 dmacheck0 edu0
kind gone disk0 rng0 console0 dmacheck0 edu0

ok "a short read is an error" evidence short disk ' [1-9][0-9]* errors, 0 wrong'
ok "a wrong bit of the disk is noticed" evidence flip disk ' 0 errors, [1-9][0-9]* wrong and noticed'
ok "a wrong bit of edu's is noticed" evidence flip edu ' [1-9][0-9]* wrong and noticed'
ok "a lost interrupt is no error" evidence lost disk ' 0 errors, 0 wrong'
ok "an interrupt for nothing is no error" evidence spurious dmacheck ' 0 errors, 0 wrong'
ok "another order is no error" evidence reorder disk ' 0 errors, 0 wrong'
ok "a status that says error is believed" evidence error dmacheck ' [1-9][0-9]* errors, 0 wrong'
ok "a device that is gone is given up" evidence gone disk '^gone'

same_faults() {
	guest again --inject disk0:flip,every=4,seed=7 --inject rng0:flip,every=4,seed=7 \
		--inject dmacheck0:flip,every=4,seed=7 --inject edu0:flip,every=4,seed=7 &&
		diff <(grep injected "$work/flip.err") <(grep injected "$work/again.err")
}
ok "the report names the rules" jq -e '.config.inject[0] == "disk0:flip,every=4,seed=7"' "$work/flip.json"
ok "the same seed meets the same faults" same_faults

# The balloon has no experiment of its own here: it follows its target, there and back.
balloon_goes_on() {
	timeout 120 "$B/pagevisor" run --mem 64M --balloon 1M --console none -v --inject balloon0:lost,every=2 \
		--report "$work/balloon.json" --append 'experiments=balloon.deflate io_timeout=2000' "$B/guest.elf" 2>"$work/balloon.err"
	jq -c '.experiments[]' "$work/balloon.json"
	counted balloon lost balloon0 && jq -e '.counts.passed == 1' "$work/balloon.json"
}
ok "a lost interrupt is no error of the balloon" balloon_goes_on

behind() {
	guest behind --iommu virtio --dma-check --inject disk0:late,every=3 \
		--inject dmacheck0:flip,every=3 --inject iommu0:late,every=9 &&
		survived behind && counted behind late disk0 iommu0
}
ok "behind an IOMMU, under the DMA checker" behind
ok "an IOMMU does not go" status 2 guest never --iommu virtio --inject iommu0:gone
finish

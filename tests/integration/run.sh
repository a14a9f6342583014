#!/bin/bash
# The whole path on this machine's own /dev/kvm, as `make run` goes it: the guest boots,
# every experiment passes, the report says what the console said, and the disk's hash is the
# host's.  Then what needs other options, where guest instructions are few.
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/verdicts.bash"

need_kvm "the guest on /dev/kvm" "tests/integration/lab.sh covers it"

guest() { # NAME, options for the guest, options for the monitor...
	local name=$1 append=$2
	shift 2
	truncate -s 1M "$work/scratch"
	timeout 240 "$B/pagevisor" run --mem 256M --cpus 2 --disk "$B/disk.img,ro" --disk "$work/scratch" \
		--report "$work/$name.json" --append "$append" "$@" "$B/guest.elf" >"$work/$name" 2>"$work/errors"
}
nearly_all() {
	local plan
	plan=$(tr -d '\r' <"$work/usual" | sed -n 's/^1\.\.//p')
	echo "planned $plan"
	[ "$plan" -ge 100 ]
}
# It judged, and found nothing but what the experiments announced.
nothing_found() {
	jq -e '.dma_check | .published and .calls > 1000 and .unexpected == 0 and
		all(.findings[]; .provoked or .kind == "exposed")' "$work/usual.json" &&
		! grep 'dma-check' "$work/errors"
}
disk_hash() {
	local want
	want=$(xxhsum -H64 "$B/disk.img" | cut -d' ' -f1)
	echo "host says $want"
	grep -E '^ok [0-9]+ disk.hash ' "$work/usual" | grep -F "$want"
}
report_agrees() {
	local passed
	passed=$(tail -n 1 "$work/usual" | cut -d' ' -f1)
	jq -e --argjson passed "$passed" '
		[.experiments[] | select(.result == "pass")] | length == $passed' "$work/usual.json"
}
kvm_counted() {
	jq -e '[.vcpus[].kvm.exits] | length == 2 and min > 0' "$work/usual.json"
}
# `make run` ends within a minute where each instruction is emulated, at 0.8 us: no test
# measures time, but instructions can be counted.  60 s are 75 million.
few_instructions() {
	jq '[.vcpus[].kvm.insn_emulation] | add' "$work/usual.json"
	jq -e '[.vcpus[].kvm.insn_emulation] | add < 45000000' "$work/usual.json"
}

ok "the guest finishes well" guest usual "$RUN_APPEND" "${RUN_OPTIONS[@]}"
sed 's/^/# /' "$work/errors"
ok "every experiment passes, or is skipped for a reason of the list" \
	all_passed "$work/usual" no-highmem below-1g no-user-mode no-iommu no-edu
ok "there are a hundred experiments" nearly_all
ok "disk.hash is what xxhsum says" disk_hash
ok "the DMA checker finds nothing that was not announced" nothing_found
ok "the JSON report agrees with the console" report_agrees
ok "it holds KVM's own counters of each vCPU" kvm_counted
ok "it takes few enough emulated instructions" few_instructions

high='zones.*,gfp.*,reclaim.*,highmem.*,oom.*,vmalloc.virtual,vmalloc.cost'
ok "64 MiB of high memory: the guest finishes well" guest highmem "highmem=64M experiments=$high"
ok "64 MiB of high memory: zones, flags, reclaim and high memory" all_passed "$work/highmem" no-user-mode

# What the balloon takes and what the guest reports as free, the host has back.
balloon() { # KIND of memory
	guest "balloon-$1" 'experiments=balloon.*' --balloon 4M --mem-backend "$1"
}
all_five() {
	grep '^# balloon\|^not ok' "$work/balloon-$1"
	[ "$(tail -n 1 "$work/balloon-$1" | tr -d '\r')" = "5 passed, 0 failed, 0 skipped" ]
}
balloon_counted() {
	jq -e '.devices.balloon0 | debug | .inflated >= 2048 and .deflated >= 1024 and .refused == 0 and
		.give_back_failed == 0 and .given_back_bytes > .inflated * 4096' "$work/balloon-$1.json"
}
for backend in private shared; do
	ok "a balloon, $backend memory: the guest finishes well" balloon "$backend"
	ok "a balloon, $backend memory: all of balloon.* passes" all_five "$backend"
	ok "a balloon, $backend memory: the device counted the same" balloon_counted "$backend"
done
finish

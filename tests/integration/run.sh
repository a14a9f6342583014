#!/bin/bash
# The whole path on this machine's own /dev/kvm, as `make run` goes it: the guest boots,
# every experiment passes, the report says what the console said, and the disk's hash is the
# host's.  Then what needs other options, where guest instructions are few.
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/verdicts.bash"

if ! have_kvm; then
	skip "the guest on /dev/kvm" "no usable /dev/kvm here; tests/integration/lab.sh covers it"
	finish
fi

guest() { # NAME, options for the guest
	truncate -s 1M "$work/scratch"
	timeout 240 "$B/pagevisor" run --mem 256M --cpus 2 --disk "$B/disk.img,ro" --disk "$work/scratch" \
		--report "$work/$1.json" --append "$2" "$B/guest.elf" >"$work/$1" 2>"$work/errors"
}
nearly_all() {
	local plan
	plan=$(tr -d '\r' <"$work/usual" | sed -n 's/^1\.\.//p')
	echo "planned $plan"
	[ "$plan" -ge 100 ]
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

ok "the guest finishes well" guest usual "$RUN_APPEND"
sed 's/^/# /' "$work/errors"
ok "every experiment passes, or is skipped for a reason of the list" \
	all_passed "$work/usual" no-highmem below-1g no-user-mode
ok "there are a hundred experiments" nearly_all
ok "disk.hash is what xxhsum says" disk_hash
ok "the JSON report agrees with the console" report_agrees
ok "it holds KVM's own counters of each vCPU" kvm_counted
ok "it takes few enough emulated instructions" few_instructions

high='zones.*,gfp.*,reclaim.*,highmem.*,oom.*,vmalloc.virtual,vmalloc.cost'
ok "64 MiB of high memory: the guest finishes well" guest highmem "highmem=64M experiments=$high"
ok "64 MiB of high memory: zones, flags, reclaim and high memory" all_passed "$work/highmem" no-user-mode
finish

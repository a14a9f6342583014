#!/bin/bash
# The whole path on this machine's own /dev/kvm: the guest boots, every experiment passes,
# the report says what the console said, and the disk's hash is the host's.
. "$(dirname "$0")/lib/tap.bash"

if ! have_kvm; then
	skip "the guest on /dev/kvm" "no usable /dev/kvm here; tests/integration/lab.sh covers it"
	finish
fi

guest() {
	truncate -s 1M "$work/scratch"
	timeout 240 "$B/pagevisor" run --mem 256M --cpus 2 --disk "$B/disk.img,ro" --disk "$work/scratch" \
		--report "$work/report.json" "$B/guest.elf" >"$work/console" 2>"$work/errors"
}
no_failed_line() {
	tail -n 1 "$work/console" | grep -E '^[0-9]+ passed, 0 failed, [0-9]+ skipped'
}
plan_kept() {
	local plan seen
	plan=$(tr -d '\r' <"$work/console" | sed -n 's/^1\.\.//p')
	seen=$(grep -cE '^(not )?ok [0-9]+ ' "$work/console")
	echo "planned $plan, seen $seen"
	[ "$plan" = "$seen" ] && [ "$seen" -ge 34 ]
}
disk_hash() {
	local want
	want=$(xxhsum -H64 "$B/disk.img" | cut -d' ' -f1)
	echo "host says $want"
	grep -E '^ok [0-9]+ disk.hash ' "$work/console" | grep -F "$want"
}
report_agrees() {
	local passed
	passed=$(tail -n 1 "$work/console" | cut -d' ' -f1)
	jq -e --argjson passed "$passed" '
		[.experiments[] | select(.result == "pass")] | length == $passed' "$work/report.json"
}
kvm_counted() {
	jq -e '[.vcpus[].kvm.exits] | length == 2 and min > 0' "$work/report.json"
}

ok "the guest finishes well" guest
sed 's/^/# /' "$work/errors" "$work/console" | grep -E 'not ok|# #' | head -n 40
ok "its last line counts no failure" no_failed_line
ok "every planned experiment reported" plan_kept
ok "disk.hash is what xxhsum says" disk_hash
ok "the JSON report agrees with the console" report_agrees
ok "it holds KVM's own counters of each vCPU" kvm_counted
finish

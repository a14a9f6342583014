#!/bin/bash
# The hostile guest on this machine's /dev/kvm: its drivers lie to every device, and the
# machine goes on.  In the lab it also runs behind an IOMMU (lib/lab_devices).
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/verdicts.bash"

need_kvm "the hostile guest on /dev/kvm" "tests/integration/lab.sh covers it"
ok "the hostile guest ends well" hostile "$work/plain"
ok "every case is as it must be" hostile_passed "$work/plain" \
	disk rng console dmacheck edu balloon published
ok "its memory state is refused" published_nonsense "$work/plain"
ok "what a guest did wrong is said, and not without end" told_in_measure "$work/plain"

# --- one that rings every doorbell for ever and takes no interrupt, and its neighbours ---------
export XDG_RUNTIME_DIR=$work
pv=$B/pagevisor
truncate -s 1M "$work/storm.img" "$work/other.img"

storm_begins() {
	"$pv" run --name storm --mem 64M --edu 28 --iommu virtio --disk "$work/storm.img" --balloon 1M \
		--console none --report "$work/storm.json" --append storm "$B/hostile.elf" \
		>"$work/storm.out" 2>"$work/storm.err" </dev/null &
	pid=$!
	for _ in {1..200}; do
		[ "$(disk_reads)" -gt 0 ] && return
		kill -0 "$pid" || break
		sleep 0.1
	done
	cat "$work/storm.err"
	return 1
}
disk_reads() {
	"$pv" ctl storm qmp query-blockstats 2>/dev/null | jq '[.[].stats.rd_operations] | add // 0' || echo 0
}
goes_on() { # the storm, by what its disk was asked
	local before
	before=$(disk_reads)
	for _ in {1..100}; do
		[ "$(disk_reads)" -gt "$before" ] && return
		sleep 0.1
	done
	echo "its disk was asked $before times, and no more"
	return 1
}
answers() {
	local i
	for i in {1..20}; do
		timeout 10 "$pv" ctl storm status | grep -qx running || { echo "no answer at the ${i}th time"; return 1; }
	done
}
other_works() {
	timeout 100 "$pv" run --mem 64M --console none --disk "$work/other.img" --report "$work/other.json" \
		--append 'experiments=buddy.orders,disk.*,rng.*,dma.sg' "$B/guest.elf"
	jq -c .counts "$work/other.json"
	jq -e '.counts.failed == 0 and .counts.passed >= 3' "$work/other.json"
}
stops_and_goes_on() {
	timeout 20 "$pv" ctl storm stop && [ "$(timeout 20 "$pv" ctl storm status)" = paused ] &&
		timeout 20 "$pv" ctl storm cont && goes_on
}
ends() {
	timeout 20 "$pv" ctl storm quit
	for _ in {1..200}; do
		kill -0 "$pid" 2>/dev/null || { wait "$pid"; return 0; }
		sleep 0.1
	done
	kill -KILL "$pid"
	return 1
}
ok "a storm: every doorbell, no interrupt taken" storm_begins
ok "the control socket answers" answers
ok "another machine works" other_works
ok "the storm has gone on" goes_on
ok "it can be stopped and let go" stops_and_goes_on
ok "it is reset" timeout 20 "$pv" ctl storm reset
ok "and rages again" goes_on
ok "it ends when it is told to" ends
finish

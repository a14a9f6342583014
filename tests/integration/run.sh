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
# What README.md shows of such a run: the lines between the fences after the marker, less the cut.
sample() {
	# shellcheck disable=SC2016 # the backquotes are Markdown's
	sed -n '/^<!-- run:/,/^<!-- end -->/p' README.md | sed -n '/^```$/,/^```$/p' | grep -v '^```'
}
# Numbers, sizes, hashes and times differ from run to run, and what is skipped from machine to
# machine; names, verdicts and columns do not.
shape() {
	sed -E 's/ # .*//; s/^ok [0-9]+/ok N/; s/^1\.\.[0-9]+/1..N/; s/[0-9]+ ns/N ns/; s/, [0-9]+ runs/, N runs/
		s/(>= )?[0-9.]+ [KMGT]iB/SIZE/; s/^[0-9]+ passed, 0 failed, [0-9]+ /N passed, 0 failed, N /
		s/ +/ /g; /^#/d; / not run: /d' "$1"
}
sample_happens() {
	sample >"$work/sample"
	[ -s "$work/sample" ] || { echo "README shows no run"; return 1; }
	shape "$work/usual" >"$work/shape"
	shape "$work/sample" | grep -vE '^(\[\.\.\.\]|\.\.\.)?$' | while IFS= read -r line; do
		grep -qxF -- "$line" "$work/shape" || { echo "README shows, the run does not: $line"; exit 1; }
	done
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
# A failed allocation is told as Linux tells it: order, flags by name, who called, zones.
failure_is_told() {
	sed -n '/^# gfp.nowarn: the report/,/^ok .* gfp.nowarn/p' "$work/usual" | tr -d '\r' >"$work/told"
	cat "$work/told"
	grep -q '^main: page allocation failure: order:3, mode:0x[0-9a-f]*(__GFP_HARDWALL)' "$work/told" &&
		grep -q '^  alloc_pages+' "$work/told" && grep -q '^  gfp_nowarn+' "$work/told" &&
		grep -q '^Node 0 DMA32 free:[0-9]*kB .* min:[0-9]*kB low:' "$work/told" &&
		grep -q '^Node 0 DMA32: .*\*4096kB = ' "$work/told"
}

ok "the guest finishes well" guest usual "$RUN_APPEND" "${RUN_OPTIONS[@]}"
sed 's/^/# /' "$work/errors"
ok "every experiment passes, or is skipped for a reason of the list" \
	all_passed "$work/usual" no-highmem below-1g no-user-mode no-iommu no-edu
ok "there are a hundred experiments" nearly_all
ok "each line of the run that README.md shows is printed" sample_happens
ok "disk.hash is what xxhsum says" disk_hash
ok "the DMA checker finds nothing that was not announced" nothing_found
ok "the JSON report agrees with the console" report_agrees
ok "it holds KVM's own counters of each vCPU" kvm_counted
ok "it takes few enough emulated instructions" few_instructions

ok "a failed allocation is told with order, flags, call chain and zones" failure_is_told

high='zones.*,gfp.*,reclaim.*,highmem.*,oom.*,vmalloc.virtual,vmalloc.cost'
ok "64 MiB of high memory: the guest finishes well" guest highmem "highmem=64M experiments=$high"
ok "64 MiB of high memory: zones, flags, reclaim and high memory" all_passed "$work/highmem" no-user-mode

# Boot options that make allocations fail; a failed experiment is a failed run, of all rounds.
failing() {
	local faults='fail_page_alloc=500,100,1000,2 failslab=1,100,150000,1'
	status 1 guest failing "$faults experiments=pcp.steady,slab.constructor repeat=8" ||
		{ tail -n 40 "$work/failing" "$work/errors"; return 1; }
	tr -d '\r' <"$work/failing" >"$work/failing.text"
	grep '^not ok' "$work/failing.text"
	counts_agree "$work/failing.text" && grep -qx '1\.\.16' "$work/failing.text" &&
		grep -q '^not ok .* pcp.steady ' "$work/failing.text" &&
		grep -q '^not ok .* slab.constructor ' "$work/failing.text" &&
		jq -e '.outcome.status == 1 and .counts.failed > 1' "$work/failing.json"
}
no_such() {
	status 1 guest none experiments=buddy.split,no.such && cat "$work/none" "$work/errors" &&
		grep -q 'no experiment matches "no.such"' "$work/none"
}
ok "fail_page_alloc=, failslab=, repeat=: what fails is told, and the status is 1" failing
ok "an experiment that does not exist fails the run" no_such

# Boot costs by blocks, not by pages; and a read's doorbell (ioeventfd) and interrupt (irqfd)
# cost no exit to the monitor.
reads() { # NAME MEM READS
	timeout 60 "$B/pagevisor" run --mem "$2" --cpus 1 --disk "$B/disk.img,ro" --report "$work/$1.json" \
		--append "experiments=bench.disk-read bench.reads=$3" "$B/guest.elf"
}
boots_alike() {
	reads small 256M 0 && reads large 16G 0 || return 1
	jq -s 'map([.vcpus[].kvm.insn_emulation] | add)' "$work/small.json" "$work/large.json"
	jq -se 'map([.vcpus[].kvm.insn_emulation] | add) | .[1] <= 2 * .[0]' "$work/small.json" "$work/large.json"
}
reads_without_exits() {
	reads many 256M 64 || return 1
	jq -sc '.[] | [.vcpus[0].exits.mmio, .devices.disk0["queue.notifications"]]' "$work/small.json" "$work/many.json"
	jq -se '.[1].devices.disk0["queue.notifications"] - .[0].devices.disk0["queue.notifications"] >= 64 and
		.[1].vcpus[0].exits.mmio - .[0].vcpus[0].exits.mmio < 16' "$work/small.json" "$work/many.json"
}
ok "16 GiB boot at twice the cost of 256 MiB at most" boots_alike
ok "64 reads of a disk and their doorbells cost no exit to the monitor" reads_without_exits

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

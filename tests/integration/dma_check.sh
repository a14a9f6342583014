#!/bin/bash
# The DMA checker of the real binary: each bug of a broken driver is reported, as what it is
# and at its call site; correct drivers are not; off, nobody is judged.
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/verdicts.bash"

need_kvm "the DMA checker on /dev/kvm" "tests/integration/lab.sh covers it"

run() { # NAME, experiments, options for the monitor...
	local name=$1 append=$2
	shift 2
	truncate -s 1M "$work/scratch"
	timeout 120 "$B/pagevisor" run --mem 128M --cpus 2 --disk "$B/disk.img,ro" --disk "$work/scratch" \
		--report "$work/$name.json" --append "experiments=$append" "$@" "$B/guest.elf" \
		>"$work/$name" 2>"$work/$name.errors"
}

# experiment | kind in the report | device | who called or mapped | what the line on standard error says
bugs() {
	cat <<'TABLE'
outside           | outside          | dmacheck0 |                  | access where nothing is mapped: it reads 0x100 bytes
past-end          | past-end         | dmacheck0 | planted_map      | access past the end of a mapping: it reads 0x101 bytes at .*, 1 of them past the end
after-unmap       | after-unmap      | dmacheck0 | planted_map      | access after unmap: it writes 0x100 bytes
write-to-device   | direction        | dmacheck0 | planted_map      | access against the direction: it writes .*, mapped to-device
read-from-device  | direction        | dmacheck0 | planted_map      | access against the direction: it reads .*, mapped from-device
vmalloc           | bad-memory       | dmacheck0 | planted_map      | memory that no device may have: .* outside the direct map
stack             | bad-memory       | dmacheck0 | planted_map      | memory that no device may have: .* on the stack
text              | bad-memory       | dmacheck0 | planted_map_text | memory that no device may have: .* kernel text
touch-before-read | ownership        | dmacheck0 | planted_map      | the CPU wrote to the device's buffer: .* when the device touched them
touch-after-write | ownership        | dmacheck0 | planted_unmap    | the CPU wrote to the device's buffer: .* when they came back
touch-synced      | ownership        | dmacheck0 | planted_unmap    | the CPU wrote to the device's buffer: .* when they came back
double-map        | double-map       | dmacheck0 | planted_map      | one cache line mapped twice
double-unmap      | double-unmap     | dmacheck0 | planted_unmap    | unmap of what is not mapped: .* was unmapped before
unmap-failed      | double-unmap     | dmacheck0 | planted_unmap    | unmap of what is not mapped: .* a mapping that failed
unmap-size        | unmap-size       | dmacheck0 | planted_unmap    | 256 bytes were mapped, 128 are unmapped
unmap-direction   | unmap-direction  | dmacheck0 | planted_unmap    | mapped to-device, unmapped from-device
unmap-kind        | unmap-kind       | dmacheck0 | planted_unmap_sg | mapped as single, unmapped as list
unmap-entries     | unmap-entries    | dmacheck0 | planted_unmap_sg | 2 entries were mapped, 1 are unmapped
free-address      | unmap-address    | dmacheck0 | planted_free     | free of another CPU address
sync-outside      | sync-outside     | dmacheck0 | planted_sync     | run past the end of the mapping
sync-unmapped     | sync-outside     | dmacheck0 | planted_sync     | is no longer mapped
sync-read-only    | sync-direction   | dmacheck0 | planted_sync_for_cpu | mapped to-device, synced from-device for the CPU
sync-write-only   | sync-direction   | dmacheck0 | planted_sync     | mapped from-device, synced to-device for the device
sync-direction    | sync-direction   | dmacheck0 | planted_sync     | mapped to-device, synced from-device
sync-entries      | sync-entries     | dmacheck0 | planted_sync_sg  | 2 entries were mapped, 1 are synced
unchecked         | unchecked        | dmacheck0 | planted_unmap    | dma_mapping_error.. was never asked
beyond-mask       | beyond-mask      | dmacheck0 | planted_map      | its mask is 0xfff
segment-length    | segment-length   | dmacheck0 | planted_map_sg   | has 512 bytes, but it takes 256
segment-boundary  | segment-boundary | dmacheck0 | planted_map_sg   | crosses a multiple of 0x400
bad-call          | bad-call         | dmacheck0 | planted_map      | mapping 0 bytes
leak              | leak             | pci       | planted_probe    | still mapped when the driver let go
corrupt           | corrupt          | guest     |                  | numbers of entries do not go up
TABLE
}
trimmed() {
	sed 's/^ *//; s/ *$//' <<<"$1"
}
# The report of one experiment: the one whose chains name it.
reported() { # EXPERIMENT KIND DEVICE SITE TEXT
	local function=dmabug_${1//-/_}
	case $1 in
	write-to-device | read-from-device | after-unmap) ;;
	touch-before-read) function=dmabug_touch_before ;;
	touch-after-write) function=dmabug_touch_after ;;
	beyond-mask) function=dmabug_mask ;;
	outside | corrupt) function= ;;
	esac
	jq -e --arg kind "$2" --arg device "$3" --arg site "$4" --arg function "$function" '
		[.dma_check.findings[] | select(.kind == $kind) |
			(.called_by // .mapped_by // []) as $chain |
			select($function == "" or any($chain[]; test("^" + $function + "([.+]|$)")) or
				any(.mapped_by[]?; test("^" + $function + "([.+]|$)")))] |
		length == 1 and .[0].count == 1 and .[0].provoked and .[0].device == $device and
		($site == "" or ((.[0].called_by // .[0].mapped_by)[0] | test("^" + $site + "[.+]")))' \
		"$work/bugs.json" || { jq --arg kind "$2" '.dma_check.findings[] | select(.kind == $kind)' "$work/bugs.json"; false; }
	grep -E "dma-check: $3: .*$5" "$work/bugs.errors"
}
all_bugs_are_listed() {
	diff <(bugs | cut -d'|' -f1 | sed 's/ *$//' | sort) \
		<(tr -d '\r' <"$work/bugs" | sed -n 's/^ok [0-9]* dmabug\.\([a-z-]*\) #.*/\1/p' | grep -v exposed | sort)
}
# What a device did wrong names who gave it the work: the same experiment.
started() {
	jq -e --arg kinds "$1" '
		[.dma_check.findings[] | select((.kind | IN($kinds | split(" ")[])) and (has("called_by") | not) and
			(.kind == "outside" or any(.mapped_by[]; test("^dmabug_"))))] | length >= 6 and
		all(.[]; (.started_by | any(test("^dmabug_"))) and (.started_by[0] | test("^dmacheck_|^virtqueue_")))' \
		"$work/bugs.json" || { jq -c '.dma_check.findings[] | [.kind, .started_by]' "$work/bugs.json"; false; }
}
nothing_else() {
	jq -e '.dma_check | .unexpected == 0 and .mode == "hash" and .published and
		all(.findings[]; .provoked) and ([.findings[].count] | add) == ([.found[]] | add)' "$work/bugs.json"
}

ok "a driver with one bug at a time, with -v" run bugs 'dmabug.*' --dma-check=hash -v
ok "every bug was found by its experiment" all_passed "$work/bugs" no-iommu
ok "this table has every experiment" all_bugs_are_listed
while IFS='|' read -r experiment kind device site text; do
	ok "dmabug.$(trimmed "$experiment"): one report, with its symbol" \
		reported "$(trimmed "$experiment")" "$(trimmed "$kind")" "$(trimmed "$device")" "$(trimmed "$site")" "$(trimmed "$text")"
done < <(bugs)
ok "accesses name who gave the device its work" \
	started 'outside past-end after-unmap direction ownership'
ok "these, each once, and nothing else" nothing_else

ok "what is still mapped at the end is said by call site" \
	grep -E 'dma-check: disk0: still mapped at the end: [0-9]+ bytes, [0-9]+ times coherent, by vring_create' "$work/bugs.errors"

# Without -v what was announced is not said; JSON has it.
quiet() {
	run quiet 'dmabug.leak,dmabug.past-end' --dma-check && ! grep dma-check "$work/quiet.errors" &&
		jq -e '.dma_check | .mode == "on" and (.findings | length) >= 2 and all(.findings[]; .provoked)' "$work/quiet.json"
}
ok "what the guest announced is said with -v only" quiet

clean() {
	cat "$work/clean.errors"
	! grep dma-check "$work/clean.errors" &&
		jq -e '.dma_check | .unexpected == 0 and .calls > 100 and .accesses > 100 and
			(.findings | map(select(.provoked | not)) == [])' "$work/clean.json"
}
ok "correct drivers: disk, rng, console, dmacheck, edu, balloon" \
	run clean 'disk.*,dma.*,rng.*,console.*,edu.*,balloon.*' --edu 28 --balloon 16M --dma-check=hash
ok "nothing is found there" clean
still_mapped() {
	jq -e '.dma_check.mapped | any(.device == "disk0" and (.mapped_by | startswith("vring_create+")) and
		.kind == "coherent" and .count > 0 and .bytes > 0)' "$work/clean.json"
}
ok "what is mapped at the end is listed by call site" still_mapped

off() {
	run off 'dma.sg,dmabug.*' && jq -e 'has("dma_check") | not' "$work/off.json" &&
		all_passed "$work/off" unjudged
}
ok "without --dma-check nobody is judged" off

behind_iommu() {
	run iommu 'dmabug.*,dma.sg,dma.streaming' --iommu virtio --dma-check=hash &&
		all_passed "$work/iommu" iommu &&
		jq -e '.dma_check | .unexpected == 0 and .found.exposed > 0' "$work/iommu.json"
}
ok "behind an IOMMU the same is found, and exposed bytes are told" behind_iommu
# It is told of every mapping of part of a page; of the experiment's once, and where it was made.
exposed_site() {
	jq -c '.dma_check.findings[] | select(.kind == "exposed")' "$work/iommu.json"
	jq -e '[.dma_check.findings[] | select(.kind == "exposed" and any(.mapped_by[]; startswith("dmabug_exposed+")))] |
		length == 1 and (.[0] | .count == 1 and .device == "dmacheck0" and .length == 256 and
			(.what | test("0x100 bytes are mapped, and it reaches 3840 bytes beside them")) and
			(.mapped_by[0] | startswith("planted_map+")))' "$work/iommu.json"
}
ok "dmabug.exposed: one report, with its symbol" exposed_site

ok "an unknown mode is refused" status 2 "$B/pagevisor" run --dma-check=maybe "$B/guest.elf"
# A guest that publishes nothing is not judged.
ok "a guest that publishes nothing" \
	timeout 60 "$B/pagevisor" run --dma-check --report "$work/tiny.json" "$B/tiny.elf" --append x
tiny_is_not_judged() {
	jq -e '.dma_check | (.published | not) and .accesses == 0 and .findings == []' "$work/tiny.json"
}
ok "is not judged" tiny_is_not_judged
finish

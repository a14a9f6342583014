#!/bin/bash
# `pagevisor report`: the page of a report is strict XML, holds all that the report holds,
# needs nothing from outside, and lets no text of a guest become markup.
. "$(dirname "$0")/lib/tap.bash"

# A report as `pagevisor run --report` writes it, small, with every part.
cat >"$work/report.json" <<'JSON'
{
 "version": "0", "outcome": {"end": "exit", "text": "the guest finished well"},
 "config": {"kernel": "k.elf", "append": "a=<b>", "mem_bytes": 16777216, "cpus": 2},
 "time": {"run_us": 4000000}, "vcpus": [{"id": 0, "exits": {"io": 7}}],
 "devices": {"virtio-rng0": {"requests": 3}},
 "counts": {"passed": 2, "failed": 1, "skipped": 1},
 "table": [{"allocator": "kmalloc", "zeroed": "no"}, {"allocator": "<i>", "zeroed": "yes"}],
 "experiments": [
  {"name": "buddy.split", "result": "pass", "evidence": "57 \u2192 58", "at_us": 1000000},
  {"name": "buddy.<script>alert(1)</script>", "result": "fail", "at_us": 2000000,
   "evidence": "\"><img src=x onerror=alert(1)> & ' \u0001\u001b[31m ]]>"},
  {"name": "</title></svg>", "result": "pass", "evidence": "", "at_us": 3000000},
  {"name": "dma.sg", "result": "skip", "evidence": "no device", "at_us": 3500000}],
 "profile": {"hz": 97, "samples": 30, "idle": 10, "lost": 2, "cut": 1, "stacks": [
  {"stack": "vCPU 0;main;<b>flame&", "count": 20}, {"stack": "vCPU 0;[idle]", "count": 10},
  {"stack": "vCPU 0;main", "count": 9}, {"stack": "vCPU 0;;main;", "count": 1},
  {"stack": "", "count": 5}, {"stack": "vCPU 0;main-x", "count": -4}, {"stack": 7}, 8]},
 "memory": {"page_bytes": 4096,
  "zones": [{"name": "Z<1>", "managed_pages": 4000, "free_pages": 3000, "pcp_pages": 2,
             "watermarks": {"min_pages": 1, "low_pages": 2, "high_pages": 3},
             "free_blocks": [1, 2, 3]}],
  "caches": [{"name": "cache&", "stride_bytes": 64, "objects": 64, "inuse_objects": 70,
              "cached_objects": 900, "pages": 1}],
  "areas": [{"start": "0x1<", "bytes": 8192, "kind": "vmalloc", "state": "live"}],
  "map": {"cell_pages": 1, "runs": [[100, "kernel"], [3000, "free"], [990, "nonsense\""], [6, "keptback"]]},
  "blocks": {"block_pages": 1024, "runs": [[1, "unmovable"], [2, "free"], [1, "x\"<b>"]]},
  "samples": {"cell_pages": 1024, "map_key": {"f": "free", "K": "kernel\"<"},
   "list": [
    {"us": 10, "free_blocks": {"Z<1>": [1, 2, 3]}, "pages": {"kernel": 100}, "map": "Kfff"},
    {"us": 2000000, "free_blocks": {"Z<1>": [9, 0, 3]}, "pages": {"slab": 9}, "map": "Kff\""}
  ]}}
}
JSON

page=$work/page.html
make_page() {
	"$B/pagevisor" report "$work/report.json" -o "$page"
}
well_formed() {
	xmllint --noout --nonet "$page"
}
# Text of the page as a parser sees it: what was escaped comes out as it was.
says() {
	xmllint --xpath 'string(//*[local-name()="body"])' "$page" | grep -F -- "$1"
}
names_all() {
	jq -r '.experiments[].name' "$work/report.json" | while read -r name; do
		says "$name" || exit 1
	done
}
# The elements and attributes of the page are ours alone.
only_ours() {
	local found
	found=$(xmllint --xpath '//@*[starts-with(name(), "on")] | //*[local-name()="script" or
		local-name()="img" or local-name()="i"][not(@class)]' "$page" 2>/dev/null)
	echo "foreign: $found"
	[ -z "$found" ]
}
needs_nothing() {
	! grep -iE '<[a-z][^>]*(src|href)=|url\(|@import|<script|<link' "$page"
}
pictures() {
	local n
	n=$(xmllint --xpath 'count(//*[local-name()="svg"])' "$page")
	echo "$n pictures"
	[ "$n" = 8 ]
}
both_themes() {
	grep -F 'prefers-color-scheme:dark' "$page"
}
# What is missing or of another shape leaves a gap, no more.
survives() {
	echo "$1" >"$work/odd.json"
	"$B/pagevisor" report "$work/odd.json" -o "$work/odd.html" &&
		xmllint --noout --nonet "$work/odd.html"
}
refuses() { # CONTENT, part of the one line
	echo "$1" >"$work/bad.json"
	status 2 "$B/pagevisor" report "$work/bad.json" 2>"$work/line" &&
		[ "$(wc -l <"$work/line")" = 1 ] && grep -F "$2" "$work/line"
}
nowhere_to_write() {
	status 2 "$B/pagevisor" report "$work/report.json" -o "$work/no/such" 2>"$work/line" &&
		grep -F -- '--output' "$work/line"
}
no_file() {
	status 2 "$B/pagevisor" report "$work/none.json" 2>"$work/line" &&
		grep -F 'No such file' "$work/line"
}
full_disk() {
	status 2 "$B/pagevisor" report "$work/report.json" -o /dev/full 2>"$work/line" &&
		grep -F -- '--output /dev/full' "$work/line"
}

ok "a page is made" make_page
ok "it is well-formed XML" well_formed
ok "every experiment is named" names_all
ok "evidence is text, whatever it holds" says '"><img src=x onerror=alert(1)> & '"'"
ok "names in pictures are text" says '</title></svg>'
ok "the guest's table is there" says 'kmalloc'
ok "the command line is there" says 'a=<b>'
ok "no element or attribute comes from the guest" only_ours
ok "the page needs nothing from outside" needs_nothing
ok "it has its eight pictures" pictures
ok "a function's name in the flame graph is text" says '<b>flame&'
ok "it is for light and dark" both_themes
ok "an almost empty report makes a page" survives '{"outcome": {}}'
ok "wrong types leave gaps" survives '{"outcome": {}, "profile": {"stacks": [{"stack": 1}, {"count": 5}, []]}, "experiments": {"a": 1}, "table": ["x"],
	"memory": {"zones": 5, "page_bytes": -1, "areas": [1, null], "caches": "x",
	"map": {"cell_pages": 1, "runs": [1, [2], ["x", 5], [9e99, "free"], [-5, "slab"]]},
	"blocks": {"block_pages": 1, "runs": [1, [2], ["x", 5], [9e99, "free"], [3, null]]},
	"samples": {"list": [{"us": "x"}, 5, {"us": 9}], "map_key": []}}}'
ok "huge numbers are survived" survives '{"outcome": {}, "profile": {"samples": 9223372036854775807, "stacks": [
	{"stack": "a;b", "count": 9223372036854775807}, {"stack": "a;c", "count": 9223372036854775807}]}, "time": {"run_us": 9223372036854775807},
	"memory": {"page_bytes": 9223372036854775807, "caches": [{"pages": 9223372036854775807,
	"objects": 9223372036854775807, "inuse_objects": 1, "stride_bytes": 9223372036854775807}],
	"map": {"cell_pages": 262144, "runs": [[9223372036854775807, "slab"]]},
	"blocks": {"block_pages": 262144, "runs": [[9223372036854775807, "cma"]]},
	"samples": {"cell_pages": 9223372036854775807, "map_key": {"a": "slab"}, "list": [
	{"us": 1, "map": "aa", "free_blocks": {"z": [9223372036854775807]}},
	{"us": 9223372036854775807, "map": "aa", "pages": {"slab": 9223372036854775807}}]}}}'
ok "what is no JSON is refused in one line" refuses '{' 'line 2'
ok "what is no report is refused in one line" refuses '{}' 'no report'
ok "a report that is not there is refused" no_file
ok "a page that cannot be written is refused" nowhere_to_write
ok "a disk that is full is noticed" full_disk

# A real guest: what is read from outside fits its RAM.
guest() {
	timeout 100 "$B/pagevisor" run --mem 64M --cpus 2 --console none --report "$work/real.json" \
		--append 'experiments=buddy.split' "$B/guest.elf"
}
memory() { # FILTER on .memory, which must be true
	jq -e ".memory | $1" "$work/real.json"
}
# Nine ways to memory, each with the same ten columns; none of that on a bare console.
compared() {
	jq -e '.table | length == 9 and (map(keys_unsorted | join(",")) | unique | length == 1) and
		(.[0] | length == 10 and .zone == "DMA32" and .contiguous == "yes")' "$work/real.json"
}
no_rows_on_the_console() {
	timeout 100 "$B/pagevisor" run --mem 64M --append 'experiments=boot.memory-map' "$B/guest.elf" >"$work/console"
	grep -F 'kmalloc' "$work/console" && ! grep -F '# table' "$work/console"
}
real_page() {
	"$B/pagevisor" report "$work/real.json" -o "$work/real.html" &&
		xmllint --noout --nonet "$work/real.html"
}

if have_kvm; then
	ok "a guest runs" guest
	ok "its memory state was read without error" memory '.error == null'
	ok "each frame of its RAM has a use" memory '[.map.runs[][0]] | add == 16384'
	ok "free frames are what the zones hold" memory \
		'.map.pages.free + .map.pages.fresh == ([.zones[].free_pages] | add)'
	ok "slab frames are what the caches hold" memory \
		'.map.pages.slab == ([.caches[].pages] | add)'
	ok "the books of each zone add up" memory '[.zones[].adds_up] | all'
	ok "each page block has a type" memory '[.blocks.runs[][0]] | add == 16'
	ok "areas name who made them" memory '[.areas[].caller | test("^[a-z]")] | any'
	ok "there are samples of the run" memory '.samples.list | length >= 2'
	ok "the ways to memory are compared" compared
	ok "their rows for programs are not on a console" no_rows_on_the_console
	ok "its page is well-formed" real_page
else
	skip "a guest's memory from outside" "no usable /dev/kvm here"
fi
finish

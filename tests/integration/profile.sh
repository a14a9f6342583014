#!/bin/bash
# --profile: where the guest spent its time, by name and sample for sample; --perf-map: the
# guest's symbols, as perf reads them (perf finds them in the lab: lib/lab_guests).
# shellcheck disable=SC2016 # what eval expands
. "$(dirname "$0")/lib/tap.bash"

need_kvm "a profile of a guest"
pv=$B/pagevisor

guest() {
	timeout 120 "$pv" run --cpus 2 --profile "$work/folded,hz=200" --report "$work/report.json" --console none \
		--append 'experiments=buddy.*,slab.*' "$B/guest.elf" 2>"$work/err" || { cat "$work/err"; return 1; }
}
lines_are_folded() { # as flamegraph.pl reads them
	[ -s "$work/folded" ] && ! grep -nvE '^vCPU [01](;[^; ]+)* [1-9][0-9]*$' "$work/folded"
}
none_twice() {
	[ -z "$(sed 's/ [0-9]*$//' "$work/folded" | sort | uniq -d)" ]
}
named() { # PATTERN
	grep -E -- "$1" "$work/folded"
}
# Nearly all of what is met has a name.
names() {
	awk '{ n += $NF; if (/\[unknown\] [0-9]+$/) u += $NF } END { print u + 0, "of", n; exit u * 20 > n }' "$work/folded"
}
sum() { # of the lines that have PATTERN
	awk -v pattern="$1" '$0 ~ pattern { n += $NF } END { print n + 0 }' "$work/folded"
}
samples_add_up() {
	local all idle
	all=$(sum '^vCPU') idle=$(sum '\[idle\]')
	jq -e --argjson all "$all" --argjson idle "$idle" '.profile | .samples + .idle == $all and .idle == $idle
		and .hz == 200 and ([.stacks[].count] | add) == $all' "$work/report.json"
}
says_so() {
	grep -E "^pagevisor: profile: $(jq .profile.samples "$work/report.json") samples, $(jq .profile.idle "$work/report.json") idle, [0-9]+ lost" "$work/err"
}
drawn() {
	"$pv" report "$work/report.json" -o "$work/page.html" && xmllint --noout --nonet "$work/page.html" &&
		xmllint --xpath 'string(//*[local-name()="section"][@id="profile"])' "$work/page.html" | grep -F try_experiment
}
# A guest that has nothing to do is not woken: its time is idle time, its samples few.
halts() {
	timeout 60 "$pv" run --cpus 4 --profile "$work/folded" --console none --append 'experiments=buddy.split' "$B/guest.elf" 2>"$work/err" ||
		{ cat "$work/err"; return 1; }
	cut -c 1-80 "$work/folded"
	grep -E '^vCPU [123];\[idle\] [0-9]+$' "$work/folded"
}
refuses() { # PATTERN OPTION
	status 2 "$pv" run "$2" "$B/guest.elf" >/dev/null 2>"$work/refused" && grep -E -- "$1" "$work/refused"
}

ok "a guest runs and is profiled" guest
ok "every line is a folded stack" lines_are_folded
ok "no stack is there twice" none_twice
ok "call chains reach from the thread's start to the allocators" named '^vCPU [01];thread_start;.*;try_experiment;.*(slab|alloc|free|buddy)'
ok "what is met has a name" names
ok "no sample is missing, none there twice" samples_add_up
ok "the totals are said" says_so
ok "the report draws it" drawn
ok "vCPUs that are halted are idle" halts
ok "a rate that is none is refused" refuses 'not a rate' "--profile=$work/x,hz=5000"
ok "so is a file that cannot be" refuses 'No such file|Not a directory' "--profile=$work/no/such"

# --- perf's map ----------------------------------------------------------------------------------

map() {
	timeout 60 "$pv" run "--perf-map=$work/map" --console none --append 'experiments=buddy.split' "$B/guest.elf" 2>"$work/err"
}
kallsyms_format() {
	[ -s "$work/map/guest.kallsyms" ] && ! grep -nvE '^[0-9a-f]{16} T [^ ]+$' "$work/map/guest.kallsyms"
}
ascending() {
	cut -d ' ' -f 1 "$work/map/guest.kallsyms" | LC_ALL=C sort -c
}
as_nm_says() { # NAME
	local want
	want=$(nm "$B/guest.elf" | awk -v name="$1" '$3 == name { print $1 }')
	grep -Fx "$want T $1" "$work/map/guest.kallsyms"
}
ok "the guest's symbols are written for perf" map
ok "in the format of kallsyms" kallsyms_format
ok "ascending" ascending
ok "alloc_pages is where it is" as_nm_says alloc_pages
ok "perf finds where the kernel begins" grep -E ' T _stext$' "$work/map/guest.kallsyms"
ok "there is a list of modules, and none on it" eval '[ -f "$work/map/guest.modules" ] && [ ! -s "$work/map/guest.modules" ]'
ok "the command is said" grep -F -- "--guestkallsyms=$work/map/guest.kallsyms" "$work/err"
strip_it() {
	objcopy --strip-all "$B/guest.elf" "$work/stripped.elf" && status 2 "$pv" run --perf-map="$work" "$work/stripped.elf" 2>"$work/refused" &&
		grep -F 'no symbols' "$work/refused"
}
ok "a kernel without symbols is refused" strip_it
finish

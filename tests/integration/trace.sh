#!/bin/bash
# Memory events and static probes: pagevisor trace against a guest whose truth is printed
# (guest/experiments/exp_inspect.c), perf script over what it writes, and the probes by the
# notes and the code of the binary, and by perf where this machine lets it.
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/machine.bash"

# --- probes: what the binary says, with no guest ---------------------------------------------

# NAME ARGUMENTS of each note of our provider; PLACES: the address of each.
notes() {
	readelf -n "$pv" | awk '/Provider: / { ours = $2 == "pagevisor" }
		ours && /Name: / { name = $2 }
		ours && /Location: / { place = substr($2, 1, length($2) - 1) }
		ours && /Arguments:/ { print name, NF - 1, place }'
}
notes >"$work/notes"
manual() { # NAME ARGUMENTS as the man page has them
	"$pv" --man | sed -n '/^.SH PROBES/,/^.SH CONF/p' | sed -n 's/^\.B \([a-z_]*\)(\(.*\))$/\1 \2/p' |
		awk '{ n = gsub(/, /, ","); print $1, n + 1 }' | sort -u
}
all_in_manual() {
	[ "$(wc -l <"$work/notes")" -ge 30 ] || { cat "$work/notes"; return 1; }
	diff <(cut -d' ' -f1,2 "$work/notes" | sort -u) <(manual)
}
# A probe is one nop, at the very address of its note.
each_is_a_nop() {
	local name place
	objdump -d --no-show-raw-insn "$pv" >"$work/code"
	while read -r name _ place; do
		grep -Eq "^ *$(printf '%x' "$place"):[[:space:]]+nop$" "$work/code" ||
			{ echo "$name at $place is no nop:"; grep -E "^ *$(printf '%x' "$place"):" "$work/code"; return 1; }
	done <"$work/notes"
}
# A semaphore is a word to test; the only probe that has one is that whose cost takes a clock.
semaphores() {
	[ "$(readelf -n "$pv" | awk '/Provider: / { ours = $2 == "pagevisor" } /Name: / { name = $2 }
		ours && /Semaphore: / && $NF != "0x0000000000000000" { print name }')" = vcpu_exit ]
}
# Where an exit begins and ends, nothing is called in line: the clock stands in the cold parts.
no_clock_in_line() {
	awk '/^[0-9a-f]+ <vcpu_exit_(begin|end)>:$/ { here = 1; seen++ } /^$/ { here = 0 }
		here { print } here && $2 ~ /^call/ { calls++ } END { exit seen != 2 || calls }' "$work/code"
}
ok "every probe is in the man page with its arguments, and nothing else is" all_in_manual
ok "off, every probe is one nop" each_is_a_nop
ok "only the one that needs a clock has a semaphore to test" semaphores
ok "an exit that nobody watches reads no clock" no_clock_in_line

# bpftrace takes a user and a system that let it; why not is the last thing it says.
bpftrace_cannot=
timeout 60 bpftrace -e "usdt:$pv:pagevisor:kmalloc { exit(); } BEGIN { exit(); }" >"$work/told" 2>&1 ||
	bpftrace_cannot="bpftrace cannot work here: $(tail -n 1 "$work/told" | head -c 200)"
bpftrace_lists() {
	timeout 60 bpftrace -l "usdt:$pv:*" >"$work/told"
	diff <(sort -u "$work/told") <(sed "s/ .*//; s,^,usdt:$pv:pagevisor:," "$work/notes" | sort -u)
}
what="bpftrace lists every probe"
if [ "$bpftrace_cannot" ]; then skip "$what" "$bpftrace_cannot"; else ok "$what" bpftrace_lists; fi

need_kvm "events of a guest"

# --- a guest that stops in a known state -----------------------------------------------------

trap 'kill "$machine" 2>/dev/null; wait; rm -rf "$work"' EXIT

start() { # PARAMETER...
	start_known "experiments=inspect.state stop-at=inspect:park $*"
}
stop() {
	kill "$machine" 2>/dev/null
	wait "$machine" 2>/dev/null
	machine=
}
# Under bpftrace, where that works: start_watched PROGRAM POINT OPTION... PARAMETERS, where
# PROGRAM prints a program; what that prints is in $work/seen when the machine is gone.
watch() { # PROGRAM COMMAND...
	local program=$1
	shift
	: >"$work/seen"
	if [ "$bpftrace_cannot" ]; then
		exec "$@"
	fi
	"$program" >"$work/program.bt"
	# Its rings are a part of its memory: large enough for all, whoever waits for whom.  It cuts a
	# command at blanks and knows no quotes; to the guest a tab between words is as good.
	BPFTRACE_PERF_RB_PAGES=1024 exec timeout -k 5 100 bpftrace -q "$work/program.bt" -o "$work/seen" -c "$*"
}
start_watched() {
	local program=$1 point=$2
	shift 2
	[ -z "$machine" ] || stop # a failed step's
	: >"$work/console"
	cp "$B/guest.elf" "$work/guest.elf"
	watch "$program" "$pv" run --name it --cpus 2 "${@:1:$#-1}" --append "${!#// /$'\t'}" \
		>"$work/console" 2>"$err" </dev/null &
	machine=$!
	lives_until "$err" "$work/console" -- grep -q "^# stops at $point" "$work/console"
}
# What the guest wrote is read before the answer comes that nothing is watched any more; and
# bpftrace has written all when it has ended, which it does with its command.
quits_unwatched() {
	"$pv" ctl it qmp x-pagevisor-trace "$(jq -nc '{enable: [range(32) | 0]}')" &&
		"$pv" ctl it qmp quit || return 1
	wait "$machine"
	machine=
}
trace() { # FILE OPTION...
	"$pv" trace it --all --for 0.05 -o "$@"
}
# The events of the experiment itself, in order, as `NAME FIELD=VALUE...`.
script_of() {
	jq -r '.traceEvents[] | select(.ph == "I" and ((.args.caller // "") | startswith("inspect_state+")))
		| .name + " " + (.args | [to_entries[] | select(.key | IN("bytes_req", "name", "order", "size", "dir", "device"))
		| "\(.key)=\(.value)"] | join(" "))' "$1"
}
# What exp_inspect.c does between its first line and the place where it stops.
expected_script() {
	for ((i = 0; i < 100; i++)); do echo "kmem_cache_alloc bytes_req=200 name=inspect-box"; done
	echo "kmalloc bytes_req=SOME"
	echo "alloc_vmap_area size=24576"
	printf 'mm_page_alloc order=%s\n' 4 5 3
	echo "kmalloc bytes_req=3000"
	echo "dma_map_page device=0000:00:04.0 size=3000 dir=TO_DEVICE"
}
# How large the descriptor of an area is, is vmalloc's own affair.
same_script() {
	script_of "$work/t.json" | awk '/^kmalloc/ && !seen++ { $2 = "bytes_req=SOME" } { print }' >"$work/script"
	diff <(expected_script) "$work/script"
}
field() { # NAME FIELD: of the last such event of the experiment
	jq -r --arg name "$1" --arg field "$2" '[.traceEvents[] | select(.name == $name and
		((.args.caller // "") | startswith("inspect_state+")))][-1].args[$field]' "$work/t.json"
}
same_places() {
	local object block area dma
	read -r object < <(truth object)
	read -r block _ < <(truth block)
	read -r area _ < <(truth area)
	read -r dma _ < <(truth dma)
	[ $(($(field kmem_cache_alloc ptr))) = $((0xffff888000000000 + object)) ] &&
		[ $(($(field mm_page_alloc pfn))) = $((block / 4096)) ] &&
		[ "$(field alloc_vmap_area addr)" = "$area" ] &&
		[ $(($(field dma_map_page dma_addr))) = $((dma)) ]
}
nothing_lost() {
	jq -e '.otherData.lost == 0 and .otherData.events > 100' "$work/t.json"
}
json_events() {
	jq '.otherData.events' "$1"
}
has_chain() {
	jq -e '[.traceEvents[] | select(.name == "dma_map_page" and (.args.chain | length) > 3
		and (.args.chain[0] | startswith("inspect_state+"))
		and any(.args.chain[]; startswith("main_thread+")))] | length == 1' "$work/c.json"
}
perf_script() {
	HOME=$work perf script -i "$1" "${@:2}" 2>"$work/perf.err"
}
# perf prints the same events, by Linux's names and with their fields.
perf_reads() {
	perf_script "$work/t.perf" >"$work/perf.txt"
	head "$work/perf.txt" "$work/perf.err"
	[ "$(grep -cE ' (kmem|vmalloc|vmscan|dma):[a-z_]+: ' "$work/perf.txt")" = "$(json_events "$work/t.json")" ] || return 1
	grep -Eq 'vcpu0 .* kmem:kmem_cache_alloc: call_site=0x[0-9a-f]+ ptr=0x[0-9a-f]+ bytes_req=200 bytes_alloc=200 gfp_flags=GFP_KERNEL node=0 accounted=false name=inspect-box$' "$work/perf.txt" &&
		grep -Eq "kmem:mm_page_alloc: page=0x[0-9a-f]+ pfn=0x[0-9a-f]+ order=4 migratetype=1 gfp_flags=GFP_KERNEL\|__GFP_MOVABLE$" "$work/perf.txt" &&
		grep -Eq 'vmalloc:alloc_vmap_area: va_start: [0-9]+ size=24576 align=4096 ' "$work/perf.txt" &&
		grep -Eq 'dma:dma_map_page: 0000:00:04.0 dir=TO_DEVICE dma_addr=[0-9a-f]+ size=3000 phys_addr=[0-9a-f]+ attrs=$' "$work/perf.txt"
}
# perf knows the texts by their descriptions in the file alone; but the names of the guest's
# functions it has in another column, and arrays it prints in its own way.
text_is_perfs() {
	trace "$work/t.txt" 2>"$work/told" && perf_script "$work/t.perf" -F trace >"$work/perf.txt" || return 1
	diff <(sed -nE 's/^\[[0-9]+\] +[0-9.]+: [a-z]+:[a-z_]+: //; s/ \([^()]*\)$//; s/=[{][^}]*[}]/={}/g; s/call_site=[^ ]*/call_site/; /^#/!p' "$work/t.txt") \
		<(sed -E 's/^ *//; s/call_site=0x[0-9a-f]*/call_site/; s/(addrs|sizes)=[0-9 ]*( |$)/\1={}\2/g' "$work/perf.txt")
}
# And takes the fields to sort by; the experiment's 100 objects are most of those of 200 bytes.
perf_sorts_by_fields() {
	HOME=$work perf report -i "$work/t.perf" --stdio --no-children -g none -n \
		-s kmem:kmem_cache_alloc.bytes_req,kmem:kmem_cache_alloc.name >"$work/perf.txt" 2>"$work/perf.err"
	grep -A12 "event 'kmem:kmem_cache_alloc'" "$work/perf.txt"
	cat "$work/perf.err"
	grep -Eq '%  +100  +200  +inspect-box *$' "$work/perf.txt"
}
perf_filters_by_cpu() {
	perf_script "$work/t.perf" -C 1 -F cpu >"$work/perf.txt"
	sort "$work/perf.txt" "$work/perf.err" | uniq -c
	[ "$(tr -d ' ' <"$work/perf.txt" | sort -u)" = "[001]" ]
}
perf_names_sites() {
	perf_script "$work/c.perf" -F event,ip,sym >"$work/perf.txt"
	grep -A1 'dma:dma_map_page' "$work/perf.txt" >"$work/site"
	head -20 "$work/perf.txt" "$work/perf.err"
	grep -q ' inspect_state$' "$work/site" && grep -q ' main_thread$' "$work/perf.txt"
}
only() { # JQ-FILTER OPTION...: all events that pass the options pass the filter, and some do
	local filter=$1
	shift
	trace "$work/f.json" "$@" 2>/dev/null || return 1
	head -c 2000 "$work/f.json"
	jq -e "[.traceEvents[] | select(.ph == \"I\")] | length > 0 and all($filter)" "$work/f.json"
}
fails() { # PATTERN OPTION...
	local pattern=$1 got=0
	shift
	"$pv" trace "$@" >"$work/told" 2>&1 || got=$?
	echo "status $got"
	cat "$work/told"
	[ "$got" = 2 ] && grep -Eq -- "$pattern" "$work/told"
}

ok "a guest with trace=* stops in a known state" start 'trace=*' trace_buf_size=1M
ok "its events, as JSON" trace "$work/t.json"
ok "every call of the script, in order, and no other" same_script
ok "the addresses are those that the guest printed" same_places
ok "nothing was lost" nothing_lost
ok "the same, as perf.data" trace "$work/t.perf"
ok "perf script prints names and fields of all of them" perf_reads
ok "and the same text for each as pagevisor itself" text_is_perfs
ok "perf report sorts by their fields" perf_sorts_by_fields
ok "perf script filters by vCPU" perf_filters_by_cpu
ok "filtered by event" only '.name == "kfree" or .cat == "dma"' -e 'kfree,dma:*'
ok "filtered by size" only '.args.bytes_req >= 3000 or .args.size >= 3000 or .args.order >= 0' --bytes 3000..
ok "filtered by call site" only '.args.caller | startswith("inspect_state+")' --site 'inspect_*'
ok "filtered by vCPU" only '.tid == 0' --vcpu 0
core_has_them() {
	"$pv" core it -o "$work/it.core" >"$work/told" 2>&1 && "$pv" trace "$work/it.core" -o "$work/k.json" || return 1
	diff <(jq -S .traceEvents[10:] "$work/t.json") <(jq -S .traceEvents[10:] "$work/k.json")
}
ok "a core of it has the same events" core_has_them
ok "an event that there is not" fails 'kmem:nothing: no event is called so' it -e kmem:nothing
ok "bytes that are none" fails '--bytes 12: give MIN..MAX' it --bytes 12
ok "no such machine" fails 'nobody: no such machine runs' nobody
stop

ok "the same guest with call chains" start 'trace=*,chain' trace_buf_size=1M
trace "$work/c.json" 2>/dev/null
trace "$work/c.perf" 2>/dev/null
ok "a chain leads from the call to the thread's start" has_chain
ok "perf finds the names of call sites in the guest's kernel" perf_names_sites
stop

# A ring of 16 records cannot hold them: what is lost is counted, what is there is right.
counts_lost() {
	trace "$work/l.json" 2>"$work/told"
	cat "$work/told"
	jq -e '.otherData | .lost > 100 and .events > 0 and .events <= 32' "$work/l.json" &&
		jq -e '[.traceEvents[] | select(.name == "lost").args.events] | add > 100' "$work/l.json" &&
		grep -Eq 'it: [0-9]+ events, [0-9]{3,} lost' "$work/told" &&
		trace "$work/l.perf" 2>/dev/null || return 1
	perf_script "$work/l.perf" --show-lost-events >"$work/perf.txt"
	grep -q PERF_RECORD_LOST "$work/perf.txt"
}
# The same, as who watches from outside is told of it.
lost_live() {
	quits_unwatched || return 1
	diff <(jq -r '.traceEvents[] | select(.name == "lost") | "lost cpu=\(.tid) events=\(.args.events)"' "$work/l.json" | sort) \
		<(grep '^lost' "$work/seen" | sort) || { cat "$err"; return 1; }
	echo events_lost >>"$work/fired"
}
lost_program() {
	printf 'usdt:%s:pagevisor:events_lost { printf("lost cpu=%%d events=%%d\\n", arg0, arg1); }\n' "$pv"
}
ok "a guest with rings of 16 records" start_watched lost_program inspect "$work/guest.elf" \
	'experiments=inspect.state stop-at=inspect:park trace=* trace_buf_size=1K'
ok "what was overwritten is counted, and shown" counts_lost
what="bpftrace is told how much on which CPU"
if [ "$bpftrace_cannot" ]; then stop; skip "$what" "$bpftrace_cannot"; else ok "$what" lost_live; fi

# --- live, and with probes --------------------------------------------------------------------

busy() { # a guest that allocates for as long as it is let
	"$pv" run --name it --cpus 2 --console none "$work/guest.elf" --append \
		'experiments=kmalloc.* repeat=forever' >/dev/null 2>"$work/err" </dev/null &
	machine=$!
}
live() {
	local i
	for ((i = 0; i < 100; i++)); do
		"$pv" trace it -e 'kmem:*' --for 0.3 -o "$work/v.json" 2>"$work/told" &&
			[ "$(json_events "$work/v.json")" -gt 20 ] && return 0
		sleep 0.1
	done
	cat "$work/told"
	return 1
}
levels() { # what is on, by number
	"$pv" ctl it qmp x-pagevisor-trace | jq -c '.before | add'
}
# Also with one that was switched on from outside before: that one stays on.
off_again() {
	[ "$(levels)" = 0 ] || return 1
	"$pv" ctl it qmp x-pagevisor-trace "$(jq -nc '{enable: [range(32) | if . == 5 then 1 else 0 end]}')" >"$work/told" &&
		"$pv" trace it -e 'kmem:*' --for 0.05 -o "$work/o.json" 2>"$work/told" &&
		[ "$(levels)" = 1 ]
}
wrong_levels() {
	fails_ctl '{"enable": [1]}' && fails_ctl '{"enable": "all"}' &&
		fails_ctl "$(jq -nc '{enable: [range(32) | 3]}')"
}
fails_ctl() {
	! "$pv" ctl it qmp x-pagevisor-trace "$1" >"$work/told" 2>&1
}
busy
ok "events of a guest that runs" live
ok "afterwards all is as it was" off_again
ok "levels that make no sense are refused" wrong_levels
stop

# --- every kind of event, in the file and through the probes ----------------------------------

# A guest (guest/experiments/exp_events.c) makes each kind happen and prints what it knows of
# it, the facts; then it stops.  The file is read from its rings; the probes are raised as it
# goes.  An event is one with the facts when all that it says stands there.
probe_arguments() { # NAME ARGUMENT,ARGUMENT...
	"$pv" --man | sed -n '/^.SH PROBES/,/^.SH CONF/p' | sed -n 's/^\.B \([a-z_]*\)(\(.*\))$/\1 \2/p' | sed 's/, /,/g'
}
probe_arguments >"$work/arguments"
own_probes=(vcpu_entry vcpu_exit doorbell interrupt dma_access dma_translate dma_fault block_queue
	block_submit block_done block_wait memory_given memory_taken events_lost)
guest_probes() {
	cut -d' ' -f1 "$work/arguments" | grep -vxF "$(printf '%s\n' "${own_probes[@]}")"
}
# Prints NAME ARGUMENT=VALUE..., the first six, for each event of the guest.  A call's place is
# hexadecimal, two are text, all else is decimal.
kinds_program() {
	local name args arg i format values
	while read -r name args; do
		i=0 format='' values=''
		for arg in ${args//,/ }; do
			[ "$i" -lt 6 ] || break
			case $arg in
			call_site) format+=" $arg=%llx" values+=", arg$i" ;;
			device | name) format+=" $arg=%s" values+=", str(arg$i)" ;;
			*) format+=" $arg=%llu" values+=", arg$i" ;;
			esac
			i=$((i + 1))
		done
		printf 'usdt:%s:pagevisor:%s { printf("%s\\n"%s); }\n' "$pv" "$name" "$name$format" "$values"
	done < <(grep -wF "$(guest_probes)" "$work/arguments")
	printf 'uprobe:%s:exit_clock { printf("clock\\n"); }\n' "$pv"
}
start_kinds() {
	start_watched kinds_program events --trace '*' "$work/guest.elf" \
		'experiments=events.all stop-at=events trace=* trace_buf_size=1M' &&
		sed -n 's/^# event //p' "$work/console" | tr -d '\r' >"$work/facts"
}
cat >"$work/lib.jq" <<'END'
def words: split(" ") | {name: .[0], facts: (.[1:] | map(capture("(?<key>[^=]+)=(?<value>.*)")) | from_entries)};
# Those facts that no event of the stream $events ({name, caller, says}) agrees with.  Where it
# does not tell of callers, caller is null.
def without($events): select(. as $t | any($events[]; .name == $t.name and
	(.caller == null or .caller == ($t.facts.caller // "")) and all(.says | to_entries[];
		.value == $t.facts[.key] or (.key == "dir" and .value == $t.facts.direction))) | not);
END
lacks_none() { # EVENTS FACTS: in JSON, and as lines
	jq -nRrc -L "$work" --slurpfile events "$1" 'include "lib"; [inputs] | .[] | words | without($events)' "$2" >"$work/lacks"
	cat "$work/lacks"
	[ ! -s "$work/lacks" ]
}
kinds_in_file() {
	trace "$work/e.json" || return 1
	jq -c '.traceEvents[] | select(.ph == "I") | {name, caller: ((.args.caller // "") | sub("[+].*"; "")),
		says: (.args | del(.caller, .call_site, .chain) | map_values(tostring))}' "$work/e.json" >"$work/e.events"
	lacks_none "$work/e.events" "$work/facts"
}
every_kind_has_facts() {
	diff <(cut -d' ' -f1 "$work/facts" | sort -u) <(guest_probes | sort -u)
}
decimal_facts() {
	local name words word
	while read -r name words; do
		for word in $words; do
			case $word in *=0x*) printf -v word '%s=%u' "${word%%=*}" "${word#*=}" ;; esac
			name+=" $word"
		done
		echo "$name"
	done <"$work/facts"
}
# Lines NAME ARGUMENT=VALUE... as events; which function a call stands in is the guest's nm's word.
seen_events() {
	nm -S "$work/guest.elf" | awk '$4 ~ /^events_/ { print $1, $2, $4 }' >"$work/functions"
	awk 'NR == FNR { start[NR] = $1; size[NR] = $2; name[NR] = $3; n = NR; next }
	function hex(s,  v, i) { for (i = length(s) > 7 ? length(s) - 6 : 1; i <= length(s); i++) v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1; return v }
	{
		caller = ""
		for (i = 1; i <= n; i++) { from[i] = hex(start[i]); to[i] = from[i] + hex(size[i]) }
		if (match($0, /call_site=[0-9a-f]+/)) {
			at = hex(substr($0, RSTART + 10, RLENGTH - 10))
			for (i = 1; i <= n; i++) if (at >= from[i] && at < to[i]) caller = name[i]
		}
		print "caller=" caller, $0
	}' "$work/functions" "$1" | jq -Rc -L "$work" 'include "lib"; capture("^caller=(?<caller>[^ ]*) (?<rest>.*)") |
		.caller as $caller | .rest | words | {name, caller: (if .facts.call_site then $caller else null end),
		says: (.facts | del(.cpu, .call_site))} |
		if .says.gfp_flags then .says.gfp = .says.gfp_flags | del(.says.gfp_flags) else . end'
}
kinds_live() {
	grep -vE '^(clock|)$' "$work/seen" >"$work/lines"
	seen_events "$work/lines" >"$work/s.events"
	decimal_facts >"$work/facts.decimal"
	if grep '^clock' "$work/seen" || ! lacks_none "$work/s.events" "$work/facts.decimal"; then
		wc -l "$work/lines"
		cat "$err"
		return 1
	fi
	cut -d' ' -f1 "$work/lines" | sort -u >>"$work/fired"
}

# perf has all arguments, as numbers.  Recording uprobes takes a user and a system that let it.
# The kernel's list of them is all users': where the name is taken the test is left out, and
# what it added it takes away.
add_uprobes() {
	cp "$pv" "$work/watched"
	HOME=$work perf buildid-cache --add "$work/watched" && HOME=$work perf probe -q 'sdt_pagevisor:*'
}
remove_uprobes() {
	local -a names
	read -ra names < <(HOME=$work perf probe -l 2>/dev/null |
		awk -v in_ours=" in $work/watched " 'index($0, in_ours) { printf "-d %s ", $1 } END { print "" }')
	[ "${#names[@]}" = 0 ] || HOME=$work perf probe -q "${names[@]}"
}
trap 'kill "$machine" 2>/dev/null; wait; remove_uprobes; rm -rf "$work"' EXIT
# Lines NAME ARGUMENT=VALUE... of the guest's events, without their texts and places.
perf_lines() {
	awk 'NR == FNR { names[$1] = $2; next }
	match($0, /sdt_pagevisor:[a-z_]+/) {
		name = substr($0, RSTART + 14, RLENGTH - 14)
		n = split(names[name], argument, ",")
		line = name
		for (i = 1; i <= n; i++)
			if (argument[i] !~ /^(call_site|device|name)$/ && match($0, " arg" i "=[0-9]+"))
				line = line " " argument[i] "=" substr($0, RSTART + length(" arg" i "="), RLENGTH - length(" arg" i "="))
		print line
	}' "$work/arguments" "$1"
}
# All of them, and the cost of exits: perf raises the semaphore that makes it be measured.
recorded() {
	HOME=$work timeout 100 perf record -q -m 4M -e 'sdt_pagevisor:*' -o "$work/u.data" -- \
		"$work/watched" run --cpus 2 --trace '*' "$work/guest.elf" \
		--append 'experiments=events.all trace=* trace_buf_size=1M' >"$work/console" 2>"$work/told" </dev/null
	sed -n 's/^# event //p' "$work/console" | tr -d '\r' >"$work/facts"
	decimal_facts >"$work/facts.decimal"
	perf_script "$work/u.data" >"$work/perf.txt"
	perf_lines "$work/perf.txt" >"$work/lines"
	seen_events "$work/lines" >"$work/p.events"
	[ "$(wc -l <"$work/facts")" -gt 20 ] && lacks_none "$work/p.events" "$work/facts.decimal" &&
		[ "$(grep -c '^vcpu_exit vcpu=[01] reason=2 cost=[1-9]' "$work/lines")" -gt 100 ] && return
	cat "$work/told" "$work/perf.err"
	tail -n 3 "$work/console" "$work/perf.txt" "$work/lines"
	return 1
}
# All that were added, by one pattern: how often each was met.
stat_counts() {
	local probe
	HOME=$work timeout 50 perf stat -x, -e 'sdt_pagevisor:*' -o "$work/stat" -- \
		"$work/watched" run --trace kmem:kmalloc --console none "$work/guest.elf" \
		--append 'experiments=kmalloc.*' >/dev/null 2>"$work/told"
	cat "$work/told" "$work/stat"
	for probe in kmalloc vcpu_exit; do
		awk -F, -v probe="sdt_pagevisor:$probe" '$3 == probe && $1 > 20 { seen++ } END { exit seen != 1 }' "$work/stat" || return 1
	done
}
ok "a guest makes each kind of event happen, and stops" start_kinds
ok "there is no kind of which it says nothing" every_kind_has_facts
ok "each is in the file, with all that it says" kinds_in_file
ok "it ends, and who watches with it" quits_unwatched
what="bpftrace has seen each as it happened, with what its probe says"
if [ "$bpftrace_cannot" ]; then skip "$what" "$bpftrace_cannot"; else ok "$what" kinds_live; fi
what="perf records each with all arguments of its probe, and what exits cost"
if add_uprobes >"$work/told" 2>&1; then
	ok "$what" recorded
	ok "perf stat counts them" stat_counts
else
	skip "$what" "no uprobe can be added here: $(head -c 100 "$work/told" | tr '\n' ' ')"
fi
remove_uprobes

# The monitor's own probes: what they say is what its report counts.  The cost of an exit lies
# between two times that are taken here, inside and outside of those that the monitor takes.
# Messages go to where interrupts are taken: 0xfee00000.
clause() { # PROBE BODY
	printf 'usdt:%s:pagevisor:%s { @fired["%s"] = count(); %s }\n' "$pv" "$1" "$1" "$2"
}
own_program() {
	clause vcpu_exit '@exits[arg0, arg1] = count();
		if (@inside[tid]) { @judged[arg2 >= @least[tid] && arg2 <= nsecs - @begun[tid]] = count(); }
		delete(@inside[tid]); delete(@begun[tid]); delete(@least[tid]);'
	clause vcpu_entry '@entries[arg0] = count();'
	clause doorbell '@bells[str(arg0)] = sum(arg2);'
	clause interrupt '@interrupts = count(); @to[arg1 >> 20] = count();'
	clause dma_access '@moved[str(arg0), arg4] = sum(arg5);'
	clause dma_translate '@translations[str(arg0)] = count();'
	clause dma_fault '@faults[str(arg0)] = count();
		printf("%s: %s of 0x%llx bytes at 0x%llx fails at 0x%llx\n", str(arg0), arg4 ? "write" : "read", arg3, arg2, arg5);'
	clause block_queue '@queued[str(arg0)] = count();'
	clause block_submit '@submitted[str(arg0), arg2] = sum(arg4);'
	clause block_done '@done[str(arg0)] = count();'
	clause memory_given '@given = sum(arg1);'
	clause memory_taken '@taken[arg1] = count();'
	cat <<-END
		uprobe:$pv:bus_access /@begun[tid]/ { @inside[tid] = nsecs; }
		uprobe:$pv:exit_clock {
			@clocks = count();
			if (@inside[tid]) { @least[tid] = nsecs - @inside[tid]; } else { @begun[tid] = nsecs; }
		}
	END
}
# Those that the monitor told of, which it does not go on with for ever.
same_faults() {
	sed -nE 's/^pagevisor: ([a-z0-9]+): DMA fault [0-9]+: (.* fails at 0x[0-9a-f]+).*/\1: \2/p' "$work/told" >"$work/faults"
	jq -r 'select(.type == "printf").data | rtrimstr("\n")' "$work/seen" >"$work/lines"
	[ -s "$work/faults" ] && diff "$work/faults" <(head -n "$(wc -l <"$work/faults")" "$work/lines")
}
own_probes() {
	own_program >"$work/own.bt"
	truncate -s 1M "$work/scratch"
	timeout 100 bpftrace -q -f json "$work/own.bt" -o "$work/seen" -c "$pv run --cpus 2 --iommu virtio --balloon 4M \
--disk $B/disk.img,ro --disk $work/scratch --console none --report $work/own.json $work/guest.elf \
--append experiments=disk.*,balloon.*,iommu.*" >"$work/told" 2>&1
	jq -s 'map(select(.type == "map").data) | add' "$work/seen" >"$work/maps"
	cat "$work/told" "$work/maps"
	jq -c '.devices, .vcpus' "$work/own.json"
	jq -ne --slurpfile seen "$work/maps" --slurpfile report "$work/own.json" '
		$seen[0] as $s | $report[0] as $r | $r.devices as $d |
		all(range(2); . as $i | $s["@exits"]["\($i),2"] == $r.vcpus[$i].exits.io and
			$s["@exits"]["\($i),6"] == $r.vcpus[$i].exits.mmio and $s["@entries"]["\($i)"] > 0) and
		($s["@entries"] | add) >= ($s["@exits"] | add) and $s["@clocks"] == 2 * ($s["@exits"] | add) and
		$s["@judged"] == {"1": ([$r.vcpus[].exits | .io, .mmio] | add)} and
		all("disk0", "disk1", "dmacheck0", "balloon0"; $s["@bells"][.] == $d[.]["queue.notifications"]) and
		$s["@interrupts"] == ([$d[]["queue.interrupts"] // 0] | add) and ($s["@to"] | keys) == ["4078"] and
		$s["@moved"]["dmacheck0,0"] == $d.dmacheck0["dma.read_bytes"] and
		$s["@moved"]["dmacheck0,1"] == $d.dmacheck0["dma.written_bytes"] and
		$s["@moved"]["disk0,1"] == $d.disk0["dma.written_bytes"] and
		$s["@translations"].disk0 > 0 and $s["@faults"].dmacheck0 == $d.dmacheck0["dma.faults"] and
		$s["@queued"] == $s["@done"] and $s["@submitted"]["disk0,0"] == $d.disk0["read.bytes"] and
		$s["@given"] == $d.balloon0.given_back_bytes and $s["@taken"] == {"4096": $d.balloon0.deflated}' &&
		same_faults &&
		jq -r '."@fired" | keys[]' "$work/maps" >>"$work/fired"
}
what="the monitor's own probes say what its report counts"
if [ "$bpftrace_cannot" ]; then skip "$what" "$bpftrace_cannot"; else ok "$what" own_probes; fi

# A disk that the host cuts short under its guest, and mends: with libvirt's policy a request
# that failed waits, and comes out of its queue again when the guest is told to go on.
waits_program() {
	local at=usdt:$pv:pagevisor
	cat <<-END
		$at:block_queue { printf("queue %s %lx op=%d\n", str(arg0), arg1, arg2); }
		$at:block_wait { printf("wait %s %lx op=%d error=%d\n", str(arg0), arg1, arg2, (int32)arg3); }
		$at:block_done { printf("done %s %lx op=%d bytes=%d error=%d\n", str(arg0), arg1, arg2, arg3, (int32)arg4); }
	END
}
is() { # STATUS
	[ "$("$pv" ctl waits status)" = "$1" ]
}
disk_waits() {
	[ -z "$machine" ] || stop
	cp "$B/disk.img" "$work/cut.img" && cp "$B/guest.elf" "$work/guest.elf" || return 1
	: >"$work/console"
	watch waits_program "$B/pagevisor-system-x86_64" -name guest=waits -S -machine pc-i440fx-7.2,accel=kvm \
		-m size=131072k -smp 1 -nodefaults -kernel "$work/guest.elf" -append experiments=disk.hash \
		-blockdev "driver=file,filename=$work/cut.img,node-name=n,read-only=on" \
		-device virtio-blk-pci,drive=n,rerror=stop,werror=stop \
		-chardev "socket,id=m,path=$work/waits.sock,server=on,wait=off" -mon chardev=m,mode=control \
		-chardev "file,id=s,path=$work/console" -device isa-serial,chardev=s >"$work/told" 2>"$err" </dev/null &
	machine=$!
	lives_until "$err" -- is prelaunch && truncate -s 0 "$work/cut.img" && "$pv" ctl waits cont &&
		lives_until "$err" "$work/console" -- is io-error && cat "$B/disk.img" >"$work/cut.img" &&
		"$pv" ctl waits cont && ends_with 0
}
wait_live() {
	head -n 5 "$work/seen"
	[ "$(sed -n 1,4p "$work/seen" | sed -E 's/ [0-9a-f]+ op/ op/')" = "queue disk0 op=0
wait disk0 op=0 error=-5
queue disk0 op=0
done disk0 op=0 bytes=262144 error=0" ] && [ "$(sed -n 1,2p "$work/seen" | cut -d' ' -f3 | sort -u | wc -l)" = 1 ] &&
		[ "$(grep -c '^wait' "$work/seen")" = 1 ] && echo block_wait >>"$work/fired"
}
ok "a request that the host failed waits, and is done when the host can" disk_waits
what="bpftrace is told of the request that waits"
if [ "$bpftrace_cannot" ]; then skip "$what" "$bpftrace_cannot"; else ok "$what" wait_live; fi

# The closed table.
all_fired() {
	diff <(cut -d' ' -f1 "$work/notes" | sort -u) <(sort -u "$work/fired")
}
what="there is no probe in the binary that was not seen to fire"
if [ "$bpftrace_cannot" ]; then skip "$what" "$bpftrace_cannot"; else ok "$what" all_fired; fi
finish

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
trace() { # FILE OPTION...
	"$pv" trace it --all --for 0.05 -o "$@"
}
# The events of the experiment itself, in order, as `NAME FIELD=VALUE...`.
script_of() {
	jq -r '.traceEvents[] | select(.ph == "i" and ((.args.caller // "") | startswith("inspect_state+")))
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
	echo "dma_map_page device=0000:00:04.0 size=3000 dir=1"
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
	grep -Eq 'vcpu0 .* kmem:kmem_cache_alloc: call_site=[0-9a-f]+ ptr=0x[0-9a-f]+ name=inspect-box bytes_req=200 bytes_alloc=200 gfp_flags=GFP_KERNEL node=0' "$work/perf.txt" &&
		grep -Eq "kmem:mm_page_alloc: page=0x[0-9a-f]+ pfn=0x[0-9a-f]+ order=4 migratetype=1 gfp_flags=GFP_KERNEL\|__GFP_MOVABLE$" "$work/perf.txt" &&
		grep -Eq 'vmalloc:alloc_vmap_area: va_start: [0-9]+ size=24576 align=4096 ' "$work/perf.txt" &&
		grep -Eq 'dma:dma_map_page: 0000:00:04.0 dir=1 dma_addr=[0-9a-f]+ size=3000 ' "$work/perf.txt"
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
	jq -e "[.traceEvents[] | select(.ph == \"i\")] | length > 0 and all($filter)" "$work/f.json"
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
ok "a guest with rings of 16 records" start 'trace=*' trace_buf_size=1K
ok "what was overwritten is counted, and shown" counts_lost
stop

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

# Recording uprobes takes a user and a system that let it.  The kernel's list of them is all
# users': where the name is taken the test is left out, and what it added it takes away.
probes=(sdt_pagevisor:kmalloc sdt_pagevisor:vcpu_exit)
add_uprobes() {
	cp "$pv" "$work/watched"
	HOME=$work perf buildid-cache --add "$work/watched" && HOME=$work perf probe -q "${probes[0]}" || return 1
	HOME=$work perf probe -q "${probes[1]}" && return
	HOME=$work perf probe -q -d "${probes[0]}"
	return 1
}
remove_uprobes() {
	local probe
	for probe in "${probes[@]}"; do HOME=$work perf probe -q -d "$probe"; done
}
# Arguments of both; and perf has raised the semaphore of the second: an exit has a cost.
recorded() {
	HOME=$work timeout 50 perf record -q -e "${probes[0]}" -e "${probes[1]}" -o "$work/u.data" -- \
		"$work/watched" run --trace kmem:kmalloc --console none "$work/guest.elf" \
		--append 'experiments=kmalloc.*' >/dev/null 2>"$work/told"
	perf_script "$work/u.data" >"$work/perf.txt"
	if [ "$(grep -c "${probes[0]}: .*arg1=0 arg2=[0-9]* arg3=[0-9]* arg4=[0-9]* " "$work/perf.txt")" -le 20 ] ||
		[ "$(grep -c "${probes[1]}: .*arg1=0 arg2=2 arg3=[1-9][0-9]*$" "$work/perf.txt")" -le 100 ]; then
		cat "$work/told" "$work/perf.err"
		tail "$work/perf.txt"
		return 1
	fi
}
what="perf record sees the guest's kmalloc and what exits cost through the probes"
if add_uprobes >"$work/told" 2>&1; then
	ok "$what" recorded
	remove_uprobes
else
	skip "$what" "no uprobe can be added here: $(head -c 100 "$work/told" | tr '\n' ' ')"
fi

# The script of exp_inspect.c once more, as bpftrace sees it happen: the calls that come from
# the experiment's own function, in the order of their time.
bpftrace_program() {
	local at size here print='printf("%llu '
	read -r at size < <(nm -S "$work/guest.elf" | awk '$4 == "inspect_state" { print $1, $2 }')
	at=$((0x$at & 0x7fffffff))
	here="/(arg1 & 0x7fffffff) >= $at && (arg1 & 0x7fffffff) < $((at + 0x$size))/"
	cat <<-END
		usdt:$pv:pagevisor:kmem_cache_alloc $here { ${print}kmem_cache_alloc bytes_req=%d name=%s\n", nsecs, arg4, str(arg3)); }
		usdt:$pv:pagevisor:kmalloc $here { ${print}kmalloc bytes_req=%d\n", nsecs, arg3); }
		usdt:$pv:pagevisor:alloc_vmap_area $here { ${print}alloc_vmap_area size=%d\n", nsecs, arg3); }
		usdt:$pv:pagevisor:mm_page_alloc $here { ${print}mm_page_alloc order=%d\n", nsecs, arg3); }
		usdt:$pv:pagevisor:dma_map_page $here { ${print}dma_map_page device=%s size=%d\n", nsecs, str(arg2), arg5); }
		usdt:$pv:pagevisor:events_lost { ${print}lost\n", nsecs); }
		uprobe:$pv:exit_clock { ${print}clock\n", nsecs); }
	END
}
bpftrace_sees() {
	bpftrace_program >"$work/it.bt"
	# Its rings are a part of its memory: large enough for all, whoever waits for whom.
	timeout 100 bpftrace -q "$work/it.bt" -o "$work/seen" -c "$pv run --mem 1G --console none \
--trace kmem:*,vmalloc:*,dma:* $work/guest.elf --append experiments=inspect.state" >"$work/told" 2>&1
	sort -n "$work/seen" | sed 's/^[0-9]* //' | awk '/^kmalloc/ && !seen++ { $2 = "bytes_req=SOME" } NF { print }' >"$work/script"
	diff <(expected_script | sed 's/ dir=1$//') "$work/script" || { cat "$work/told"; return 1; }
}
what="bpftrace sees the script of calls as it happens"
if [ "$bpftrace_cannot" ]; then skip "$what" "$bpftrace_cannot"; else ok "$what" bpftrace_sees; fi

# The monitor's own probes: what they say is what its report counts.  The cost of an exit lies
# between two times that are taken here, inside and outside of those that the monitor takes.
own_program() {
	local at=usdt:$pv:pagevisor
	cat <<-END
		uprobe:$pv:bus_access /@begun[tid]/ { @inside[tid] = nsecs; }
		uprobe:$pv:exit_clock {
			@clocks = count();
			if (@inside[tid]) { @least[tid] = nsecs - @inside[tid]; } else { @begun[tid] = nsecs; }
		}
		$at:vcpu_exit {
			@exits[arg1] = count();
			if (@inside[tid]) { @judged[arg2 >= @least[tid] && arg2 <= nsecs - @begun[tid]] = count(); }
			delete(@inside[tid]); delete(@begun[tid]); delete(@least[tid]);
		}
		$at:vcpu_entry { @entries = count(); }
		$at:doorbell { @bells[str(arg0)] = sum(arg2); }
		$at:interrupt { @interrupts = count(); }
		$at:dma_access { @moved[str(arg0), arg4] = sum(arg5); }
		$at:dma_translate { @translations[str(arg0)] = count(); }
		$at:dma_fault { @faults[str(arg0)] = count(); }
		$at:block_queue { @queued[str(arg0)] = count(); }
		$at:block_submit { @submitted[str(arg0), arg2] = sum(arg4); }
		$at:block_done { @done[str(arg0)] = count(); }
		$at:memory_given { @given = sum(arg1); }
		$at:memory_taken { @taken = count(); }
	END
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
		($s["@exits"] | ."2" == ([$r.vcpus[].exits.io] | add) and ."6" == ([$r.vcpus[].exits.mmio] | add)) and
		$s["@entries"] >= ($s["@exits"] | add) and $s["@clocks"] == 2 * ($s["@exits"] | add) and
		$s["@judged"] == {"1": ($s["@exits"]."2" + $s["@exits"]."6")} and
		all("disk0", "disk1", "dmacheck0", "balloon0"; $s["@bells"][.] == $d[.]["queue.notifications"]) and
		$s["@interrupts"] == ([$d[]["queue.interrupts"] // 0] | add) and
		$s["@moved"]["dmacheck0,0"] == $d.dmacheck0["dma.read_bytes"] and
		$s["@moved"]["dmacheck0,1"] == $d.dmacheck0["dma.written_bytes"] and
		$s["@moved"]["disk0,1"] == $d.disk0["dma.written_bytes"] and
		$s["@translations"].disk0 > 0 and $s["@faults"].dmacheck0 == $d.dmacheck0["dma.faults"] and
		$s["@queued"] == $s["@done"] and $s["@submitted"]["disk0,0"] == $d.disk0["read.bytes"] and
		$s["@given"] == $d.balloon0.given_back_bytes and $s["@taken"] == $d.balloon0.deflated'
}
what="the monitor's own probes say what its report counts"
if [ "$bpftrace_cannot" ]; then skip "$what" "$bpftrace_cannot"; else ok "$what" own_probes; fi
finish

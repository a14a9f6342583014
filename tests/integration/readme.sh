#!/bin/bash
# What README.md shows is what happens: its sample run, its options, its commands.
. "$(dirname "$0")/lib/tap.bash"

export XDG_RUNTIME_DIR=$work

# shellcheck disable=SC2016 # the backquotes are Markdown's
# The sample: the lines between the fences after the marker, less the cut.
sed -n '/^<!-- run:/,/^<!-- end -->/p' README.md | sed -n '/^```$/,/^```$/p' | grep -v '^```' >"$work/sample"
guest() {
	truncate -s 1M "$work/scratch"
	timeout 240 "$B/pagevisor" run --mem 256M --cpus 2 --disk "$B/disk.img,ro" --disk "$work/scratch" \
		"${RUN_OPTIONS[@]}" --append "$RUN_APPEND" "$B/guest.elf" >"$work/console"
}
# Numbers, sizes, hashes and times differ from run to run, and what is skipped from machine to
# machine; names, verdicts and columns do not.
shape() {
	sed -E 's/ # .*//; s/^ok [0-9]+/ok N/; s/^1\.\.[0-9]+/1..N/; s/[0-9]+ ns/N ns/; s/, [0-9]+ runs/, N runs/
		s/(>= )?[0-9.]+ [KMGT]iB/SIZE/; s/^[0-9]+ passed, 0 failed, [0-9]+ /N passed, 0 failed, N /
		s/ +/ /g; /^#/d; / not run: /d' "$1"
}
sample_happens() {
	shape "$work/console" >"$work/shape"
	shape "$work/sample" | grep -vE '^(\[\.\.\.\]|\.\.\.)?$' | while IFS= read -r line; do
		grep -qxF -- "$line" "$work/shape" || { echo "README shows, the run does not: $line"; exit 1; }
	done
}
options_exist() {
	"$B/pagevisor" run --help >"$work/help"
	# shellcheck disable=SC2016
	sed -n 's/^| `\(-.*\)` |.*/\1/p' README.md | grep -oE -- '-[-a-z]+' | sort -u | while IFS= read -r option; do
		grep -qE -- "(^|[ ,])$option( |,|[[]|\$)" "$work/help" || { echo "no $option in --help"; exit 1; }
	done
}
folders_exist() {
	sed -n '/^## The house/,$s/^| `\([a-z]*\/\)`.*/\1/p' README.md | xargs ls -d
}
# The commands, a block of README.md after the other, an empty line between them.  Those of
# Linux's and libvirt's tools have tests of their own.
commands() {
	awk '/^    / { print; block = 1; next } block { print ""; block = 0 }' README.md |
		sed -E "s/^ +//; s/ +#.*//; /\\\\$/d; /^(build\/pagevisor|gdb) |^$/!d; / KERNEL$/d
			s#:1234#:$((20000 + $$ % 20000))#; s#(^| )build/#\\1$B/#g; s#(^|[ =:])demo\\.#\\1$work/demo.#g" | cat -s
}
# One that runs a guest which waits for somebody: until it has printed its verdicts, or waits
# to be asked for anything.
begin() {
	local i
	: >"$work/demo"
	timeout 240 bash -c "exec $1" >"$work/demo" 2>"$work/demo.err" </dev/null &
	waiting=$!
	for ((i = 0; i < 2400; i++)); do
		grep -qE '^[0-9]+ passed, 0 failed' "$work/demo" && return
		grep -q 'gdb: target remote' "$work/demo.err" && return
		kill -0 "$waiting" 2>/dev/null || break
		sleep 0.1
	done
	echo "not seen to wait: $1"
	cat "$work/demo" "$work/demo.err"
	return 1
}
# Its end: by the power button where it stays.
end() {
	[ -n "$waiting" ] || return 0
	if grep -q stay <<<"$begun"; then
		"$B/pagevisor" ctl demo powerdown || return 1
	fi
	wait "$waiting" || { echo "status $?: $begun"; cat "$work/demo.err"; return 1; }
	waiting=''
	verdict "$work/demo"
}
verdict() {
	grep -E '^[0-9]+ passed, 0 failed' "$1" || { tail "$1"; return 1; }
}
commands_work() {
	local line waiting='' begun=''
	commands >"$work/commands"
	[ "$(grep -c pagevisor "$work/commands")" -ge 3 ] || return 1
	while IFS= read -r line; do
		case $line in
		'') end || return 1 ;;
		*' stay'* | *' --gdb '*)
			begun=$line
			begin "$line" || return 1
			;;
		*)
			timeout 240 bash -c "$line" >"$work/out" </dev/null || { echo "status $?: $line"; cat "$work/out"; return 1; }
			[[ $line != *' run '* ]] || verdict "$work/out" || return 1
			;;
		esac
	done <"$work/commands"
	end
}

if have_kvm; then
	ok "the run that README.md shows is what a run prints" sh -c "[ -s '$work/sample' ]"
	ok "the guest of the sample runs" guest
	ok "each line shown is printed" sample_happens
	ok "the commands shown work" commands_work
	kill "$(jobs -p)" 2>/dev/null
else
	skip "the run that README.md shows" "no usable /dev/kvm here"
fi
ok "the options shown exist" options_exist
ok "the folders shown exist" folders_exist
finish

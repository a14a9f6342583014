#!/bin/bash
# What README.md shows is what happens: its options, its commands.  Its sample run: run.sh.
. "$(dirname "$0")/lib/tap.bash"

export XDG_RUNTIME_DIR=$work

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
	ok "the commands shown work" commands_work
	kill "$(jobs -p)" 2>/dev/null
else
	skip "the commands that README.md shows" "no usable /dev/kvm here"
fi
ok "the options shown exist" options_exist
ok "the folders shown exist" folders_exist
finish

# shellcheck shell=bash disable=SC2034 # what a script asks for
# machine.bash: a machine in the background, for a script that has sourced tap.bash.
#
#   pv, machine, err	the program; the process, when one was started; what the monitor says
#   lives_until FILE... -- COMMAND...
#			waits until COMMAND succeeds, as long as the machine lives; else it
#			fails and shows the files
#   ends_with STATUS	the machine ends by itself
#   how_it_stands NAME	for a failing step: what it said last, how it is, where its threads are
#   start_known PARAMETERS OPTION...
#			our guest, which stands in the state whose truth it has printed
#			(guest/experiments/exp_inspect.c) when this returns
#   truth WORD		the rest of the line that it printed so
pv=$B/pagevisor
export XDG_RUNTIME_DIR=$work
machine=
err=$work/err

lives_until() {
	local i files=()
	while [ "$1" != -- ]; do files+=("$1"); shift; done
	shift
	for ((i = 0; i < 1200; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		kill -0 "$machine" 2>/dev/null || break
		sleep 0.05
	done
	cat "${files[@]}"
	return 1
}
ends_with() {
	local want=$1 got=0
	wait "$machine" || got=$?
	machine=
	[ "$got" = "$want" ] || { echo "status $got, expected $want"; cat "$err"; return 1; }
}
how_it_stands() {
	tail -n 20 "$err" "$work/console"
	timeout 20 "$pv" ctl "$1" status
	timeout 20 "$pv" inspect "$1" threads
}
start_known() {
	local parameters=$1
	shift
	: >"$work/console"
	cp "$B/guest.elf" "$work/guest.elf"
	"$pv" run --name it --cpus 2 "$@" "$work/guest.elf" --append "$parameters" \
		>"$work/console" 2>"$err" </dev/null &
	machine=$!
	lives_until "$err" "$work/console" -- grep -q '^# stops at inspect' "$work/console"
}
truth() {
	sed -n "s/^# truth $1 //p" "$work/console" | tr -d '\r'
}

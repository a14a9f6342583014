#!/bin/bash
# tests/runner itself: what it counts as a failure, and what it runs a second time.
. "$(dirname "$0")/lib/tap.bash"

# program NAME LINE... : one that says the lines; the file NAME.runs counts how often.
program() {
	local name=$1
	shift
	{
		echo '#!/bin/bash'
		echo "echo >>'$work/$name.runs'"
		printf '%s\n' "$@"
	} >"$work/$name"
	chmod +x "$work/$name"
}
# judges LAST STATUS PROGRAM... : its last line and its status, given these programs
judges() {
	local last=$1 want=$2 got=0
	shift 2
	tests/runner "${@/#/$work/}" >"$work/said" 2>&1 || got=$?
	[ "$got $(tail -n 1 "$work/said")" = "$want $last" ] || { cat "$work/said"; return 1; }
}
runs() { # TIMES NAME
	[ "$(wc -l <"$work/$2.runs")" = "$1" ]
}
from_a_login() (
	export SHELL=/bin/sh TERM=vt52 LC_ALL=C XDG_RUNTIME_DIR=/ MAKEFLAGS='-j2 --jobserver-auth=3,4'
	judges '1 passed, 0 failed, 0 skipped' 0 bare
)

program good 'echo "ok 1 - a"; echo "ok 2 - b # SKIP no such device"; echo 1..2'
program bad 'echo "not ok 1 - a"; echo 1..1; exit 1'
program silent 'true'
program short 'echo "ok 1 - a"; echo 1..2'
program died 'echo "ok 1 - a"; echo 1..1; exit 3'
# shellcheck disable=SC2016 # the program's own
program stalled.sh "[ \$(wc -l <'$work/stalled.sh.runs') = 2 ] || { echo 'not ok 1 - a'; echo 1..1; exit 1; }" \
	'echo "ok 1 - a"; echo 1..1'
# shellcheck disable=SC2016
program bare '[ -z "$(printenv SHELL TERM LC_ALL XDG_RUNTIME_DIR MAKEFLAGS)" ] && echo "ok 1 - a"; echo 1..1'
# Two that need one another, and a script that needs both to have ended.
program left "touch '$work/left.here'" "for ((i = 0; i < 600; i++)); do [ -e '$work/right.here' ] && break; sleep 0.1; done" \
	"[ \$i -lt 600 ] && echo 'ok 1 - a'; touch '$work/left.over'; echo 1..1"
program right "touch '$work/right.here'" 'echo "ok 1 - a"; echo 1..1'
program behind.sh "[ -e '$work/left.over' ] && echo 'ok 1 - a'; echo 1..1"
in_order() {
	judges '3 passed, 0 failed, 0 skipped' 0 left right behind.sh || return 1
	cat "$work/said"
	[ "$(sed -n 's|.*/\([a-z.]*\) .* s$|\1|p' "$work/said" | xargs)" = 'left right behind.sh' ]
}
program stalled_twice.sh "[ \$(wc -l <'$work/stalled_twice.sh.runs') = 3 ] || { echo 'not ok 1 - a'; echo 1..1; exit 1; }" \
	'echo "ok 1 - a"; echo 1..1'
for name in one two three four; do
	program "$name.sh" 'echo "not ok 1 - a"; echo 1..1; exit 1'
done

ok "what passed and was skipped is counted" judges '1 passed, 0 failed, 1 skipped' 0 good
ok "a failure" judges '1 passed, 1 failed, 1 skipped' 1 good bad
ok "it is not tried again" runs 1 bad
ok "a program that says nothing" judges '0 passed, 1 failed, 0 skipped' 1 silent
ok "one that stops short of its plan" judges '1 passed, 1 failed, 0 skipped' 1 short
ok "one that dies behind its plan" judges '1 passed, 1 failed, 0 skipped' 1 died
ok "a script that fails once" judges '1 passed, 0 failed, 0 skipped' 0 stalled.sh
ok "the first run is shown" grep -q '^    not ok 1 - a' "$work/said"
ok "and named at the end" grep -q '^run again: .*stalled.sh: not ok 1 - a$' "$work/said"
ok "a script that fails twice" judges '1 passed, 0 failed, 0 skipped' 0 stalled_twice.sh
ok "scripts that fail for good" judges '0 passed, 4 failed, 0 skipped' 1 one.sh two.sh three.sh four.sh
ok "there are four more runs, two for each" eval 'runs 3 one.sh && runs 3 two.sh && runs 1 three.sh && runs 1 four.sh'
if [ "$(nproc)" -gt 1 ]; then
	ok "programs run beside one another, a script behind them, told in order" in_order
else
	skip "programs run beside one another" "one processor"
fi
ok "a login's environment reaches none" from_a_login
finish

# tap.bash: what an integration test in shell needs to speak TAP to tests/runner.
#
#   . "$(dirname "$0")/lib/tap.bash"	B is the build folder, $work an empty folder of this test's own
#   ok NAME COMMAND...		passes when COMMAND succeeds; its output is shown when not
#   skip NAME REASON
#   finish			prints the plan; the script's status is 0 when all passed
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.." || exit 2
B=${B:-build}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
tap_count=0 tap_failed=0

tap_line() { # ok|not ok, NAME, [DIRECTIVE]
	tap_count=$((tap_count + 1))
	echo "$1 $tap_count - $2${3:+ # $3}"
}

ok() {
	local name=$1
	shift
	if "$@" >"$work/tap.out" 2>&1; then
		tap_line ok "$name"
	else
		tap_failed=$((tap_failed + 1))
		tap_line "not ok" "$name"
		sed 's/^/# /' "$work/tap.out"
	fi
}

skip() {
	tap_line ok "$1" "SKIP $2"
}

finish() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
	exit
}

# What `make run` gives the guest, and the monitor.
RUN_APPEND=${RUN_APPEND:-$(sed -n 's/^RUN_APPEND ?= //p' Makefile)}
read -ra RUN_OPTIONS <<<"${RUN_OPTIONS:-$(sed -n 's/^RUN_OPTIONS ?= //p' Makefile)}"

have_kvm() {
	[ -r /dev/kvm ] && [ -w /dev/kvm ]
}
# need_kvm NAME [WHAT ELSE]: without it all that follows is skipped, by that name.
need_kvm() {
	have_kvm || { skip "$1" "no usable /dev/kvm here${2:+; $2}"; finish; }
}

# The user's own status, as a command: status 2 COMMAND... succeeds when COMMAND exits 2.
status() {
	local want=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" = "$want" ] || { echo "status $got, expected $want: $*"; false; }
}

# is_refused PATTERN COMMAND...: status 2, nothing on standard output, and one line on standard
# error that matches.
is_refused() {
	local pattern=$1
	shift
	status 2 "$@" >"$work/refused.out" 2>"$work/refused" </dev/null || { cat "$work/refused.out" "$work/refused"; return 1; }
	cat "$work/refused.out" "$work/refused"
	[ ! -s "$work/refused.out" ] || { echo "something on standard output"; return 1; }
	[ "$(wc -l <"$work/refused")" = 1 ] || { echo "not one line"; return 1; }
	grep -Eq -- "$pattern" "$work/refused" || { echo "does not match $pattern"; return 1; }
}

# shellcheck shell=bash disable=SC2034 # what a script asks for
# qmp.bash: one client of a machine's QMP socket, for a script that has sourced tap.bash; it
# costs no process a question.
#
#   connect SOCKET	speaks with it from then on, until disconnect
#   q COMMAND...	asks for them in one breath, each a name or a JSON object of its own;
#			succeeds when all did
#   answer		what the last one said
#   events		what came meanwhile, a line each
answer=
events=

# Bash forgets a coprocess, and its descriptors, as soon as that has ended: these stay.
connect() {
	coproc QMP { exec nc -U "$1"; }
	qmp_client=$!
	events=
	[ -n "${QMP[1]:-}" ] && exec {qmp_from}<&"${QMP[0]}" {qmp_to}>&"${QMP[1]}" && q qmp_capabilities
}
disconnect() {
	kill "$qmp_client" 2>/dev/null
	wait "$qmp_client" 2>/dev/null
	exec {qmp_from}<&- {qmp_to}>&-
}
q() {
	local command
	for command; do
		[[ $command = "{"* ]] || command="{\"execute\":\"$command\"}"
		echo "$command"
	done | cat >&"$qmp_to" # whom a client that has gone ends, not the script
	for command; do
		await_answer || { echo "$command: $answer"; return 1; }
	done
}
await_answer() {
	while IFS= read -r -t 60 answer <&"$qmp_from"; do
		answer=${answer%$'\r'}
		case $answer in
		*'"event"'*) events+=$answer$'\n' ;;
		*'"return"'*) return 0 ;;
		*'"error"'*) return 1 ;;
		esac
	done
	return 1
}

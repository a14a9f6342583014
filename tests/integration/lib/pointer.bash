# shellcheck shell=bash
# pointer.bash: a browser's page under a pointer that is moved (chromium's DevTools protocol, over
# two pipes), for a script that has sourced tap.bash.
#
#   pointer_open FILE	the file as a page, when this returns
#   pointer_page URL JS	the page, where the expression is true when this returns
#   pointer_eval JS	the value of an expression in it
#   pointer_on JS	moves the pointer to the middle of the element that the expression names
#   pointer_says	the tooltip that stands there: the title of what the pointer is on
#   pointer_close
pointer_call() { # METHOD, PARAMETERS: the result
	local answer
	pointer_id=$((pointer_id + 1))
	# By itself: writing to a browser that is gone ends the writer.
	(
		jq -jcn --arg method "$1" --argjson id "$pointer_id" --argjson params "$2" --arg session "$pointer_session" \
			'{$id, $method, $params} + if $session == "" then {} else {sessionId: $session} end'
		printf '\0'
	) >&"$pointer_to"
	while IFS= read -r -d '' -t 100 answer <&"$pointer_from"; do
		if jq -e --argjson id "$pointer_id" '.id == $id' <<<"$answer" >/dev/null; then
			jq -c '.result // error(.error.message)' <<<"$answer" >"$work/pointer.result"
			return
		fi
	done
	echo "no answer to $1"
	return 1
}
pointer_result() { # FILTER: of the last call's result
	jq -r "$1" "$work/pointer.result"
}
pointer_eval() {
	pointer_call Runtime.evaluate "$(jq -cn --arg e "$1" '{expression: $e, returnByValue: true, awaitPromise: true}')" &&
		pointer_result .result.value
}
pointer_open() {
	pointer_page "file://$1" '!!document.querySelector("svg rect")'
}
pointer_page() {
	local i target
	pointer_id=0 pointer_session=
	rm -f "$work/pointer.to" "$work/pointer.from"
	mkfifo "$work/pointer.to" "$work/pointer.from"
	timeout 200 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$work/pointer" \
		--host-resolver-rules='MAP * ~NOTFOUND' --window-size=1040,1000 --remote-debugging-pipe \
		3<"$work/pointer.to" 4>"$work/pointer.from" >/dev/null 2>"$work/browser.err" &
	pointer_browser=$!
	exec {pointer_to}>"$work/pointer.to" {pointer_from}<"$work/pointer.from"
	pointer_call Target.createTarget "$(jq -cn --arg url "$1" '{$url}')" || return 1
	target=$(pointer_result .targetId)
	pointer_call Target.attachToTarget "$(jq -cn --arg targetId "$target" '{$targetId, flatten: true}')" || return 1
	pointer_session=$(pointer_result .sessionId)
	for ((i = 0; i < 600; i++)); do
		[ "$(pointer_eval "document.readyState + ($2)")" = completetrue ] && return 0
		sleep 0.1
	done
	return 1
}
pointer_on() {
	local at
	at=$(pointer_eval "(e => { e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();
		return JSON.stringify({type: 'mouseMoved', x: b.x + b.width / 2, y: b.y + b.height / 2}); })($1)") || return 1
	pointer_call Input.dispatchMouseEvent "$at"
}
pointer_says() {
	pointer_eval "[...document.querySelectorAll(':hover')].pop()?.querySelector(':scope > title')?.textContent"
}
pointer_close() {
	exec {pointer_to}>&- {pointer_from}<&-
	wait "$pointer_browser"
}

#!/bin/bash
# What README.md shows is what happens: its sample run, its options, its commands.
. "$(dirname "$0")/lib/tap.bash"

# shellcheck disable=SC2016 # the backquotes are Markdown's
# The sample: the lines between the fences after the marker, less the cut.
sed -n '/^<!-- run:/,/^<!-- end -->/p' README.md | sed -n '/^```$/,/^```$/p' | grep -v '^```' >"$work/sample"
commands() {
	sed -n 's/^    \(build\/pagevisor .*\)/\1/p' README.md | grep -v KERNEL
}
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
commands_work() {
	commands | sed "s#build/#$B/#g" >"$work/commands"
	[ "$(wc -l <"$work/commands")" -ge 2 ] || return 1
	while IFS= read -r line; do
		timeout 240 bash -c "$line" >"$work/out" </dev/null || { echo "status $?: $line"; return 1; }
		tail -n 1 "$work/out" | grep -E '^[0-9]+ passed, 0 failed' || { tail "$work/out"; return 1; }
	done <"$work/commands"
}

if have_kvm; then
	ok "the run that README.md shows is what a run prints" sh -c "[ -s '$work/sample' ]"
	ok "the guest of the sample runs" guest
	ok "each line shown is printed" sample_happens
	ok "the commands shown work" commands_work
else
	skip "the run that README.md shows" "no usable /dev/kvm here"
fi
ok "the options shown exist" options_exist
ok "the folders shown exist" folders_exist
finish

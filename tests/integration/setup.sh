#!/bin/bash
# What make does before it builds or runs: packages, and the lab where there is no KVM; and the
# goals that run the guest.
. "$(dirname "$0")/lib/tap.bash"

# A machine where nothing is installed and nobody is root.
mkdir "$work/bare"
printf '#!/bin/sh\nexit 1\n' >"$work/bare/dpkg-query"
printf '#!/bin/sh\necho 1000\n' >"$work/bare/id"
chmod +x "$work"/bare/*
names_every_package() {
	local wanted
	wanted=$(awk '!/^#/ && NF == 2 && $2 == "build" { print $1 }' .packages | paste -sd' ')
	PATH=$work/bare:$PATH tests/install-packages build >"$work/line" && return 1
	cat "$work/line"
	grep -qF "sudo apt-get install -y --no-install-recommends $wanted" "$work/line"
}
make_stops() {
	# As a person calls it, whatever make these tests run under was told.
	env -u MAKEFLAGS -u MAKEOVERRIDES -u NODEPS PATH="$work/bare:$PATH" make B="$work/none" 2>&1 | tee "$work/make"
	grep -q 'packages are missing' "$work/make" && [ ! -e "$work/none" ]
}
list_is_well_formed() {
	! grep -vE '^(#.*|[a-z0-9.+-]+ +(build|lab|test|lint|bench))$' .packages
}
falls_back_to_the_lab() {
	KVM_DEVICE=/nonexistent tests/lab/with-kvm "$B/pagevisor" run --disk "$B/disk.img,ro" \
		--append 'experiments=boot.*' "$B/guest.elf" 2>"$work/said" | tee "$work/lab"
	cat "$work/said"
	grep -q 'no usable /nonexistent here: running in the lab' "$work/said" &&
		tail -n 1 "$work/lab" | grep -q '^1 passed, 0 failed, 0 skipped$'
}
# The goals that a person types, with a run that is short.
quick=experiments=boot.memory-map
goal() { # GOAL, what is passed on
	env -u MAKEFLAGS -u MAKEOVERRIDES NODEPS=1 make -s B="$B" "RUN_APPEND=$2" "$1" >"$work/goal" 2>"$work/said" </dev/null
}
make_run() {
	goal run "$quick" || { cat "$work/goal" "$work/said"; return 1; }
	cat "$work/goal" "$work/said"
	grep -q '^ok 1 boot.memory-map #' "$work/goal" && grep -q '^way to memory ' "$work/goal" &&
		tail -n 1 "$work/goal" | tr -d '\r' | grep -qx '1 passed, 0 failed, 0 skipped'
}
make_run_fails() {
	! goal run experiments=no.such && cat "$work/goal" "$work/said" && grep -q 'no experiment matches' "$work/goal"
}
make_report() {
	rm -f "$B/report.html"
	goal report "$quick" || { cat "$work/said"; return 1; }
	cat "$work/goal"
	xmllint --noout --nonet "$B/report.html" && grep -q 'boot\.memory-map' "$B/report.html" &&
		grep -q 'kmem_cache_alloc' "$B/report.html"
}

ok "who is not root is given the exact apt-get line" names_every_package
ok "and make stops before it builds anything" make_stops
ok "the package list holds names and goals, nothing else" list_is_well_formed
ok "without a usable KVM the guest runs in the lab, and that is said" falls_back_to_the_lab
ok "make run prints verdicts and table, and counts in its last line" make_run
ok "make run fails when the guest does" make_run_fails
ok "make report makes the page" make_report
finish

#!/bin/bash
# The reference for correctness: everything in the lab, where /dev/kvm is a real SVM.
# The tests themselves, tests/integration/lib/lab_guests, run inside; their TAP comes out.
cd "$(dirname "$0")/../.." || exit 2
cache=${PAGEVISOR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pagevisor}/lab
exec tests/lab/lab -c 2 -m 4096 -t 560 -- \
	"B=$(printf %q "${B:-build}") LAB_CACHE=$(printf %q "$cache") tests/integration/lib/lab_guests"

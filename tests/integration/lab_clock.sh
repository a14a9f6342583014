#!/bin/bash
# A guest's clock over a pause, in a lab whose kernel trusts the TSC, as one on a processor
# does: else KVM sets the offsets of guests itself.  In no other lab: when the emulator takes
# the outer kernel's state for the guest's (lib/guests.bash) the guest's TSC offset stays, and
# a kernel that tells the time by the TSC stands for good.  So this is short, and tried again.
cd "$(dirname "$0")/../.." || exit 2
once() {
	tests/lab/lab -c 2 -m 2048 -t 100 -a tsc=reliable -- \
		"B=$(printf %q "${B:-build}") tests/integration/lib/lab_clock"
}
out=$(once) || { echo "# the lab came to no good end, tried once more"; out=$(once); }
status=$?
echo "$out"
exit "$status"

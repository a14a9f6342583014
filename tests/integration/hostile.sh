#!/bin/bash
# The hostile guest on this machine's /dev/kvm: its drivers lie to every device, and the
# machine goes on.  In the lab it also runs behind an IOMMU (lib/lab_devices).
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/verdicts.bash"

if ! have_kvm; then
	skip "the hostile guest on /dev/kvm" "no usable /dev/kvm here; tests/integration/lab.sh covers it"
	finish
fi
ok "the hostile guest ends well" hostile "$work/plain"
ok "every case is as it must be" hostile_passed "$work/plain" disk rng console dmacheck edu
ok "what a guest did wrong is said, and not without end" told_in_measure "$work/plain"
finish

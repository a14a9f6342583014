#!/bin/bash
# Bad input: one line that names the thing and the mend, status 2, nothing left behind.
# And what must always work: help, version, the man page.
. "$(dirname "$0")/lib/tap.bash"

pv=$B/pagevisor
tiny=$B/tiny.elf
files=$work/files
mkdir "$files"

# refused PATTERN ARGUMENT...: status 2, one line on standard error that matches PATTERN,
# and says what to do, behind a semicolon; nothing on standard output, no new file, socket or
# name of a machine.
export XDG_RUNTIME_DIR=$files
mkdir -m 700 "$files/pagevisor"
refused() {
	local before
	before=$(find "$files" | sort)
	is_refused "$1" timeout 20 "${@:2}" || return 1
	grep -q '; [a-z]' "$work/refused" || { echo "names no mend"; return 1; }
	[ "$before" = "$(find "$files" | sort)" ] || { echo "left something behind"; return 1; }
}
run_refused() {
	local pattern=$1
	shift
	refused "$pattern" "$pv" run --report "$files/report.json" "$@"
}

# --- usage ------------------------------------------------------------------------------
ok "no command" refused 'no command; see' "$pv"
ok "unknown command" refused 'unknown command frobnicate; see' "$pv" frobnicate
ok "unknown option before a command" refused 'unknown command --frobnicate; see' "$pv" --frobnicate
ok "unknown option" run_refused 'unknown option --frobnicate; see' --frobnicate "$tiny"
ok "an option without its value" refused '--mem: its value is missing; give' "$pv" run "$tiny" --mem
ok "no kernel" refused 'no KERNEL; give one' "$pv" run
ok "two kernels" run_refused 'give only one' "$tiny" "$tiny"
ok "unknown IOMMU" run_refused '--iommu vtd: unknown; give' --iommu vtd "$tiny"
ok "edu without address bits" run_refused '--edu 0: not a number of bits; give' --edu 0 "$tiny"
ok "a fault without a kind" run_refused '--inject disk0: not DEVICE:KIND; give' --inject disk0 "$tiny"
ok "a fault of no device's name" run_refused '--inject :flip: not DEVICE:KIND; give' --inject :flip "$tiny"
ok "a fault of an unknown kind" run_refused '--inject rng0:rust: unknown kind; give one of short' --inject rng0:rust "$tiny"
ok "a fault at every 0th time" run_refused '--inject rng0:flip,every=0: every=0 is not a distance; give' --inject rng0:flip,every=0 "$tiny"
ok "a fault with a bad seed" run_refused '--inject rng0:flip,seed=-1: seed=-1 is not a number; give' --inject rng0:flip,seed=-1 "$tiny"
ok "a fault that a device cannot make" run_refused '--inject balloon0:flip: this kind has no meaning for balloon0; give' \
	--balloon 1M --inject balloon0:flip "$tiny"
ok "a fault with another word" run_refused '--inject rng0:flip,late: late is unknown; give' --inject rng0:flip,late "$tiny"
ok "edu with too many" run_refused '--edu 65: not a number of bits; give' --edu 65 "$tiny"
ok "unknown backing of memory" run_refused '--mem-backend file: unknown; give' --mem-backend file "$tiny"
ok "half a huge page" run_refused '--mem 33M: no whole number of huge pages; give e.g. 34M' --mem 33M --mem-backend hugetlb "$tiny"
ok "a balloon of no size" run_refused '--balloon much: not a size; give' --balloon much "$tiny"
ok "a balloon with an unknown word" run_refused '--balloon: colour=red: unknown; give' --balloon 1M,colour=red "$tiny"
ok "a balloon larger than the guest" run_refused '--balloon 33M: the guest has only 32M; give' --mem 32M --balloon 33M "$tiny"
ok "unknown console" run_refused '--console vt: unknown; give' --console vt "$tiny"
ok "unknown kind of sandbox" run_refused '--sandbox perhaps: unknown; give on or off' --sandbox perhaps "$tiny"

# --- kernel -----------------------------------------------------------------------------
head -c 100 "$tiny" >"$files/truncated.elf"
head -c 40 "$tiny" >"$files/stub.elf"
echo hello >"$files/text"
: >"$files/empty"
cp "$tiny" "$files/note.elf" # its note is Yen's
perl -0pi -e 's/Xen\0/Yen\0/' "$files/note.elf"
cp "$tiny" "$files/elf32.elf"
printf '\x01' | dd of="$files/elf32.elf" bs=1 seek=4 conv=notrunc status=none
touch "$files/secret.elf"

# move FILE PADDR: tiny.elf with its last segment moved there
move() {
	cp "$tiny" "$1"
	perl -e '
		my ($file, $to) = @ARGV; my $last;
		open(my $f, "+<", $file) or die; binmode $f;
		read($f, my $h, 64);
		my ($phoff) = unpack("x32 Q<", $h); my ($n) = unpack("x56 v", $h);
		for my $i (0 .. $n - 1) {
			seek($f, $phoff + 56 * $i, 0); read($f, my $p, 56);
			$last = $phoff + 56 * $i + 24 if unpack("V", $p) == 1;
		}
		seek($f, $last, 0); print $f pack("Q<", hex $to);' "$1" "$2"
}
move "$files/outside.elf" 0xd0000000
move "$files/wraps.elf" 0xfffffffffffffff0
move "$files/high.elf" 0x3000000
move "$files/overlap.elf" 0x100010

ok "missing kernel" run_refused 'kernel /nonexistent: No such file' /nonexistent
ok "kernel is a directory" run_refused 'kernel /tmp: is not a regular file; give' /tmp
ok "kernel is empty" run_refused 'is empty; build' "$files/empty"
ok "kernel is text" run_refused 'is not ELF; give' "$files/text"
ok "kernel is truncated" run_refused 'is truncated; copy' "$files/truncated.elf"
ok "kernel is cut in its header" run_refused 'is truncated; copy' "$files/stub.elf"
ok "kernel is ELF32" run_refused 'is not ELF64' "$files/elf32.elf"
ok "kernel has no PVH note" run_refused 'has no PVH note; build' "$files/note.elf"
ok "segment outside RAM" run_refused 'is outside RAM; link' "$files/outside.elf"
ok "overlapping segments" run_refused 'segments overlap at 0x100010; mend' "$files/overlap.elf"
ok "segment beyond 64 bits" run_refused 'sizes make no sense' "$files/wraps.elf"
ok "memory too small for the kernel" \
	run_refused '--mem 32M: too small for kernel .*; give at least 49M' --mem 32M "$files/high.elf"

# --- memory and vCPUs ----------------------------------------------------------------------
ok "no memory" run_refused '--mem 0: .*give' --mem 0 "$tiny"
ok "memory is no number" run_refused '--mem much: not a size; give' --mem much "$tiny"
ok "memory misaligned" run_refused '--mem 67108865: not a whole .*; give e.g. 65M' --mem 67108865 "$tiny"
ok "memory beyond the host" run_refused '--mem .*more than this host can give; give at most' --mem 900T "$tiny"
ok "memory beyond 64 bits" run_refused 'too large to count; give' --mem 99999999T "$tiny"
ok "no vCPU" run_refused '--cpus 0: .*at least one' --cpus 0 "$tiny"

# --- files ---------------------------------------------------------------------------------
truncate -s 1M "$files/disk"
truncate -s 1M "$files/readonly"
chmod 444 "$files/readonly"
mkfifo "$files/fifo"
ok "missing disk" run_refused '--disk /nonexistent: .*make it' --disk /nonexistent "$tiny"
ok "a disk's unknown cache mode" run_refused '--disk cache=odd: unknown; give cache=writeback' --disk "$files/disk,cache=odd,ro" "$tiny"
ok "empty disk" run_refused '--disk .*is empty; give it a size' --disk "$files/empty" "$tiny"
ok "disk is a directory" run_refused '--disk /tmp: is a directory; name' --disk /tmp "$tiny"
ok "disk is a directory, read-only" run_refused '--disk /tmp: is a directory; name' --disk /tmp,ro "$tiny"
ok "disk is a FIFO" run_refused 'neither a file nor a block device; name' --disk "$files/fifo" "$tiny"
ok "disk is a character device" run_refused 'neither a file nor a block device' --disk /dev/null "$tiny"
ok "the same disk twice" run_refused 'another machine has it; end' --disk "$files/disk" --disk "$files/disk" "$tiny"
disks=()
for _ in {1..17}; do
	disks+=(--disk "$files/disk,ro")
done
ok "too many disks" run_refused 'one too many; give at most' "${disks[@]}" "$tiny"
ok "missing initrd" run_refused '--initrd /nonexistent: No such file' --initrd /nonexistent "$tiny"
ok "empty initrd" run_refused '--initrd .*is empty; leave it out' --initrd "$files/empty" "$tiny"
truncate -s 300M "$files/initrd"
ok "initrd larger than memory" run_refused '--mem 256M: too small for initrd' --initrd "$files/initrd" "$tiny"
ok "command line too long" run_refused '--append: .*shorten it' --append "$(printf 'x%.0s' {1..2048})" "$tiny"
ok "names with control characters stay one line" run_refused 'kernel /a.b' "$(printf '/a\nb')"

# As somebody without rights: only where there is one to become.
as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
chmod 755 "$work" "$files"
chmod 000 "$files/secret.elf"
truncate -s 1M "$files/secret"
chmod 000 "$files/secret"
if [ "$(id -u)" = 0 ] && "${as_nobody[@]}" true 2>/dev/null && "${as_nobody[@]}" test -x "$pv" 2>/dev/null; then
	ok "kernel not readable" refused 'kernel .*secret.elf: Permission denied' \
		"${as_nobody[@]}" "$pv" run "$files/secret.elf"
	ok "disk not readable" refused '--disk .*secret: Permission denied; change its permissions$' \
		"${as_nobody[@]}" "$pv" run --disk "$files/secret,ro" "$tiny"
	ok "initrd not readable" refused '--initrd .*secret: Permission denied' \
		"${as_nobody[@]}" "$pv" run --initrd "$files/secret" "$tiny"
	ok "disk not writable" refused '--disk .*readonly: .*or add ,ro' \
		"${as_nobody[@]}" "$pv" run --disk "$files/readonly" "$tiny"
	if [ -e /dev/kvm ] && ! "${as_nobody[@]}" test -w /dev/kvm; then
		ok "no permission on /dev/kvm" refused '/dev/kvm: no permission; join the group kvm' \
			"${as_nobody[@]}" "$pv" run "$tiny"
	else
		skip "no permission on /dev/kvm" "everybody may use it here"
	fi
else
	skip "not readable, not writable" "cannot become nobody here"
fi

# A file system without /dev/kvm.
if unshare -m true 2>/dev/null; then
	ok "no /dev/kvm" refused '/dev/kvm: not there; load' unshare -m sh -c \
		'mount -t tmpfs none /dev && exec "$@"' sh "$pv" run "$tiny"
	ok "/dev/kvm is something else" refused '/dev/kvm: is not KVM; make it' unshare -m sh -c \
		'mount -t tmpfs none /dev && mknod /dev/kvm c 1 3 && exec "$@"' sh "$pv" run "$tiny"
else
	skip "no /dev/kvm" "no mount namespaces here"
fi

if have_kvm; then
	ok "more vCPUs than KVM allows" run_refused '--cpus 1000000: more than .*; give at most' --cpus 1000000 "$tiny"
	ok "report in a folder that is not there" refused '--report /nonexistent/r: No such file' \
		"$pv" run --report /nonexistent/r "$tiny"
	ok "a socket where none can be" refused '^pagevisor: /nonexistent/q: No such file' "$pv" run --qmp unix:/nonexistent/q "$tiny"
	ok "no new file is left" refused '--perf-map: .*; give' "$pv" run --report "$files/new" --profile "$files/folded" \
		--console "file:$files/log" "--perf-map=$files/map" "$tiny"
	contents_stay() {
		echo kept | tee "$files/kept" >"$files/kept-too"
		refused '--perf-map: .*; give' "$pv" run --report "$files/kept" --console "file:$files/kept-too" \
			"--perf-map=$files/map" "$tiny" && [ "$(cat "$files/kept" "$files/kept-too")" = $'kept\nkept' ]
	}
	ok "no file's contents are lost" contents_stay
	ok "neither names nor sockets are left" refused '--report /tmp: Is a directory' "$pv" run --report /tmp \
		--name left --qmp "unix:$files/qmp" --console "unix:$files/console" "$tiny"
	ok "report is a directory" refused '--report /tmp: Is a directory' "$pv" run --report /tmp "$tiny"
else
	skip "more vCPUs than KVM allows" "no usable /dev/kvm"
fi

# --- help ----------------------------------------------------------------------------------
help_names_all() {
	local option
	"$pv" run --help >"$work/help" || return 1
	for option in --mem --cpus --disk --initrd --append --report --console -v --no-reboot; do
		grep -q -- "$option" "$work/help" || { echo "no $option"; return 1; }
	done
	[ "$(awk '{ if (length > n) n = length } END { print n }' "$work/help")" -le 80 ]
}
man_is_clean() {
	man -l --warnings "$B/pagevisor.1" >"$work/page" 2>"$work/warnings"
	cat "$work/warnings"
	[ ! -s "$work/warnings" ]
}
man_says_what_help_says() {
	local words
	MANWIDTH=1000 man -l "$B/pagevisor.1" 2>/dev/null | col -b >"$work/page"
	words=$("$pv" run --help | sed -n '/^  .*--mem/,/--cpus/p' | sed '1d;$d' | tr -d '\n -')
	tr -d '\n\t ‐-' <"$work/page" | grep -qF "$words"
}
says_version() {
	"$pv" --version | grep -Ex 'pagevisor [0-9]+\.[0-9]+\.[0-9]+'
}
says_commands() {
	"$pv" --help | grep 'pagevisor run \[options\] KERNEL'
}
help_to_full() {
	! "$pv" run --help >/dev/full
}
ok "--version" says_version
ok "--help" says_commands
ok "run --help names every option in 80 columns" help_names_all
ok "the man page is clean" man_is_clean
ok "the man page says what the help says" man_says_what_help_says
ok "help to a full device fails" help_to_full
finish

#!/bin/bash
# gdb, the real one, on the guest: from its first instruction through a breakpoint in
# alloc_pages, with the helper commands of guest/gdb.py; and the port, against others.
# shellcheck disable=SC2016,SC2034 # gdb's variables, and what eval expands
. "$(dirname "$0")/lib/tap.bash"
. "$(dirname "$0")/lib/machine.bash"

need_kvm "gdb on a guest"

sock=$work/gdb.sock

# start OPTION... : a machine in the background, gdb's socket is there when this returns.
start() {
	[ -z "$machine" ] || kill -KILL "$machine" 2>/dev/null # a failed step's has the name still
	: >"$err" # the last machine's line is not this one's
	"$pv" run -v --name it "$@" >"$work/console" 2>"$err" </dev/null &
	machine=$!
	lives_until "$err" -- listens
}
listens() {
	grep '^pagevisor: gdb: target remote' "$err" && "$pv" ctl it status
}
# gdb_does FILE LINE... : gdb connected to $sock carries out the lines; what it says is in FILE.
gdb_does() {
	local file=$work/$1
	shift
	printf '%s\n' 'set pagination off' 'set confirm off' 'set width 0' 'set remotetimeout 60' \
		"target remote $sock" "$@" >"$file.gdb"
	timeout 120 gdb -q -batch -nx -x "$file.gdb" "$B/guest/guest.debug" >"$file" 2>&1 </dev/null ||
		{ cat "$file"; how_it_stands it; return 1; }
}
said() { # FILE PATTERN...
	local file=$work/$1 pattern
	shift
	for pattern; do
		grep -Eq -- "$pattern" "$file" || { echo "no $pattern in:"; cat "$file"; return 1; }
	done
}
answers() { # PATTERN COMMAND...
	local pattern=$1
	shift
	{ "$@" 2>&1 || true; } | grep -Eq -- "$pattern"
}

# --- from the first instruction on ----------------------------------------------------------

ok "a machine waits for gdb" start --cpus 2 --gdb "unix:$sock,wait" "$B/guest.elf" --append experiments=vmalloc.guard
ok "it has not begun" answers '^prelaunch$' "$pv" ctl it status
ok "cont does not go over gdb's head" answers 'debugger holds the machine' "$pv" ctl it cont
ok "gdb goes through it" gdb_does boot \
	'source guest/gdb.py' 'info threads' 'printf "rip %lx cr0 %lx\n", $rip, $cr0' \
	'break alloc_pages' 'hbreak scheduler_start' 'continue' 'backtrace' 'pv-pages' 'pv-slabs' \
	'finish' 'delete 1' 'stepi' 'printf "one step to %lx\n", $rip' \
	'maintenance packet Qqemu.PhyMemMode:1' 'printf "physical %lx\n", *(unsigned long *)0x100000' \
	'maintenance packet Qqemu.PhyMemMode:0' 'printf "virtual %lx\n", *(unsigned long *)0xffffffff80100000' \
	'continue' 'pv-vmalloc' 'pv-slabs' 'set var $old = $rax' 'set var $rax = 0x1122334455667788' \
	'printf "rax %lx\n", $rax' 'set var $rax = $old' \
	"shell $pv ctl it cont" "shell $pv ctl it status" \
	'delete' 'tbreak try_experiment' 'continue' 'thread 2' 'backtrace' 'thread 1' 'next' 'printf "next at %lx\n", $rip' 'detach'
ok "both vCPUs are threads, one not started" said boot 'Thread 1 .vCPU 0' 'Thread 2 .vCPU 1, not started'
ok "it stood at the kernel's entry" said boot '^rip 100000 cr0 11$'
ok "it met the breakpoint in alloc_pages" said boot 'hit Breakpoint 1, alloc_pages'
ok "the call chain is the guest's" said boot '^#[0-9]+ .*kmem_cache_init' '^#[0-9]+ .*start_kernel'
ok "pv-pages shows zones and free blocks" said boot '^ZONE_[A-Z0-9]+: frames .* managed' '^  order +[0-9]+: '
ok "pv-slabs shows the caches" said boot '^cache +size' '^kmem_cache +|^kmalloc-64 +'
ok "pv-vmalloc shows areas" said boot '^[0-9]+ areas$'
ok "no list is broken" bash -c '! grep -n " ! " "$1"' _ "$work/boot"
ok "one step is one instruction" said boot '^one step to ffffffff'
same_bytes() {
	local physical virtual
	physical=$(sed -n 's/^physical //p' "$work/boot")
	virtual=$(sed -n 's/^virtual //p' "$work/boot")
	[ -n "$physical" ] && [ "$physical" = "$virtual" ]
}
ok "memory is the same, physical and virtual" same_bytes
ok "finish comes back with a page" said boot 'Value returned is .*struct page'
ok "a hardware breakpoint is met" said boot 'Breakpoint 2, (0x[0-9a-f]+ in )?scheduler_start'
ok "a register keeps what is set" said boot '^rax 1122334455667788$'
ok "QMP does not go over a debugger that stands" said boot 'debugger holds the machine' '^paused$'
ok "the other thread has a call chain of its own" said boot '^#[0-9]+ .*start_secondary'
ok "next goes on to the next line" said boot '^next at ffffffff'
ok "the guest finishes well without gdb" ends_with 0

# A reset takes RAM, and what gdb has put there: it stands in the new guest's as well.
until_it_stays() { # TIMES
	local i
	for ((i = 0; i < 1200; i++)); do
		[ "$(grep -c 'staying until' "$work/console")" -ge "$1" ] && return 0
		sleep 0.1
	done
	how_it_stands it
	return 1
}
reset_under_gdb() {
	local resetter
	{ until_it_stays 1 && "$pv" ctl it reset; } >"$work/resetter" 2>&1 &
	resetter=$!
	gdb_does reset 'break start_kernel' 'continue' 'continue' 'printf "again at %lx\n", $rip' \
		'info breakpoints' 'delete' 'detach' && wait "$resetter" && return 0
	cat "$work/resetter"
	return 1
}
ok "a guest that will be reset" start --gdb "unix:$sock,wait" "$B/guest.elf" --append 'experiments=vmalloc.guard stay'
ok "its breakpoint outlives the reset" reset_under_gdb
ok "it was met in both lives" said reset '^again at ffffffff' 'breakpoint already hit 2 times'
ok "the second life ends well" eval 'until_it_stays 2 && "$pv" ctl it powerdown && ends_with 0'

# --- against others ---------------------------------------------------------------------------

rsp_open() { # PORT
	exec 3<>"/dev/tcp/127.0.0.1/$1"
}
rsp_send() { # BODY
	local sum=0 i c
	for ((i = 0; i < ${#1}; i++)); do
		printf -v c %d "'${1:i:1}"
		sum=$((sum + c))
	done
	printf '$%s#%02x' "$1" $((sum & 255)) >&3
}
rsp_answer() { # the body of the next frame, which is acknowledged
	local c body=
	while read -r -t 20 -N 1 -u 3 c && [ "$c" != '$' ]; do :; done
	while read -r -t 20 -N 1 -u 3 c && [ "$c" != '#' ]; do body+=$c; done
	read -r -t 20 -N 2 -u 3 _
	printf + >&3
	echo "$body"
}
rsp() { # BODY: the answer
	rsp_send "$1"
	rsp_answer
}
is() { # WHAT COMMAND...: prints exactly that
	local want=$1 got
	shift
	got=$("$@")
	[ "$got" = "$want" ] || { echo "\"$got\", expected \"$want\""; return 1; }
}
grows() { # the console does, in time
	local before i
	before=$(stat -c %s "$work/console")
	for ((i = 0; i < 400; i++)); do
		[ "$(stat -c %s "$work/console")" -gt "$before" ] && return 0
		sleep 0.05
	done
	return 1
}
stands() { # the console does not grow any more
	local before
	before=$(stat -c %s "$work/console")
	sleep 0.3
	[ "$(stat -c %s "$work/console")" = "$before" ]
}

ok "a machine with a port of its own choice" start --gdb tcp:127.0.0.1:0 --append f "$B/tiny.elf"
port=$(sed -n 's/^pagevisor: gdb: target remote 127.0.0.1://p' "$work/err")
ok "it runs before anybody comes" grows
ok "somebody comes, and it stands" eval 'rsp_open "$port" && is "T02thread:1;" rsp "?" && stands'
ok "a register" eval '[[ $(rsp p10) =~ ^[0-9a-f]{16}$ ]]'
ok "memory that is not there" is E0e rsp mffffffffff000000,8
ok "it goes on" eval 'rsp_send "vCont;c" && grows'
ok "nobody reads registers of a vCPU that runs" is "E.the guest runs" rsp g
ok "QMP stops it meanwhile" eval '"$pv" ctl it stop && stands && is paused "$pv" ctl it status'
interrupt() {
	printf '\x03' >&3
	is T02thread:1\; rsp_answer
}
ok "gdb's interrupt comes through" interrupt
ok "gdb lets go, QMP still holds" eval 'rsp_send "vCont;c" && stands'
ok "QMP lets go, and it runs" eval '"$pv" ctl it cont && grows'
ok "the two the other way round" eval 'interrupt && "$pv" ctl it stop && ! "$pv" ctl it cont 2>/dev/null && stands'
ok "and gdb alone lets it run" eval 'rsp_send "vCont;c" && grows'
noise() {
	head -c 100000 /dev/urandom >&3
	printf '$vCont;s:999999999999#00$Zffffff,,,#00+++---\x03$' >&3
	return 0
}
ok "noise" noise
closed() {
	exec 3>&- 3<&-
	grows
}
ok "who breaks off lets the machine run" closed
ok "the next one is served" eval 'rsp_open "$port" && is "T02thread:1;" rsp "?"'
ok "detach lets it run" eval 'is OK rsp D && grows'
ok "kill ends it" eval 'exec 3>&- 3<&-; rsp_open "$port" && rsp_send k'
ok "as quit does" ends_with 1
exec 3>&- 3<&-

# start_waiting OPTION...: a machine that waits for gdb, and somebody who has come.
start_waiting() {
	start --gdb tcp:127.0.0.1:0,wait "$@" || return 1
	port=$(sed -n 's/^pagevisor: gdb: target remote 127.0.0.1://p' "$work/err")
	rsp_open "$port" && is "T02thread:1;" rsp "?"
}
ok "a guest that will crash, and be kept" start_waiting --no-shutdown --append t "$B/tiny.elf"
ok "gdb is told of the crash" is "T06thread:1;" rsp "vCont;c"
ok "and can look at it" eval '[[ $(rsp g) =~ ^[0-9a-f]{500,}$ ]]'
ok "it does not go on" is "E.the guest has ended; reset it, or leave" rsp "vCont;c"
ok "but after a reset" eval '"$pv" ctl it reset && is "T06thread:1;" rsp "vCont;c"'
ok "and ends when gdb says so" eval 'is OK rsp "vKill;1" && ends_with 1'
exec 3>&- 3<&-
ok "a guest that will end" start_waiting --append 5 "$B/tiny.elf"
ok "gdb is told with what" is W05 rsp "vCont;c"
ok "and the run's status is the guest's" ends_with 1
exec 3>&- 3<&-

refuses() { # PATTERN WHERE
	local got=0
	"$pv" run --gdb "$2" "$B/tiny.elf" >/dev/null 2>"$work/refused" || got=$?
	if [ "$got" != 2 ] || ! grep -Eq -- "$1" "$work/refused"; then
		cat "$work/refused"
		return 1
	fi
}
ok "only this host may come" refuses 'ssh -L' tcp:0.0.0.0:1234
ok "a bad option is named" refuses 'not understood' somewhere
ok "a bad port, too" refuses 'not understood' tcp:127.0.0.1:99999
finish

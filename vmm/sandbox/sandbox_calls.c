/* SPDX-License-Identifier: MIT */
#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/sandbox/sandbox_calls.h"

#define MAIN	(1u << SANDBOX_MAIN)
#define VCPU	(1u << SANDBOX_VCPU)
#define BOTH	(MAIN | VCPU)
#define SWEEPER (1u << SANDBOX_SWEEPER)

#define ALL_BITS (~0ull)

/* A call with any arguments. */
#define CALL(name, threads, features, why)                                 \
	{                                                                  \
		__NR_##name, threads, features, { { 0, 0, 0 } }, NULL, why \
	}
/* An ioctl with this request. */
#define IOCTL(request, threads, features, why)                                         \
	{                                                                              \
		__NR_ioctl, threads, features, { { 1, ALL_BITS, request } }, #request, \
			why                                                            \
	}

const struct sandbox_call sandbox_calls[] = {
	/* --- files that are open -------------------------------------------------------- */
	CALL(read, BOTH, 0, "events, signals, timers, the console's input"),
	CALL(write, BOTH, 0,
	     "events, the console's output, lines for people, the report"),
	CALL(writev, BOTH, 0, "the C library's last words before it aborts"),
	CALL(close, BOTH, 0, "an interrupt that loses its route, the end of the console"),
	CALL(poll, BOTH, 0, "the event loop waits; the console waits for its reader"),
	CALL(epoll_wait, MAIN, 0, "the event loop asks what is ready"),
	CALL(epoll_ctl, BOTH, 0, "a device begins or ends to watch a file"),
	CALL(eventfd2, BOTH, 0, "an interrupt gets its first route"),
	CALL(timerfd_settime, BOTH, 0,
	     "the serial port's timeout, the report's samples, a balloon's statistics"),
	CALL(getrandom, BOTH, 0, "the entropy device; malloc"),
	CALL(pread64, MAIN, 0, "a reset loads the kernel again; KVM's statistics"),

	/* --- disks ------------------------------------------------------------------------ */
	CALL(io_uring_enter, BOTH, SANDBOX_DISK_RING,
	     "requests to a disk, of the four kinds that its ring takes"),
	CALL(preadv, BOTH, SANDBOX_DISK_CALLS, "a disk reads"),
	CALL(pwritev, BOTH, SANDBOX_DISK_CALLS, "a disk writes"),
	CALL(fdatasync, BOTH, SANDBOX_DISK_CALLS, "a disk flushes"),
	CALL(fallocate, BOTH, SANDBOX_DISK_CALLS, "a disk discards"),
	IOCTL(BLKDISCARD, BOTH, SANDBOX_DISK_DEVICE, "a disk discards"),

	/* --- KVM --------------------------------------------------------------------------- */
	IOCTL(KVM_RUN, VCPU, 0, "the guest runs"),
	IOCTL(KVM_IRQ_LINE, BOTH, 0, "a device sets an interrupt line"),
	IOCTL(KVM_IRQFD, BOTH, 0, "an interrupt gets or loses its route"),
	IOCTL(KVM_SET_GSI_ROUTING, BOTH, 0, "the routes change"),
	IOCTL(KVM_IOEVENTFD, BOTH, 0, "a device's doorbell comes or goes"),
	IOCTL(KVM_GET_REGS, VCPU, 0, "a crash shows the registers"),
	IOCTL(KVM_GET_SREGS, BOTH, 0, "the same; a reset builds on them"),
	IOCTL(KVM_SET_SREGS, MAIN, 0, "reset"),
	IOCTL(KVM_SET_REGS, MAIN, 0, "reset"),
	IOCTL(KVM_SET_XCRS, MAIN, 0, "reset"),
	IOCTL(KVM_SET_XSAVE, MAIN, 0, "reset"),
	IOCTL(KVM_SET_LAPIC, MAIN, 0, "reset"),
	IOCTL(KVM_SET_MSRS, MAIN, 0, "reset"),
	IOCTL(KVM_SET_VCPU_EVENTS, MAIN, 0, "reset"),
	IOCTL(KVM_SET_DEBUGREGS, MAIN, 0, "reset"),
	IOCTL(KVM_SET_MP_STATE, MAIN, 0, "reset"),
	IOCTL(KVM_SET_IRQCHIP, MAIN, 0, "reset"),
	IOCTL(KVM_SET_PIT2, MAIN, 0, "reset"),
	IOCTL(KVM_GET_STATS_FD, MAIN, SANDBOX_REPORT, "KVM's statistics for the report"),

	/* --- control ------------------------------------------------------------------- */
	CALL(accept4, MAIN, SANDBOX_CONTROL | SANDBOX_SOCKET | SANDBOX_DEBUGGER,
	     "a client of the control socket, or of a console's, comes"),
	CALL(recvmsg, MAIN, SANDBOX_CONTROL, "its requests, and descriptors"),
	CALL(sendto, MAIN, SANDBOX_CONTROL | SANDBOX_DEBUGGER, "answers and events"),
	CALL(lseek, MAIN, SANDBOX_CONTROL | SANDBOX_CORE,
	     "where in its file a dump begins"),
	CALL(fstat, MAIN, SANDBOX_CONTROL | SANDBOX_CORE,
	     "whether the file of a dump can have holes"),
	CALL(newfstatat, MAIN, SANDBOX_CONTROL | SANDBOX_CORE,
	     "the same, as the C library does it"),
	{ __NR_fcntl,
	  MAIN,
	  SANDBOX_CONTROL | SANDBOX_CORE,
	  { { 1, ALL_BITS, F_GETFL } },
	  "F_GETFL",
	  "likewise" },
	CALL(pwrite64, MAIN, SANDBOX_CONTROL | SANDBOX_CORE, "a dump is written"),
	CALL(ftruncate, MAIN, SANDBOX_CONTROL | SANDBOX_CORE,
	     "a dump that ends with a hole"),
	IOCTL(KVM_NMI, MAIN, SANDBOX_CONTROL, "inject-nmi"),
	IOCTL(KVM_GET_REGS, MAIN, SANDBOX_CONTROL | SANDBOX_DEBUGGER | SANDBOX_CORE,
	      "a dump; info registers"),
	IOCTL(KVM_GET_CLOCK, MAIN, SANDBOX_CONTROL | SANDBOX_DEBUGGER,
	      "a pause holds the guest's clock"),
	IOCTL(KVM_SET_CLOCK, MAIN, SANDBOX_CONTROL | SANDBOX_DEBUGGER,
	      "and lets it go on"),
	IOCTL(KVM_GET_DEVICE_ATTR, MAIN, SANDBOX_CONTROL | SANDBOX_DEBUGGER,
	      "the TSC, likewise"),
	IOCTL(KVM_SET_DEVICE_ATTR, MAIN, SANDBOX_CONTROL | SANDBOX_DEBUGGER,
	      "the TSC, likewise"),
	IOCTL(KVM_KVMCLOCK_CTRL, MAIN, SANDBOX_CONTROL | SANDBOX_DEBUGGER,
	      "the guest is told of the pause"),

	/* --- a debugger ------------------------------------------------------------------ */
	CALL(recvfrom, MAIN, SANDBOX_DEBUGGER, "gdb's requests"),
	IOCTL(KVM_SET_GUEST_DEBUG, BOTH, SANDBOX_DEBUGGER, "breakpoints, single steps"),
	IOCTL(KVM_GET_FPU, MAIN, SANDBOX_DEBUGGER, "gdb reads and writes registers"),
	IOCTL(KVM_SET_FPU, MAIN, SANDBOX_DEBUGGER, "likewise"),
	IOCTL(KVM_GET_MSRS, MAIN, SANDBOX_DEBUGGER, "likewise"),
	IOCTL(KVM_GET_MP_STATE, MAIN, SANDBOX_DEBUGGER, "gdb lists its threads"),

	/* --- the terminal ------------------------------------------------------------------ */
	IOCTL(TCGETS, BOTH, SANDBOX_TERMINAL, "the C library's part of the next"),
	IOCTL(TCSETS, BOTH, SANDBOX_TERMINAL, "the terminal is put right at any end"),
	IOCTL(TIOCGWINSZ, MAIN, SANDBOX_TERMINAL, "the window has another size"),

	/* --- memory ------------------------------------------------------------------------ */
	CALL(brk, BOTH, 0, "malloc"),
	{ __NR_mmap,
	  BOTH,
	  0,
	  { { 2, PROT_EXEC, 0 }, { 3, MAP_ANONYMOUS, MAP_ANONYMOUS } },
	  "anonymous, not PROT_EXEC",
	  "malloc" },
	{ __NR_mprotect, BOTH, 0, { { 2, PROT_EXEC, 0 } }, "not PROT_EXEC", "malloc" },
	CALL(mremap, BOTH, 0, "realloc"),
	CALL(munmap, BOTH, 0, "malloc; a vCPU, a ring, the guest's RAM at the end"),
	{ __NR_madvise,
	  BOTH,
	  0,
	  { { 2, ALL_BITS, MADV_DONTNEED } },
	  "MADV_DONTNEED",
	  "a reset or a balloon gives the guest's RAM back; a thread's stack at its end; "
	  "malloc" },
	{ __NR_madvise,
	  BOTH,
	  0,
	  { { 2, ALL_BITS, MADV_REMOVE } },
	  "MADV_REMOVE",
	  "the same for RAM that is a file: --mem-backend" },
	CALL(sysinfo, MAIN, SANDBOX_REPORT | SANDBOX_CONTROL | SANDBOX_CORE,
	     "qsort asks how much memory there is"),
	CALL(mincore, BOTH, 0, "how much of a range of guest RAM has been touched"),
	CALL(sched_getaffinity, BOTH, 0, "malloc counts processors, for its arenas"),

	/* --- threads, signals, time -------------------------------------------------------- */
	CALL(futex, BOTH, 0, "locks and conditions; the end of a thread is waited for"),
	CALL(rt_sigreturn, BOTH, 0, "a signal was handled"),
	CALL(rt_sigprocmask, BOTH, 0, "the end of a thread; raise"),
	CALL(restart_syscall, BOTH, 0, "a wait goes on after the process was stopped"),
	CALL(getpid, BOTH, 0, "raise: a fatal signal comes again after the last words"),
	CALL(gettid, BOTH, 0, "raise"),
	{ __NR_tgkill,
	  BOTH,
	  0,
	  { { 0, ALL_BITS, SANDBOX_OWN_PID } },
	  "this process",
	  "a vCPU is told to leave the guest; raise" },
	CALL(clock_gettime, BOTH, 0, "time, where the kernel gives it by call only"),
	CALL(time, BOTH, 0, "the guest's clock, likewise"),
	CALL(clock_nanosleep, BOTH, 0, "the host is short of memory for a disk request"),
	CALL(exit, VCPU, 0, "the end of a thread"),
	CALL(exit_group, BOTH, 0, "the end of the process"),

	/* --- the sweeper ------------------------------------------------------------------- */
	CALL(read, SWEEPER, 0, "which files there are to remove"),
	CALL(poll, SWEEPER, 0, "the end of the monitor is waited for"),
	CALL(restart_syscall, SWEEPER, 0,
	     "that wait goes on after the process was stopped"),
	CALL(newfstatat, SWEEPER, 0, "whether a file is still the same"),
	CALL(unlink, SWEEPER, 0, "a file goes with the monitor"),
	{ __NR_write,
	  SWEEPER,
	  0,
	  { { 0, ALL_BITS, STDOUT_FILENO } },
	  "standard output",
	  "the number of a forbidden call, its last word" },
	CALL(exit_group, SWEEPER, 0, "the end of the process"),
#ifdef __SANITIZE_ADDRESS__
	CALL(sigaltstack, BOTH | SWEEPER, 0, "AddressSanitizer, in a build with it"),
	CALL(madvise, BOTH | SWEEPER, 0, "AddressSanitizer, in a build with it"),
	CALL(sched_yield, BOTH | SWEEPER, 0, "AddressSanitizer, in a build with it"),
#endif
};

const size_t sandbox_nr_calls = sizeof(sandbox_calls) / sizeof(sandbox_calls[0]);

const char *sandbox_thread_name(enum sandbox_thread thread)
{
	static const char *const names[SANDBOX_KINDS] = {
		[SANDBOX_MAIN] = "main",
		[SANDBOX_VCPU] = "vCPU",
		[SANDBOX_SWEEPER] = "sweeper",
	};

	return names[thread];
}

const char *sandbox_feature_name(unsigned int feature)
{
	switch (feature) {
	case SANDBOX_DISK_RING:
		return "a disk through io_uring";
	case SANDBOX_DISK_CALLS:
		return "a disk through system calls";
	case SANDBOX_DISK_DEVICE:
		return "a disk that is a block device";
	case SANDBOX_TERMINAL:
		return "a console on a terminal";
	case SANDBOX_REPORT:
		return "a report";
	case SANDBOX_CONTROL:
		return "control from outside";
	case SANDBOX_DEBUGGER:
		return "a debugger";
	case SANDBOX_CORE:
		return "a core of a guest that panics";
	case SANDBOX_SOCKET:
		return "a console on a socket";
	default:
		return "";
	}
}

bool sandbox_call_applies(const struct sandbox_call *call, enum sandbox_thread thread,
			  unsigned int features)
{
	return call->threads & 1u << thread &&
	       (!call->features || call->features & features);
}

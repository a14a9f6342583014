/* SPDX-License-Identifier: MIT */
/* System calls: number in %rax, arguments in %rdi, %rsi, %rdx, %r10, %r8, %r9, result in
 * %rax, errors as negative errno; as on Linux. */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "guest/user/include/pagevisor.h"
#include "process.h"

_Static_assert(sizeof(struct usage) == sizeof(struct process_usage),
	       "the kernel's counts are handed out as they are");

static unsigned long vm_flags_of(u64 prot)
{
	return (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) |
	       (prot & PROT_EXEC ? VM_EXEC : 0);
}

/* --- output --------------------------------------------------------------------------------- */

#define WRITE_CHUNK 128

static long do_write(const struct pt_regs *r)
{
	const char *from = (const char *)r->rsi;
	char text[WRITE_CHUNK];
	size_t left = r->rdx, n;

	if (r->rdi != 1 && r->rdi != 2)
		return -EBADF;
	if (!access_ok(from, left))
		return -EFAULT;
	for (; left; left -= n, from += n) {
		n = min(left, sizeof(text));
		if (copy_from_user(text, from, n))
			return left == r->rdx ? -EFAULT : (long)(r->rdx - left);
		printk("%.*s", (int)n, text);
	}
	return (long)r->rdx;
}

/* --- files ---------------------------------------------------------------------------------- */

#define FIRST_FD 3 /* below: the console */
#define PATH_MAX 64

static struct file *file_of(u64 fd)
{
	struct process *me = current_process();

	return fd >= FIRST_FD && fd < FIRST_FD + PROCESS_FILES ? me->files[fd - FIRST_FD]
							       : NULL;
}

static long do_open(const struct pt_regs *r)
{
	struct process *me = current_process();
	char path[PATH_MAX];
	long n = strncpy_from_user(path, (const char *)r->rdi, sizeof(path));
	struct file *file;
	int fd;

	if (n < 0 || n == sizeof(path))
		return n < 0 ? n : -ENOENT;
	for (fd = 0; fd < PROCESS_FILES && me->files[fd]; fd++)
		;
	if (fd == PROCESS_FILES)
		return -ENOMEM;
	file = file_open(path);
	if (IS_ERR(file))
		return PTR_ERR(file);
	me->files[fd] = file;
	return fd + FIRST_FD;
}

static long do_close(const struct pt_regs *r)
{
	struct file *file = file_of(r->rdi);

	if (!file)
		return -EBADF;
	current_process()->files[r->rdi - FIRST_FD] = NULL;
	file_put(file);
	return 0;
}

/* --- memory --------------------------------------------------------------------------------- */

static long do_mmap(const struct pt_regs *r)
{
	u64 kind = r->r10 & (MAP_SHARED | MAP_PRIVATE);
	struct mapping map = {
		.addr = r->rdi,
		.size = r->rsi,
		.flags = vm_flags_of(r->rdx) | (kind == MAP_SHARED ? VM_SHARED : 0),
		.fixed = r->r10 & MAP_FIXED,
		.pgoff = r->r9 / PAGE_SIZE,
	};

	if (r->rdx & ~(u64)(PROT_READ | PROT_WRITE | PROT_EXEC) || r->r9 % PAGE_SIZE ||
	    (kind != MAP_SHARED && kind != MAP_PRIVATE))
		return -EINVAL;
	if (!(r->r10 & MAP_ANONYMOUS)) {
		map.file = file_of(r->r8);
		if (!map.file)
			return -EBADF;
		/* A device's memory is not copied on write. */
		if (kind != MAP_SHARED || !map.file->f_op->mmap)
			return -ENODEV;
	}
	return mm_map(current_process()->mm, &map);
}

static long do_munmap(const struct pt_regs *r)
{
	return mm_unmap(current_process()->mm, r->rdi, r->rsi);
}

static long do_mprotect(const struct pt_regs *r)
{
	if (r->rdx & ~(u64)(PROT_READ | PROT_WRITE | PROT_EXEC))
		return -EINVAL;
	return mm_protect(current_process()->mm, r->rdi, r->rsi, vm_flags_of(r->rdx));
}

static long do_madvise(const struct pt_regs *r)
{
	if (r->rdx != MADV_DONTNEED)
		return -EINVAL;
	return mm_discard(current_process()->mm, r->rdi, r->rsi);
}

static long do_mremap(const struct pt_regs *r)
{
	if (r->r10 & ~(u64)MREMAP_MAYMOVE)
		return -EINVAL;
	return mm_remap(current_process()->mm, r->rdi, r->rsi, r->rdx,
			r->r10 & MREMAP_MAYMOVE);
}

static long do_brk(const struct pt_regs *r)
{
	return (long)mm_brk(current_process()->mm, r->rdi);
}

/* --- processes ------------------------------------------------------------------------------ */

static long do_getpid(const struct pt_regs *r)
{
	(void)r;
	return process_pid(current_process());
}

static long do_exit(const struct pt_regs *r)
{
	process_exit((int)(r->rdi & 0xff));
}

static long do_wait4(const struct pt_regs *r)
{
	int status = 0;
	long pid = process_wait_child((int)r->rdi, &status, !(r->rdx & WNOHANG));

	if (pid > 0 && r->rsi && copy_to_user((void *)r->rsi, &status, sizeof(status)))
		return -EFAULT;
	return pid;
}

static long do_yield(const struct pt_regs *r)
{
	(void)r;
	yield();
	return 0;
}

/* struct timespec { s64 seconds, nanoseconds } */
static long do_nanosleep(const struct pt_regs *r)
{
	struct process *me = current_process();
	s64 t[2];
	u64 end;

	if (copy_from_user(t, (const void *)r->rdi, sizeof(t)))
		return -EFAULT;
	if (t[0] < 0 || t[0] > INT32_MAX || t[1] < 0 || t[1] >= (s64)NSEC_PER_SEC)
		return -EINVAL;
	end = ktime_get_ns() + (u64)t[0] * NSEC_PER_SEC + (u64)t[1];
	while (ktime_get_ns() < end && !READ_ONCE(me->killed))
		schedule_timeout_uninterruptible(
			DIV_ROUND_UP(end - ktime_get_ns(), NSEC_PER_SEC / HZ));
	return 0;
}

static long do_pause_here(const struct pt_regs *r)
{
	(void)r;
	process_pause();
	return 0;
}

static long do_usage(const struct pt_regs *r)
{
	struct process_usage usage;

	process_usage(current_process(), &usage);
	return copy_to_user((void *)r->rdi, &usage, sizeof(usage)) ? -EFAULT : 0;
}

/* --- the way in ----------------------------------------------------------------------------- */

static const struct {
	unsigned int number;
	long (*call)(const struct pt_regs *regs);
} calls[] = {
	{ SYS_write, do_write },
	{ SYS_open, do_open },
	{ SYS_close, do_close },
	{ SYS_mmap, do_mmap },
	{ SYS_mprotect, do_mprotect },
	{ SYS_munmap, do_munmap },
	{ SYS_brk, do_brk },
	{ SYS_sched_yield, do_yield },
	{ SYS_mremap, do_mremap },
	{ SYS_madvise, do_madvise },
	{ SYS_nanosleep, do_nanosleep },
	{ SYS_getpid, do_getpid },
	{ SYS_fork, process_fork },
	{ SYS_exit, do_exit },
	{ SYS_wait4, do_wait4 },
	{ SYS_exit_group, do_exit },
	{ SYS_pause_here, do_pause_here },
	{ SYS_usage, do_usage },
};

void handle_syscall(struct pt_regs *regs)
{
	long result = -ENOSYS;

	local_irq_enable();
	if (probe_running())
		probe_answer(true);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].number == regs->rax) {
			result = calls[i].call(regs);
			break;
		}
	regs->rax = (u64)result;
	local_irq_disable();
	process_leave_kernel();
}

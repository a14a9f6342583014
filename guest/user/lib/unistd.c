/* SPDX-License-Identifier: MIT */
/* System calls as C functions. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "syscall.h"

int errno;

#define ERRNO_MAX 4095

long syscall_return(long result)
{
	if (result >= 0 || result < -ERRNO_MAX)
		return result;
	errno = (int)-result;
	return -1;
}

ssize_t write(int fd, const void *buf, size_t n)
{
	return syscall_return(syscall3(SYS_write, fd, (long)buf, (long)n));
}

int open(const char *path, int flags)
{
	return (int)syscall_return(syscall3(SYS_open, (long)path, flags, 0));
}

int close(int fd)
{
	return (int)syscall_return(syscall3(SYS_close, fd, 0, 0));
}

void *mmap(void *addr, size_t size, int prot, int flags, int fd, long offset)
{
	return (void *)syscall_return(
		syscall6(SYS_mmap, (long)addr, (long)size, prot, flags, fd, offset));
}

int munmap(void *addr, size_t size)
{
	return (int)syscall_return(syscall3(SYS_munmap, (long)addr, (long)size, 0));
}

int mprotect(void *addr, size_t size, int prot)
{
	return (int)syscall_return(syscall3(SYS_mprotect, (long)addr, (long)size, prot));
}

int madvise(void *addr, size_t size, int advice)
{
	return (int)syscall_return(syscall3(SYS_madvise, (long)addr, (long)size, advice));
}

void *mremap(void *addr, size_t old_size, size_t size, int flags)
{
	return (void *)syscall_return(syscall6(SYS_mremap, (long)addr, (long)old_size,
					       (long)size, flags, 0, 0));
}

/* The kernel answers with the break as it is now, moved or not. */
static long set_break(long brk)
{
	return syscall3(SYS_brk, brk, 0, 0);
}

int brk(void *addr)
{
	if (set_break((long)addr) == (long)addr)
		return 0;
	errno = ENOMEM;
	return -1;
}

void *sbrk(intptr_t increment)
{
	long old = set_break(0);

	if (increment && brk((void *)(old + increment)))
		return (void *)-1;
	return (void *)old;
}

int getpid(void)
{
	return (int)syscall3(SYS_getpid, 0, 0, 0);
}

int sched_yield(void)
{
	return (int)syscall3(SYS_sched_yield, 0, 0, 0);
}

int nanosleep(const struct timespec *t)
{
	return (int)syscall_return(syscall3(SYS_nanosleep, (long)t, 0, 0));
}

int fork(void)
{
	return (int)syscall_return(syscall3(SYS_fork, 0, 0, 0));
}

int waitpid(int pid, int *status, int options)
{
	return (int)syscall_return(syscall3(SYS_wait4, pid, (long)status, options));
}

void _exit(int status)
{
	for (;;)
		syscall3(SYS_exit_group, status, 0, 0);
}

void exit(int status)
{
	_exit(status);
}

void abort(void)
{
	_exit(ABORTED);
}

void pause_here(void)
{
	syscall3(SYS_pause_here, 0, 0, 0);
}

int get_usage(struct usage *usage)
{
	return (int)syscall_return(syscall3(SYS_usage, (long)usage, 0, 0));
}

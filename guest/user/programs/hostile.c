/* SPDX-License-Identifier: MIT */
/* Everything a process may not do: each crime in a child of its own, each refused system
 * call here.  Only the process suffers. */
#include <errno.h>
#include <fcntl.h>
#include <results.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE	    4096UL
#define KERNEL_TEXT 0xffffffff80100000UL
#define DIRECT_MAP  0xffff888000100000UL
#define NON_CANONIC 0x800000000000UL
#define LAST_PAGE   0x7ffffffff000UL /* not for processes */
#define SIGILL	    4
#define SIGSEGV	    11

/* --- crimes -------------------------------------------------------------------------------- */

static void touch(unsigned long addr)
{
	*(volatile char *)addr = 1;
}

static char look(unsigned long addr)
{
	/* Whether that is wise is not the compiler's business. */
	__asm__("" : "+r"(addr));
	return *(volatile char *)addr;
}

static void read_null(void)
{
	look(8);
}

static void read_kernel(void)
{
	look(KERNEL_TEXT);
}

static void write_kernel(void)
{
	touch(DIRECT_MAP);
}

static void write_text(void)
{
	touch((unsigned long)write_text);
}

static void leave_canonical(void)
{
	touch(NON_CANONIC);
}

static void jump_to_kernel(void)
{
	((void (*)(void))KERNEL_TEXT)();
}

static void jump_to_data(void)
{
	static char code[] = { (char)0xc3 };

	((void (*)(void))(void *)code)();
}

/* The compiler shall not see that this never ends. */
static volatile int forever = 1;

static int recurse_deeper(int depth)
{
	volatile char room[PAGE];

	room[0] = (char)depth;
	return forever ? recurse_deeper(depth + 1) + room[0] : 0;
}

static void recurse(void)
{
	recurse_deeper(0);
}

static void privileged(void)
{
	__asm__ volatile("cli");
}

static void port(void)
{
	__asm__ volatile("outb %%al, $0x80" : : "a"(0));
}

static void undefined(void)
{
	__asm__ volatile("ud2");
}

static void divide(void)
{
	unsigned int zero = 0;

	__asm__ volatile("divl %0" : : "r"(zero), "a"(1), "d"(0));
}

static void interrupt(void)
{
	__asm__ volatile("int $0xf2");
}

static void own_gs(void)
{
	/* Legal; an interrupt taken meanwhile must not mind. */
	for (int i = 0; i < 1000000; i++)
		__asm__ volatile("mov %0, %%gs" : : "r"(0));
	undefined();
}

static void trap_flag(void)
{
	__asm__ volatile("pushfq; orl $0x100, (%rsp); popfq; nop; nop");
}

static void protected(void)
{
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	touch((unsigned long)p);
	mprotect(p, PAGE, PROT_NONE);
	look((unsigned long)p);
}

static void unmapped(void)
{
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(p, 1, 3 * PAGE);
	munmap(p + PAGE, PAGE);
	touch((unsigned long)p);
	touch((unsigned long)p + 2 * PAGE);
	touch((unsigned long)p + PAGE);
}

static const struct {
	void (*commit)(void);
	int signal;
} crimes[] = {
	{ read_null, SIGSEGV },	     { read_kernel, SIGSEGV },
	{ write_kernel, SIGSEGV },   { write_text, SIGSEGV },
	{ leave_canonical, SIGILL }, { jump_to_kernel, SIGSEGV },
	{ jump_to_data, SIGSEGV },   { recurse, SIGSEGV },
	{ privileged, SIGILL },	     { port, SIGILL },
	{ undefined, SIGILL },	     { divide, SIGILL },
	{ interrupt, SIGILL },	     { own_gs, SIGILL },
	{ trap_flag, SIGILL },	     { protected, SIGSEGV },
	{ unmapped, SIGSEGV },
};

static int punished(int i)
{
	int status, pid = fork();

	if (!pid) {
		crimes[i].commit();
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
	       WTERMSIG(status) == crimes[i].signal;
}

/* --- refused calls ---------------------------------------------------------------------------- */

static void check(int refused)
{
	results[HOSTILE_TRIED]++;
	if (refused)
		results[HOSTILE_REFUSED]++;
	else if (!results[HOSTILE_FIRST_WRONG])
		results[HOSTILE_FIRST_WRONG] = results[HOSTILE_TRIED];
}

static int map_fails(void *addr, size_t size, int prot, int flags, int fd, int why)
{
	errno = 0;
	return mmap(addr, size, prot, flags, fd, 0) == MAP_FAILED && errno == why;
}

static void bad_maps(void)
{
	int anonymous = MAP_PRIVATE | MAP_ANONYMOUS, fixed = anonymous | MAP_FIXED;

	check(map_fails(NULL, 0, PROT_READ, anonymous, -1, EINVAL));
	check(map_fails(NULL, -1UL, PROT_READ, anonymous, -1, EINVAL));
	check(map_fails(NULL, 1UL << 47, PROT_READ, anonymous, -1, EINVAL));
	check(map_fails(NULL, PAGE, 64, anonymous, -1, EINVAL));
	check(map_fails(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, EINVAL));
	check(map_fails(NULL, PAGE, PROT_READ, MAP_SHARED, 7, EBADF));
	check(map_fails((void *)123, PAGE, PROT_READ, fixed, -1, EINVAL));
	check(map_fails((void *)0, PAGE, PROT_READ, fixed, -1, EINVAL));
	check(map_fails((void *)LAST_PAGE, PAGE, PROT_READ, fixed, -1, EINVAL));
	check(map_fails((void *)KERNEL_TEXT, PAGE, PROT_READ, fixed, -1, EINVAL));
	check(map_fails((void *)PAGE, -PAGE, PROT_READ, fixed, -1, EINVAL));
}

static void bad_areas(void)
{
	char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(munmap(p + 1, PAGE) < 0 && errno == EINVAL);
	check(munmap(p, 0) < 0 && errno == EINVAL);
	check(munmap((void *)DIRECT_MAP, PAGE) < 0 && errno == EINVAL);
	check(munmap((void *)(LAST_PAGE - PAGE), 2 * PAGE) < 0 && errno == EINVAL);
	munmap(p, PAGE);
	check(mprotect(p, PAGE, PROT_READ) < 0 && errno == ENOMEM);
	check(madvise(p, PAGE, MADV_DONTNEED) < 0 && errno == ENOMEM);
	check(madvise(p, PAGE, 99) < 0 && errno == EINVAL);
	check(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
	check(brk((void *)KERNEL_TEXT) < 0 && brk((void *)LAST_PAGE) < 0);
}

static void bad_pointers(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status;

	munmap(p + PAGE, PAGE);
	check(write(1, (void *)8, 1) < 0 && errno == EFAULT);
	check(write(1, (void *)KERNEL_TEXT, 16) < 0 && errno == EFAULT);
	check(write(1, p + PAGE - 1, 2) < 0 && errno == EFAULT);
	check(write(1, p, -1UL) < 0 && errno == EFAULT);
	check(write(5, p, 1) < 0 && errno == EBADF);
	check(open((char *)KERNEL_TEXT, 0) < 0 && errno == EFAULT);
	check(open("/dev/none", 0) < 0 && errno == ENOENT);
	memset(p, 'a', PAGE);
	check(open(p, 0) < 0 && errno == ENOENT);
	check(close(0) < 0 && errno == EBADF);
	check(nanosleep((struct timespec *)DIRECT_MAP) < 0 && errno == EFAULT);
	check(nanosleep(&(struct timespec){ 0, -1 }) < 0 && errno == EINVAL);
	check(waitpid(-1, &status, 0) < 0 && errno == ECHILD);
	/* A pointer that cannot be written is found out when the child is gone already. */
	if (!fork())
		_exit(0);
	check(waitpid(-1, (int *)(void *)bad_pointers, 0) < 0 && errno == EFAULT);
}

int main(void)
{
	for (unsigned long i = 0; i < sizeof(crimes) / sizeof(crimes[0]); i++)
		check(punished((int)i));
	bad_maps();
	bad_areas();
	bad_pointers();
	return 0;
}

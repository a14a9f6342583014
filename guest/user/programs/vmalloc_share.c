/* SPDX-License-Identifier: MIT */
/* One of two processes that map the same buffer of the kernel: writes the half its argument
 * names, waits, and then must find the whole as both wrote it. */
#include <errno.h>
#include <fcntl.h>
#include <results.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned long half = argc > 1 && argv[1][0] == '1';
	int fd = open("/dev/shared", O_RDWR);
	volatile uint64_t *p;

	if (fd < 0)
		return 1;
	p = mmap(NULL, SHARE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED) {
		results[SHARE_ERROR] = (uint64_t)errno;
		return 2;
	}
	results[SHARE_ADDRESS] = (uint64_t)p;
	for (unsigned long i = half * SHARE_WORDS / 2; i < (half + 1) * SHARE_WORDS / 2;
	     i++)
		p[i] = SHARE_WORD(i, half);
	pause_here();
	for (unsigned long i = 0; i < SHARE_WORDS; i++)
		results[SHARE_WRONG] += p[i] != SHARE_WORD(i, i >= SHARE_WORDS / 2);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Touches as many MiB as it is told, checks them, and waits if it is told that, too. */
#include <results.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096UL

static unsigned long number(const char *s)
{
	unsigned long n = 0;

	for (; *s; s++)
		n = n * 10 + (unsigned long)(*s - '0');
	return n;
}

int main(int argc, char **argv)
{
	unsigned long size = argc > 1 ? number(argv[1]) << 20 : 0;
	volatile uint64_t *p;

	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return 1;
	for (unsigned long at = 0; at < size; at += PAGE) {
		p[at / 8] = at;
		results[HOG_TOUCHED] = at + PAGE;
	}
	if (argc > 2)
		pause_here();
	for (unsigned long at = 0; at < size; at += PAGE)
		results[HOG_WRONG] += p[at / 8] != at;
	return 0;
}

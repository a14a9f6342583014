/* SPDX-License-Identifier: MIT */
/* A page here and a page there, whose contents only this program changes. */
#include <results.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096UL

static volatile uint64_t *page_at(char *p, unsigned long i)
{
	return (volatile uint64_t *)(p + i * PAGE);
}

/* Every page that is left counts one up. */
static void count(char *p, uint64_t round)
{
	for (unsigned long i = 0; i < MOVE_PAGES; i += MOVE_GROUP) {
		volatile uint64_t *words = page_at(p, i);

		results[MOVE_WRONG] += words[0] != i || words[511] != i + round;
		words[511]++;
	}
	results[MOVE_ROUNDS]++;
}

int main(void)
{
	char *p = mmap(NULL, MOVE_PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	for (unsigned long i = 0; i < MOVE_PAGES; i++)
		page_at(p, i)[0] = page_at(p, i)[511] = i;
	results[MOVE_ADDRESS] = (uint64_t)p;
	pause_here();
	for (unsigned long i = 0; i < MOVE_PAGES; i += MOVE_GROUP)
		madvise(p + (i + 1) * PAGE, (MOVE_GROUP - 1) * PAGE, MADV_DONTNEED);
	pause_here();
	for (uint64_t round = 0; !results[MOVE_STOP]; round++)
		count(p, round);
	return results[MOVE_WRONG] != 0;
}

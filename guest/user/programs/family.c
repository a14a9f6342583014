/* SPDX-License-Identifier: MIT */
/*
 * Processes that fork, write to what they share, unmap, and die in every order: some are
 * waited for, some are orphans, some end by a forbidden access.  What one writes nobody else
 * sees.
 */
#include <errno.h>
#include <malloc.h>
#include <results.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	    4096UL
#define PAGES	    64U
#define CHILDREN    3U
#define GENERATIONS 2U
#define ROUNDS	    6U
#define SIGSEGV	    11

static volatile uint64_t *words[PAGES]; /* one of each page */

static void add(unsigned int result, uint64_t n)
{
	__atomic_fetch_add((uint64_t *)results + result, n, __ATOMIC_RELAXED);
}

static uint64_t value(uint64_t owner, unsigned int i)
{
	return owner * 1000 + i;
}

static void check_all(uint64_t owner)
{
	uint64_t wrong = 0;

	for (unsigned int i = 0; i < PAGES; i++)
		wrong += *words[i] != value(owner, i);
	if (wrong)
		add(FAMILY_WRONG, wrong);
}

static void write_all(uint64_t owner)
{
	for (unsigned int i = 0; i < PAGES; i++) {
		*words[i] = value(owner, i);
		if (i % 16 == 0)
			sched_yield();
	}
}

static void live(unsigned int generation, uint64_t inherited);

static void __attribute__((noreturn))
child(unsigned int generation, unsigned int number, uint64_t parent)
{
	add(FAMILY_BORN, 1);
	check_all(parent);
	if (generation < GENERATIONS)
		live(generation + 1, parent);
	if (number == 2)
		*(volatile int *)(generation * 8UL) = 1;
	_exit((int)number);
}

/* The middle one is left alone. */
static void bury(const int *pid)
{
	for (unsigned int i = 0; i < CHILDREN; i += 2) {
		int status;

		if (pid[i] < 0)
			continue;
		if (waitpid(pid[i], &status, 0) != pid[i] ||
		    (i == 2 ? WTERMSIG(status) != SIGSEGV : status != 0))
			add(FAMILY_WRONG, 1);
	}
}

static void live(unsigned int generation, uint64_t inherited)
{
	uint64_t me = (uint64_t)getpid();
	int pid[CHILDREN];

	check_all(inherited);
	write_all(me);
	for (unsigned int i = 0; i < CHILDREN; i++) {
		pid[i] = fork();
		if (!pid[i])
			child(generation, i, me);
		if (pid[i] < 0)
			add(errno == EAGAIN || errno == ENOMEM ? FAMILY_DENIED
							       : FAMILY_WRONG,
			    1);
	}
	check_all(me);
	write_all(me + 1);
	bury(pid);
	check_all(me + 1);
}

int main(void)
{
	uint64_t me = (uint64_t)getpid();

	for (unsigned int round = 0; round < ROUNDS; round++) {
		char *p = malloc(PAGES * PAGE);

		if (!p)
			return 1;
		for (unsigned int i = 0; i < PAGES; i++)
			words[i] = (volatile uint64_t *)(p + i * PAGE);
		write_all(me);
		live(0, me);
		free(p);
	}
	return results[FAMILY_WRONG] != 0;
}

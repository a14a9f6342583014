/* SPDX-License-Identifier: MIT */
/* A parent and a child share frames until one of them writes. */
#include <malloc.h>
#include <results.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES	1024UL
#define WRITTEN 100UL
#define PAGE	4096UL

static volatile uint64_t *memory;

static uint64_t wrong_pages(uint64_t salt)
{
	uint64_t wrong = 0;

	for (unsigned long i = 0; i < PAGES; i++)
		wrong += memory[i * PAGE / 8] != i + salt;
	return wrong;
}

static void write_pages(unsigned long n, uint64_t salt)
{
	for (unsigned long i = 0; i < n; i++)
		memory[i * PAGE / 8] = i + salt;
}

static int child(void)
{
	struct usage start, read, written;

	while (!results[COW_GO])
		sched_yield();
	get_usage(&start);
	results[COW_CHILD_WRONG] = wrong_pages(1);
	get_usage(&read);
	results[COW_CHILD_COPIED] = read.copied - start.copied;
	write_pages(WRITTEN, 1000000);
	get_usage(&written);
	results[COW_CHILD_WRITTEN] = WRITTEN;
	results[COW_CHILD_COPIES] = written.copied - read.copied;
	return 42;
}

int main(void)
{
	struct usage before, after;
	int status = 0, pid;

	memory = malloc(PAGES * PAGE);
	if (!memory)
		return 1;
	write_pages(PAGES, 1);
	results[COW_PAGES] = PAGES;
	results[COW_ADDRESS] = (uint64_t)memory;
	pause_here();
	pid = fork();
	if (!pid)
		return child();
	if (pid < 0)
		return 2;
	pause_here();
	results[COW_GO] = 1;
	if (waitpid(pid, &status, 0) != pid)
		return 3;
	results[COW_STATUS] = (uint64_t)status;
	results[COW_PARENT_WRONG] = wrong_pages(1);
	get_usage(&before);
	write_pages(PAGES, 2);
	get_usage(&after);
	results[COW_PARENT_COPIES] = after.copied - before.copied;
	results[COW_PARENT_REUSED] = after.reused - before.reused;
	return wrong_pages(2) != 0;
}

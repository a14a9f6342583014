/* SPDX-License-Identifier: MIT */
/*
 * Random changes of an address space beside a model of it: for each page of an arena whether
 * it is mapped, how, and what it holds.  After each step one page is asked whether it can be
 * read and written, through system calls, which return EFAULT where an access would kill;
 * its contents must be the model's.  Now and then a child is forked, checks everything,
 * spoils what it can, and must not be noticed.  With an argument, which makes the numbers
 * others, it runs on without a pause.
 */
#include <errno.h>
#include <fcntl.h>
#include <results.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096UL
#define PAGES 200U
#define STEPS 6000U
#define PAUSE 500U /* steps between two looks of the kernel */

static struct {
	unsigned char mapped, prot;
	uint64_t value; /* of the page's first word; 0: nothing was written */
} model[PAGES];
static char *arena;
static uint32_t seed = 2463534242U;

static uint32_t random_number(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static void check(int holds)
{
	if (holds)
		return;
	if (!results[RANDOM_WRONG])
		results[RANDOM_FIRST_WRONG] = results[RANDOM_STEPS];
	results[RANDOM_WRONG]++;
}

static void *page_at(unsigned int i)
{
	return arena + i * PAGE;
}

/* --- what the kernel lets us do ------------------------------------------------------------- */

static int readable(unsigned int i)
{
	return open(page_at(i), O_RDWR) < 0 && errno != EFAULT;
}

/* The kernel writes behind the page's first word. */
static int writable(unsigned int i)
{
	return !get_usage((struct usage *)page_at(i) + 1);
}

static void check_page(unsigned int i)
{
	int prot = model[i].mapped ? model[i].prot : PROT_NONE;

	check(readable(i) == (prot != PROT_NONE));
	check(writable(i) == ((prot & PROT_WRITE) != 0));
	if (prot != PROT_NONE)
		check(*(volatile uint64_t *)page_at(i) == model[i].value);
}

static void write_page(unsigned int i)
{
	if (!model[i].mapped || !(model[i].prot & PROT_WRITE))
		return;
	model[i].value = random_number() | 1;
	*(volatile uint64_t *)page_at(i) = model[i].value;
}

/* --- changes ------------------------------------------------------------------------------ */

static unsigned int random_prot(void)
{
	static const unsigned char prots[] = { PROT_NONE, PROT_READ,
					       PROT_READ | PROT_WRITE,
					       PROT_READ | PROT_WRITE };

	return prots[random_number() % 4];
}

static int all_mapped(unsigned int first, unsigned int n)
{
	for (unsigned int i = first; i < first + n; i++)
		if (!model[i].mapped)
			return 0;
	return 1;
}

static void map_pages(unsigned int first, unsigned int n)
{
	unsigned int prot = random_prot();
	int kind = random_number() % 4 ? MAP_PRIVATE : MAP_SHARED;

	check(mmap(page_at(first), n * PAGE, (int)prot, kind | MAP_ANONYMOUS | MAP_FIXED,
		   -1, 0) == page_at(first));
	for (unsigned int i = first; i < first + n; i++) {
		model[i].mapped = kind == MAP_SHARED ? 2 : 1;
		model[i].prot = (unsigned char)prot;
		model[i].value = 0;
	}
}

static void unmap_pages(unsigned int first, unsigned int n)
{
	check(!munmap(page_at(first), n * PAGE));
	for (unsigned int i = first; i < first + n; i++)
		model[i].mapped = 0;
}

static void protect_pages(unsigned int first, unsigned int n)
{
	unsigned int prot = random_prot();
	int done = !mprotect(page_at(first), n * PAGE, (int)prot);

	check(done == all_mapped(first, n));
	for (unsigned int i = first; done && i < first + n; i++)
		model[i].prot = (unsigned char)prot;
}

/* Of shared memory only the mappings go: the object keeps its frames. */
static void discard_pages(unsigned int first, unsigned int n)
{
	int done = !madvise(page_at(first), n * PAGE, MADV_DONTNEED);

	check(done == all_mapped(first, n));
	for (unsigned int i = first; done && i < first + n; i++)
		if (model[i].mapped == 1)
			model[i].value = 0;
}

/* A mapping of its own, made larger: contents go along. */
static void grow_mapping(unsigned int n)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	uint64_t *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, flags, -1, 0), *q;

	for (unsigned int i = 0; i < n; i++)
		p[i * PAGE / 8] = i + 1;
	q = mremap(p, n * PAGE, 3 * n * PAGE, MREMAP_MAYMOVE);
	check(q != MAP_FAILED);
	for (unsigned int i = 0; i < 3 * n; i++)
		check(q[i * PAGE / 8] == (i < n ? i + 1 : 0));
	check(mremap(q, 3 * n * PAGE, n * PAGE, 0) == q);
	check(!munmap(q, n * PAGE));
}

static void move_break(unsigned int n)
{
	volatile uint64_t *end = sbrk((intptr_t)(n * PAGE));

	for (unsigned int i = 0; i < n; i++) {
		check(!end[i * PAGE / 8]);
		end[i * PAGE / 8] = 1;
	}
	check(sbrk(-(intptr_t)(n * PAGE)) == (char *)end + n * PAGE);
}

/* --- children ----------------------------------------------------------------------------- */

static int child(void)
{
	uint64_t wrong = results[RANDOM_WRONG];

	for (unsigned int i = 0; i < PAGES; i++)
		check_page(i);
	for (unsigned int i = 0; i < PAGES; i++)
		if (model[i].mapped == 1)
			write_page(i);
	return results[RANDOM_WRONG] != wrong;
}

static void fork_child(void)
{
	int status = 0, pid = fork();

	if (!pid)
		_exit(child());
	check(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
	for (unsigned int i = 0; i < PAGES; i++)
		check_page(i);
	results[RANDOM_FORKS]++;
}

static void step(void)
{
	unsigned int first = random_number() % PAGES;
	unsigned int n = 1 + random_number() % (PAGES - first > 24 ? 24 : PAGES - first);

	switch (random_number() % 16) {
	case 0:
	case 1:
	case 2:
		map_pages(first, n);
		break;
	case 3:
	case 4:
		unmap_pages(first, n);
		break;
	case 5:
	case 6:
		protect_pages(first, n);
		break;
	case 7:
		discard_pages(first, n);
		break;
	case 8:
		grow_mapping(n);
		break;
	case 9:
		move_break(n);
		break;
	default:
		write_page(first);
	}
	check_page(random_number() % PAGES);
	if (random_number() % 128 == 0)
		fork_child();
}

int main(int argc, char **argv)
{
	if (argc > 1)
		seed += (uint32_t)argv[1][0];
	arena = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED || munmap(arena, PAGES * PAGE))
		return 1;
	while (results[RANDOM_STEPS] < STEPS) {
		step();
		if (++results[RANDOM_STEPS] % PAUSE == 0 && argc == 1)
			pause_here();
	}
	return 0;
}

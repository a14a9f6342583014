/* SPDX-License-Identifier: MIT */
/* Asks the kernel for all that it makes out of memory.  Whatever is refused, what is there
 * already stays as it was. */
#include <fcntl.h>
#include <results.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096UL
#define PAGES 8UL

static uint64_t wrong_words(const volatile uint64_t *p, uint64_t salt)
{
	uint64_t wrong = 0;

	for (unsigned long i = 0; i < PAGES; i++)
		wrong += p[i * PAGE / 8] != i + salt;
	return wrong;
}

static void fill(volatile uint64_t *p, uint64_t salt)
{
	for (unsigned long i = 0; i < PAGES; i++)
		p[i * PAGE / 8] = i + salt;
}

static volatile uint64_t *map(int flags)
{
	void *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS,
		       -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int main(void)
{
	volatile uint64_t *own = map(MAP_PRIVATE), *shared = map(MAP_SHARED), *heap;
	uint64_t wrong = 0;
	void *moved;
	int pid;

	if (!own || !shared)
		return 0;
	fill(own, 1);
	fill(shared, 2);
	/* In the middle: either splits the area in three. */
	mprotect((char *)own + 3 * PAGE, PAGE, PROT_READ);
	mprotect((char *)own + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE);
	pid = fork();
	if (!pid) {
		wrong = wrong_words(own, 1) + wrong_words(shared, 2);
		fill(own, 3);
		_exit(wrong + wrong_words(own, 3) != 0);
	}
	if (pid > 0) {
		int status = 0;

		wrong += waitpid(pid, &status, 0) != pid;
		wrong += status && WTERMSIG(status) != 9;
	}
	heap = sbrk((long)(PAGES * PAGE));
	if (heap != (void *)-1)
		fill(heap, 4);
	moved = mremap((void *)own, PAGES * PAGE, 600 * PAGE, MREMAP_MAYMOVE);
	if (moved != MAP_FAILED)
		own = moved;
	close(open("/dev/none", O_RDWR));
	wrong += wrong_words(own, 1) + wrong_words(shared, 2);
	munmap((char *)own + PAGE, PAGE);
	wrong += own[0] != 1 || own[2 * PAGE / 8] != 3;
	return wrong != 0;
}

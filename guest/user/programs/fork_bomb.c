/* SPDX-License-Identifier: MIT */
/* Every process forks, and so do its children, until there is no more to be had. */
#include <errno.h>
#include <results.h>
#include <unistd.h>

int main(void)
{
	uint64_t *children = (uint64_t *)results + BOMB_CHILDREN;

	while (fork() >= 0)
		__atomic_fetch_add(children, 1, __ATOMIC_RELAXED);
	results[BOMB_ERROR] = (uint64_t)errno;
	pause_here();
	return 0;
}

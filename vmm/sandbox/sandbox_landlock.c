/* SPDX-License-Identifier: MIT */
/*
 * Landlock: a rule set that handles every right there is and grants none.  Versions add
 * rights; each kernel is asked for all that it knows.
 *
 * One right is left out: signals.  A domain is a thread's own here, and some kernels would then
 * refuse a signal to another thread of the same process.  The filter allows none to others.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/sandbox/sandbox_internal.h"

/* The kernel's structure as of version 6; headers may be older than the kernel. */
struct ruleset_attr {
	uint64_t fs, net, scoped;
};
_Static_assert(sizeof(struct ruleset_attr) == 24, "as the kernel has it");

#define CREATE_VERSION 1u
#define NET_ALL	       3ull /* bind and connect TCP */
#define SCOPE_ABSTRACT 1ull /* unix sockets without a file */

/* How many rights to files each version has. */
static unsigned int fs_rights(int abi)
{
	static const unsigned int rights[] = { 0, 13, 14, 15, 15, 16 };
	const int last = (int)(sizeof(rights) / sizeof(rights[0])) - 1;

	return rights[abi < last ? abi : last];
}

static size_t attr_size(int abi)
{
	if (abi < 4)
		return sizeof(uint64_t);
	return abi < 6 ? 2 * sizeof(uint64_t) : sizeof(struct ruleset_attr);
}

int sandbox_landlock_make(int *abi)
{
	struct ruleset_attr attr = { .net = NET_ALL, .scoped = SCOPE_ABSTRACT };
	long fd;

	*abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
	if (*abi <= 0) {
		*abi = 0;
		return -ENOSYS;
	}
	attr.fs = (1ull << fs_rights(*abi)) - 1;
	fd = syscall(SYS_landlock_create_ruleset, &attr, attr_size(*abi), 0);
	return fd < 0 ? -errno : (int)fd;
}

int sandbox_landlock_enter(int fd)
{
	return syscall(SYS_landlock_restrict_self, fd, 0) ? -errno : 0;
}

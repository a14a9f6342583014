/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vmm/sandbox/sandbox.h"
#include "vmm/sandbox/sandbox_internal.h"

struct sandbox {
	struct sock_fprog program[SANDBOX_THREADS];
	int landlock_fd; /* -1: the kernel has none */
	int landlock_abi; /* 0: the same */
};

static int make_filters(struct sandbox *sandbox, unsigned int features)
{
	enum sandbox_thread thread;
	int ret = 0;

	for (thread = 0; thread < SANDBOX_THREADS && !ret; thread++)
		ret = sandbox_filter_make(thread, features, &sandbox->program[thread]);
	return ret;
}

int sandbox_create(struct sandbox **out, unsigned int features, int alarm_fd,
		   struct error *err)
{
	struct sandbox *sandbox;
	int ret;

	/* All threads share one heap.  A thread's own, when it shrinks, has glibc open
	 * /proc/sys/vm/overcommit_memory. */
	mallopt(M_ARENA_MAX, 1);
	sandbox = calloc(1, sizeof(*sandbox));
	ret = sandbox ? make_filters(sandbox, features) : -ENOMEM;

	if (!ret)
		ret = sandbox_trap_init(alarm_fd);
	if (ret) {
		sandbox_destroy(sandbox);
		return error_set(err, -ret,
				 "--sandbox on: no filters can be made (%s); use a "
				 "newer host kernel, or --sandbox off",
				 strerror(-ret));
	}
	tzset(); /* gmtime_r() would read files the first time */
	sandbox->landlock_fd = sandbox_landlock_make(&sandbox->landlock_abi);
	*out = sandbox;
	return 0;
}

void sandbox_destroy(struct sandbox *sandbox)
{
	enum sandbox_thread thread;

	if (!sandbox)
		return;
	for (thread = 0; thread < SANDBOX_THREADS; thread++)
		free(sandbox->program[thread].filter);
	if (sandbox->landlock_abi && sandbox->landlock_fd >= 0)
		close(sandbox->landlock_fd);
	free(sandbox);
}

int sandbox_enter(const struct sandbox *sandbox, enum sandbox_thread thread,
		  const char *name)
{
	int ret;

	sandbox_trap_name_thread(name);
	ret = sandbox_drop_privileges();
	if (!ret && sandbox->landlock_fd >= 0)
		ret = sandbox_landlock_enter(sandbox->landlock_fd);
	return ret ? ret : sandbox_filter_load(&sandbox->program[thread]);
}

void sandbox_describe(const struct sandbox *sandbox, char *buf, size_t size)
{
	snprintf(buf, size, "each thread: no privileges, system calls filtered, ");
	size -= strlen(buf);
	buf += strlen(buf);
	if (sandbox->landlock_fd >= 0)
		snprintf(buf, size, "Landlock version %d", sandbox->landlock_abi);
	else
		snprintf(buf, size, "no Landlock in this kernel");
}

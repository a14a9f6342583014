/* SPDX-License-Identifier: MIT */
/*
 * libseccomp makes the program, once for each kind of thread; the kernel is given it by each
 * thread, as seccomp_load() would make it anew for each.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/sandbox/sandbox_calls.h"
#include "vmm/sandbox/sandbox_internal.h"

static int add_call(scmp_filter_ctx ctx, const struct sandbox_call *call)
{
	struct scmp_arg_cmp compare[SANDBOX_CONDITIONS];
	unsigned int i, n = 0;

	for (i = 0; i < SANDBOX_CONDITIONS; i++) {
		const struct sandbox_condition *c = &call->condition[i];
		uint64_t value = c->value == SANDBOX_OWN_PID ? (uint64_t)getpid()
							     : c->value;

		if (c->mask)
			compare[n++] = (struct scmp_arg_cmp){ c->arg, SCMP_CMP_MASKED_EQ,
							      c->mask, value };
	}
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call->nr, n, compare);
}

static int add_calls(scmp_filter_ctx ctx, enum sandbox_thread thread,
		     unsigned int features)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < sandbox_nr_calls && !ret; i++)
		if (sandbox_call_applies(&sandbox_calls[i], thread, features))
			ret = add_call(ctx, &sandbox_calls[i]);
	return ret;
}

/* The library gives its program to a descriptor only. */
static int export(scmp_filter_ctx ctx, struct sock_fprog *program)
{
	int fd = memfd_create("seccomp", MFD_CLOEXEC), ret;
	off_t size;

	if (fd < 0)
		return -errno;
	ret = seccomp_export_bpf(ctx, fd);
	size = lseek(fd, 0, SEEK_END);
	if (!ret && size <= 0)
		ret = -EIO;
	if (!ret)
		program->filter = malloc((size_t)size);
	if (!ret &&
	    (!program->filter || pread(fd, program->filter, (size_t)size, 0) != size))
		ret = -ENOMEM;
	program->len = (unsigned short)((size_t)size / sizeof(*program->filter));
	close(fd);
	return ret;
}

int sandbox_filter_make(enum sandbox_thread thread, unsigned int features,
			struct sock_fprog *program)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
	int ret;

	*program = (struct sock_fprog){ .filter = NULL };
	if (!ctx)
		return -ENOMEM;
	ret = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* A tree: KVM_RUN, the call of each exit, is found after a few comparisons. */
	if (!ret)
		ret = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!ret)
		ret = add_calls(ctx, thread, features);
	if (!ret)
		ret = export(ctx, program);
	seccomp_release(ctx);
	if (ret) {
		free(program->filter);
		program->filter = NULL;
	}
	return ret;
}

int sandbox_filter_load(const struct sock_fprog *program)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) ? -errno : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Users, groups and capabilities belong to a thread; the C library's wrappers would change
 * all threads at once, those too that have something left to set up.  Hence the bare calls.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/sandbox/sandbox_internal.h"

#define NOBODY 65534

/* What executing a file could give, had PR_SET_NO_NEW_PRIVS not said no already.  Without
 * CAP_SETPCAP it cannot be changed, nor used. */
static void empty_bounding_set(void)
{
	int cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version =
							   _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	return syscall(SYS_capset, &header, none) ? -errno : 0;
}

/* A container may know no such user (EINVAL): root without capabilities it is, then. */
static int leave_root(void)
{
	if (geteuid())
		return 0;
	if (syscall(SYS_setgroups, 0, NULL) ||
	    syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) ||
	    syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY))
		return errno == EINVAL || errno == EPERM ? 0 : -errno;
	return 0;
}

int sandbox_drop_privileges(void)
{
	int ret;

	empty_bounding_set();
	ret = leave_root();
	if (!ret)
		ret = drop_capabilities();
	if (!ret && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		ret = -errno;
	return ret;
}

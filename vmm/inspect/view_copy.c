/* SPDX-License-Identifier: MIT */
/*
 * A machine whose memory this process may not read: its monitor writes a core into a file in
 * memory, which is then read as any core.  Its vCPUs stand meanwhile.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/cli/ctl.h"
#include "vmm/cli/rundir.h"
#include "vmm/inspect/view_internal.h"

static int copy(struct ctl *ctl, int memfd, struct error *err)
{
	int ret = ctl_dump(ctl, memfd, false, err);

	return !ret && lseek(memfd, 0, SEEK_SET) < 0 ? -errno : ret;
}

int view_open_copy(struct view *view, const char *name, struct error *err)
{
	struct ctl ctl;
	int memfd, ret, fd = rundir_connect(name, err);

	if (fd < 0)
		return fd;
	memfd = memfd_create("guest-core", MFD_CLOEXEC);
	ret = ctl_open(&ctl, name, fd, err);
	if (!ret && memfd < 0)
		ret = error_set(err, errno, "%s: %s", name, strerror(errno));
	if (!ret)
		ret = copy(&ctl, memfd, err);
	ctl_close(&ctl);
	if (!ret)
		return view_open_core(view, memfd, err);
	if (memfd >= 0)
		close(memfd);
	return ret;
}

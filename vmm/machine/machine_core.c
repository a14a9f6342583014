/* SPDX-License-Identifier: MIT */
/*
 * Cores of the guest: for who asks, and by itself when it panics.
 *
 * A confined monitor opens no file, so the one for a panic is opened before; when it was made
 * for that and the guest never panics, it is removed at the end (sweep.h).  What an
 * earlier guest left in it stays until there is something new.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/dump/dump.h"
#include "vmm/machine/machine.h"
#include "vmm/util/log.h"

static int open_panic_core(struct machine *m, struct error *err)
{
	const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK;
	const char *path = m->config.panic_core;

	m->core_fd = open(path, flags | O_EXCL, 0600);
	if (m->core_fd >= 0)
		sweep_add(&m->sweep, path);
	else if (errno == EEXIST)
		m->core_fd = open(path, flags, 0600);
	if (m->core_fd < 0)
		return error_set(
			err, errno,
			"--on-panic core=%s: %s; name a file that can be written", path,
			strerror(errno));
	return 0;
}

int machine_open_core(struct machine *m, struct error *err)
{
	const char *path = m->config.panic_core;

	/* Later, confined, it could not be opened. */
	if (path || m->config.name || m->config.nr_qmp)
		m->pagemap_fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	return path ? open_panic_core(m, err) : 0;
}

void machine_close_core(struct machine *m)
{
	if (m->core_fd >= 0)
		close(m->core_fd);
	if (m->pagemap_fd >= 0)
		close(m->pagemap_fd);
}

int machine_read_cpu(const struct machine *m, unsigned int i, struct dump_cpu *cpu)
{
	int fd = m->vm.vcpus[i].fd, ret = kvm_get(fd, KVM_GET_REGS, &cpu->regs);

	return ret ? ret : kvm_get(fd, KVM_GET_SREGS, &cpu->sregs);
}

int machine_dump(struct machine *m, const struct control_dump *how, struct error *err)
{
	struct dump dump = {
		.ram = &m->mem.ram,
		.nr_cpus = m->vm.nr_vcpus,
		.cpus = calloc(m->vm.nr_vcpus, sizeof(*dump.cpus)),
		.paging = how->paging,
		.begin = how->ranged ? how->begin : 0,
		.end = how->ranged ? how->begin + how->length : UINT64_MAX,
		.fd = how->fd,
		.give_up_fd = { m->signal_fd, m->hurry_fd },
		.pagemap_fd = m->pagemap_fd,
		.facts = how->ranged ? NULL : &m->facts,
	};
	unsigned int i;
	int ret = dump.cpus ? 0 : -ENOMEM;

	for (i = 0; i < dump.nr_cpus && !ret; i++)
		ret = machine_read_cpu(m, i, &dump.cpus[i]);
	if (ret)
		error_set(err, -ret, "dump: the registers cannot be read (%s)",
			  strerror(-ret));
	else
		ret = dump_write(&dump, err);
	free(dump.cpus);
	return ret;
}

void machine_core_of_panic(struct machine *m, const struct outcome *outcome)
{
	struct control_dump how = { .fd = m->core_fd, .paging = true };
	struct error err;

	if (m->core_fd < 0 || m->core_written || !outcome_is_panic(outcome))
		return;
	m->core_written = true;
	/* Where nothing is written, nothing old may show through. */
	if (ftruncate(m->core_fd, 0) && errno != EINVAL)
		log_line("--on-panic core=%s: %s", m->config.panic_core, strerror(errno));
	else if (machine_dump(m, &how, &err))
		log_line("--on-panic core=%s: %s", m->config.panic_core, err.text);
	else
		log_line("the guest panicked; its core: %s", m->config.panic_core);
}

/* SPDX-License-Identifier: MIT */
/* A machine that is there: its memory straight from its monitor's, its registers by QMP. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vmm/cli/ctl.h"
#include "vmm/cli/rundir.h"
#include "vmm/inspect/registers.h"
#include "vmm/inspect/view_internal.h"

#define PAGE	    4096ull
#define PAGES_MAX   64u /* of one call */
#define MAP_PRESENT (1ull << 63) /* proc(5), pagemap */
#define MAP_SWAPPED (1ull << 62)

struct live {
	struct view_source source; /* the first: one is the other */
	const struct guest_facts *facts;
	const char *name;
	int pagemap_fd; /* of the monitor; -1: what was touched is not known */
};

/* Which of n pages of the monitor's memory there are: the others read as zero, and asking
 * for them would make the host give them memory. */
static void look(const struct live *live, uint64_t at, size_t n, bool *there)
{
	uint64_t map[PAGES_MAX];
	size_t size = n * sizeof(map[0]), i;
	bool known = live->facts->private_ram && live->pagemap_fd >= 0 &&
		     pread(live->pagemap_fd, map, size,
			   (off_t)(at / PAGE * sizeof(map[0]))) == (ssize_t)size;

	for (i = 0; i < n; i++)
		there[i] = !known || (map[i] & (MAP_PRESENT | MAP_SWAPPED));
}

/* Neighbouring pages that are there, in one call. */
static int read_pages(const struct live *live, uint64_t at, uint8_t *host, size_t n)
{
	struct iovec local = { host, n * PAGE };
	/* An address of the monitor's, which only the kernel follows. */
	struct iovec remote = {
		(void *)(uintptr_t)at, /* NOLINT(performance-no-int-to-ptr) */
		n * PAGE
	};
	ssize_t got = process_vm_readv(live->facts->pid, &local, 1, &remote, 1, 0);

	if (got < 0)
		return -errno;
	return (size_t)got == n * PAGE ? 0 : -EFAULT;
}

static int read_live(struct view_source *source, uint64_t gpa, uint8_t *host, size_t len)
{
	const struct live *live = (const struct live *)source;
	int region = facts_find(live->facts, gpa, len), ret = 0;
	bool there[PAGES_MAX];
	size_t n = len / PAGE, first, i = 0;
	uint64_t at;

	if (region < 0 || n > PAGES_MAX)
		return -EFAULT;
	at = live->facts->region[region].at + (gpa - live->facts->region[region].gpa);
	look(live, at, n, there);
	while (i < n && !ret) {
		for (first = i; i < n && there[i]; i++)
			;
		if (i > first)
			ret = read_pages(live, at + first * PAGE, host + first * PAGE,
					 i - first);
		else
			i++;
	}
	return ret;
}

static int ask_registers(struct view_source *source, struct dump_cpu *cpus,
			 unsigned int nr, struct error *err)
{
	const struct live *live = (const struct live *)source;
	struct ctl ctl;
	json_t *answer = NULL;
	int ret, fd = rundir_connect(live->name, err);

	if (fd < 0)
		return fd;
	ret = ctl_open(&ctl, live->name, fd, err);
	if (!ret) {
		answer = ctl_execute(&ctl, "x-pagevisor-registers", NULL, -1, err);
		ret = answer ? 0 : -EREMOTEIO;
	}
	if (!ret && registers_unpack(cpus, nr, answer))
		ret = error_set(err, EPROTO, "%s: tells no registers of %u vCPUs",
				live->name, nr);
	json_decref(answer);
	ctl_close(&ctl);
	return ret;
}

/* They are in the kernel's hands, and that tells the monitor alone. */
static int ask_for_registers(struct view_source *source, struct dump_cpu *cpus,
			     unsigned int nr, struct error *err)
{
	struct error why;
	int ret = ask_registers(source, cpus, nr, &why);

	return ret ? error_set(
			     err, -ret,
			     "%s; only its monitor can tell the registers of its vCPUs, "
			     "all else can be asked",
			     why.text)
		   : 0;
}

static void close_live(struct view_source *source)
{
	struct live *live = (struct live *)source;

	if (live->pagemap_fd >= 0)
		close(live->pagemap_fd);
	free(live);
}

/* Its facts, and that they are of a process that still is. */
static int read_facts(struct view *view, const char *name, struct error *err)
{
	char *text;
	int ret = rundir_read_facts(name, &text, err);

	if (ret)
		return ret;
	ret = facts_parse(&view->facts, text, strlen(text), name, err);
	free(text);
	if (!ret && facts_birth_of(view->facts.pid) != view->facts.birth)
		return error_set(err, ENOENT,
				 "%s: no such machine runs; see pagevisor list", name);
	return ret;
}

int view_open_live(struct view *view, const char *name, struct error *err)
{
	struct live *live;
	uint8_t page[PAGE];
	char path[64];
	int ret = read_facts(view, name, err);

	if (ret)
		return ret;
	live = calloc(1, sizeof(*live));
	if (!live)
		return error_set(err, ENOMEM, "%s: no memory", name);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)view->facts.pid);
	live->source = (struct view_source){ read_live, ask_for_registers, close_live };
	live->facts = &view->facts;
	live->name = view->name;
	live->pagemap_fd = open(path, O_RDONLY | O_CLOEXEC);
	view->source = &live->source;
	/* Any page tells whether it may be read. */
	ret = read_pages(live, view->facts.region[0].at, page, 1);
	if (ret == -EPERM)
		return -EPERM;
	return ret ? error_set(err, -ret, "%s: its memory cannot be read (%s)", name,
			       strerror(-ret))
		   : 0;
}

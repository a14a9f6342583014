/* SPDX-License-Identifier: MIT */
/* The shadow, and opening. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/boot/loader_elf.h"
#include "vmm/cli/rundir.h"
#include "vmm/inspect/view_internal.h"

#define PAGE  4096ull
#define BATCH 64u /* pages read together where somebody reads on and on */
#define BITS  64u

/* --- the shadow --------------------------------------------------------------------------- */

static bool has_bit(const uint64_t *bits, size_t page)
{
	return bits[page / BITS] >> page % BITS & 1;
}

static void set_bit(uint64_t *bits, size_t page)
{
	bits[page / BITS] |= 1ull << page % BITS;
}

static size_t bitmap_size(const struct view *view)
{
	return (view->shadow_size / PAGE / BITS + 1) * sizeof(uint64_t);
}

static int make_shadow(struct view *view, struct error *err)
{
	uint64_t size = 0, at = 0;
	uint8_t *host;
	unsigned int i;

	for (i = 0; i < view->facts.nr_regions; i++)
		if (__builtin_add_overflow(size, view->facts.region[i].size, &size))
			return error_set(err, ENOMEM, "%s: more RAM than there can be",
					 view->name);
	host = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (host == MAP_FAILED)
		return error_set(err, errno, "%s: no room for %llu MiB of RAM (%s)",
				 view->name, (unsigned long long)(size >> 20),
				 strerror(errno));
	view->shadow_size = size;
	for (i = 0; i < view->facts.nr_regions; i++) {
		const struct facts_region *r = &view->facts.region[i];

		ram_add(&view->ram, r->gpa, r->size, host + at);
		at += r->size;
	}
	view->fetched = calloc(1, bitmap_size(view));
	view->filled = calloc(1, bitmap_size(view));
	return view->fetched && view->filled
		       ? 0
		       : error_set(err, ENOMEM, "%s: no memory", view->name);
}

/* How many pages from gpa on to read at once: `room` bytes are there in its region. */
static size_t batch(const struct view *view, uint64_t gpa, size_t page, uint64_t room)
{
	size_t n = 1;

	if (gpa != view->next)
		return 1;
	while (n < BATCH && n < room / PAGE && !has_bit(view->fetched, page + n))
		n++;
	return n;
}

/* memstate_fetch: the page at gpa, and perhaps some more behind it. */
static int fetch(void *arg, uint64_t gpa)
{
	struct view *view = arg;
	void *host;
	uint64_t room = ram_span(&view->ram, gpa & ~(PAGE - 1), &host);
	size_t page, n, i;
	int ret;

	if (!room)
		return -EFAULT;
	page = (size_t)((uint8_t *)host - view->ram.region[0].host) / PAGE;
	if (has_bit(view->fetched, page))
		return 0;
	gpa &= ~(PAGE - 1);
	n = batch(view, gpa, page, room);
	for (i = 0; i < n; i++) {
		if (has_bit(view->filled, page + i))
			memset((uint8_t *)host + i * PAGE, 0, PAGE);
		set_bit(view->filled, page + i);
	}
	ret = view->source->read(view->source, gpa, host, n * PAGE);
	if (ret)
		return ret;
	for (i = 0; i < n; i++)
		set_bit(view->fetched, page + i);
	view->next = gpa + n * PAGE;
	return 0;
}

int view_read(struct view *view, uint64_t gpa, void *buf, size_t len)
{
	uint8_t *to = buf;

	while (len) {
		size_t n = (size_t)(PAGE - gpa % PAGE);
		const uint8_t *host;

		if (n > len)
			n = len;
		host = ram_at(&view->ram, gpa, n);
		if (!host || fetch(view, gpa))
			return -EFAULT;
		memcpy(to, host, n);
		to += n;
		gpa += n;
		len -= n;
	}
	return 0;
}

int view_read_virtual(struct view *view, uint64_t va, void *buf, size_t len)
{
	uint8_t *to = buf;
	uint64_t gpa;

	while (len && view->published) {
		size_t n = (size_t)(PAGE - va % PAGE);

		if (n > len)
			n = len;
		if (memstate_translate(&view->state, va, &gpa) ||
		    view_read(view, gpa, to, n))
			return -EFAULT;
		to += n;
		va += n;
		len -= n;
	}
	return len ? -EFAULT : 0;
}

int facts_find(const struct guest_facts *facts, uint64_t gpa, uint64_t len)
{
	unsigned int i;

	for (i = 0; i < facts->nr_regions; i++) {
		const struct facts_region *r = &facts->region[i];

		if (gpa >= r->gpa && gpa - r->gpa < r->size &&
		    len <= r->size - (gpa - r->gpa))
			return (int)i;
	}
	return -1;
}

uint64_t view_host_address(const struct view *view, uint64_t gpa)
{
	int i = facts_find(&view->facts, gpa, 1);

	if (i < 0 || !view->live || view->copied)
		return 0;
	return view->facts.region[i].at + (gpa - view->facts.region[i].gpa);
}

/* --- the published state -------------------------------------------------------------------- */

static void open_state(struct view *view)
{
	view->published = false;
	if (!view->facts.memstate_gpa) {
		error_set(&view->why, ENODATA, "%s: its kernel publishes no memory state",
			  view->name);
		return;
	}
	if (memstate_open_fetched(&view->state, &view->ram, &view->fetch,
				  view->facts.memstate_gpa))
		view->why = view->state.err;
	else
		view->published = true;
}

int view_refresh(struct view *view, struct error *err)
{
	if (view->live && !view->copied &&
	    facts_birth_of(view->facts.pid) != view->facts.birth)
		return error_set(err, ESRCH, "%s: the machine went away", view->name);
	if (view->live && !view->copied)
		memset(view->fetched, 0, bitmap_size(view));
	view->next = UINT64_MAX;
	open_state(view);
	return 0;
}

/* --- opening -------------------------------------------------------------------------------- */

/* A kernel that somebody names tells where its state is published, too: a core of another
 * monitor does not. */
static int read_kernel(struct view *view, const char *path, struct error *err)
{
	struct kernel kernel;
	int ret = kernel_open(&kernel, path, err);

	if (ret)
		return ret;
	if (!view->facts.memstate_gpa)
		view->facts.memstate_gpa = kernel.memstate_gpa;
	ret = symbols_read(&view->symbols, kernel.fd);
	kernel_close(&kernel);
	return ret ? error_set(err, -ret, "%s: its symbols make no sense", path) : 0;
}

/* The kernel that the facts name may be gone, or not be for our eyes; what a core names may be
 * anything. */
static void read_known_kernel(struct view *view)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = view->facts.kernel ? open(view->facts.kernel, flags) : -1;
	struct stat st;

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		symbols_read(&view->symbols, fd);
	close(fd);
}

static int open_file(struct view *view, const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return error_set(err, errno, "%s: %s", path, strerror(errno));
	return view_open_core(view, fd, err);
}

static int open_machine(struct view *view, const char *name, struct error *err)
{
	int ret = view_open_live(view, name, err);

	view->live = true;
	if (ret != -EPERM)
		return ret;
	view->copied = true;
	facts_free(&view->facts);
	return view_open_copy(view, name, err);
}

/* A name without a slash is a machine's, but where only a file is called so. */
static bool is_file(const char *what)
{
	return strchr(what, '/') || !rundir_name_ok(what) ||
	       (!rundir_has(what) && !access(what, F_OK));
}

int view_open(struct view *view, const char *what, const char *kernel, struct error *err)
{
	int ret;

	*view = (struct view){ .fetch = { fetch, view }, .next = UINT64_MAX };
	strncpy(view->name, what, sizeof(view->name) - 1);
	ret = is_file(what) ? open_file(view, what, err) : open_machine(view, what, err);
	if (!ret)
		ret = make_shadow(view, err);
	if (!ret && kernel)
		ret = read_kernel(view, kernel, err);
	if (ret) {
		view_close(view);
		return ret;
	}
	open_state(view);
	if (!kernel)
		read_known_kernel(view);
	return 0;
}

void view_close(struct view *view)
{
	if (view->source)
		view->source->close(view->source);
	if (view->shadow_size)
		munmap(view->ram.region[0].host, view->shadow_size);
	free(view->fetched);
	free(view->filled);
	symbols_free(&view->symbols);
	facts_free(&view->facts);
	view->source = NULL;
	view->shadow_size = 0;
	view->fetched = view->filled = NULL;
}

struct dump_cpu *view_registers(struct view *view, struct error *err)
{
	struct dump_cpu *cpus = calloc(view->facts.cpus, sizeof(*cpus));

	if (!cpus) {
		error_set(err, ENOMEM, "%s: no memory", view->name);
		return NULL;
	}
	if (view->source->registers(view->source, cpus, view->facts.cpus, err)) {
		free(cpus);
		return NULL;
	}
	return cpus;
}

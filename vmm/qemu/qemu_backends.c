/* SPDX-License-Identifier: MIT */
/* -add-fd, -chardev, -mon, -blockdev and -object: what devices stand on. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/cli/command.h"
#include "vmm/qemu/qemu_line.h"

#define FD_MAX	  (1u << 20)
#define HUGE_PAGE (2ull << 20)

/* --- -chardev ----------------------------------------------------------------------------- */

struct qemu_chardev *qemu_find_chardev(struct qemu_line *line, const char *id)
{
	unsigned int i;

	for (i = 0; id && i < line->nr_chardevs; i++)
		if (!strcmp(line->chardevs[i].id, id))
			return &line->chardevs[i];
	return NULL;
}

int qemu_add_fd(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	struct qemu_fdset *f = &line->fdsets[line->nr_fdsets];
	unsigned long long none = ~0ull;
	int ret = qemu_opts_take_number(opts, "fd", none, &f->fd, err);

	if (!ret)
		ret = qemu_opts_take_number(opts, "set", none, &f->set, err);
	qemu_opts_take(opts, "opaque");
	if (ret)
		return ret;
	if (f->fd > FD_MAX || f->set == none)
		return qemu_refuse(opts, err, "needs an fd and a set");
	if (line->nr_fdsets == QEMU_CHARDEVS_MAX)
		return qemu_refuse(opts, err, "one too many; give at most %d",
				   QEMU_CHARDEVS_MAX);
	line->nr_fdsets++;
	return 0;
}

/* The descriptor that stands for this path; -1: it is a path as any other. */
static int inherited_file(const struct qemu_line *line, const char *path)
{
	static const char prefix[] = "/dev/fdset/";
	size_t n = sizeof(prefix) - 1;
	unsigned int i, set;

	if (strncmp(path, prefix, n) != 0 || parse_count(path + n, &set))
		return -1;
	for (i = 0; i < line->nr_fdsets; i++)
		if (line->fdsets[i].set == set)
			return (int)line->fdsets[i].fd;
	return -1;
}

/* One that listens: inherited, or at a path. */
static int name_socket(struct qemu_line *line, struct qemu_opts *opts,
		       struct qemu_chardev *c, struct error *err)
{
	const char *fd = qemu_opts_take(opts, "fd"), *path = qemu_opts_take(opts, "path");
	char *word = line->qmp_words[line->nr_chardevs];
	unsigned int number = 0;
	int n;

	if (!fd == !path)
		return qemu_refuse(opts, err,
				   "needs a path, or an inherited fd; in the domain XML: "
				   "<source mode='bind' path=..>");
	if (fd && (parse_count(fd, &number) || number > FD_MAX))
		return qemu_refuse(opts, err, "fd=%.60s is no number", fd);
	n = snprintf(word, QEMU_QMP_WORD, "%s%s", fd ? "fd=" : "unix:", fd ? fd : path);
	if (n >= QEMU_QMP_WORD || (path && strchr(path, ',')))
		return qemu_refuse(opts, err, "path=%.60s: too long, or with a comma",
				   path);
	c->qmp = word;
	c->console.path = path;
	c->console.inherited = (int)number;
	return 0;
}

static int read_socket(struct qemu_line *line, struct qemu_opts *opts,
		       struct qemu_chardev *c, struct error *err)
{
	bool server, waits;
	int ret = qemu_opts_take_bool(opts, "server", false, &server, err);

	if (!ret)
		ret = qemu_opts_take_bool(opts, "wait", true, &waits, err);
	if (ret)
		return ret;
	if (!server || waits)
		return qemu_refuse(opts, err,
				   "only server=on,wait=off; in the domain XML: <source "
				   "mode='bind'>");
	return name_socket(line, opts, c, err);
}

static int read_file(const struct qemu_line *line, struct qemu_opts *opts,
		     struct qemu_chardev *c, struct error *err)
{
	const char *path = qemu_opts_take(opts, "path");

	if (!path)
		return qemu_refuse(opts, err, "needs a path");
	c->console.inherited = inherited_file(line, path);
	c->console.path = c->console.inherited < 0 ? path : NULL;
	return qemu_opts_take_bool(opts, "append", false, &c->console.append, err);
}

static int read_chardev(struct qemu_line *line, struct qemu_opts *opts,
			struct qemu_chardev *c, struct error *err)
{
	static const struct {
		const char *name;
		enum console_kind kind;
	} kinds[] = {
		{ "pty", CONSOLE_PTY },	      { "null", CONSOLE_NONE },
		{ "stdio", CONSOLE_STDIO },   { "file", CONSOLE_FILE },
		{ "socket", CONSOLE_SOCKET },
	};
	const char *name = qemu_opts_take_kind(opts, "backend");
	size_t i;

	for (i = 0; name && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(name, kinds[i].name) != 0)
			continue;
		c->console.kind = kinds[i].kind;
		if (kinds[i].kind == CONSOLE_FILE)
			return read_file(line, opts, c, err);
		return kinds[i].kind == CONSOLE_SOCKET ? read_socket(line, opts, c, err)
						       : 0;
	}
	return qemu_refuse(opts, err,
			   "not possible here; in the domain XML: <serial type='pty'>, "
			   "'file', 'unix', 'stdio' or 'null'");
}

int qemu_chardev(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	struct qemu_chardev *c = &line->chardevs[line->nr_chardevs];
	int ret;

	if (line->nr_chardevs == QEMU_CHARDEVS_MAX)
		return qemu_refuse(opts, err, "one too many; give at most %d",
				   QEMU_CHARDEVS_MAX);
	*c = (struct qemu_chardev){ .id = qemu_opts_take(opts, "id") };
	c->console.id = c->id;
	if (!c->id || qemu_find_chardev(line, c->id))
		return qemu_refuse(opts, err, "needs an id of its own");
	ret = read_chardev(line, opts, c, err);
	line->nr_chardevs += !ret;
	return ret;
}

int qemu_mon(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	static const struct qemu_harmless harmless[] = {
		{ "id", NULL, "nobody asks for it" },
		{ "pretty", "off", "answers are one line each" },
		{ "mode", "control", "that is QMP, the one there is" },
		{ NULL, NULL, NULL },
	};
	const char *id = qemu_opts_take_kind(opts, "chardev");
	struct qemu_chardev *c = qemu_find_chardev(line, id);

	qemu_opts_take_harmless(opts, harmless);
	if (!c || !c->qmp || c->used)
		return qemu_refuse(opts, err,
				   "its -chardev is not a listening socket of its own");
	if (line->machine.nr_qmp == QMP_MAX)
		return qemu_refuse(opts, err, "one monitor too many; give at most %d",
				   QMP_MAX);
	c->used = true;
	line->machine.qmp[line->machine.nr_qmp++] = c->qmp;
	return 0;
}

/* --- -blockdev ---------------------------------------------------------------------------- */

static const struct qemu_harmless node_harmless[] = {
	{ "auto-read-only", NULL, "a disk is what the device on it says" },
	{ "discard", "unmap", "discards reach the host" },
	{ "detect-zeroes", "off", "zeroes are written as any data" },
	{ "aio", "threads", "a matter of speed; io_uring is used where it is there" },
	{ "aio", "io_uring", "the same" },
	{ "aio", "native", "the same" },
	{ "locking", "auto", "the file is locked where the host can" },
	{ NULL, NULL, NULL },
};

struct qemu_node *qemu_find_node(struct qemu_line *line, const char *name)
{
	unsigned int i;

	for (i = 0; name && i < line->nr_nodes; i++)
		if (!strcmp(line->nodes[i].name, name))
			return &line->nodes[i];
	return NULL;
}

static bool is_storage(const char *driver)
{
	return driver && (!strcmp(driver, "file") || !strcmp(driver, "host_device"));
}

/* A raw node: over another one, or over a file described within it. */
static int read_format(struct qemu_line *line, struct qemu_opts *opts,
		       struct qemu_node *node, struct error *err)
{
	const char *below = qemu_opts_take(opts, "file");
	struct qemu_node *storage = qemu_find_node(line, below);

	if (below && (!storage || storage->used))
		return qemu_refuse(opts, err, "file=%.60s: no such free node", below);
	if (storage) {
		storage->used = true;
		node->storage = storage->name;
		node->path = storage->path;
		node->readonly |= storage->readonly;
		node->direct |= storage->direct;
		node->no_flush |= storage->no_flush;
		return 0;
	}
	if (!is_storage(qemu_opts_take(opts, "file.driver")))
		return qemu_refuse(opts, err, "file.driver must be file or host_device");
	node->path = qemu_opts_take(opts, "file.filename");
	return 0;
}

int qemu_blockdev(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	const char *driver = qemu_opts_take_kind(opts, "driver");
	struct qemu_node *node = &line->nodes[line->nr_nodes];
	int ret;

	if (line->nr_nodes == QEMU_NODES_MAX)
		return qemu_refuse(opts, err, "one too many; give at most %d",
				   QEMU_NODES_MAX);
	*node = (struct qemu_node){ .name = qemu_opts_take(opts, "node-name") };
	if (!node->name || qemu_find_node(line, node->name))
		return qemu_refuse(opts, err, "needs a node-name of its own");
	ret = qemu_opts_take_bool(opts, "read-only", false, &node->readonly, err);
	if (!ret)
		ret = qemu_opts_take_bool(opts, "cache.direct", false, &node->direct,
					  err);
	if (!ret)
		ret = qemu_opts_take_bool(opts, "cache.no-flush", false, &node->no_flush,
					  err);
	if (ret)
		return ret;
	if (is_storage(driver))
		node->path = qemu_opts_take(opts, "filename");
	else if (driver && !strcmp(driver, "raw"))
		ret = read_format(line, opts, node, err);
	else
		return qemu_refuse(
			opts, err,
			"disks are raw files or block devices; in the domain XML: "
			"<disk type='file'><driver type='raw'/>");
	if (!ret && !node->path)
		return qemu_refuse(opts, err, "names no file");
	qemu_opts_take_harmless(opts, node_harmless);
	line->nr_nodes += !ret;
	return ret;
}

/* --- -object ------------------------------------------------------------------------------ */

struct qemu_object *qemu_find_object(struct qemu_line *line, const char *id,
				     enum qemu_object_kind kind)
{
	unsigned int i;

	for (i = 0; id && i < line->nr_objects; i++)
		if (!strcmp(line->objects[i].id, id) && line->objects[i].kind == kind)
			return &line->objects[i];
	return NULL;
}

/* Of which host pages a memfd is. */
static int read_huge(struct qemu_opts *opts, bool *huge, struct error *err)
{
	static const struct qemu_harmless reserved[] = {
		{ "prealloc", "on", "the pages are set aside at the start" },
		{ NULL, NULL, NULL },
	};
	unsigned long long size;
	int ret = qemu_opts_take_bool(opts, "hugetlb", false, huge, err);

	if (ret || !*huge)
		return ret;
	qemu_opts_take_harmless(opts, reserved);
	ret = qemu_opts_take_number(opts, "hugetlbsize", HUGE_PAGE, &size, err);
	if (!ret && size != HUGE_PAGE)
		return qemu_refuse(opts, err,
				   "hugetlbsize=%llu: huge pages are of 2 MiB; in the "
				   "domain XML: <hugepages><page size='2' unit='M'/>",
				   size);
	return ret;
}

static int read_memory(struct qemu_opts *opts, struct qemu_object *o, struct error *err)
{
	static const struct qemu_harmless harmless[] = {
		{ "prealloc", "off", "memory comes as it is touched" },
		{ "merge", "off", "pages are not offered to KSM" },
		{ "dump", "off", "as dump-guest-core of -machine" },
		{ "x-use-canonical-path-for-ramblock-id", NULL, "there is no migration" },
		{ NULL, NULL, NULL },
	};
	bool memfd = !strcmp(opts->kind, "memory-backend-memfd"), shared, huge = false;
	int ret = qemu_opts_take_number(opts, "size", 0, &o->size, err);

	o->kind = QEMU_MEMORY;
	if (!ret)
		ret = qemu_opts_take_bool(opts, "share", memfd, &shared, err);
	if (!ret && memfd)
		ret = read_huge(opts, &huge, err);
	if (ret)
		return ret;
	qemu_opts_take_harmless(opts, harmless);
	o->backend = huge ? MEMORY_HUGETLB : shared ? MEMORY_SHARED : MEMORY_PRIVATE;
	return 0;
}

/* The device asks the host's kernel for random bytes, which is what these files give. */
static int read_rng(struct qemu_opts *opts, struct qemu_object *o, struct error *err)
{
	const char *path = qemu_opts_take(opts, "filename");

	o->kind = QEMU_RNG;
	if (!path || !strcmp(path, "/dev/urandom") || !strcmp(path, "/dev/random"))
		return 0;
	return qemu_refuse(
		opts, err,
		"filename=%.60s: only the host's kernel gives random bytes; in "
		"the domain XML: <rng><backend "
		"model='random'>/dev/urandom</backend>",
		path);
}

/* libvirt gives every domain a key under which it would hide passwords of disks: nothing here
 * has a password. */
static bool is_master_key(struct qemu_opts *opts, const char *id)
{
	static const struct qemu_harmless harmless[] = {
		{ "format", "raw", "nobody reads it" },
		{ "file", NULL, "nobody reads it" },
		{ NULL, NULL, NULL },
	};

	if (strcmp(opts->kind, "secret") != 0 || strcmp(id, "masterKey0") != 0)
		return false;
	qemu_opts_take_harmless(opts, harmless);
	return true;
}

int qemu_object(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	const char *kind = qemu_opts_take_kind(opts, "qom-type");
	struct qemu_object *o = &line->objects[line->nr_objects];
	int ret;

	if (line->nr_objects == QEMU_OBJECTS_MAX)
		return qemu_refuse(opts, err, "one too many; give at most %d",
				   QEMU_OBJECTS_MAX);
	*o = (struct qemu_object){ .id = qemu_opts_take(opts, "id") };
	if (!o->id)
		return qemu_refuse(opts, err, "needs an id");
	if (kind && is_master_key(opts, o->id))
		return 0;
	if (kind && (!strcmp(kind, "memory-backend-ram") ||
		     !strcmp(kind, "memory-backend-memfd")))
		ret = read_memory(opts, o, err);
	else if (kind && !strcmp(kind, "rng-random"))
		ret = read_rng(opts, o, err);
	else
		return qemu_refuse(opts, err, "there is no such object%s%s",
				   qemu_element("-object", kind, NULL)
					   ? "; in the domain XML: "
					   : "",
				   qemu_element("-object", kind, NULL)
					   ? qemu_element("-object", kind, NULL)
					   : "");
	line->nr_objects += !ret;
	return ret;
}

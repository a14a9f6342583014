/* SPDX-License-Identifier: MIT */
/* -chardev, -mon, -blockdev and -object: what devices stand on. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/qemu/qemu_line.h"

/* --- -chardev ----------------------------------------------------------------------------- */

struct qemu_chardev *qemu_find_chardev(struct qemu_line *line, const char *id)
{
	unsigned int i;

	for (i = 0; id && i < line->nr_chardevs; i++)
		if (!strcmp(line->chardevs[i].id, id))
			return &line->chardevs[i];
	return NULL;
}

/* A socket is one that we inherit, listening, and is for a monitor. */
static int read_socket(struct qemu_line *line, struct qemu_opts *opts,
		       struct qemu_chardev *c, struct error *err)
{
	const char *fd = qemu_opts_take(opts, "fd");
	bool server, waits;
	int ret = qemu_opts_take_bool(opts, "server", false, &server, err);

	if (!ret)
		ret = qemu_opts_take_bool(opts, "wait", true, &waits, err);
	if (ret)
		return ret;
	if (!server || waits)
		return qemu_refuse(opts, err, "only server=on,wait=off");
	if (!fd)
		return qemu_refuse(opts, err,
				   "only an inherited one (fd=), for a monitor; in the "
				   "domain XML: <console type='pty'> instead of 'unix'");
	c->qmp = line->qmp_words[line->nr_chardevs];
	if (snprintf(line->qmp_words[line->nr_chardevs], QEMU_QMP_WORD, "fd=%s", fd) >=
	    QEMU_QMP_WORD)
		return qemu_refuse(opts, err, "fd=%.60s is no number", fd);
	return 0;
}

static int read_file(struct qemu_opts *opts, struct qemu_chardev *c, struct error *err)
{
	c->kind = CONSOLE_FILE;
	c->path = qemu_opts_take(opts, "path");
	if (!c->path)
		return qemu_refuse(opts, err, "needs a path");
	return qemu_opts_take_bool(opts, "append", false, &c->append, err);
}

int qemu_chardev(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	const char *kind = qemu_opts_take_kind(opts, "backend");
	struct qemu_chardev *c = &line->chardevs[line->nr_chardevs];
	int ret = 0;

	if (line->nr_chardevs == QEMU_CHARDEVS_MAX)
		return qemu_refuse(opts, err, "one too many; give at most %d",
				   QEMU_CHARDEVS_MAX);
	*c = (struct qemu_chardev){ .id = qemu_opts_take(opts, "id") };
	if (!c->id || qemu_find_chardev(line, c->id))
		return qemu_refuse(opts, err, "needs an id of its own");
	if (kind && !strcmp(kind, "pty"))
		c->kind = CONSOLE_PTY;
	else if (kind && !strcmp(kind, "null"))
		c->kind = CONSOLE_NONE;
	else if (kind && !strcmp(kind, "stdio"))
		c->kind = CONSOLE_STDIO;
	else if (kind && !strcmp(kind, "file"))
		ret = read_file(opts, c, err);
	else if (kind && !strcmp(kind, "socket"))
		ret = read_socket(line, opts, c, err);
	else
		return qemu_refuse(opts, err,
				   "not possible here; in the domain XML: <serial "
				   "type='pty'>, 'file', 'stdio' or 'null'");
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
		return qemu_refuse(
			opts, err,
			"its -chardev is not a listening socket of its own (fd=)");
	if (line->machine.nr_qmp == QMP_MAX)
		return qemu_refuse(opts, err, "one monitor too many; give at most %d",
				   QMP_MAX);
	c->used = true;
	line->machine.qmp[line->machine.nr_qmp++] = c->qmp;
	return 0;
}

/* --- -blockdev ---------------------------------------------------------------------------- */

/* Flushes reach the host always, which is more than no-flush=on asks for. */
static const struct qemu_harmless node_harmless[] = {
	{ "auto-read-only", NULL, "a disk is what the device on it says" },
	{ "discard", "unmap", "discards reach the host" },
	{ "detect-zeroes", "off", "zeroes are written as any data" },
	{ "cache.direct", "off", "the host's page cache is used" },
	{ "cache.no-flush", NULL, "flushes reach the host always" },
	{ "aio", "threads", "a matter of speed; io_uring is used where it is there" },
	{ "aio", "io_uring", "the same" },
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

static int read_memory(struct qemu_opts *opts, struct qemu_object *o, struct error *err)
{
	static const struct qemu_harmless harmless[] = {
		{ "prealloc", "off", "memory comes as it is touched" },
		{ "merge", "off", "pages are not offered to KSM" },
		{ "dump", "off", "as dump-guest-core of -machine" },
		{ "x-use-canonical-path-for-ramblock-id", NULL, "there is no migration" },
		{ NULL, NULL, NULL },
	};
	bool shared, huge = false;
	int ret = qemu_opts_take_number(opts, "size", 0, &o->size, err);

	o->kind = QEMU_MEMORY;
	if (!ret)
		ret = qemu_opts_take_bool(opts, "share", false, &shared, err);
	if (!ret && !strcmp(opts->kind, "memory-backend-memfd"))
		ret = qemu_opts_take_bool(opts, "hugetlb", false, &huge, err);
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

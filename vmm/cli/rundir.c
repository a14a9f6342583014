/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vmm/cli/rundir.h"

#define SUFFIX	 "qmp"
#define FACTS	 "facts"
#define TEXT_MAX 65536 /* bytes of facts */
#define BACKLOG	 16

/* --- sockets ------------------------------------------------------------------------------ */

static int set_address(struct sockaddr_un *addr, const char *path)
{
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (!*path || strlen(path) >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	memcpy(addr->sun_path, path, strlen(path));
	return 0;
}

int socket_connect(const char *path)
{
	struct sockaddr_un addr;
	int fd, ret = set_address(&addr, path);

	if (ret)
		return ret;
	/* Where as many wait as can, whoever would wait for a place might wait for ever. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    fcntl(fd, F_SETFL, 0)) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

/* A socket on which nobody listens any more.  Of what is no socket connect() says the same. */
static bool is_dead(const char *path, int connected)
{
	struct stat st;

	return connected == -ECONNREFUSED && !lstat(path, &st) && S_ISSOCK(st.st_mode);
}

static bool remove_dead(const char *path)
{
	int fd = socket_connect(path);

	if (fd >= 0)
		close(fd);
	return is_dead(path, fd) && !unlink(path);
}

/* Binds fd; from its birth on the socket is the user's alone. */
static int bind_private(int fd, const struct sockaddr_un *addr)
{
	mode_t old = umask(0177);
	int ret = bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : 0;

	umask(old);
	return ret;
}

static int bind_and_listen(int fd, const struct sockaddr_un *addr)
{
	int ret = bind_private(fd, addr);

	if (ret == -EADDRINUSE && remove_dead(addr->sun_path))
		ret = bind_private(fd, addr);
	if (!ret && listen(fd, BACKLOG))
		ret = -errno;
	return ret;
}

int socket_listen(const char *path, struct error *err)
{
	struct sockaddr_un addr;
	int fd = -1, ret = set_address(&addr, path);

	if (!ret) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ret = fd < 0 ? -errno : bind_and_listen(fd, &addr);
	}
	if (!ret)
		return fd;
	if (fd >= 0)
		close(fd);
	if (ret == -ENAMETOOLONG)
		return error_set(
			err, -ret,
			"%s: longer than a socket's path may be (%zu); give a shorter one",
			path, sizeof(addr.sun_path) - 1);
	if (ret == -EADDRINUSE)
		return error_set(err, -ret,
				 "%s: another machine listens there, or it is no socket; "
				 "give another path",
				 path);
	return error_set(err, -ret, "%s: %s; give a path where a socket can be made",
			 path, strerror(-ret));
}

/* --- the directory -------------------------------------------------------------------------- */

bool rundir_name_ok(const char *name)
{
	size_t i, n = strlen(name);

	if (!n || n > RUNDIR_NAME_MAX || name[0] == '.')
		return false;
	for (i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("-_.+@", name[i]))
			return false;
	return true;
}

static int directory_path(char *buf, size_t size)
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	int n;

	if (base && base[0] == '/')
		n = snprintf(buf, size, "%s/pagevisor", base);
	else if (!getuid())
		n = snprintf(buf, size, "/run/pagevisor");
	else
		n = snprintf(buf, size, "/tmp/pagevisor-%u", (unsigned int)getuid());
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* Opens the directory, locked; its path goes to dir.  Closing it unlocks. */
static int open_directory(char *dir, size_t size, struct error *err)
{
	struct stat st;
	int fd, ret = directory_path(dir, size);

	if (ret)
		return error_set(err, -ret, "$XDG_RUNTIME_DIR: its path is too long");
	if (mkdir(dir, 0700) && errno != EEXIST)
		return error_set(err, errno,
				 "%s: %s; set XDG_RUNTIME_DIR to a directory of yours",
				 dir, strerror(errno));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "%s: %s", dir, strerror(errno));
	if (fstat(fd, &st) || st.st_uid != getuid() || st.st_mode & 077) {
		close(fd);
		return error_set(err, EPERM,
				 "%s: others may enter it; remove it, or chmod 700", dir);
	}
	flock(fd, LOCK_EX);
	return fd;
}

static int path_of(char *buf, size_t size, const char *dir, const char *name,
		   const char *suffix)
{
	int n = snprintf(buf, size, "%s/%s.%s", dir, name, suffix);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* The same, for a machine of that name. */
static int open_for(const char *name, char *dir, size_t size, struct error *err)
{
	if (!rundir_name_ok(name))
		return error_set(err, EINVAL,
				 "%s: not a machine's name; give at most %d letters, "
				 "digits and -_.+@",
				 name, RUNDIR_NAME_MAX);
	return open_directory(dir, size, err);
}

int rundir_listen(const char *name, char **path, struct error *err)
{
	char dir[256], buf[512];
	int dir_fd = open_for(name, dir, sizeof(dir), err);
	int fd;

	if (dir_fd < 0)
		return dir_fd;
	path_of(buf, sizeof(buf), dir, name, SUFFIX);
	fd = socket_listen(buf, err);
	close(dir_fd);
	if (fd == -EADDRINUSE)
		return error_set(err, EADDRINUSE,
				 "--name %s: a machine of this name runs already; give "
				 "another, or end it: pagevisor ctl %s quit",
				 name, name);
	*path = fd < 0 ? NULL : strdup(buf);
	if (fd >= 0 && !*path) {
		close(fd);
		return error_set(err, ENOMEM, "--name %s: no memory", name);
	}
	return fd;
}

/* A connection, with the directory locked; a dead socket is removed. */
static int connect_in(const char *dir, const char *name)
{
	char path[512];
	int fd = path_of(path, sizeof(path), dir, name, SUFFIX);

	if (fd)
		return fd;
	fd = socket_connect(path);
	if (is_dead(path, fd)) {
		unlink(path);
		path_of(path, sizeof(path), dir, name, FACTS);
		unlink(path);
	}
	return fd == -ECONNREFUSED ? -ENOENT : fd;
}

int rundir_connect(const char *name, struct error *err)
{
	char dir[256];
	int dir_fd = open_for(name, dir, sizeof(dir), err);
	int fd;

	if (dir_fd < 0)
		return dir_fd;
	fd = connect_in(dir, name);
	close(dir_fd);
	if (fd == -ENOENT)
		return error_set(err, ENOENT,
				 "%s: no such machine runs; see pagevisor list", name);
	if (fd == -EAGAIN)
		return error_set(
			err, EAGAIN,
			"%s: its monitor does not answer, and as many as can wait "
			"for it do; let it go on or kill it, its pid is in "
			"%s/%s." FACTS,
			name, dir, name);
	return fd < 0 ? error_set(err, -fd, "%s: %s", name, strerror(-fd)) : fd;
}

/* --- facts ----------------------------------------------------------------------------------- */

bool rundir_has(const char *name)
{
	static const char *const suffixes[] = { SUFFIX, FACTS };
	char dir[256], path[512];
	size_t i;

	if (!rundir_name_ok(name) || directory_path(dir, sizeof(dir)))
		return false;
	for (i = 0; i < 2; i++)
		if (!path_of(path, sizeof(path), dir, name, suffixes[i]) &&
		    !access(path, F_OK))
			return true;
	return false;
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t n;
	int ret;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	ret = n < 0 ? -errno : (size_t)n == strlen(text) ? 0 : -ENOSPC;
	close(fd);
	return ret;
}

int rundir_write_facts(const char *name, const char *text, char **path, struct error *err)
{
	char dir[256], part[512], whole[512];
	int dir_fd = open_for(name, dir, sizeof(dir), err);
	int ret;

	if (dir_fd < 0)
		return dir_fd;
	path_of(part, sizeof(part), dir, name, FACTS ".part");
	path_of(whole, sizeof(whole), dir, name, FACTS);
	ret = write_text(part, text);
	if (!ret && rename(part, whole))
		ret = -errno;
	if (ret)
		unlink(part);
	close(dir_fd);
	*path = ret ? NULL : strdup(whole);
	return ret ? error_set(err, -ret, "%s: %s", whole, strerror(-ret)) : 0;
}

/* Its first TEXT_MAX bytes. */
static char *read_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *text = fd < 0 ? NULL : calloc(1, TEXT_MAX + 1);

	if (text && read(fd, text, TEXT_MAX) < 0) {
		free(text);
		text = NULL;
	}
	if (fd >= 0)
		close(fd);
	return text;
}

int rundir_read_facts(const char *name, char **text, struct error *err)
{
	char dir[256], path[512];
	int dir_fd = open_for(name, dir, sizeof(dir), err);

	if (dir_fd < 0)
		return dir_fd;
	path_of(path, sizeof(path), dir, name, FACTS);
	*text = read_text(path);
	close(dir_fd);
	return *text ? 0
		     : error_set(err, ENOENT,
				 "%s: no such machine runs; see pagevisor list", name);
}

/* --- all of them ---------------------------------------------------------------------------- */

/* Cuts the suffix off an entry's name; false: it is none of ours. */
static bool machine_name(char *entry)
{
	char *dot = strrchr(entry, '.');

	if (!dot || strcmp(dot + 1, SUFFIX) != 0)
		return false;
	*dot = '\0';
	return rundir_name_ok(entry);
}

struct found {
	char *name;
	int fd; /* negative: nobody is there */
};

/* Connects to all of them under the lock, so that nobody is removed who is just born. */
static int connect_all(const char *dir, struct found **out, struct error *err)
{
	struct dirent **entries;
	struct found *found;
	int i, n = scandir(dir, &entries, NULL, alphasort);

	if (n < 0)
		return error_set(err, errno, "%s: %s", dir, strerror(errno));
	found = calloc((size_t)n + 1, sizeof(*found));
	for (i = 0; i < n; i++) {
		char *name = entries[i]->d_name;

		if (found) {
			found[i].fd = machine_name(name) ? connect_in(dir, name) : -1;
			found[i].name = found[i].fd < 0 ? NULL : strdup(name);
		}
		free(entries[i]);
	}
	free(entries);
	*out = found;
	return found ? n : error_set(err, ENOMEM, "%s: no memory", dir);
}

int rundir_each(void (*fn)(void *arg, const char *name, int fd), void *arg,
		struct error *err)
{
	struct found *found = NULL;
	char dir[256];
	int dir_fd = open_directory(dir, sizeof(dir), err);
	int i, n;

	if (dir_fd < 0)
		return dir_fd;
	n = connect_all(dir, &found, err);
	close(dir_fd);
	for (i = 0; found && i < n; i++) {
		if (found[i].name)
			fn(arg, found[i].name, found[i].fd);
		else if (found[i].fd >= 0)
			close(found[i].fd);
		free(found[i].name);
	}
	free(found);
	return n < 0 ? n : 0;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/profile/perf_map.h"
#include "vmm/util/log.h"

/* Names of where the kernel begins and ends: by these perf finds it, and its size. */
static void put_bound(FILE *f, const struct symbols *symbols, uint64_t addr,
		      const char *name)
{
	size_t i;

	for (i = 0; i < symbols->nr; i++)
		if (!strcmp(symbols->symbol[i].name, name))
			return;
	fprintf(f, "%016llx T %s\n", (unsigned long long)addr, name);
}

static void put_symbol(FILE *f, const struct symbol *s)
{
	const char *c;

	fprintf(f, "%016llx T ", (unsigned long long)s->start);
	for (c = s->name; *c; c++)
		fputc((unsigned char)*c <= ' ' ? '_' : *c, f);
	fputc('\n', f);
}

char *perf_map_kallsyms(const struct symbols *symbols)
{
	char *text = NULL;
	size_t size, i;
	uint64_t end = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	if (symbols->nr) {
		put_bound(f, symbols, symbols->symbol[0].start, "_text");
		put_bound(f, symbols, symbols->symbol[0].start, "_stext");
	}
	for (i = 0; i < symbols->nr; i++) {
		if (!*symbols->symbol[i].name)
			continue;
		put_symbol(f, &symbols->symbol[i]);
		if (symbols->symbol[i].end > end)
			end = symbols->symbol[i].end;
	}
	if (symbols->nr)
		put_bound(f, symbols, end, "_etext");
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

static int write_file(const char *dir, const char *name, const char *text)
{
	char *path;
	int fd, ret = 0;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	free(path);
	if (fd < 0)
		return -errno;
	while (*text && !ret) {
		ssize_t n = write(fd, text, strlen(text));

		if (n < 0)
			ret = -errno;
		else
			text += n;
	}
	return close(fd) && !ret ? -errno : ret;
}

/* No guest that boots here has modules: the file is empty, and perf wants one. */
static int write_both(const char *dir, const struct symbols *symbols)
{
	char *text = perf_map_kallsyms(symbols);
	int ret = text ? 0 : -ENOMEM;

	if (!ret && mkdir(dir, 0777) && errno != EEXIST)
		ret = -errno;
	if (!ret)
		ret = write_file(dir, "guest.kallsyms", text);
	if (!ret)
		ret = write_file(dir, "guest.modules", "");
	free(text);
	return ret;
}

int perf_map_write(const char *dir, int kernel_fd, struct error *err)
{
	struct symbols symbols;
	int ret = symbols_read(&symbols, kernel_fd);

	if (ret || !symbols.nr) {
		symbols_free(&symbols);
		return error_set(err, ENODATA,
				 "--perf-map: the kernel's file has no symbols; give one "
				 "that is not stripped");
	}
	ret = write_both(dir, &symbols);
	symbols_free(&symbols);
	if (ret)
		return error_set(err, -ret, "--perf-map=%s: %s", dir, strerror(-ret));
	log_line("perf kvm --guest --guestkallsyms=%s/guest.kallsyms "
		 "--guestmodules=%s/guest.modules",
		 dir, dir);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* The bytes of a dump: as few of them as the file allows. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/dump/dump.h"

#define PAGE	    4096u
#define BATCH	    512u /* pages looked at together */
#define PIPE_PIECE  4096u /* what a pipe that is ready for writing takes without waiting */
#define MAP_PRESENT (1ull << 63) /* proc(5), pagemap */
#define MAP_SWAPPED (1ull << 62)

static const uint8_t zeroes[PAGE];

void dump_file_open(struct dump_file *file, const struct dump *dump)
{
	struct stat st;
	off_t base = lseek(dump->fd, 0, SEEK_CUR);
	int flags = fcntl(dump->fd, F_GETFL);

	*file = (struct dump_file){
		.fd = dump->fd,
		.holes = base >= 0 && flags >= 0 && !(flags & O_APPEND) &&
			 !fstat(dump->fd, &st) && S_ISREG(st.st_mode),
		.base = base < 0 ? 0 : (uint64_t)base,
		.give_up_fd = dump->give_up_fd,
		.pagemap_fd = dump->pagemap_fd,
	};
}

/* Waits until a pipe takes something; -EINTR when somebody does not want it any more. */
static int wait_writable(const struct dump_file *file)
{
	struct pollfd fds[] = {
		{ .fd = file->fd, .events = POLLOUT },
		{ .fd = file->give_up_fd[0], .events = POLLIN },
		{ .fd = file->give_up_fd[1], .events = POLLIN },
	};

	while (poll(fds, 3, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return fds[1].revents || fds[2].revents ? -EINTR : 0;
}

static int write_in_order(struct dump_file *file, const uint8_t *bytes, size_t size)
{
	while (size) {
		size_t piece = size < PIPE_PIECE ? size : PIPE_PIECE;
		int ret = wait_writable(file);
		ssize_t n;

		if (ret)
			return ret;
		n = write(file->fd, bytes, piece);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n > 0) {
			bytes += n;
			size -= (size_t)n;
			file->at += (size_t)n;
		}
	}
	return 0;
}

int dump_file_write(struct dump_file *file, const void *bytes, size_t size,
		    uint64_t offset)
{
	const uint8_t *from = bytes;

	if (!file->holes)
		return write_in_order(file, from, size);
	while (size) {
		ssize_t n = pwrite(file->fd, from, size, (off_t)(file->base + offset));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			from += n;
			size -= (size_t)n;
			offset += (size_t)n;
		}
	}
	return 0;
}

/* Which of n pages from there on were ever touched. */
static void look(const struct dump_file *file, const uint8_t *memory, size_t n,
		 bool *touched)
{
	uint64_t map[BATCH];
	size_t size = n * sizeof(map[0]), i;
	off_t at = (off_t)((uintptr_t)memory / PAGE * sizeof(map[0]));
	bool known = file->pagemap_fd >= 0 &&
		     pread(file->pagemap_fd, map, size, at) == (ssize_t)size;

	for (i = 0; i < n; i++)
		touched[i] = !known || (map[i] & (MAP_PRESENT | MAP_SWAPPED));
}

static bool is_zero(const uint8_t *page)
{
	return !memcmp(page, zeroes, PAGE);
}

/* Pages that are to be written, together where they are neighbours. */
static int write_pages(struct dump_file *file, const uint8_t *memory, size_t n,
		       const bool *wanted, uint64_t offset)
{
	size_t i = 0, first;
	int ret = 0;

	while (i < n && !ret) {
		for (first = i; i < n && wanted[i]; i++)
			;
		if (i > first)
			ret = dump_file_write(file, memory + first * PAGE,
					      (i - first) * PAGE, offset + first * PAGE);
		else if (!file->holes)
			ret = dump_file_write(file, zeroes, PAGE, offset + i++ * PAGE);
		else
			i++;
	}
	return ret;
}

/* Less than a page, at the ends of a range that somebody chose. */
static int write_edge(struct dump_file *file, const uint8_t **memory, uint64_t *size,
		      uint64_t *offset, uint64_t n)
{
	int ret;

	if (n > *size)
		n = *size;
	ret = dump_file_write(file, *memory, n, *offset);
	*memory += n;
	*size -= n;
	*offset += n;
	return ret;
}

int dump_file_memory(struct dump_file *file, const void *memory, uint64_t size,
		     uint64_t offset)
{
	const uint8_t *from = memory;
	bool wanted[BATCH];
	int ret = write_edge(file, &from, &size, &offset, -(uintptr_t)from % PAGE);

	while (size >= PAGE && !ret) {
		size_t n = size / PAGE < BATCH ? (size_t)(size / PAGE) : BATCH, i;

		look(file, from, n, wanted);
		for (i = 0; i < n; i++)
			wanted[i] = wanted[i] && !is_zero(from + i * PAGE);
		ret = write_pages(file, from, n, wanted, offset);
		from += n * PAGE;
		offset += n * PAGE;
		size -= n * PAGE;
	}
	return ret ? ret : write_edge(file, &from, &size, &offset, size);
}

int dump_file_close(struct dump_file *file, uint64_t size)
{
	if (file->holes && ftruncate(file->fd, (off_t)(file->base + size)))
		return -errno;
	return 0;
}

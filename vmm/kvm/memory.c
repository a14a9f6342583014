/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <abi/platform.h>

#include "vmm/kvm/memory.h"
#include "vmm/util/units.h"

/* Guest and host agree on the position within 2 MiB, so that huge pages can back RAM. */
#define HUGE_SIZE (2ull << 20)

#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB (21u << 26)
#endif

static int refused(uint64_t size, struct error *err)
{
	return error_set(err, ENOMEM,
			 "--mem %lluM: the host refuses so much (%s); give less",
			 mib(size), strerror(errno));
}

static int no_huge_pages(uint64_t size, struct error *err)
{
	return error_set(
		err, ENOMEM,
		"--mem-backend hugetlb: the host has no %llu huge pages of 2 MiB "
		"(%s); raise vm.nr_hugepages or use --mem-backend private",
		(unsigned long long)(size / HUGE_SIZE), strerror(errno));
}

/* Address space of which some 2 MiB boundary and `size` bytes behind it are ours. */
static int reserve(struct guest_memory *mem, struct error *err)
{
	int prot = mem->backend == MEMORY_PRIVATE ? PROT_READ | PROT_WRITE : PROT_NONE;
	void *at;

	mem->reserved = mem->size + HUGE_SIZE;
	at = mmap(NULL, mem->reserved, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		  -1, 0);
	if (at == MAP_FAILED)
		return refused(mem->size, err);
	mem->reservation = at;
	return 0;
}

/* Puts a file over [ram, ram + size). */
static int map_file(const struct guest_memory *mem, uint8_t *ram, struct error *err)
{
	bool huge = mem->backend == MEMORY_HUGETLB;
	int flags = MAP_SHARED | MAP_FIXED | (huge ? 0 : MAP_NORESERVE);
	int fd = memfd_create("guest-ram",
			      MFD_CLOEXEC | (huge ? MFD_HUGETLB | MFD_HUGE_2MB : 0));
	bool good = fd >= 0 && !ftruncate(fd, (off_t)mem->size) &&
		    mmap(ram, mem->size, PROT_READ | PROT_WRITE, flags, fd, 0) !=
			    MAP_FAILED;
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	if (good)
		return 0;
	return huge ? no_huge_pages(mem->size, err) : refused(mem->size, err);
}

static int map_ram(struct guest_memory *mem, uint8_t **ram, struct error *err)
{
	int ret = reserve(mem, err);

	if (ret)
		return ret;
	*ram = (uint8_t *)(((uintptr_t)mem->reservation + HUGE_SIZE - 1) &
			   ~(HUGE_SIZE - 1));
	return mem->backend == MEMORY_PRIVATE ? 0 : map_file(mem, *ram, err);
}

int memory_create(struct guest_memory *mem, uint64_t size, enum memory_backend backend,
		  struct error *err)
{
	uint64_t low = size < PV_RAM_LOW_LIMIT ? size : PV_RAM_LOW_LIMIT;
	uint8_t *ram;
	int ret;

	*mem = (struct guest_memory){ .size = size, .backend = backend };
	if (backend == MEMORY_HUGETLB && size % HUGE_SIZE)
		return error_set(err, EINVAL,
				 "--mem %lluM: no whole number of huge pages; give e.g. "
				 "%lluM",
				 mib(size), mib(size + HUGE_SIZE / 2));
	ret = map_ram(mem, &ram, err);
	if (ret) {
		memory_destroy(mem);
		return ret;
	}
	/* A host without huge pages serves small ones. */
	madvise(ram, size, MADV_HUGEPAGE);
	/* A core dump of the monitor is about the monitor. */
	madvise(ram, size, MADV_DONTDUMP);
	ram_add(&mem->ram, 0, low, ram);
	if (size > low)
		ram_add(&mem->ram, PV_RAM_HIGH_BASE, size - low, ram + low);
	return 0;
}

void memory_destroy(struct guest_memory *mem)
{
	if (!mem->reservation)
		return;
	munmap(mem->reservation, mem->reserved);
	memset(mem, 0, sizeof(*mem));
}

uint64_t memory_unit(const struct guest_memory *mem)
{
	return mem->backend == MEMORY_HUGETLB ? HUGE_SIZE
					      : (uint64_t)sysconf(_SC_PAGESIZE);
}

int memory_give_back(const struct guest_memory *mem, void *host, uint64_t len)
{
	/* MADV_REMOVE punches a hole into the file. */
	int advice = mem->backend == MEMORY_PRIVATE ? MADV_DONTNEED : MADV_REMOVE;

	return madvise(host, len, advice) ? -errno : 0;
}

void memory_discard(const struct guest_memory *mem)
{
	memory_give_back(mem, mem->ram.region[0].host, mem->size);
}

uint64_t memory_low_end(const struct guest_memory *mem)
{
	return mem->ram.region[0].size;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <abi/platform.h>

#include "vmm/memory.h"
#include "vmm/units.h"

/* Guest and host agree on the position within 2 MiB, so that huge pages can back RAM. */
#define HUGE_SIZE (2ull << 20)

int memory_create(struct guest_memory *mem, uint64_t size, struct error *err)
{
	uint64_t low = size < PV_RAM_LOW_LIMIT ? size : PV_RAM_LOW_LIMIT;
	uint8_t *ram;

	memset(mem, 0, sizeof(*mem));
	mem->size = size;
	mem->reserved = size + HUGE_SIZE;
	mem->reservation = mmap(NULL, mem->reserved, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem->reservation == MAP_FAILED)
		return error_set(err, ENOMEM,
				 "--mem %lluM: the host refuses so much (%s); give less",
				 mib(size), strerror(errno));
	ram = (uint8_t *)(((uintptr_t)mem->reservation + HUGE_SIZE - 1) &
			  ~(HUGE_SIZE - 1));
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
	if (mem->reservation)
		munmap(mem->reservation, mem->reserved);
	memset(mem, 0, sizeof(*mem));
}

void memory_discard(const struct guest_memory *mem)
{
	madvise(mem->ram.region[0].host, mem->size, MADV_DONTNEED);
}

uint64_t memory_low_end(const struct guest_memory *mem)
{
	return mem->ram.region[0].size;
}

/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/mock_machine.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include <xxhash.h>

#include <abi/platform.h>

/* machine_alloc starts here: address 0 is nobody's. */
#define FIRST_ALLOC 0x10000ull

static uint8_t *backing(uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	assert_true(p != MAP_FAILED);
	return p;
}

struct machine *machine_new(void)
{
	struct machine *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	mock_host_init(&m->mh);
	m->low = backing(MOCK_LOW_SIZE);
	m->high = backing(MOCK_HIGH_SIZE);
	assert_int_equal(ram_add(&m->ram, MOCK_HIGH_BASE, MOCK_HIGH_SIZE, m->high), 0);
	assert_int_equal(ram_add(&m->ram, 0, MOCK_LOW_SIZE, m->low), 0);
	assert_int_equal(pci_host_init(&m->pci, &m->mh.host, &m->pio, &m->mmio, &m->ram,
				       &m->devices),
			 0);
	m->next = FIRST_ALLOC;
	return m;
}

void machine_free(struct machine *m)
{
	device_destroy_all(&m->devices);
	assert_int_equal(m->mh.nr_watches, 0);
	assert_int_equal(m->mh.nr_doorbells, 0);
	assert_int_equal(mock_host_msi_open_count(&m->mh), 0);
	munmap(m->low, MOCK_LOW_SIZE);
	munmap(m->high, MOCK_HIGH_SIZE);
	free(m);
}

uint64_t machine_alloc(struct machine *m, uint64_t size, uint64_t align)
{
	uint64_t gpa = (m->next + align - 1) & ~(align - 1);

	assert_true(gpa + size <= MOCK_LOW_SIZE);
	m->next = gpa + size;
	memset(m->low + gpa, 0, size);
	return gpa;
}

void *machine_at(struct machine *m, uint64_t gpa, uint64_t len)
{
	void *p = ram_at(&m->ram, gpa, len);

	assert_non_null(p);
	return p;
}

uint64_t machine_read(struct machine *m, uint64_t gpa, unsigned int size)
{
	uint64_t value;

	bus_read(&m->mmio, gpa, size, &value);
	return value;
}

void machine_write(struct machine *m, uint64_t gpa, unsigned int size, uint64_t value)
{
	if (!mock_host_ring(&m->mh, gpa, size))
		bus_write(&m->mmio, gpa, size, value);
}

uint64_t machine_in(struct machine *m, uint16_t port, unsigned int size)
{
	uint64_t value;

	bus_read(&m->pio, port, size, &value);
	return value;
}

void machine_out(struct machine *m, uint16_t port, unsigned int size, uint64_t value)
{
	bus_write(&m->pio, port, size, value);
}

static void choose(struct machine *m, uint8_t devfn, unsigned int offset)
{
	machine_out(m, PV_PCI_ADDR_PORT, 4,
		    PCI_CONF1_ENABLE | (uint32_t)devfn << PCI_CONF1_DEVFN_SHIFT |
			    (offset & PCI_CONF1_REG_MASK));
}

uint32_t machine_config_read(struct machine *m, uint8_t devfn, unsigned int offset,
			     unsigned int size)
{
	choose(m, devfn, offset);
	return (uint32_t)machine_in(m, (uint16_t)(PV_PCI_DATA_PORT + offset % 4), size);
}

void machine_config_write(struct machine *m, uint8_t devfn, unsigned int offset,
			  unsigned int size, uint32_t value)
{
	choose(m, devfn, offset);
	machine_out(m, (uint16_t)(PV_PCI_DATA_PORT + offset % 4), size, value);
}

/* The end of the excepted range that covers gpa, or gpa; *next: where the next one starts. */
static uint64_t past_excepted(uint64_t gpa, uint64_t end, const struct mock_range *except,
			      unsigned int nr, uint64_t *next)
{
	uint64_t to = gpa;

	*next = end;
	for (unsigned int i = 0; i < nr; i++) {
		uint64_t first = except[i].gpa;

		if (first <= gpa && gpa - first < except[i].len &&
		    first + except[i].len > to)
			to = first + except[i].len;
		if (first > gpa && first < *next)
			*next = first;
	}
	return to < end ? to : end;
}

static void hash_region(XXH3_state_t *state, const struct ram_region *r,
			const struct mock_range *except, unsigned int nr)
{
	uint64_t at = r->gpa, end = r->gpa + r->size, next;

	while (at < end) {
		uint64_t to = past_excepted(at, end, except, nr, &next);

		if (to == at) {
			XXH3_64bits_update(state, r->host + (at - r->gpa), next - at);
			to = next;
		}
		at = to;
	}
}

uint64_t machine_hash(struct machine *m, const struct mock_range *except, unsigned int nr)
{
	XXH3_state_t *state = XXH3_createState();
	uint64_t hash;

	assert_non_null(state);
	XXH3_64bits_reset(state);
	for (unsigned int i = 0; i < m->ram.nr; i++)
		hash_region(state, &m->ram.region[i], except, nr);
	hash = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	return hash;
}

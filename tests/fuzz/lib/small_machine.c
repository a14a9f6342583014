/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/lib/small_machine.h"

#include <string.h>

#include "tests/fuzz/lib/fuzz.h"

static _Alignas(4096) uint8_t low[SMALL_LOW_SIZE], high[SMALL_HIGH_SIZE];

struct machine *small_machine_new(void)
{
	static struct machine machine;
	struct machine *m = &machine;

	memset(m, 0, sizeof(*m));
	memset(low, 0, sizeof(low));
	memset(high, SMALL_HIGH_FILL, sizeof(high));
	mock_host_init(&m->mh);
	m->low = low;
	m->high = high;
	FUZZ_CHECK(!ram_add(&m->ram, 0, sizeof(low), low));
	FUZZ_CHECK(!ram_add(&m->ram, MOCK_HIGH_BASE, sizeof(high), high));
	FUZZ_CHECK(!pci_host_init(&m->pci, &m->mh.host, &m->pio, &m->mmio, &m->ram,
				  &m->devices));
	return m;
}

void small_machine_free(struct machine *m)
{
	device_destroy_all(&m->devices);
	FUZZ_CHECK(!m->mh.nr_watches && !m->mh.nr_doorbells);
	FUZZ_CHECK(!mock_host_msi_open_count(&m->mh));
}

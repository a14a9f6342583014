/* SPDX-License-Identifier: MIT */
/*
 * A machine without vCPUs: host, RAM, buses, PCI.  RAM stands in two regions with a hole
 * between them, as in a real one, but is small: [0, 4 MiB) and [4 GiB, 4 GiB + 1 MiB).
 */
#ifndef MOCK_MACHINE_H
#define MOCK_MACHINE_H

#include "devices/bus.h"
#include "devices/device.h"
#include "devices/pci/pci.h"
#include "devices/dma/ram.h"
#include "tests/unit/devices/mock_host.h"

#define MOCK_LOW_SIZE  0x400000ull
#define MOCK_HIGH_BASE 0x100000000ull
#define MOCK_HIGH_SIZE 0x100000ull

struct machine {
	struct mock_host mh;
	struct ram ram;
	struct bus pio, mmio;
	struct pci_host pci;
	struct device_list devices;
	uint8_t *low, *high;
	uint64_t next; /* first free guest address of machine_alloc */
};

/* Fails the test when it cannot. */
struct machine *machine_new(void);
/* Destroys the devices too. */
void machine_free(struct machine *m);

/* Fresh zeroed guest memory of the low region. */
uint64_t machine_alloc(struct machine *m, uint64_t size, uint64_t align);
/* The test's view of guest memory; fails the test outside RAM. */
void *machine_at(struct machine *m, uint64_t gpa, uint64_t len);

/* What a vCPU does: doorbells ring their eventfd, all else goes to the bus. */
uint64_t machine_read(struct machine *m, uint64_t gpa, unsigned int size);
void machine_write(struct machine *m, uint64_t gpa, unsigned int size, uint64_t value);
uint64_t machine_in(struct machine *m, uint16_t port, unsigned int size);
void machine_out(struct machine *m, uint16_t port, unsigned int size, uint64_t value);

/* Configuration space by ports 0xCF8/0xCFC. */
uint32_t machine_config_read(struct machine *m, uint8_t devfn, unsigned int offset,
			     unsigned int size);
void machine_config_write(struct machine *m, uint8_t devfn, unsigned int offset,
			  unsigned int size, uint32_t value);

/* A range of guest memory that a device may change. */
struct mock_range {
	uint64_t gpa, len;
};
/* XXH3 of all RAM but these ranges (any order, may overlap or leave RAM). */
uint64_t machine_hash(struct machine *m, const struct mock_range *except,
		      unsigned int nr);

#endif

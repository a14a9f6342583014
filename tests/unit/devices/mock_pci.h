/* SPDX-License-Identifier: MIT */
/* A PCI function with every kind of BAR and MSI-X, which records what reaches it. */
#ifndef MOCK_PCI_H
#define MOCK_PCI_H

#include "tests/unit/devices/mock_machine.h"

#define TOY_IO	    0 /* I/O, 64 bytes */
#define TOY_MEM	    1 /* 32-bit memory, 4 KiB */
#define TOY_MEM64   2 /* 64-bit memory, 64 KiB */
#define TOY_MSIX    4 /* 32-bit memory, 8 KiB */
#define TOY_VECTORS 70
#define TOY_PBA	    0x1000

struct toy {
	struct pci_dev pci;
	uint64_t value
		[PCI_STD_NUM_BARS]; /* last written to each BAR, also what it reads as */
	uint64_t offset;
	unsigned int accesses, changes;
	unsigned int resets;
};

/* Plugged at devfn and not given addresses. */
struct toy *toy_plug(struct machine *m, uint8_t devfn);
/* Where firmware or the guest put a BAR; 0 when it has no address. */
uint64_t toy_bar(struct machine *m, uint8_t devfn, unsigned int bar);
void toy_move_bar(struct machine *m, uint8_t devfn, unsigned int bar, uint64_t base);
void toy_command(struct machine *m, uint8_t devfn, uint16_t command);

#endif

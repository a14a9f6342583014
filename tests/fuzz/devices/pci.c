/* SPDX-License-Identifier: MIT */
/*
 * Configuration space, BARs and interrupts of a PCI function with one BAR of each kind (the
 * unit tests' toy), beside another.  Ports and ECAM must agree, a BAR answers only where it
 * is and only while decoding is on, no message is sent that is not enabled, RAM is left
 * alone, and a reset brings all back.
 */
#include <string.h>

#include "devices/util.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/fuzz/lib/small_machine.h"
#include "tests/unit/devices/mock_pci.h"

#define DEVICES 2u

struct world {
	struct fuzz in;
	struct machine *m;
	struct toy *toy[DEVICES];
	uint64_t ram;
};

static const uint8_t devfn[DEVICES] = { PCI_DEVFN(2, 0), PCI_DEVFN(3, 0) };

/* A place of configuration space worth an access, or any. */
static unsigned int any_offset(struct world *w)
{
	static const uint8_t known[] = { PCI_COMMAND,
					 PCI_COMMAND + 1,
					 PCI_STATUS,
					 PCI_BASE_ADDRESS_0,
					 PCI_BASE_ADDRESS_0 + 4,
					 PCI_BASE_ADDRESS_0 + 8,
					 PCI_BASE_ADDRESS_0 + 12,
					 PCI_BASE_ADDRESS_0 + 16,
					 PCI_INTERRUPT_LINE };
	uint8_t at = fuzz_u8(&w->in);

	return at & 0x80 ? known[at % sizeof(known)] : fuzz_u8(&w->in);
}

static uint64_t ecam(unsigned int dev, unsigned int offset)
{
	return PV_ECAM_BASE + (uint64_t)devfn[dev] * 4096 + offset;
}

static void write_config(struct world *w)
{
	uint8_t how = fuzz_u8(&w->in);
	unsigned int dev = how & 1, size = 1u << (how >> 1 & 3), at = any_offset(w);
	uint32_t value = fuzz_u32(&w->in);

	if (how & 8)
		machine_write(w->m, ecam(dev, at), size, value);
	else
		machine_config_write(w->m, devfn[dev], at, size < 8 ? size : 4, value);
}

static void read_config(struct world *w)
{
	uint8_t how = fuzz_u8(&w->in);
	unsigned int dev = how & 1, size = 1u << (how >> 1 & 1), at = any_offset(w);

	at &= ~(size - 1);
	FUZZ_CHECK(machine_config_read(w->m, devfn[dev], at, size) ==
		   (uint32_t)machine_read(w->m, ecam(dev, at), size));
}

/* BARs go where a guest may well put them: on one another, on RAM, on ECAM, to the end. */
static void move_bar(struct world *w)
{
	static const uint64_t places[] = { 0xc0000000,	    0xc0001000,
					   0xc0010000,	    PV_ECAM_BASE,
					   0xfffff000,	    0,
					   0x1000,	    0xffffffffffff0000ull,
					   0x1000000000ull, 0xc000 };
	static const uint8_t bars[] = { TOY_IO, TOY_MEM, TOY_MEM64, TOY_MSIX };
	uint8_t how = fuzz_u8(&w->in);

	toy_move_bar(w->m, devfn[how & 1], bars[how >> 1 & 3],
		     places[fuzz_u8(&w->in) % ARRAY_SIZE(places)]);
}

static void access_bar(struct world *w)
{
	static const uint8_t bars[] = { TOY_MEM, TOY_MEM64, TOY_MSIX };
	uint8_t how = fuzz_u8(&w->in);
	unsigned int dev = how & 1, bar = bars[(how >> 1) % 3], size = 1u << (how >> 6);
	struct toy *toy = w->toy[dev];
	uint64_t at = toy_bar(w->m, devfn[dev], bar) + fuzz_u16(&w->in) % 0x2100;
	unsigned int before = toy->accesses;

	if (how & 8)
		machine_write(w->m, at, size, fuzz_u32(&w->in));
	else
		machine_read(w->m, at, size);
	if (!(pci_command(&toy->pci) & PCI_COMMAND_MEMORY))
		FUZZ_CHECK(toy->accesses == before);
}

static void use_ports(struct world *w)
{
	uint16_t port = fuzz_u16(&w->in);
	uint8_t how = fuzz_u8(&w->in);

	if (how & 4)
		machine_out(w->m, port, 1u << (how & 3) % 3, fuzz_u32(&w->in));
	else
		machine_in(w->m, port, 1u << (how & 3) % 3);
}

static void interrupt(struct world *w)
{
	uint8_t how = fuzz_u8(&w->in);
	struct pci_dev *dev = &w->toy[how & 1]->pci;
	unsigned int before = mock_host_fired(&w->m->mh);
	bool master = pci_command(dev) & PCI_COMMAND_MASTER;

	if (how & 2)
		pci_intx(dev, how & 4);
	else
		pci_msix_fire(dev, how >> 2);
	if (!master || !pci_msix_enabled(dev))
		FUZZ_CHECK(mock_host_fired(&w->m->mh) == before);
}

static void restart(struct world *w)
{
	device_reset_all(&w->m->devices);
	FUZZ_CHECK(!pci_assign(&w->m->pci));
}

static void step(struct world *w)
{
	switch (fuzz_u8(&w->in) % 9) {
	case 0 ... 1:
		write_config(w);
		break;
	case 2:
		read_config(w);
		break;
	case 3:
		move_bar(w);
		break;
	case 4:
		access_bar(w);
		break;
	case 5:
		use_ports(w);
		break;
	case 6:
		interrupt(w);
		break;
	case 7:
		toy_command(w->m, devfn[0], fuzz_u16(&w->in));
		break;
	default:
		restart(w);
		break;
	}
}

/* What is on the bus is inside itself and no two of one size are in one place. */
static void check_bus(const struct bus *bus)
{
	FUZZ_CHECK(bus->nr <= BUS_MAX_RANGES);
	for (unsigned int i = 0; i < bus->nr; i++) {
		const struct bus_range *a = bus->range[i];

		FUZZ_CHECK(a->size && a->base <= UINT64_MAX - (a->size - 1));
		FUZZ_CHECK(!i || bus->range[i - 1]->size <= a->size);
		for (unsigned int j = 0; j < i; j++)
			FUZZ_CHECK(bus->range[j]->base != a->base ||
				   bus->range[j]->size != a->size);
	}
}

static void check_recovery(struct world *w)
{
	restart(w);
	for (unsigned int i = 0; i < DEVICES; i++) {
		uint64_t at = toy_bar(w->m, devfn[i], TOY_MEM64);

		toy_command(w->m, devfn[i], PCI_COMMAND_MEMORY);
		machine_write(w->m, at + 8, 4, 40 + i);
		FUZZ_CHECK(w->toy[i]->value[TOY_MEM64] == 40 + i);
		FUZZ_CHECK(w->toy[i]->offset == 8);
		FUZZ_CHECK(machine_read(w->m, at, 4) == 40 + i);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { .in = { data, size }, .m = small_machine_new() };

	for (unsigned int i = 0; i < DEVICES; i++)
		w.toy[i] = toy_plug(w.m, devfn[i]);
	FUZZ_CHECK(!pci_assign(&w.m->pci));
	w.ram = machine_hash(w.m, NULL, 0);
	while (w.in.left)
		step(&w);
	check_bus(&w.m->mmio);
	check_bus(&w.m->pio);
	FUZZ_CHECK(machine_hash(w.m, NULL, 0) == w.ram);
	check_recovery(&w);
	small_machine_free(w.m);
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	static const uint8_t text[][16] = {
		{ 7, 7, 0, 4, 0x48, 0, 0, 1, 2, 3, 4 },
		{ 7, 6, 0, 4, 0xcc, 12, 0, 0, 0, 0, 0, 6, 0 },
		{ 3, 0, 0, 3, 1, 0, 3, 2, 1, 3, 3, 1, 4, 0x80, 1, 0 },
		{ 3, 4, 7, 7, 6, 0, 3, 4, 8, 4, 2, 0, 0 },
		{ 2, 0, 0x81, 2, 3, 0, 0x40, 0, 4, 0x80, 4, 4, 0, 0 },
		{ 5, 0xf8, 0x0c, 6, 0, 0x10, 0, 0x80, 5, 0xfc, 0x0c, 2, 6, 6, 6, 2 },
		{ 8, 0, 12, 0x83, 0xff, 0xff, 0xff, 0xff, 0, 4, 0x84, 0, 0, 0, 0xc0, 8 },
	};
	struct fuzz_out out = { buf, size };

	if (n >= ARRAY_SIZE(text))
		return 0;
	fuzz_put_bytes(&out, text[n], sizeof(text[n]));
	return size - out.left;
}

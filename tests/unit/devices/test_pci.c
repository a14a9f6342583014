/* SPDX-License-Identifier: MIT */
/* Configuration space by both ways, BARs on the move, interrupt pins. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/devices/mock_pci.h"

#define SLOT	  PCI_DEVFN(2, 0)
#define OTHER	  PCI_DEVFN(3, 0)
#define MEMORY_ON (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)

static struct machine *m;
static struct toy *toy;

static int setup(void **state)
{
	(void)state;
	m = machine_new();
	toy = toy_plug(m, SLOT);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_free(m);
	return 0;
}

static uint64_t ecam(uint8_t devfn, unsigned int offset)
{
	return PV_ECAM_BASE + ((uint64_t)devfn << PCI_ECAM_DEVFN_SHIFT) + offset;
}

/* --- configuration space ---------------------------------------------------------------- */

static void host_bridge(void **state)
{
	(void)state;
	assert_int_equal(machine_config_read(m, 0, PCI_VENDOR_ID, 4), 0x12378086);
	assert_int_equal(machine_config_read(m, 0, PCI_CLASS_DEVICE, 2),
			 PCI_CLASS_BRIDGE_HOST);
	assert_int_equal(machine_read(m, ecam(0, PCI_VENDOR_ID), 4), 0x12378086);
}

static void nobody_there(void **state)
{
	(void)state;
	assert_int_equal(machine_config_read(m, PCI_DEVFN(7, 0), 0, 4), 0xffffffff);
	assert_int_equal(machine_config_read(m, PCI_DEVFN(2, 1), 0, 2), 0xffff);
	assert_int_equal(machine_read(m, ecam(PCI_DEVFN(7, 0), 0), 4), 0xffffffff);
	assert_int_equal(machine_read(m, ecam(0, 0) + (1 << PCI_ECAM_BUS_SHIFT), 4),
			 0xffffffff);
	assert_int_equal(machine_read(m, ecam(SLOT, 256), 4), 0xffffffff);
	assert_int_equal(machine_read(m, ecam(SLOT, 254), 4), 0xffffffff);
	machine_write(m, ecam(SLOT, 4092), 8, 0);
	machine_write(m, ecam(PCI_DEVFN(7, 0), 0), 4, 0);
	machine_config_write(m, PCI_DEVFN(7, 0), 4, 4, 7);
}

static void address_port(void **state)
{
	(void)state;
	machine_out(m, PV_PCI_ADDR_PORT, 4, 0x80001000);
	assert_int_equal(machine_in(m, PV_PCI_ADDR_PORT, 4), 0x80001000);
	machine_out(m, PV_PCI_ADDR_PORT, 1, 0x55); /* not a dword: not an address */
	machine_out(m, PV_PCI_ADDR_PORT + 2, 2, 0x55);
	assert_int_equal(machine_in(m, PV_PCI_ADDR_PORT, 4), 0x80001000);
	assert_int_equal(machine_in(m, PV_PCI_DATA_PORT, 4), 0x56781234);
	assert_int_equal(machine_in(m, PV_PCI_DATA_PORT + 2, 2), 0x5678);
	assert_int_equal(machine_in(m, PV_PCI_DATA_PORT + 3, 1), 0x56);
	assert_int_equal(machine_in(m, PV_PCI_DATA_PORT + 3, 4), 0xffffffff);
	machine_out(m, PV_PCI_ADDR_PORT, 4, 0x00001000); /* not enabled */
	assert_int_equal(machine_in(m, PV_PCI_DATA_PORT, 4), 0xffffffff);
	machine_out(m, PV_PCI_ADDR_PORT, 4, 0x80011000); /* bus 1 */
	assert_int_equal(machine_in(m, PV_PCI_DATA_PORT, 4), 0xffffffff);
	machine_out(m, PV_PCI_DATA_PORT, 4, 0);
	device_reset_all(&m->devices);
	assert_int_equal(machine_in(m, PV_PCI_ADDR_PORT, 4), 0);
}

/* 29: any offset and length; only writable bits change; both ways see the same. */
static void random_accesses(void **state)
{
	uint8_t model[PCI_CFG_SPACE_SIZE];

	(void)state;
	srand(7);
	memcpy(model, toy->pci.config, sizeof(model));
	for (unsigned int round = 0; round < 50000; round++) {
		unsigned int offset = (unsigned int)rand() % 260;
		unsigned int len = 1u << rand() % 4;
		uint64_t value = (uint64_t)rand() << 33 ^ (uint64_t)rand(), expected = 0;
		bool inside = offset + len <= PCI_CFG_SPACE_SIZE;

		/* Not MSI-X enable: what that does is for other tests. */
		if (rand() % 2 && inside && len <= 4) {
			machine_write(m, ecam(SLOT, offset), len, value);
			for (unsigned int i = 0; i < len; i++) {
				uint8_t mask = toy->pci.writable[offset + i];

				model[offset + i] =
					(uint8_t)((model[offset + i] & ~mask) |
						  ((uint8_t)(value >> 8 * i) & mask));
			}
		} else if (inside && len <= 4) {
			memcpy(&expected, model + offset, len);
			assert_true(machine_read(m, ecam(SLOT, offset), len) == expected);
			if (offset % 4 + len <= 4)
				assert_true(machine_config_read(m, SLOT, offset, len) ==
					    expected);
		} else if (len == 8) {
			machine_read(m, ecam(SLOT, offset), len);
		}
	}
	assert_memory_equal(model, toy->pci.config, sizeof(model));
}

static void eight_byte_ecam(void **state)
{
	(void)state;
	assert_true(machine_read(m, ecam(SLOT, 0), 8) == 0x0010000056781234ull);
	machine_write(m, ecam(SLOT, PCI_BASE_ADDRESS_0 + 4 * TOY_MEM64), 8,
		      0x12345678c0dd0000ull);
	assert_true(toy_bar(m, SLOT, TOY_MEM64) == 0x12345678c0dd0000ull);
}

/* --- BARs ------------------------------------------------------------------------------- */

static uint32_t size_bar(unsigned int bar)
{
	unsigned int reg = PCI_BASE_ADDRESS_0 + 4 * bar;
	uint32_t old = machine_config_read(m, SLOT, reg, 4), mask;

	machine_config_write(m, SLOT, reg, 4, 0xffffffff);
	mask = machine_config_read(m, SLOT, reg, 4);
	machine_config_write(m, SLOT, reg, 4, old);
	return mask;
}

static void sizing(void **state)
{
	(void)state;
	assert_int_equal(pci_assign(&m->pci), 0);
	for (unsigned int decode = 0; decode < 2; decode++) {
		toy_command(m, SLOT, decode ? MEMORY_ON : 0);
		assert_int_equal(size_bar(TOY_IO), 0xffffffc1);
		assert_int_equal(size_bar(TOY_MEM), 0xfffff000);
		assert_int_equal(size_bar(TOY_MEM64), 0xffff0004);
		assert_int_equal(size_bar(TOY_MEM64 + 1), 0xffffffff);
		assert_int_equal(size_bar(TOY_MSIX), 0xffffe000);
		assert_int_equal(size_bar(5), 0);
	}
	/* The last round ended where it began, decoded. */
	machine_write(m, toy_bar(m, SLOT, TOY_MEM), 4, 99);
	assert_int_equal(toy->value[TOY_MEM], 99);
}

static bool answers(uint64_t gpa, unsigned int bar)
{
	unsigned int before = toy->accesses;

	toy->value[bar] = 0x11223344;
	return machine_read(m, gpa, 4) == 0x11223344 && toy->accesses == before + 1;
}

static void firmware_assigns(void **state)
{
	static const unsigned int bars[] = { TOY_MEM, TOY_MEM64, TOY_MSIX };
	struct toy *second = toy_plug(m, OTHER);

	(void)state;
	assert_int_equal(pci_assign(&m->pci), 0);
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t base = toy_bar(m, SLOT, bars[i]);
		uint64_t size = toy->pci.bar[bars[i]].size;

		assert_in_range(base, PV_MMIO_BASE, PV_MMIO_BASE + PV_MMIO_SIZE - size);
		assert_int_equal(base % size, 0);
		assert_true(toy->pci.bar[bars[i]].mapped);
		assert_true(second->pci.bar[bars[i]].mapped);
		assert_true(base != toy_bar(m, OTHER, bars[i]));
	}
	assert_true(answers(toy_bar(m, SLOT, TOY_MEM) + 8, TOY_MEM));
	assert_int_equal(toy->offset, 8);
	toy->value[TOY_IO] = 0x77;
	assert_int_equal(machine_in(m, (uint16_t)toy_bar(m, SLOT, TOY_IO), 1), 0x77);
	assert_int_equal(machine_config_read(m, SLOT, PCI_COMMAND, 2), MEMORY_ON);
	assert_int_equal(machine_config_read(m, SLOT, PCI_INTERRUPT_LINE, 1),
			 PV_INTX_GSI + 2);
}

static void moving(void **state)
{
	uint64_t first, high = 0x4000010000ull;

	(void)state;
	assert_int_equal(pci_assign(&m->pci), 0);
	first = toy_bar(m, SLOT, TOY_MEM64);
	assert_true(answers(first, TOY_MEM64));
	toy_move_bar(m, SLOT, TOY_MEM64, high);
	assert_true(answers(high + 0xfffc, TOY_MEM64));
	assert_false(answers(first, TOY_MEM64));
	toy_command(m, SLOT, PCI_COMMAND_IO);
	assert_false(answers(high, TOY_MEM64));
	toy->value[TOY_IO] = 5;
	assert_int_equal(machine_in(m, (uint16_t)toy_bar(m, SLOT, TOY_IO), 1), 5);
	toy_command(m, SLOT, MEMORY_ON);
	assert_true(answers(high, TOY_MEM64));
	/* Nowhere: 0, the end of the address space, an I/O address of more than 16 bits. */
	toy_move_bar(m, SLOT, TOY_MEM64, 0);
	assert_false(answers(0, TOY_MEM64));
	toy_move_bar(m, SLOT, TOY_MEM64, ~0ull);
	assert_false(toy->pci.bar[TOY_MEM64].mapped);
	toy_move_bar(m, SLOT, TOY_IO, 0x10000);
	assert_false(toy->pci.bar[TOY_IO].mapped);
	toy_move_bar(m, SLOT, TOY_IO, 0xffc0);
	assert_true(toy->pci.bar[TOY_IO].mapped);
}

static void collisions(void **state)
{
	struct toy *second = toy_plug(m, OTHER);
	uint64_t a, b;

	(void)state;
	assert_int_equal(pci_assign(&m->pci), 0);
	a = toy_bar(m, SLOT, TOY_MEM);
	b = toy_bar(m, OTHER, TOY_MEM);
	toy_move_bar(m, OTHER, TOY_MEM, a);
	assert_true(answers(a, TOY_MEM));
	assert_int_equal(m->mh.reports, 1);
	assert_false(second->pci.bar[TOY_MEM].mapped);
	/* The first leaves: the second is there at once. */
	toy_move_bar(m, SLOT, TOY_MEM, b);
	assert_true(second->pci.bar[TOY_MEM].mapped);
	assert_true(answers(b, TOY_MEM));
	assert_false(answers(a, TOY_MEM));
	/* Over ECAM: refused, configuration space goes on working. */
	toy_move_bar(m, SLOT, TOY_MEM64, PV_ECAM_BASE - 0x8000);
	assert_int_equal(machine_read(m, ecam(0, 0), 4), 0x12378086);
}

static void windows_full(void **state)
{
	(void)state;
	for (unsigned int slot = 3; slot < 32; slot++)
		toy_plug(m, PCI_DEVFN(slot, 0));
	assert_int_equal(pci_assign(&m->pci), 0);
	/* A BAR as large as the whole window, behind others. */
	toy->pci.bar[TOY_MEM64].size = PV_MMIO_SIZE;
	assert_int_equal(pci_assign(&m->pci), -ENOSPC);
	toy->pci.bar[TOY_MEM64].size = 65536;
}

static void device_reset(void **state)
{
	uint64_t mem;

	(void)state;
	assert_int_equal(pci_assign(&m->pci), 0);
	mem = toy_bar(m, SLOT, TOY_MEM);
	toy_command(m, SLOT, MEMORY_ON | PCI_COMMAND_MASTER);
	assert_true(toy->pci.dma.enabled);
	device_reset_all(&m->devices);
	assert_int_equal(toy->resets, 1);
	assert_false(toy->pci.dma.enabled);
	assert_int_equal(machine_config_read(m, SLOT, PCI_COMMAND, 2), 0);
	assert_int_equal(toy_bar(m, SLOT, TOY_MEM), 0);
	assert_false(answers(mem, TOY_MEM));
	assert_int_equal(pci_assign(&m->pci), 0);
	assert_true(answers(mem, TOY_MEM));
}

static void plugging(void **state)
{
	struct pci_dev again = { 0 };
	static const struct pci_ids ids = { .vendor = 1 };
	static const struct device_ops none = { 0 };

	(void)state;
	pci_dev_init(&again, "again", &ids, NULL, &none);
	assert_int_equal(pci_plug(&m->pci, &again, SLOT), -EBUSY);
	assert_int_equal(pci_plug(&m->pci, &again, OTHER), 0);
	assert_ptr_equal(device_find(&m->devices, "again"), &again.device);
	assert_int_equal(pci_add_msix(&again, PCI_MSIX_MAX + 1, 0, 0, 0), -EINVAL);
	pci_unplug(&again);
	assert_null(device_find(&m->devices, "again"));
	assert_int_equal(machine_config_read(m, OTHER, 0, 4), 0xffffffff);
}

/* --- interrupt pins --------------------------------------------------------------------- */

static void shared_line(void **state)
{
	/* Slots 2 and 6 share a line. */
	struct toy *second = toy_plug(m, PCI_DEVFN(6, 0));
	unsigned int gsi = pci_intx_gsi(&toy->pci);

	(void)state;
	assert_int_equal(gsi, PV_INTX_GSI + 2);
	assert_int_equal(pci_intx_gsi(&second->pci), gsi);
	pci_intx(&toy->pci, true);
	pci_intx(&toy->pci, true);
	pci_intx(&second->pci, true);
	assert_true(m->mh.line[gsi]);
	assert_int_equal(m->mh.line_changes, 1);
	pci_intx(&toy->pci, false);
	assert_true(m->mh.line[gsi]);
	pci_intx(&second->pci, false);
	assert_false(m->mh.line[gsi]);
	assert_int_equal(m->mh.line_changes, 2);
}

static void pin_held_low(void **state)
{
	unsigned int gsi = pci_intx_gsi(&toy->pci);

	(void)state;
	pci_intx(&toy->pci, true);
	toy_command(m, SLOT, PCI_COMMAND_INTX_DISABLE);
	assert_false(m->mh.line[gsi]);
	assert_true(machine_config_read(m, SLOT, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	toy_command(m, SLOT, 0);
	assert_true(m->mh.line[gsi]);
	machine_config_write(m, SLOT, toy->pci.msix.cap + PCI_MSIX_FLAGS, 2,
			     PCI_MSIX_FLAGS_ENABLE);
	assert_false(m->mh.line[gsi]);
	machine_config_write(m, SLOT, toy->pci.msix.cap + PCI_MSIX_FLAGS, 2, 0);
	assert_true(m->mh.line[gsi]);
	device_reset_all(&m->devices);
	assert_false(m->mh.line[gsi]);
}

#define WITH(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(host_bridge),	WITH(nobody_there),    WITH(address_port),
		WITH(random_accesses),	WITH(eight_byte_ecam), WITH(sizing),
		WITH(firmware_assigns), WITH(moving),	       WITH(collisions),
		WITH(windows_full),	WITH(device_reset),    WITH(plugging),
		WITH(shared_line),	WITH(pin_held_low),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

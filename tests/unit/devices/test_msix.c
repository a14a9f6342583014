/* SPDX-License-Identifier: MIT */
/* MSI-X: masks, pending bits, routes, and tables accessed in every wrong way. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/devices/mock_pci.h"

#define SLOT PCI_DEVFN(2, 0)
#define ON   (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

static struct machine *m;
static struct toy *toy;
static uint64_t table;

static void flags(uint16_t value)
{
	machine_config_write(m, SLOT, toy->pci.msix.cap + PCI_MSIX_FLAGS, 2, value);
}

static void set_entry(unsigned int v, uint64_t addr, uint32_t data, uint32_t ctrl)
{
	machine_write(m, table + 16 * v, 8, addr);
	machine_write(m, table + 16 * v + 8, 4, data);
	machine_write(m, table + 16 * v + 12, 4, ctrl);
}

static const struct mock_msi *msi(unsigned int v)
{
	return &m->mh.msi[toy->pci.msix.first + (int)v];
}

static bool pending(unsigned int v)
{
	uint64_t word = machine_read(m, table + TOY_PBA + v / 64 * 8, 8);

	return word >> v % 64 & 1;
}

static int setup(void **state)
{
	(void)state;
	m = machine_new();
	toy = toy_plug(m, SLOT);
	assert_int_equal(pci_assign(&m->pci), 0);
	toy_command(m, SLOT, ON);
	table = toy_bar(m, SLOT, TOY_MSIX);
	flags(PCI_MSIX_FLAGS_ENABLE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_free(m);
	return 0;
}

static void fires(void **state)
{
	(void)state;
	set_entry(3, 0xfee01000, 0x4021, 0);
	pci_msix_fire(&toy->pci, 3);
	pci_msix_fire(&toy->pci, 3);
	assert_int_equal(msi(3)->fired, 2);
	assert_int_equal(msi(3)->routes, 1);
	assert_true(msi(3)->msg.addr == 0xfee01000);
	assert_int_equal(msi(3)->msg.data, 0x4021);
	assert_false(pending(3));
}

static void masked_vector(void **state)
{
	(void)state;
	/* After reset every vector is masked. */
	pci_msix_fire(&toy->pci, 69);
	assert_int_equal(mock_host_fired(&m->mh), 0);
	assert_true(pending(69));
	set_entry(69, 0xfee00000, 1, 0);
	assert_int_equal(msi(69)->fired, 1);
	assert_false(pending(69));
	set_entry(69, 0xfee00000, 1, 1);
	pci_msix_fire(&toy->pci, 69);
	pci_msix_fire(&toy->pci, 69);
	assert_int_equal(msi(69)->fired, 1);
	set_entry(69, 0xfee00000, 1, 0);
	assert_int_equal(msi(69)->fired, 2);
	assert_int_equal(msi(69)->routes, 1); /* the message never changed */
	machine_write(m, table + 16 * 69 + 8, 4, 2);
	pci_msix_fire(&toy->pci, 69);
	assert_int_equal(msi(69)->routes, 2);
	assert_int_equal(msi(69)->msg.data, 2);
}

static void masked_function(void **state)
{
	(void)state;
	set_entry(0, 0xfee00000, 1, 0);
	set_entry(1, 0xfee00000, 2, 1);
	flags(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	pci_msix_fire(&toy->pci, 0);
	pci_msix_fire(&toy->pci, 1);
	assert_int_equal(mock_host_fired(&m->mh), 0);
	flags(PCI_MSIX_FLAGS_ENABLE);
	assert_int_equal(msi(0)->fired, 1);
	assert_int_equal(msi(1)->fired, 0);
	assert_true(pending(1));
}

static void without_bus_mastering(void **state)
{
	(void)state;
	set_entry(0, 0xfee00000, 1, 0);
	toy_command(m, SLOT, PCI_COMMAND_MEMORY);
	pci_msix_fire(&toy->pci, 0);
	assert_int_equal(mock_host_fired(&m->mh), 0);
	toy_command(m, SLOT, ON);
	assert_int_equal(msi(0)->fired, 1);
}

/* 29 */
static void no_such_vector(void **state)
{
	(void)state;
	pci_msix_fire(&toy->pci, TOY_VECTORS);
	pci_msix_fire(&toy->pci, 0xffff);
	pci_msix_fire(&toy->pci, ~0u);
	flags(0);
	set_entry(0, 0xfee00000, 1, 0);
	pci_msix_fire(&toy->pci, 0);
	flags(PCI_MSIX_FLAGS_ENABLE);
	assert_int_equal(mock_host_fired(&m->mh), 0);
	assert_false(pending(0));
}

/* 29 */
static void odd_accesses(void **state)
{
	(void)state;
	set_entry(0, 0xfee00000, 0x12345678, 0);
	machine_write(m, table + 8, 2, 0xffff);
	machine_write(m, table + 9, 4, 0xffffffff);
	machine_write(m, table + 12, 1, 1);
	machine_write(m, table + 4, 8, ~0ull); /* not aligned to its own size */
	assert_int_equal(machine_read(m, table + 8, 4), 0x12345678);
	assert_int_equal(machine_read(m, table + 12, 4), 0);
	assert_true(machine_read(m, table + 8, 8) == 0x12345678);
	machine_write(m, table + 16 * TOY_VECTORS, 4, 1); /* just past the table */
	machine_write(m, table + TOY_PBA - 8, 8, ~0ull);
	machine_write(m, table + TOY_PBA, 8, ~0ull); /* pending bits are read-only */
	assert_false(pending(0));
	machine_read(m, table + TOY_PBA + 0xff8, 8);
	assert_int_equal(machine_read(m, table + TOY_PBA + 1, 4), 0);
	/* Reserved bits do not stick. */
	set_entry(1, 0xfee00003, 0, ~0u);
	assert_int_equal(machine_read(m, table + 16, 4), 0xfee00000);
	assert_int_equal(machine_read(m, table + 28, 4), 1);
}

static void route_refused(void **state)
{
	(void)state;
	m->mh.fail_route = -EINVAL;
	set_entry(0, 0x1234, 1, 0);
	for (unsigned int i = 0; i < 1000; i++)
		pci_msix_fire(&toy->pci, 0);
	assert_int_equal(msi(0)->fired, 0);
	assert_in_range(m->mh.reports, 1, 20);
	m->mh.fail_route = 0;
	pci_msix_fire(&toy->pci, 0);
	assert_int_equal(msi(0)->fired, 1);
}

static void reset_forgets(void **state)
{
	(void)state;
	set_entry(0, 0xfee00000, 1, 0);
	pci_msix_fire(&toy->pci, 1);
	device_reset_all(&m->devices);
	assert_int_equal(pci_assign(&m->pci), 0);
	toy_command(m, SLOT, ON);
	assert_false(pci_msix_enabled(&toy->pci));
	flags(PCI_MSIX_FLAGS_ENABLE);
	assert_false(pending(1));
	pci_msix_fire(&toy->pci, 0);
	assert_int_equal(mock_host_fired(&m->mh), 0);
	assert_int_equal(machine_read(m, table, 8), 0);
}

/* Random firing and masking against a model of what must have been sent. */
static void random_masking(void **state)
{
	bool masked[TOY_VECTORS], waiting[TOY_VECTORS] = { 0 }, all = false;
	unsigned int sent[TOY_VECTORS] = { 0 };

	(void)state;
	srand(8);
	for (unsigned int v = 0; v < TOY_VECTORS; v++)
		masked[v] = true;
	for (unsigned int round = 0; round < 20000; round++) {
		unsigned int v = (unsigned int)rand() % TOY_VECTORS;

		switch (rand() % 4) {
		case 0:
			masked[v] = rand() % 2;
			set_entry(v, 0xfee00000, v, masked[v]);
			break;
		case 1:
			all = rand() % 2;
			flags((uint16_t)(PCI_MSIX_FLAGS_ENABLE |
					 (all ? PCI_MSIX_FLAGS_MASKALL : 0)));
			break;
		default:
			waiting[v] = true;
			pci_msix_fire(&toy->pci, v);
		}
		for (v = 0; v < TOY_VECTORS; v++) {
			if (waiting[v] && !masked[v] && !all) {
				sent[v]++;
				waiting[v] = false;
			}
			if (msi(v)->fired != sent[v])
				fail();
		}
	}
}

#define WITH(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(fires),	       WITH(masked_vector),
		WITH(masked_function), WITH(without_bus_mastering),
		WITH(no_such_vector),  WITH(odd_accesses),
		WITH(route_refused),   WITH(reset_forgets),
		WITH(random_masking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

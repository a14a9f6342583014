/* SPDX-License-Identifier: MIT */
/*
 * VIOT as the guest reads it: which functions are behind which IOMMU, from good tables, from
 * tables that say something we do not know, and from hostile ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/errno.h>

#include "tests/unit/guest/mock_acpi.h"

#define SIZE 0x12000U
#define RSDP 0x10U
#define ROOT 0x40U
#define VIOT 0x100U

static struct mock_acpi *m;
static struct acpi_facts facts;

static struct acpi_viot *viot(void)
{
	return (struct acpi_viot *)(m->ram + VIOT);
}

/* A VIOT without nodes. */
static int set_up(void **state)
{
	struct acpi_rsdp *rsdp;
	uint32_t at = VIOT;

	(void)state;
	m = mock_acpi_new(SIZE);
	rsdp = (struct acpi_rsdp *)(m->ram + RSDP);
	memcpy(rsdp->signature, ACPI_SIG_RSDP, 8);
	rsdp->rsdt_address = ROOT;
	mock_acpi_seal_bytes(m->ram + RSDP, 20, &rsdp->checksum);
	mock_acpi_start(m, ROOT, ACPI_SIG_RSDT, sizeof(struct acpi_header) + 4);
	memcpy(m->ram + ROOT + sizeof(struct acpi_header), &at, 4);
	mock_acpi_seal(m, ROOT);
	mock_acpi_start(m, VIOT, ACPI_SIG_VIOT, sizeof(struct acpi_viot));
	viot()->node_offset = sizeof(struct acpi_viot);
	mock_acpi_seal(m, VIOT);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(m);
	return 0;
}

/* Adds a node; its offset in the table. */
static uint16_t add_node(const void *node, size_t size)
{
	uint32_t at = viot()->header.length;

	memcpy(m->ram + VIOT + at, node, size);
	viot()->header.length += (uint32_t)size;
	viot()->node_count++;
	mock_acpi_seal(m, VIOT);
	return (uint16_t)at;
}

static uint16_t add_iommu(uint16_t bdf)
{
	struct acpi_viot_virtio_iommu_pci node = { .type = ACPI_VIOT_VIRTIO_IOMMU_PCI,
						   .length = sizeof(node),
						   .bdf = bdf };

	return add_node(&node, sizeof(node));
}

static uint16_t add_range(uint16_t first, uint16_t last, uint32_t endpoint, uint16_t out)
{
	struct acpi_viot_pci_range node = { .type = ACPI_VIOT_PCI_RANGE,
					    .length = sizeof(node),
					    .endpoint_start = endpoint,
					    .bdf_start = first,
					    .bdf_end = last,
					    .output_node = out };

	return add_node(&node, sizeof(node));
}

/* Broken tables. */
static unsigned int read_all(void)
{
	unsigned int broken;

	memset(&facts, 0, sizeof(facts));
	assert_int_equal(acpi_read_tables(&m->memory, RSDP, &facts, &broken), 0);
	return broken;
}

static void ranges_and_their_iommus(void **state)
{
	uint16_t one, two;

	(void)state;
	one = add_iommu(0x0008);
	add_range(0x0010, 0x00ff, 0x10, one);
	/* A node of a kind we do not know is passed over. */
	add_node("\x77\0\x08\0....", 8);
	two = add_iommu(0x0108);
	add_range(0x0100, 0x01ff, 0x5000, two);
	assert_int_equal(read_all(), 0);
	assert_int_equal(facts.viot_maps, 2);
	assert_int_equal(facts.viot[0].first, 0x10);
	assert_int_equal(facts.viot[0].last, 0xff);
	assert_int_equal(facts.viot[0].endpoint, 0x10);
	assert_int_equal(facts.viot[0].iommu, 8);
	assert_int_equal(facts.viot[1].endpoint, 0x5000);
	assert_int_equal(facts.viot[1].iommu, 0x108);
}

/* The IOMMU may stand behind the range that names it. */
static void order_means_nothing(void **state)
{
	uint16_t behind = sizeof(struct acpi_viot) + sizeof(struct acpi_viot_pci_range);

	(void)state;
	add_range(0, 0xffff, 0, behind);
	assert_int_equal(add_iommu(0x18), behind);
	assert_int_equal(read_all(), 0);
	assert_int_equal(facts.viot_maps, 1);
	assert_int_equal(facts.viot[0].iommu, 0x18);
}

static void an_empty_table(void **state)
{
	(void)state;
	assert_int_equal(read_all(), 0);
	assert_int_equal(facts.viot_maps, 0);
}

/* What names no IOMMU of ours, or no function of ours, is left out; the rest counts. */
static void what_we_do_not_know(void **state)
{
	struct acpi_viot_pci_range *range;
	struct acpi_viot_virtio_iommu_pci *node;
	uint16_t iommu = add_iommu(8), far = add_iommu(9), at;

	(void)state;
	node = (struct acpi_viot_virtio_iommu_pci *)(m->ram + VIOT + far);
	node->segment = 1;
	add_range(0, 1, 0, far);
	add_range(0, 1, 0, 0); /* the header */
	add_range(0, 1, 0, 4);
	add_range(0, 1, 0, 0xffff);
	add_range(2, 1, 0, iommu); /* ends before it begins */
	at = add_range(3, 4, 0, iommu);
	range = (struct acpi_viot_pci_range *)(m->ram + VIOT + at);
	range->segment_start = range->segment_end = 1;
	add_range(5, 6, 0, at); /* a range is no IOMMU */
	add_range(7, 7, 70, iommu);
	mock_acpi_seal(m, VIOT);
	assert_int_equal(read_all(), 0);
	assert_int_equal(facts.viot_maps, 1);
	assert_int_equal(facts.viot[0].first, 7);
}

static void more_ranges_than_room(void **state)
{
	uint16_t iommu = add_iommu(8);

	(void)state;
	for (uint16_t i = 0; i < ACPI_MAX_VIOT + 9; i++)
		add_range(i, i, i, iommu);
	assert_int_equal(read_all(), 0);
	assert_int_equal(facts.viot_maps, ACPI_MAX_VIOT);
	assert_int_equal(facts.viot[ACPI_MAX_VIOT - 1].first, ACPI_MAX_VIOT - 1);
}

/* Each of these makes the table a broken one, of which nothing is believed. */
static void nodes_that_make_no_sense(void **state)
{
	static const uint16_t lengths[] = { 0, 1, 3, 0x17, 0x19, 0x1000, 0xffff };
	struct acpi_viot_pci_range *range;
	uint16_t iommu = add_iommu(8), at;

	(void)state;
	add_range(0, 1, 0, iommu);
	at = add_range(2, 3, 0, iommu);
	range = (struct acpi_viot_pci_range *)(m->ram + VIOT + at);
	for (unsigned int i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		range->length = lengths[i];
		mock_acpi_seal(m, VIOT);
		assert_int_equal(read_all(), 1);
		assert_int_equal(facts.viot_maps, 0);
	}
	range->length = sizeof(*range);
	viot()->node_count++; /* one more than there are */
	mock_acpi_seal(m, VIOT);
	assert_int_equal(read_all(), 1);
	assert_int_equal(facts.viot_maps, 0);
	viot()->node_count = 0xffff;
	mock_acpi_seal(m, VIOT);
	assert_int_equal(read_all(), 1);
	viot()->node_count = 3;
	viot()->node_offset = 8; /* inside the header */
	mock_acpi_seal(m, VIOT);
	assert_int_equal(read_all(), 1);
	viot()->node_offset = 0xffff;
	mock_acpi_seal(m, VIOT);
	assert_int_equal(read_all(), 1);
	viot()->node_offset = sizeof(struct acpi_viot);
	mock_acpi_seal(m, VIOT);
	assert_int_equal(read_all(), 0);
	assert_int_equal(facts.viot_maps, 2);
	m->ram[VIOT + at + 4] ^= 1; /* the checksum is wrong */
	assert_int_equal(read_all(), 1);
	assert_int_equal(facts.viot_maps, 0);
}

static void a_table_too_short_or_too_long(void **state)
{
	(void)state;
	viot()->header.length = sizeof(struct acpi_viot) - 1;
	mock_acpi_seal(m, VIOT);
	assert_int_equal(read_all(), 1);
	viot()->header.length = 0x10001;
	mock_acpi_seal(m, VIOT);
	assert_int_equal(read_all(), 1);
	viot()->header.length = UINT32_MAX;
	assert_int_equal(read_all(), 1);
}

/* Any bytes, sealed: it ends, reads only through read(), and what it keeps is in order. */
static void random_damage_is_survived(void **state)
{
	unsigned int seed = 3;
	uint16_t iommu;

	for (int round = 0; round < 20000; round++) {
		iommu = add_iommu(8);
		for (int i = 0; i < 4; i++)
			add_range((uint16_t)(i * 8), (uint16_t)(i * 8 + 7), 0, iommu);
		for (int i = rand_r(&seed) % 6; i >= 0; i--)
			m->ram[VIOT + (uint32_t)rand_r(&seed) % 0xb0] =
				(unsigned char)rand_r(&seed);
		if (viot()->header.length < SIZE - VIOT)
			mock_acpi_seal(m, VIOT);
		read_all();
		assert_true(facts.viot_maps <= ACPI_MAX_VIOT);
		for (unsigned int i = 0; i < facts.viot_maps; i++)
			assert_true(facts.viot[i].first <= facts.viot[i].last);
		assert_true(m->reads < 100000);
		tear_down(state);
		set_up(state);
	}
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(ranges_and_their_iommus),
		test(order_means_nothing),
		test(an_empty_table),
		test(what_we_do_not_know),
		test(more_ranges_than_room),
		test(nodes_that_make_no_sense),
		test(a_table_too_short_or_too_long),
		test(random_damage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

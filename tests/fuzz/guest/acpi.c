/* SPDX-License-Identifier: MIT */
/*
 * The guest's reader of ACPI tables.  The input is physical memory; its first byte says
 * whether checksums are put right in what looks like a table, as a fuzzer cannot guess them.
 * The reader stays inside memory, comes back, and finds no more than it has room for.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <abi/acpi.h>
#include <guest/acpi.h>

#include "tests/fuzz/lib/fuzz.h"

#define RAM_SIZE  0x600u
#define RSDP	  0x10u
#define READS_MAX 1000000u /* more than any tables of this size need */

struct memory {
	struct acpi_memory memory;
	unsigned int reads;
};

static uint8_t ram[RAM_SIZE];

static bool read_ram(const struct acpi_memory *memory, u64 pa, void *buf, size_t len)
{
	struct memory *m = (struct memory *)(uintptr_t)memory;

	FUZZ_CHECK(m->reads++ < READS_MAX);
	if (len > RAM_SIZE || pa > RAM_SIZE - len)
		return false;
	memcpy(buf, ram + pa, len);
	return true;
}

static void seal(uint8_t *table, size_t len, uint8_t *checksum)
{
	uint8_t sum = 0;

	*checksum = 0;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + table[i]);
	*checksum = (uint8_t)-sum;
}

static void seal_at(uint64_t at)
{
	struct acpi_header *h = (struct acpi_header *)(void *)(ram + at);

	if (at > RAM_SIZE - sizeof(*h) || h->length < sizeof(*h) ||
	    h->length > RAM_SIZE - at)
		return;
	seal(ram + at, h->length, &h->checksum);
}

/* The root table, and what it leads to: the later, the further out. */
static void seal_tree(uint64_t root, unsigned int size)
{
	struct acpi_header h;

	if (root > RAM_SIZE - sizeof(h))
		return;
	memcpy(&h, ram + root, sizeof(h));
	for (uint64_t at = root + sizeof(h);
	     at + size <= root + h.length && at + size <= RAM_SIZE; at += size) {
		uint64_t table = 0;

		memcpy(&table, ram + at, size);
		if (table < RAM_SIZE)
			seal_at(table);
	}
	seal_at(root);
}

static void seal_all(void)
{
	struct acpi_rsdp *rsdp = (struct acpi_rsdp *)(void *)(ram + RSDP);

	seal_tree(rsdp->rsdt_address, 4);
	seal_tree(rsdp->xsdt_address, 8);
	seal(ram + RSDP, 20, &rsdp->checksum);
	if (rsdp->length >= sizeof(*rsdp) && rsdp->length <= RAM_SIZE - RSDP)
		seal(ram + RSDP, rsdp->length, &rsdp->ext_checksum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	struct memory m = { .memory.read = read_ram };
	bool sealed = !(fuzz_u8(&f) & 1);
	struct acpi_facts facts;
	unsigned int broken = 0;

	fuzz_bytes(&f, ram, sizeof(ram));
	if (sealed)
		seal_all();
	memset(&facts, 0, sizeof(facts));
	if (acpi_read_tables(&m.memory, RSDP, &facts, &broken))
		return 0;
	FUZZ_CHECK(facts.viot_maps <= ACPI_MAX_VIOT);
	FUZZ_CHECK(facts.ecam_first_bus <= facts.ecam_last_bus);
	for (unsigned int i = 0; i < facts.viot_maps; i++)
		FUZZ_CHECK(facts.viot[i].first <= facts.viot[i].last);
	FUZZ_CHECK(broken <= RAM_SIZE / 4);
	return 0;
}

/* --- seeds: a small machine's tables, unsealed --------------------------------------------- */

enum { ROOT = 0x80, MADT = 0x100, MCFG = 0x180, FADT = 0x200, VIOT = 0x340 };

struct madt {
	struct acpi_madt head;
	struct acpi_madt_lapic lapic[2];
	struct acpi_madt_ioapic ioapic;
	struct {
		struct acpi_madt_entry entry;
		le16 reserved;
		le64 address;
	} __attribute__((packed)) override;
} __attribute__((packed));

struct viot {
	struct acpi_viot head;
	struct acpi_viot_virtio_iommu_pci iommu;
	struct acpi_viot_pci_range range;
} __attribute__((packed));

static void put_table(uint8_t *at, const void *table, uint32_t size,
		      const char *signature)
{
	struct acpi_header *h = (struct acpi_header *)(void *)at;

	memcpy(at, table, size);
	memcpy(h->signature, signature, sizeof(h->signature));
	h->length = size;
}

static void put_root(uint8_t *m, bool wide)
{
	static const uint16_t tables[] = { MADT, MCFG, FADT, VIOT };
	uint8_t root[sizeof(struct acpi_header) + 4 * 8] = { 0 };
	struct acpi_rsdp rsdp = { .revision = wide ? 2 : 0, .length = sizeof(rsdp) };
	uint32_t size = wide ? 8 : 4;

	memcpy(rsdp.signature, ACPI_SIG_RSDP, 8);
	if (wide)
		rsdp.xsdt_address = ROOT;
	else
		rsdp.rsdt_address = ROOT;
	memcpy(m + RSDP, &rsdp, sizeof(rsdp));
	for (unsigned int i = 0; i < 4; i++)
		memcpy(root + sizeof(struct acpi_header) + i * size, &tables[i], 2);
	put_table(m + ROOT, root, sizeof(struct acpi_header) + 4 * size,
		  wide ? ACPI_SIG_XSDT : ACPI_SIG_RSDT);
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	static const struct madt madt = {
		.lapic = { { { ACPI_MADT_LAPIC, 8 }, 0, 0, 1 },
			   { { ACPI_MADT_LAPIC, 8 }, 1, 1, 1 } },
		.ioapic = { .entry = { ACPI_MADT_IOAPIC, 12 } },
		.override = { { ACPI_MADT_LAPIC_OVERRIDE, 12 }, 0, 0xfee00000 },
	};
	static const struct viot viot = {
		.head = { .node_count = 2, .node_offset = sizeof(viot.head) },
		.iommu = { .type = ACPI_VIOT_VIRTIO_IOMMU_PCI, .length = 16, .bdf = 8 },
		.range = { .type = ACPI_VIOT_PCI_RANGE,
			   .length = 24,
			   .bdf_start = 16,
			   .bdf_end = 255,
			   .output_node = sizeof(viot.head) },
	};
	static const struct acpi_fadt fadt = { .pm_tmr_blk = 0x608, .pm_tmr_len = 4 };
	uint8_t mcfg[sizeof(struct acpi_mcfg) + 16] = { 0 };
	uint8_t m[VIOT + sizeof(viot)] = { 0 };
	struct fuzz_out out = { buf, size };

	if (n > 2)
		return 0;
	mcfg[sizeof(struct acpi_mcfg) + 3] = 0xe0; /* base 0xe0000000 */
	mcfg[sizeof(struct acpi_mcfg) + 11] = 255; /* last bus */
	put_root(m, n != 1);
	put_table(m + MADT, &madt, sizeof(madt), ACPI_SIG_MADT);
	put_table(m + MCFG, mcfg, sizeof(mcfg), ACPI_SIG_MCFG);
	put_table(m + FADT, &fadt, n == 2 ? 116 : sizeof(fadt), ACPI_SIG_FADT);
	put_table(m + VIOT, &viot, sizeof(viot), ACPI_SIG_VIOT);
	fuzz_put(&out, 0, 1);
	fuzz_put_bytes(&out, m, sizeof(m));
	return size - out.left;
}

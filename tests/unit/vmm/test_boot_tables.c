/* SPDX-License-Identifier: MIT */
/* What a guest finds in RAM at its first instruction: start info and ACPI tables. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <abi/acpi.h>
#include <abi/platform.h>
#include <abi/pvh.h>

#include "tests/unit/vmm/vmm_test.h"
#include "vmm/boot/acpi.h"
#include "vmm/boot/aml.h"
#include "vmm/boot/pvh.h"

#define GIB (1ull << 30)

static const struct acpi_config two_cpus = { .cpus = 2 };

static const void *at(const struct guest_memory *mem, uint64_t gpa, uint64_t len)
{
	const void *p = ram_at(&mem->ram, gpa, len);

	assert_non_null(p);
	return p;
}

static const struct pvh_start_info *start_info(const struct guest_memory *mem,
					       const struct pvh_boot *boot)
{
	uint64_t gpa = pvh_write_start_info(mem, boot);

	assert_true(gpa < 1ull << 32);
	return at(mem, gpa, sizeof(struct pvh_start_info));
}

/* Ascending, no overlap, all of RAM and nothing else is RAM. */
static void check_map(const struct guest_memory *mem, const struct pvh_start_info *info)
{
	const struct pvh_memmap *map =
		at(mem, info->memmap_paddr, info->memmap_entries * sizeof(*map));
	uint64_t end = 0, ram = 0;
	uint32_t i;

	for (i = 0; i < info->memmap_entries; i++) {
		assert_true(map[i].addr >= end);
		assert_true(map[i].size > 0);
		end = map[i].addr + map[i].size;
		if (map[i].type == PVH_MEM_RAM) {
			assert_non_null(ram_at(&mem->ram, map[i].addr, map[i].size));
			ram += map[i].size;
		}
	}
	/* All but what stands between the boot page and 1 MiB. */
	assert_true(ram == mem->size - (PV_HIMEM_BASE - PV_EBDA_BASE));
}

static void start_info_tells_all(void **state)
{
	static const uint64_t sizes[] = { 2ull << 20, 256ull << 20, 3 * GIB,
					  3 * GIB + (1ull << 20), 64 * GIB };
	struct pvh_boot boot = { .cmdline = "console=ttyS0 x", .rsdp_gpa = 0xe0000 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct pvh_start_info *info;
		struct guest_memory mem;

		test_memory(&mem, sizes[i]);
		info = start_info(&mem, &boot);
		assert_int_equal(info->magic, PVH_START_MAGIC);
		assert_int_equal(info->version, 1);
		assert_int_equal(info->nr_modules, 0);
		assert_int_equal(info->rsdp_paddr, 0xe0000);
		assert_string_equal(at(&mem, info->cmdline_paddr, 16), boot.cmdline);
		check_map(&mem, info);
		memory_destroy(&mem);
	}
}

static void start_info_names_the_initrd(void **state)
{
	struct pvh_boot boot = { .cmdline = "",
				 .initrd_gpa = 0x3000000,
				 .initrd_size = 12345 };
	const struct pvh_start_info *info;
	const struct pvh_module *module;
	struct guest_memory mem;

	(void)state;
	test_memory(&mem, 64ull << 20);
	info = start_info(&mem, &boot);
	assert_int_equal(info->nr_modules, 1);
	module = at(&mem, info->modlist_paddr, sizeof(*module));
	assert_int_equal(module->paddr, 0x3000000);
	assert_int_equal(module->size, 12345);
	memory_destroy(&mem);
}

static void longest_command_line_arrives(void **state)
{
	char cmdline[CMDLINE_MAX];
	struct pvh_boot boot = { .cmdline = cmdline };
	const struct pvh_start_info *info;
	struct guest_memory mem;

	(void)state;
	memset(cmdline, 'x', sizeof(cmdline));
	cmdline[sizeof(cmdline) - 1] = '\0';
	test_memory(&mem, 64ull << 20);
	info = start_info(&mem, &boot);
	assert_string_equal(at(&mem, info->cmdline_paddr, CMDLINE_MAX), cmdline);
	memory_destroy(&mem);
}

/* --- ACPI --------------------------------------------------------------------------------- */

static void assert_sum_zero(const void *table, size_t size)
{
	const uint8_t *bytes = table;
	uint8_t sum = 0;

	while (size--)
		sum = (uint8_t)(sum + *bytes++);
	assert_int_equal(sum, 0);
}

static const struct acpi_header *table_at(const struct guest_memory *mem, uint64_t gpa)
{
	const struct acpi_header *header = at(mem, gpa, sizeof(*header));

	assert_true(gpa >= PV_BIOS_BASE &&
		    gpa + header->length <= PV_BIOS_BASE + PV_BIOS_SIZE);
	assert_sum_zero(header, header->length);
	return header;
}

static const struct acpi_header *find_table(const struct guest_memory *mem,
					    uint64_t rsdp_gpa, const char *signature)
{
	const struct acpi_rsdp *rsdp = at(mem, rsdp_gpa, sizeof(*rsdp));
	const struct acpi_header *xsdt = table_at(mem, rsdp->xsdt_address), *table;
	uint64_t entry;
	uint32_t i;

	assert_int_equal(rsdp_gpa % 16, 0);
	assert_memory_equal(rsdp->signature, ACPI_SIG_RSDP, 8);
	assert_memory_equal(xsdt->signature, ACPI_SIG_XSDT, 4);
	assert_int_equal(rsdp->revision, 2);
	assert_sum_zero(rsdp, 20);
	assert_sum_zero(rsdp, sizeof(*rsdp));
	for (i = sizeof(*xsdt); i < xsdt->length; i += sizeof(entry)) {
		memcpy(&entry, (const uint8_t *)xsdt + i, sizeof(entry));
		table = table_at(mem, entry);
		if (!memcmp(table->signature, signature, 4))
			return table;
	}
	fail_msg("no table %s", signature);
	return NULL;
}

static void tables_hang_together(void **state)
{
	struct guest_memory mem;
	const struct acpi_fadt *fadt;
	const struct acpi_header *dsdt;
	const struct acpi_facs *facs;
	const struct acpi_mcfg *mcfg;
	uint64_t rsdp;

	(void)state;
	test_memory(&mem, 64ull << 20);
	rsdp = acpi_write_tables(&mem.ram, &two_cpus);
	fadt = (const struct acpi_fadt *)find_table(&mem, rsdp, ACPI_SIG_FADT);
	assert_int_equal(fadt->header.length, sizeof(*fadt));
	dsdt = table_at(&mem, fadt->x_dsdt);
	assert_memory_equal(dsdt->signature, ACPI_SIG_DSDT, 4);
	assert_true(dsdt->length > sizeof(*dsdt));
	facs = at(&mem, fadt->firmware_ctrl, sizeof(*facs));
	assert_memory_equal(facs->signature, ACPI_SIG_FACS, 4);
	assert_int_equal(fadt->firmware_ctrl % 64, 0);
	assert_int_equal(fadt->reset_reg.address, 0xcf9);
	assert_int_equal(fadt->reset_value, 6);
	assert_int_equal(fadt->pm1a_evt_blk, 0x600);
	assert_int_equal(fadt->sci_int, 9);
	mcfg = (const struct acpi_mcfg *)find_table(&mem, rsdp, ACPI_SIG_MCFG);
	assert_int_equal(mcfg->allocation[0].base, 0xe0000000);
	assert_int_equal(mcfg->allocation[0].end_bus, 255);
	memory_destroy(&mem);
}

/* Every processor once, with the entry its id needs. */
static void madt_lists_every_processor(void **state)
{
	static const unsigned int counts[] = { 1, 2, 64, 255, 256, 1024, ACPI_CPUS_MAX };
	struct guest_memory mem;
	size_t c;

	(void)state;
	test_memory(&mem, 64ull << 20);
	for (c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		const struct acpi_config config = { .cpus = counts[c] };
		uint64_t rsdp = acpi_write_tables(&mem.ram, &config);
		const struct acpi_header *madt = find_table(&mem, rsdp, ACPI_SIG_MADT);
		const uint8_t *entry = (const uint8_t *)madt + sizeof(struct acpi_madt);
		const uint8_t *end = (const uint8_t *)madt + madt->length;
		unsigned int next = 0;

		for (; entry < end; entry += entry[1]) {
			assert_true(entry[1] >= 2);
			if (entry[0] == ACPI_MADT_LAPIC) {
				assert_true(next < 255);
				assert_int_equal(entry[3], next++);
			} else if (entry[0] == ACPI_MADT_X2APIC) {
				assert_true(next >= 255);
				assert_int_equal(entry[4] | entry[5] << 8, next++);
			}
		}
		assert_ptr_equal(entry, end);
		assert_int_equal(next, counts[c]);
	}
	memory_destroy(&mem);
}

/* ACPI 6.5, 5.2.32, byte by byte: the compiler of this age does not know the table. */
static void viot_names_the_iommu(void **state)
{
	static const uint8_t rest[] = {
		2,    0, 0x30, 0, 0,	0, 0,	 0, 0, 0, 0, 0, /* nodes, offset */
		3,    0, 0x10, 0, 0,	0, 0x08, 0, 0, 0, 0, 0, 0, 0,
		0,    0, 1,    0, 0x18, 0, 0x10, 0, 0, 0, 0, 0, 0, 0,
		0x10, 0, 0xf7, 0, 0x30, 0, 0,	 0, 0, 0, 0, 0,
	};
	struct acpi_config config = { .cpus = 1, .iommu = true };
	const struct acpi_header *viot;
	const struct acpi_xsdt *xsdt;
	const struct acpi_rsdp *rsdp;
	struct guest_memory mem;

	(void)state;
	test_memory(&mem, 64ull << 20);
	viot = find_table(&mem, acpi_write_tables(&mem.ram, &config), ACPI_SIG_VIOT);
	assert_int_equal(viot->length, 0x30 + 0x10 + 0x18);
	assert_memory_equal(viot + 1, rest, sizeof(rest));
	/* Without an IOMMU there is no such table. */
	rsdp = at(&mem, acpi_write_tables(&mem.ram, &two_cpus), sizeof(*rsdp));
	xsdt = (const struct acpi_xsdt *)table_at(&mem, rsdp->xsdt_address);
	assert_int_equal(xsdt->header.length, sizeof(*xsdt) + 3 * sizeof(xsdt->entry[0]));
	memory_destroy(&mem);
}

/* The disassembler reads the DSDT, and the compiler takes what it wrote. */
static void dsdt_goes_through_iasl(void **state)
{
	char dir[] = "/tmp/pv-acpi-XXXXXX", path[64], command[512];
	const struct acpi_fadt *fadt;
	const struct acpi_header *dsdt;
	struct guest_memory mem;
	FILE *f;

	(void)state;
	if (system("command -v iasl >/dev/null"))
		skip();
	test_memory(&mem, 64ull << 20);
	fadt = (const struct acpi_fadt *)find_table(
		&mem, acpi_write_tables(&mem.ram, &two_cpus), ACPI_SIG_FADT);
	dsdt = table_at(&mem, fadt->x_dsdt);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/dsdt.aml", dir);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(dsdt, 1, dsdt->length, f), dsdt->length);
	fclose(f);
	/* Nothing but the compiler's own identity and the length encoding may differ. */
	snprintf(command, sizeof(command),
		 "cd %s && iasl -d dsdt.aml >log 2>&1 && mv dsdt.dsl a.dsl && "
		 "iasl -we -oa -p b a.dsl >>log 2>&1 && iasl -d b.aml >>log 2>&1 && "
		 "grep -v '^ \\*' a.dsl | grep -v DefinitionBlock >a && "
		 "grep -v '^ \\*' b.dsl | grep -v DefinitionBlock >b && diff a b && "
		 "grep -q 'PNP0A08' a && grep -q '_S5' a && grep -q 'PNP0501' a && "
		 "grep -q 'QEMU0001' a || "
		 "{ cat log; exit 1; }",
		 dir);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
	memory_destroy(&mem);
}

/* --- AML ---------------------------------------------------------------------------------- */

static void integers_are_as_short_as_they_go(void **state)
{
	static const struct {
		uint64_t value;
		uint8_t bytes[9];
		size_t len;
	} cases[] = {
		{ 0, { 0x00 }, 1 },
		{ 1, { 0x01 }, 1 },
		{ 2, { 0x0a, 2 }, 2 },
		{ 0xff, { 0x0a, 0xff }, 2 },
		{ 0x100, { 0x0b, 0, 1 }, 3 },
		{ 0x12345, { 0x0c, 0x45, 0x23, 1, 0 }, 5 },
		{ 0x100000000, { 0x0e, 0, 0, 0, 0, 1, 0, 0, 0 }, 9 },
	};
	uint8_t buf[16];
	struct aml aml;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		aml_init(&aml, buf, sizeof(buf));
		aml_integer(&aml, cases[i].value);
		assert_true(aml_complete(&aml));
		assert_int_equal(aml.len, cases[i].len);
		assert_memory_equal(buf, cases[i].bytes, cases[i].len);
	}
}

static void eisa_ids_are_compressed(void **state)
{
	static const uint8_t pnp0a03[] = { 0x0c, 0x41, 0xd0, 0x0a, 0x03 };
	uint8_t buf[16];
	struct aml aml;

	(void)state;
	aml_init(&aml, buf, sizeof(buf));
	aml_eisa_id(&aml, "PNP0A03");
	assert_memory_equal(buf, pnp0a03, sizeof(pnp0a03));
}

static void write_device(struct aml *aml, uint8_t *buf, size_t size)
{
	aml_init(aml, buf, size);
	aml_open_device(aml, "DEV0");
	aml_name(aml, "_CRS");
	aml_open_resources(aml);
	aml_res_ports(aml, 0x3f8, 8);
	aml_res_irq(aml, 4);
	aml_close_resources(aml);
	aml_close(aml);
}

static void a_full_buffer_fails_and_stays_inside(void **state)
{
	uint8_t buf[64];
	struct aml aml;
	size_t size, need, i;

	(void)state;
	write_device(&aml, buf, sizeof(buf));
	assert_true(aml_complete(&aml));
	need = aml.len;
	for (size = 0; size < need + 4; size++) {
		memset(buf, 0xee, sizeof(buf));
		write_device(&aml, buf, size);
		assert_int_equal(aml_complete(&aml), size >= need);
		for (i = size; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 0xee);
	}
}

static void terms_must_be_closed_once(void **state)
{
	uint8_t buf[512];
	struct aml aml;
	unsigned int i;

	(void)state;
	aml_init(&aml, buf, sizeof(buf));
	aml_open_scope(&aml, "\\_SB");
	assert_false(aml_complete(&aml));
	aml_close(&aml);
	assert_true(aml_complete(&aml));
	aml_close(&aml);
	assert_false(aml_complete(&aml));

	aml_init(&aml, buf, sizeof(buf));
	for (i = 0; i <= AML_DEPTH_MAX; i++)
		aml_open_package(&aml, 1);
	assert_true(aml.failed);
}

/* The length counts its own bytes; 4 bits in the first, 8 in each of the others. */
static void long_terms_have_long_lengths(void **state)
{
	static uint8_t buf[9000];
	struct aml aml;
	size_t length;

	(void)state;
	aml_init(&aml, buf, sizeof(buf));
	aml_open_package(&aml, 200);
	while (aml.len < 8500)
		aml_integer(&aml, UINT64_MAX);
	aml_close(&aml);
	assert_true(aml_complete(&aml));
	length = (buf[1] & 0xf) | (size_t)buf[2] << 4 | (size_t)buf[3] << 12;
	assert_int_equal(buf[1] >> 6, 2);
	assert_int_equal(length, aml.len - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_info_tells_all),
		cmocka_unit_test(start_info_names_the_initrd),
		cmocka_unit_test(longest_command_line_arrives),
		cmocka_unit_test(tables_hang_together),
		cmocka_unit_test(madt_lists_every_processor),
		cmocka_unit_test(viot_names_the_iommu),
		cmocka_unit_test(dsdt_goes_through_iasl),
		cmocka_unit_test(integers_are_as_short_as_they_go),
		cmocka_unit_test(eisa_ids_are_compressed),
		cmocka_unit_test(a_full_buffer_fails_and_stays_inside),
		cmocka_unit_test(terms_must_be_closed_once),
		cmocka_unit_test(long_terms_have_long_lengths),
	};

	return cmocka_run_group_tests_name("vmm boot tables", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The ACPI reader on tables made here: both root tables, every way to be broken, and random
 * damage, under which it may find less but must stay inside memory and come back.
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

#define SIZE 0x4000U
#define RSDP 0x100U
#define ROOT 0x200U
#define MADT 0x400U
#define MCFG 0x800U
#define FADT 0xa00U
#define ODD  0xc00U
#define DSDT 0x1000U

static void seal_rsdp(struct mock_acpi *m)
{
	struct acpi_rsdp *r = (struct acpi_rsdp *)(m->ram + RSDP);

	mock_acpi_seal_bytes(m->ram + RSDP, 20, &r->checksum);
	mock_acpi_seal_bytes(m->ram + RSDP, sizeof(*r), &r->ext_checksum);
}

static void make_madt(struct mock_acpi *m)
{
	struct acpi_madt *madt = (struct acpi_madt *)(m->ram + MADT);
	struct acpi_madt_lapic *lapic = (struct acpi_madt_lapic *)(madt + 1);
	struct acpi_madt_ioapic *ioapic = (struct acpi_madt_ioapic *)(lapic + 3);

	struct acpi_madt_int_override *sci =
		(struct acpi_madt_int_override *)(ioapic + 1);

	mock_acpi_start(m, MADT, ACPI_SIG_MADT,
			sizeof(*madt) + 3 * sizeof(*lapic) + sizeof(*ioapic) +
				sizeof(*sci));
	*sci = (struct acpi_madt_int_override){
		.entry = { ACPI_MADT_INT_OVERRIDE, sizeof(*sci) },
		.source = 9,
		.gsi = 20,
		.flags = ACPI_MADT_ACTIVE_LOW | ACPI_MADT_LEVEL,
	};
	madt->lapic_address = 0xfee00000;
	for (uint8_t i = 0; i < 3; i++)
		lapic[i] = (struct acpi_madt_lapic){ .entry = { ACPI_MADT_LAPIC,
								sizeof(*lapic) },
						     .apic_id = (uint8_t)(i * 2),
						     .flags = i != 1 ? 1 : 2 };
	*ioapic =
		(struct acpi_madt_ioapic){ .entry = { ACPI_MADT_IOAPIC, sizeof(*ioapic) },
					   .address = 0xfec00000,
					   .gsi_base = 0 };
	mock_acpi_seal(m, MADT);
}

static void make_mcfg(struct mock_acpi *m)
{
	struct acpi_mcfg *mcfg = (struct acpi_mcfg *)(m->ram + MCFG);

	mock_acpi_start(m, MCFG, ACPI_SIG_MCFG,
			sizeof(*mcfg) + sizeof(mcfg->allocation[0]));
	mcfg->allocation[0] =
		(struct acpi_mcfg_allocation){ .base = 0xe0000000, .end_bus = 255 };
	mock_acpi_seal(m, MCFG);
}

static void make_fadt(struct mock_acpi *m)
{
	struct acpi_fadt *fadt = (struct acpi_fadt *)(m->ram + FADT);

	mock_acpi_start(m, FADT, ACPI_SIG_FADT, 116); /* as revision 1 had it */
	fadt->pm_tmr_blk = 0x608;
	fadt->pm_tmr_len = 4;
	fadt->sci_int = 9;
	fadt->pm1a_evt_blk = 0x600;
	fadt->pm1_evt_len = 4;
	fadt->pm1a_cnt_blk = 0x604;
	fadt->pm1_cnt_len = 2;
	fadt->smi_cmd = 0xb2;
	fadt->acpi_enable = 0xf1;
	fadt->dsdt = DSDT;
	mock_acpi_seal(m, FADT);
}

static void make_root(struct mock_acpi *m, bool wide)
{
	static const uint32_t tables[] = { ODD, MADT, MCFG, FADT };
	struct acpi_rsdp *rsdp = (struct acpi_rsdp *)(m->ram + RSDP);
	uint32_t size = wide ? 8 : 4;

	memcpy(rsdp->signature, ACPI_SIG_RSDP, 8);
	rsdp->revision = wide ? 2 : 0;
	rsdp->length = sizeof(*rsdp);
	rsdp->rsdt_address = wide ? 0 : ROOT;
	rsdp->xsdt_address = wide ? ROOT : 0;
	seal_rsdp(m);
	mock_acpi_start(m, ROOT, wide ? ACPI_SIG_XSDT : ACPI_SIG_RSDT,
			sizeof(struct acpi_header) + 4 * size);
	for (uint32_t i = 0; i < 4; i++)
		memcpy(m->ram + ROOT + sizeof(struct acpi_header) + i * size, &tables[i],
		       4);
	mock_acpi_seal(m, ROOT);
}

static struct mock_acpi *make_machine(bool wide)
{
	struct mock_acpi *m = mock_acpi_new(SIZE);

	make_root(m, wide);
	make_madt(m);
	make_mcfg(m);
	make_fadt(m);
	mock_acpi_start(m, ODD, "SSDT", 40);
	return m;
}

static int read_all(struct mock_acpi *m, struct acpi_facts *facts, unsigned int *broken)
{
	memset(facts, 0, sizeof(*facts));
	return acpi_read_tables(&m->memory, RSDP, facts, broken);
}

static void check_good(const struct acpi_facts *f)
{
	assert_int_equal(f->lapic_base, 0xfee00000);
	assert_int_equal(f->cpus, 2);
	assert_int_equal(f->apic_id[0], 0);
	assert_int_equal(f->apic_id[1], 4);
	assert_int_equal(f->ecam_base, 0xe0000000);
	assert_int_equal(f->ecam_last_bus, 255);
	assert_true(f->has_fadt);
	assert_int_equal(f->pm_timer_port, 0x608);
	assert_int_equal(f->ioapic_base, 0xfec00000);
	assert_int_equal(f->power.event_port, 0x600);
	assert_int_equal(f->power.event_bytes, 4);
	assert_int_equal(f->power.control_port, 0x604);
	assert_int_equal(f->power.command_port, 0xb2);
	assert_int_equal(f->power.enable, 0xf1);
	assert_int_equal(f->power.irq, 20);
	assert_true(f->power.active_low);
	assert_false(f->power.edge);
	assert_int_equal(f->power.dsdt, DSDT);
}

static void both_root_tables_lead_to_all(void **state)
{
	struct acpi_facts facts;
	unsigned int broken;

	(void)state;
	for (int wide = 0; wide < 2; wide++) {
		struct mock_acpi *m = make_machine(wide);

		assert_int_equal(read_all(m, &facts, &broken), 0);
		assert_int_equal(broken, 0);
		check_good(&facts);
		free(m);
	}
}

static void a_broken_rsdp_is_none(void **state)
{
	struct mock_acpi *m = make_machine(true);
	struct acpi_rsdp *rsdp = (struct acpi_rsdp *)(m->ram + RSDP);
	struct acpi_facts facts;
	unsigned int broken;

	(void)state;
	for (unsigned int i = 0; i < sizeof(*rsdp); i++) {
		m->ram[RSDP + i] ^= 0x10;
		assert_int_equal(read_all(m, &facts, &broken), -ENOENT);
		m->ram[RSDP + i] ^= 0x10;
	}
	rsdp->length = 20;
	seal_rsdp(m);
	assert_int_equal(read_all(m, &facts, &broken), -ENOENT);
	assert_int_equal(acpi_read_tables(&m->memory, 0, &facts, &broken), -ENOENT);
	assert_int_equal(acpi_read_tables(&m->memory, SIZE - 10, &facts, &broken),
			 -ENOENT);
	assert_int_equal(acpi_read_tables(&m->memory, ~0ULL - 4, &facts, &broken),
			 -ENOENT);
	free(m);
}

static void a_broken_root_is_an_error(void **state)
{
	struct mock_acpi *m = make_machine(false);
	struct acpi_header *root = (struct acpi_header *)(m->ram + ROOT);
	struct acpi_facts facts;
	unsigned int broken;

	(void)state;
	root->length ^= 1; /* the checksum is wrong now */
	assert_int_equal(read_all(m, &facts, &broken), -EINVAL);
	root->length = sizeof(*root) - 1;
	assert_int_equal(read_all(m, &facts, &broken), -EINVAL);
	root->length = UINT32_MAX;
	assert_int_equal(read_all(m, &facts, &broken), -EINVAL);
	root->length = sizeof(*root) + 16;
	memcpy(root->signature, ACPI_SIG_XSDT, 4); /* but RSDP says RSDT */
	mock_acpi_seal(m, ROOT);
	assert_int_equal(read_all(m, &facts, &broken), -EINVAL);
	free(m);
}

/* One table broken: counted, and the others are read all the same. */
static void a_broken_table_is_left_out(void **state)
{
	static const uint32_t tables[] = { MADT, MCFG, FADT };
	struct acpi_facts facts;
	unsigned int broken;

	(void)state;
	for (int t = 0; t < 3; t++) {
		struct mock_acpi *m = make_machine(t & 1);

		m->ram[tables[t] + sizeof(struct acpi_header) + 1] ^= 1;
		assert_int_equal(read_all(m, &facts, &broken), 0);
		assert_int_equal(broken, 1);
		assert_int_equal(facts.cpus, t == 0 ? 0 : 2);
		assert_int_equal(facts.ecam_base, t == 1 ? 0 : 0xe0000000);
		assert_int_equal(facts.has_fadt, t != 2);
		free(m);
	}
}

static void madt_entries_end_inside_the_table(void **state)
{
	struct acpi_facts facts;
	unsigned int broken;

	(void)state;
	for (unsigned int len = 0; len < 256; len++) {
		struct mock_acpi *m = make_machine(true);
		struct acpi_madt *madt = (struct acpi_madt *)(m->ram + MADT);
		struct acpi_madt_lapic *lapic = (struct acpi_madt_lapic *)(madt + 1);

		lapic[0].entry.length = (uint8_t)len;
		mock_acpi_seal(m, MADT);
		assert_int_equal(read_all(m, &facts, &broken), 0);
		if (len < 2 || sizeof(*madt) + len > madt->header.length)
			assert_int_equal(broken, 1);
		assert_true(facts.cpus <= 3);
		free(m);
	}
}

static void bytes_behind_the_last_entry_are_an_error(void **state)
{
	struct mock_acpi *m = make_machine(true);
	struct acpi_facts facts;
	unsigned int broken;

	(void)state;
	((struct acpi_header *)(m->ram + MADT))->length++;
	mock_acpi_seal(m, MADT);
	assert_int_equal(read_all(m, &facts, &broken), 0);
	assert_int_equal(broken, 1);
	assert_int_equal(facts.cpus, 2);
	free(m);
}

static void more_cpus_than_room_are_counted(void **state)
{
	struct mock_acpi *m = make_machine(true);
	struct acpi_madt *madt = (struct acpi_madt *)(m->ram + 0x1000);
	struct acpi_madt_lapic *lapic = (struct acpi_madt_lapic *)(madt + 1);
	uint64_t at = 0x1000;
	struct acpi_facts facts;
	unsigned int broken, n = ACPI_MAX_CPUS + 40;

	(void)state;
	mock_acpi_start(m, 0x1000, ACPI_SIG_MADT,
			(uint32_t)(sizeof(*madt) + n * sizeof(*lapic)));
	for (unsigned int i = 0; i < n; i++)
		lapic[i] = (struct acpi_madt_lapic){ .entry = { ACPI_MADT_LAPIC,
								sizeof(*lapic) },
						     .flags = ACPI_MADT_ENABLED };
	mock_acpi_seal(m, 0x1000);
	memcpy(m->ram + ROOT + sizeof(struct acpi_header) + 8, &at, 8);
	mock_acpi_seal(m, ROOT);
	assert_int_equal(read_all(m, &facts, &broken), 0);
	assert_int_equal(facts.cpus, n);
	free(m);
}

/* Any bytes anywhere, sealed or not: it ends, and reads only through read(). */
static void random_damage_is_survived(void **state)
{
	struct acpi_facts facts;
	unsigned int broken, seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct mock_acpi *m = make_machine(round & 1);
		static const uint32_t tables[] = { ROOT, MADT, MCFG, FADT };
		uint32_t table = tables[rand_r(&seed) % 4];

		for (int i = rand_r(&seed) % 4; i >= 0; i--)
			m->ram[table + (uint32_t)rand_r(&seed) % 64] =
				(unsigned char)rand_r(&seed);
		if (((struct acpi_header *)(m->ram + table))->length < SIZE - table)
			mock_acpi_seal(m, table);
		read_all(m, &facts, &broken);
		assert_true(m->reads < 40000);
		free(m);
	}
}

/* Name (\_S5, Package (4) { value, ... }) at `at` of a DSDT of that length. */
static void make_dsdt(struct mock_acpi *m, uint32_t len, uint32_t at,
		      const uint8_t *package, size_t n)
{
	static const uint8_t name[] = { 0x08, '\\', '_', 'S', '5', '_' };

	mock_acpi_start(m, DSDT, "DSDT", len);
	memcpy(m->ram + DSDT + at, name, sizeof(name));
	memcpy(m->ram + DSDT + at + sizeof(name), package, n);
	mock_acpi_seal(m, DSDT);
}

static void s5_is_found_wherever_it_stands(void **state)
{
	static const uint8_t byte[] = { 0x12, 0x0a, 4, 0x0a, 5, 0x0a, 5, 0, 0 };
	static const uint8_t zero[] = { 0x12, 0x06, 4, 0, 0, 0, 0 };
	static const uint8_t one[] = { 0x12, 0x40, 0x01, 4, 1, 0, 0, 0 };
	struct mock_acpi *m = make_machine(true);

	(void)state;
	for (uint32_t at = sizeof(struct acpi_header); at < 300; at++) {
		make_dsdt(m, 400, at, byte, sizeof(byte));
		assert_int_equal(acpi_find_s5(&m->memory, DSDT), 5);
		make_dsdt(m, 400, at, zero, sizeof(zero));
		assert_int_equal(acpi_find_s5(&m->memory, DSDT), 0);
		make_dsdt(m, 400, at, one, sizeof(one));
		assert_int_equal(acpi_find_s5(&m->memory, DSDT), 1);
	}
	free(m);
}

static void s5_that_is_not_there_is_not_found(void **state)
{
	static const uint8_t integer[] = { 0x0a, 5, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t method[] = { 0x12, 0x0a, 4, 0x14, 5, 0, 0, 0 };
	struct mock_acpi *m = make_machine(true);

	(void)state;
	assert_int_equal(acpi_find_s5(&m->memory, 0), -ENOENT);
	assert_int_equal(acpi_find_s5(&m->memory, SIZE - 8), -ENOENT);
	make_dsdt(m, 400, 100, integer, sizeof(integer));
	assert_int_equal(acpi_find_s5(&m->memory, DSDT), -ENOENT);
	make_dsdt(m, 400, 100, method, sizeof(method));
	assert_int_equal(acpi_find_s5(&m->memory, DSDT), -ENOENT);
	/* It ends with the name. */
	make_dsdt(m, 106, 100, integer, 0);
	assert_int_equal(acpi_find_s5(&m->memory, DSDT), -ENOENT);
	m->ram[DSDT + 50] ^= 1; /* the checksum is wrong now */
	assert_int_equal(acpi_find_s5(&m->memory, DSDT), -ENOENT);
	free(m);
}

/* Device (PEVT) { Name (_HID, "QEMU0001") Name (_CRS, ...) }, from the string on. */
static void make_panic_device(struct mock_acpi *m, uint32_t len, uint32_t at,
			      const char *hid, const uint8_t *io)
{
	static const uint8_t crs[] = { 0x08, '_', 'C', 'R', 'S', 0x11, 0x0d, 0x0a, 0x0a };

	mock_acpi_start(m, DSDT, "DSDT", len);
	memcpy(m->ram + DSDT + at, hid, 9);
	memcpy(m->ram + DSDT + at + 9, crs, sizeof(crs));
	memcpy(m->ram + DSDT + at + 9 + sizeof(crs), io, 8);
	mock_acpi_seal(m, DSDT);
}

static void the_panic_port_is_found_wherever_it_stands(void **state)
{
	static const uint8_t io[] = { 0x47, 1, 0x05, 0x05, 0x05, 0x05, 1, 1 };
	static const uint8_t range[] = { 0x47, 1, 0x05, 0x05, 0x05, 0x06, 1, 1 };
	static const uint8_t eight[] = { 0x47, 1, 0x05, 0x05, 0x05, 0x05, 1, 8 };
	struct mock_acpi *m = make_machine(true);

	(void)state;
	for (uint32_t at = sizeof(struct acpi_header); at < 300; at++) {
		make_panic_device(m, 400, at, "QEMU0001", io);
		assert_int_equal(acpi_find_panic_port(&m->memory, DSDT), 0x505);
		make_panic_device(m, 400, at, "QEMU0002", io);
		assert_int_equal(acpi_find_panic_port(&m->memory, DSDT), -ENOENT);
		make_panic_device(m, 400, at, "QEMU0001", range);
		assert_int_equal(acpi_find_panic_port(&m->memory, DSDT), -ENOENT);
		make_panic_device(m, 400, at, "QEMU0001", eight);
		assert_int_equal(acpi_find_panic_port(&m->memory, DSDT), -ENOENT);
	}
	/* The table ends within the descriptor. */
	make_panic_device(m, 400, 300, "QEMU0001", io);
	for (uint32_t len = sizeof(struct acpi_header); len < 326; len++) {
		((struct acpi_header *)(m->ram + DSDT))->length = len;
		mock_acpi_seal(m, DSDT);
		assert_int_equal(acpi_find_panic_port(&m->memory, DSDT), -ENOENT);
	}
	free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_root_tables_lead_to_all),
		cmocka_unit_test(a_broken_rsdp_is_none),
		cmocka_unit_test(a_broken_root_is_an_error),
		cmocka_unit_test(a_broken_table_is_left_out),
		cmocka_unit_test(madt_entries_end_inside_the_table),
		cmocka_unit_test(bytes_behind_the_last_entry_are_an_error),
		cmocka_unit_test(more_cpus_than_room_are_counted),
		cmocka_unit_test(random_damage_is_survived),
		cmocka_unit_test(s5_is_found_wherever_it_stands),
		cmocka_unit_test(s5_that_is_not_there_is_not_found),
		cmocka_unit_test(the_panic_port_is_found_wherever_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

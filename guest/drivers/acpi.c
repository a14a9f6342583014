/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables: RSDP, root table (RSDT or XSDT), and of those below it MADT, MCFG and FADT.
 * Memory is read through struct acpi_memory by copies, so a table that changes or lies about
 * its length cannot lead us astray, and the host can test all of it.
 */
#include <linux/errno.h>
#include <linux/string.h>
#include <abi/acpi.h>
#include <guest/acpi.h>

/* Longer than any table that we read has reason to be. */
#define TABLE_MAX 0x10000U

struct reader {
	const struct acpi_memory *memory;
	struct acpi_facts *facts;
};

static bool read(const struct reader *r, u64 pa, void *buf, size_t len)
{
	u64 end;

	return !__builtin_add_overflow(pa, len, &end) &&
	       r->memory->read(r->memory, pa, buf, len);
}

/* The bytes of [pa, pa + len) sum to 0. */
static bool checksum_ok(const struct reader *r, u64 pa, u32 len)
{
	u8 piece[64], sum = 0;

	while (len) {
		u32 now = len < sizeof(piece) ? len : (u32)sizeof(piece);

		if (!read(r, pa, piece, now))
			return false;
		for (u32 i = 0; i < now; i++)
			sum += piece[i];
		pa += now;
		len -= now;
	}
	return sum == 0;
}

/* Reads the header of the table at pa; false unless all of the table can be trusted to be
 * there.  At least `least` bytes long. */
static bool table_header(const struct reader *r, u64 pa, u32 least, struct acpi_header *h)
{
	return pa && read(r, pa, h, sizeof(*h)) && h->length >= least &&
	       h->length <= TABLE_MAX && checksum_ok(r, pa, h->length);
}

static void madt_entry(const struct reader *r, u64 pa, struct acpi_madt_entry e)
{
	struct acpi_facts *f = r->facts;
	struct acpi_madt_lapic lapic;
	struct {
		struct acpi_madt_entry entry;
		le16 reserved;
		le64 address;
	} ACPI_PACKED override;

	if (e.type == ACPI_MADT_LAPIC && e.length >= sizeof(lapic) &&
	    read(r, pa, &lapic, sizeof(lapic)) && lapic.flags & ACPI_MADT_ENABLED) {
		if (f->cpus < ACPI_MAX_CPUS)
			f->apic_id[f->cpus] = lapic.apic_id;
		f->cpus++;
	}
	if (e.type == ACPI_MADT_LAPIC_OVERRIDE && e.length >= sizeof(override) &&
	    read(r, pa, &override, sizeof(override)))
		f->lapic_base = override.address;
}

static bool read_madt(const struct reader *r, u64 pa)
{
	struct acpi_madt madt;
	struct acpi_madt_entry e;
	u32 at;

	if (!table_header(r, pa, sizeof(madt), &madt.header) ||
	    !read(r, pa, &madt, sizeof(madt)))
		return false;
	r->facts->lapic_base = madt.lapic_address;
	for (at = sizeof(madt); madt.header.length - at >= sizeof(e); at += e.length) {
		if (!read(r, pa + at, &e, sizeof(e)) || e.length < sizeof(e) ||
		    e.length > madt.header.length - at)
			return false;
		madt_entry(r, pa + at, e);
	}
	return at == madt.header.length;
}

static bool read_mcfg(const struct reader *r, u64 pa)
{
	struct acpi_header h;
	struct acpi_mcfg_allocation a;

	if (!table_header(r, pa, sizeof(struct acpi_mcfg), &h))
		return false;
	for (u32 at = sizeof(struct acpi_mcfg); h.length - at >= sizeof(a);
	     at += sizeof(a)) {
		if (!read(r, pa + at, &a, sizeof(a)))
			return false;
		if (a.segment != 0 || a.start_bus > a.end_bus || !a.base)
			continue;
		r->facts->ecam_base = a.base;
		r->facts->ecam_first_bus = a.start_bus;
		r->facts->ecam_last_bus = a.end_bus;
	}
	return true;
}

#define FADT_PM_TIMER_END (offsetof(struct acpi_fadt, pm_tmr_len) + 1)

static bool read_fadt(const struct reader *r, u64 pa)
{
	struct acpi_fadt fadt;
	struct acpi_header h;

	if (!table_header(r, pa, FADT_PM_TIMER_END, &h) ||
	    !read(r, pa, &fadt, FADT_PM_TIMER_END))
		return false;
	r->facts->has_fadt = true;
	if (fadt.pm_tmr_len == 4 && fadt.pm_tmr_blk <= 0xfffc)
		r->facts->pm_timer_port = (u16)fadt.pm_tmr_blk;
	return true;
}

/* False when the table is one of ours and broken. */
static bool read_table(const struct reader *r, u64 pa)
{
	static const struct {
		char signature[5];
		bool (*read)(const struct reader *r, u64 pa);
	} known[] = {
		{ ACPI_SIG_MADT, read_madt },
		{ ACPI_SIG_MCFG, read_mcfg },
		{ ACPI_SIG_FADT, read_fadt },
	};
	char signature[4];

	if (!read(r, pa, signature, sizeof(signature)))
		return false;
	for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!memcmp(signature, known[i].signature, 4))
			return known[i].read(r, pa);
	return true;
}

/* The root table's address, and whether its entries are 8 bytes long. */
static u64 find_root(const struct reader *r, u64 pa, u32 *entry_size)
{
	struct acpi_rsdp rsdp;

	if (!pa || !read(r, pa, &rsdp, 20) ||
	    memcmp(rsdp.signature, ACPI_SIG_RSDP, 8) != 0 || !checksum_ok(r, pa, 20))
		return 0;
	*entry_size = 4;
	if (rsdp.revision < 2)
		return rsdp.rsdt_address;
	if (!read(r, pa, &rsdp, sizeof(rsdp)) || rsdp.length < sizeof(rsdp) ||
	    rsdp.length > TABLE_MAX || !checksum_ok(r, pa, rsdp.length))
		return 0;
	if (!rsdp.xsdt_address)
		return rsdp.rsdt_address;
	*entry_size = 8;
	return rsdp.xsdt_address;
}

int acpi_read_tables(const struct acpi_memory *memory, u64 rsdp, struct acpi_facts *facts,
		     unsigned int *broken)
{
	struct reader r = { memory, facts };
	struct acpi_header h;
	u32 entry_size;
	u64 root = find_root(&r, rsdp, &entry_size);

	*broken = 0;
	if (!root)
		return -ENOENT;
	if (!table_header(&r, root, sizeof(h), &h) ||
	    memcmp(h.signature, entry_size == 8 ? ACPI_SIG_XSDT : ACPI_SIG_RSDT, 4) != 0)
		return -EINVAL;
	for (u32 at = sizeof(h); h.length - at >= entry_size; at += entry_size) {
		u64 pa = 0;

		if (!read(&r, root + at, &pa, entry_size) || !read_table(&r, pa))
			++*broken;
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables: RSDP, root table (RSDT or XSDT), and of those below it MADT, MCFG, FADT and
 * VIOT.
 * Memory is read through struct acpi_memory by copies, so a table that changes or lies about
 * its length cannot lead us astray, and the host can test all of it.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
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

/* An interrupt of the 8259s that is wired differently: only the system-control one counts,
 * which may be known before or after (the FADT). */
static void madt_override(struct acpi_facts *f, const struct acpi_madt_int_override *o)
{
	if (o->source >= ACPI_ISA_IRQS || o->bus)
		return;
	f->override[o->source] =
		(struct acpi_override){ .given = true, .gsi = o->gsi, .flags = o->flags };
}

static void madt_entry(const struct reader *r, u64 pa, struct acpi_madt_entry e)
{
	struct acpi_facts *f = r->facts;
	struct acpi_madt_int_override override;
	struct acpi_madt_ioapic ioapic;
	struct acpi_madt_lapic lapic;
	struct {
		struct acpi_madt_entry entry;
		le16 reserved;
		le64 address;
	} ACPI_PACKED address;

	if (e.type == ACPI_MADT_LAPIC && e.length >= sizeof(lapic) &&
	    read(r, pa, &lapic, sizeof(lapic)) && lapic.flags & ACPI_MADT_ENABLED) {
		if (f->cpus < ACPI_MAX_CPUS)
			f->apic_id[f->cpus] = lapic.apic_id;
		f->cpus++;
	}
	if (e.type == ACPI_MADT_LAPIC_OVERRIDE && e.length >= sizeof(address) &&
	    read(r, pa, &address, sizeof(address)))
		f->lapic_base = address.address;
	if (e.type == ACPI_MADT_IOAPIC && e.length >= sizeof(ioapic) && !f->ioapic_base &&
	    read(r, pa, &ioapic, sizeof(ioapic))) {
		f->ioapic_base = ioapic.address;
		f->ioapic_gsi = ioapic.gsi_base;
	}
	if (e.type == ACPI_MADT_INT_OVERRIDE && e.length >= sizeof(override) &&
	    read(r, pa, &override, sizeof(override)))
		madt_override(f, &override);
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

static u16 port(u32 address)
{
	return address <= 0xfff8 ? (u16)address : 0;
}

static void read_power(struct acpi_power *p, const struct acpi_fadt *fadt)
{
	p->event_port = fadt->pm1_evt_len >= 4 ? port(fadt->pm1a_evt_blk) : 0;
	p->event_bytes = fadt->pm1_evt_len;
	p->control_port = fadt->pm1_cnt_len >= 2 ? port(fadt->pm1a_cnt_blk) : 0;
	p->command_port = port(fadt->smi_cmd);
	p->enable = fadt->acpi_enable;
	p->irq = fadt->sci_int;
	p->dsdt = fadt->dsdt;
}

static bool read_fadt(const struct reader *r, u64 pa)
{
	struct acpi_fadt fadt;
	struct acpi_header h;

	if (!table_header(r, pa, FADT_PM_TIMER_END, &h) ||
	    !read(r, pa, &fadt, FADT_PM_TIMER_END))
		return false;
	r->facts->has_fadt = true;
	read_power(&r->facts->power, &fadt);
	if (fadt.pm_tmr_len == 4 && fadt.pm_tmr_blk <= 0xfffc)
		r->facts->pm_timer_port = (u16)fadt.pm_tmr_blk;
	return true;
}

/* What every node of a VIOT begins with. */
struct viot_node {
	u8 type;
	u8 reserved;
	le16 length;
} ACPI_PACKED;

/* The IOMMU that the node at that offset describes; false: it is none that we know. */
static bool viot_iommu(const struct reader *r, u64 table, u32 length, u32 at, u16 *bdf)
{
	struct acpi_viot_virtio_iommu_pci node;

	if (at < sizeof(struct acpi_viot) || at > length || length - at < sizeof(node) ||
	    !read(r, table + at, &node, sizeof(node)) ||
	    node.type != ACPI_VIOT_VIRTIO_IOMMU_PCI || node.length < sizeof(node) ||
	    node.segment != 0)
		return false;
	*bdf = node.bdf;
	return true;
}

/* A range of the one segment there is, behind an IOMMU on PCI, is kept; others are not. */
static bool viot_range(const struct reader *r, u64 table, u32 length, u32 at)
{
	struct acpi_facts *f = r->facts;
	struct acpi_viot_pci_range node;
	struct acpi_viot_map map;

	if (!read(r, table + at, &node, sizeof(node)))
		return false;
	map = (struct acpi_viot_map){ .first = node.bdf_start,
				      .last = node.bdf_end,
				      .endpoint = node.endpoint_start };
	if (node.segment_start == 0 && map.first <= map.last &&
	    f->viot_maps < ACPI_MAX_VIOT &&
	    viot_iommu(r, table, length, node.output_node, &map.iommu))
		f->viot[f->viot_maps++] = map;
	return true;
}

static bool viot_nodes(const struct reader *r, u64 pa, const struct acpi_viot *viot)
{
	u32 at = viot->node_offset, length = viot->header.length;
	struct viot_node node;

	if (at < sizeof(*viot))
		return false;
	for (u32 left = viot->node_count; left; left--, at += node.length) {
		if (at > length || length - at < sizeof(node) ||
		    !read(r, pa + at, &node, sizeof(node)) ||
		    node.length < sizeof(node) || node.length > length - at)
			return false;
		if (node.type == ACPI_VIOT_PCI_RANGE &&
		    (node.length < sizeof(struct acpi_viot_pci_range) ||
		     !viot_range(r, pa, length, at)))
			return false;
	}
	return true;
}

static bool read_viot(const struct reader *r, u64 pa)
{
	struct acpi_viot viot;

	if (!table_header(r, pa, sizeof(viot), &viot.header) ||
	    !read(r, pa, &viot, sizeof(viot)) || viot.header.length < sizeof(viot) ||
	    viot.header.length > TABLE_MAX)
		return false;
	if (viot_nodes(r, pa, &viot))
		return true;
	r->facts->viot_maps = 0;
	return false;
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
		{ ACPI_SIG_VIOT, read_viot },
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

/* How the MADT wires the system-control interrupt, when both tables are read. */
static void wire_power(struct acpi_facts *f)
{
	struct acpi_power *p = &f->power;
	const struct acpi_override *o;

	if (p->irq >= ACPI_ISA_IRQS || !f->override[p->irq].given)
		return;
	o = &f->override[p->irq];
	p->irq = o->gsi;
	p->active_low = (o->flags & ACPI_MADT_ACTIVE_LOW) == ACPI_MADT_ACTIVE_LOW;
	p->edge = (o->flags & ACPI_MADT_LEVEL) == ACPI_MADT_EDGE;
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
	wire_power(facts);
	return 0;
}

/* --- the DSDT, whose code nothing here interprets ------------------------------------------ */

#define AML_PIECE 64U
#define AML_AFTER 64U /* what is looked at of what stands behind a name */

/* Copies the first `name` of the DSDT and what follows, at most AML_AFTER bytes, to buf; how
 * many.  0: it has none. */
static u32 find_in_dsdt(const struct acpi_memory *memory, phys_addr_t dsdt,
			const char *name, u8 buf[AML_AFTER])
{
	struct reader r = { memory, NULL };
	u8 piece[AML_PIECE + AML_AFTER];
	u32 len = (u32)strlen(name);
	struct acpi_header h;

	if (!table_header(&r, dsdt, sizeof(h), &h))
		return 0;
	for (u32 at = sizeof(h); at < h.length; at += AML_PIECE) {
		u32 n = min(h.length - at, (u32)sizeof(piece));

		if (!read(&r, dsdt + at, piece, n))
			return 0;
		for (u32 i = 0; i < AML_PIECE && i + len <= n; i++) {
			if (memcmp(piece + i, name, len) != 0)
				continue;
			n = min(n - i, AML_AFTER);
			memcpy(buf, piece + i, n);
			return n;
		}
	}
	return 0;
}

#define AML_PACKAGE 0x12
#define AML_BYTE    0x0a
#define AML_ONE	    0x01
#define AML_NAME    4U
/* Name, package, its length in up to 4 bytes, count, prefix, value. */
#define AML_S5_MAX (AML_NAME + 1 + 4 + 1 + 2)

/* The value of the first element of the package that the name stands for. */
static int s5_value(const u8 *aml, u32 n)
{
	u32 at = AML_NAME;

	if (n < AML_S5_MAX || aml[at++] != AML_PACKAGE)
		return -ENOENT;
	at += 1 + (aml[at] >> 6); /* the length says how many more bytes it has */
	at++; /* number of elements */
	if (aml[at] == AML_BYTE)
		return aml[at + 1] & 7;
	return aml[at] <= AML_ONE ? aml[at] : -ENOENT;
}

int acpi_find_s5(const struct acpi_memory *memory, phys_addr_t dsdt)
{
	u8 aml[AML_AFTER];
	u32 n = find_in_dsdt(memory, dsdt, "_S5_", aml);

	return s5_value(aml, n);
}

/* An I/O port descriptor (ACPI 6.4, 6.4.2.5): tag, decoding, lowest and highest base,
 * alignment, count. */
#define AML_IO	     0x47
#define AML_IO_BYTES 8U

int acpi_find_panic_port(const struct acpi_memory *memory, phys_addr_t dsdt)
{
	u8 aml[AML_AFTER];
	u32 n = find_in_dsdt(memory, dsdt, "QEMU0001", aml);

	for (u32 at = 0; at + AML_IO_BYTES <= n; at++) {
		const u8 *io = aml + at;

		if (io[0] == AML_IO && io[2] == io[4] && io[3] == io[5] && io[7] == 1)
			return io[2] | io[3] << 8;
	}
	return -ENOENT;
}

/* SPDX-License-Identifier: MIT */
/* The cases that every device goes through: each spoils one good request in one way. */
#include "tests/hostile/case_list.h"
#include "tests/hostile/hostile.h"

#define STORM	     400u
#define BELLS	     64u
#define IN_FLIGHT    4u
#define NOTHING_MS   20u
#define FOUR_GIB     0x100000000ull
#define OTHERS_SLOTS 8u
#define EDGE	     2u /* bytes before the end of RAM: fewer than any answer has */

/* --- tools -------------------------------------------------------------------------------- */

void allow_writable(struct attack *a)
{
	for (unsigned int i = 0; i < a->n; i++)
		if (a->seg[i].write)
			watch_allow(a->seg[i].addr, a->seg[i].len);
}

bool offer_request(struct attack *a)
{
	offer(a->d, a->seg, a->n);
	return true;
}

/* The request cut into exactly `want` pieces, the largest first; 0: too few bytes. */
static unsigned int cut(const struct attack *a, struct seg *piece, unsigned int want)
{
	unsigned int n = a->n;

	for (unsigned int i = 0; i < n; i++)
		piece[i] = a->seg[i];
	while (n < want) {
		unsigned int at = 0;

		for (unsigned int i = 1; i < n; i++)
			if (piece[i].len > piece[at].len)
				at = i;
		if (piece[at].len < 2)
			return 0;
		memmove(&piece[at + 1], &piece[at], (n - at) * sizeof(*piece));
		piece[at].len /= 2;
		piece[at + 1].addr += piece[at].len;
		piece[at + 1].len -= piece[at].len;
		n++;
	}
	return n;
}

unsigned int offer_many(struct attack *a)
{
	struct vring_avail *avail = a->d->avail;
	unsigned int together = 1;

	while (2 * together * a->n <= QUEUE_SIZE)
		together *= 2;
	for (unsigned int i = 0; i < together; i++)
		offer_request(a);
	for (unsigned int i = together; i < QUEUE_SIZE; i++)
		avail->ring[i] = avail->ring[i & (together - 1)];
	return together;
}

/* A chain whose first descriptor is good and leads to `next`. */
static bool offer_next(struct attack *a, uint16_t next)
{
	set_desc(a->d, 0, a->seg[0].addr, a->seg[0].len, VRING_DESC_F_NEXT, next);
	offer_head(a->d, 0);
	return true;
}

/* Two descriptors of the same memory, the second leading back or nowhere. */
static bool offer_pair(struct attack *a, const void *at, uint32_t len, uint16_t flags,
		       bool cycle)
{
	set_desc(a->d, 0, (uint64_t)at, len, flags | VRING_DESC_F_NEXT, 1);
	set_desc(a->d, 1, (uint64_t)at, len,
		 (uint16_t)(flags | (cycle ? VRING_DESC_F_NEXT : 0)), 0);
	offer_head(a->d, 0);
	return true;
}

static bool is_behind_iommu(const struct device *d)
{
	return d->id != VIRTIO_ID_IOMMU &&
	       config_read(PCI_DEVFN(PV_IOMMU_SLOT, 0), PCI_VENDOR_ID, 2) ==
		       VIRTIO_PCI_VENDOR_ID;
}

/* Points the first segment of this direction elsewhere; behind an IOMMU the part of it that is
 * RAM may be written. */
static bool redirect(struct attack *a, bool write, uint64_t addr, uint32_t len)
{
	unsigned int at = 0;

	while (at < a->n && a->seg[at].write != write)
		at++;
	if (at == a->n)
		return false;
	a->seg[at].addr = addr;
	a->seg[at].len = len;
	for (unsigned int i = 0; i < a->n; i++)
		if (a->seg[i].write && (i != at || is_behind_iommu(a->d)))
			watch_allow(a->seg[i].addr, a->seg[i].len);
	return offer_request(a);
}

/* Something to find just behind the descriptor table. */
static void bait(struct attack *a)
{
	set_desc(a->d, QUEUE_SIZE, (uint64_t)a->scratch, 16, VRING_DESC_F_WRITE, 0);
}

/* --- chains that loop or lead astray ------------------------------------------------------ */

static bool next_is_itself(struct attack *a)
{
	return offer_next(a, 0);
}

static bool two_in_a_cycle(struct attack *a)
{
	return offer_pair(a, a->scratch, 1, 0, true);
}

static bool writable_cycle(struct attack *a)
{
	return offer_pair(a, a->scratch, 16, VRING_DESC_F_WRITE, true);
}

static bool as_long_as_the_queue(struct attack *a)
{
	struct seg piece[SEGS_MAX] = { 0 };
	unsigned int n = cut(a, piece, QUEUE_SIZE);

	allow_writable(a);
	if (n)
		offer(a->d, piece, n);
	return n;
}

static bool longer_than_the_queue(struct attack *a)
{
	struct seg piece[SEGS_MAX] = { 0 };
	unsigned int n = cut(a, piece, QUEUE_SIZE + 1);
	struct vring_desc *table;

	if (n)
		offer_table(a->d, piece, n, &table);
	return n;
}

static bool next_beyond_the_queue(struct attack *a)
{
	bait(a);
	return offer_next(a, QUEUE_SIZE);
}

static bool next_far_beyond(struct attack *a)
{
	return offer_next(a, 0xffff);
}

/* --- the available ring ------------------------------------------------------------------- */

static bool head_beyond_the_queue(struct attack *a)
{
	bait(a);
	offer_head(a->d, QUEUE_SIZE);
	return true;
}

static bool head_far_beyond(struct attack *a)
{
	offer_head(a->d, 0xffff);
	return true;
}

static bool index_jumps(struct attack *a)
{
	a->d->avail->idx = QUEUE_SIZE + 1;
	return true;
}

static bool index_goes_backwards(struct attack *a)
{
	a->d->avail->idx = 0xffff;
	return true;
}

static bool same_head_twice(struct attack *a)
{
	allow_writable(a);
	offer_request(a);
	offer_head(a->d, 0);
	a->offered = 2;
	return true;
}

/* --- addresses and lengths ---------------------------------------------------------------- */

static bool read_wraps(struct attack *a)
{
	return redirect(a, false, ~0ull - 7, 64);
}

static bool write_wraps(struct attack *a)
{
	return redirect(a, true, ~0ull - 7, 64);
}

static bool tail_wraps_into_ram(struct attack *a)
{
	a->seg[a->n - 1].addr = ~0ull - 63;
	a->seg[a->n - 1].len = 64 + 0x100;
	return offer_request(a);
}

static bool read_past_ram(struct attack *a)
{
	return redirect(a, false, ram_end - 16, 64);
}

static bool write_past_ram(struct attack *a)
{
	return redirect(a, true, ram_end - EDGE, 64);
}

static bool write_into_the_hole(struct attack *a)
{
	return redirect(a, true, ram_end, 64);
}

static bool read_over_the_hole(struct attack *a)
{
	return redirect(a, false, ram_end - 16, (uint32_t)(FOUR_GIB - ram_end + 32));
}

static bool write_over_the_hole(struct attack *a)
{
	return redirect(a, true, ram_end - EDGE,
			(uint32_t)(FOUR_GIB - ram_end + 2 * EDGE));
}

static bool lengths_pass_4g(struct attack *a)
{
	return offer_pair(a, a->scratch, 0xfffffff0u, VRING_DESC_F_WRITE, false);
}

static bool first_length_0(struct attack *a)
{
	allow_writable(a);
	a->seg[0].len = 0;
	return offer_request(a);
}

static bool last_length_0(struct attack *a)
{
	allow_writable(a);
	a->seg[a->n - 1].len = 0;
	return offer_request(a);
}

/* --- indirect tables ---------------------------------------------------------------------- */

static bool indirect_works(struct attack *a)
{
	struct vring_desc *table;

	allow_writable(a);
	offer_table(a->d, a->seg, a->n, &table);
	return true;
}

static bool indirect_in_indirect(struct attack *a)
{
	struct vring_desc *table;

	offer_table(a->d, a->seg, a->n, &table);
	*table = (struct vring_desc){ (uint64_t)table, 16, VRING_DESC_F_INDIRECT, 0 };
	return true;
}

static bool indirect_and_next(struct attack *a)
{
	struct vring_desc *table, *d = offer_table(a->d, a->seg, a->n, &table);

	d->flags |= VRING_DESC_F_NEXT;
	d->next = 1;
	return true;
}

static bool indirect_length_0(struct attack *a)
{
	struct vring_desc *table;

	offer_table(a->d, a->seg, a->n, &table)->len = 0;
	return true;
}

static bool indirect_length_odd(struct attack *a)
{
	struct vring_desc *table;

	offer_table(a->d, a->seg, a->n, &table)->len++;
	return true;
}

static bool indirect_next_beyond(struct attack *a)
{
	struct vring_desc *table;

	offer_table(a->d, a->seg, a->n, &table);
	table->flags |= VRING_DESC_F_NEXT;
	table->next = (le16)a->n;
	table[a->n] =
		(struct vring_desc){ (uint64_t)a->scratch, 16, VRING_DESC_F_WRITE, 0 };
	return true;
}

static bool indirect_cycle(struct attack *a)
{
	struct vring_desc *table;

	offer_table(a->d, a->seg, a->n, &table);
	table->flags |= VRING_DESC_F_NEXT;
	table->next = 0;
	return true;
}

static bool indirect_outside_ram(struct attack *a)
{
	struct vring_desc *table;

	offer_table(a->d, a->seg, a->n, &table)->addr = ram_end;
	return true;
}

static bool indirect_wraps(struct attack *a)
{
	struct vring_desc *table, *d = offer_table(a->d, a->seg, a->n, &table);

	d->addr = ~0ull - 15;
	d->len = 0xfffffff0u;
	return true;
}

/* --- direction ---------------------------------------------------------------------------- */

static bool readable_after_writable(struct attack *a)
{
	memmove(&a->seg[1], &a->seg[0], a->n * sizeof(a->seg[0]));
	a->n++;
	a->seg[0] = (struct seg){ (uint64_t)a->scratch, 16, true };
	return !a->seg[1].write && offer_request(a);
}

static bool nothing_is_writable(struct attack *a)
{
	bool any = false;

	for (unsigned int i = 0; i < a->n; i++) {
		any |= a->seg[i].write;
		a->seg[i].write = false;
	}
	return any && offer_request(a);
}

static bool one_byte_descriptors(struct attack *a)
{
	struct seg piece[SEGS_MAX] = { 0 };
	unsigned int n = 0;

	allow_writable(a);
	for (unsigned int i = 0; i < a->n; i++) {
		struct seg rest = a->seg[i];

		for (unsigned int k = 0; k < 18 && rest.len > 1; k++) {
			piece[n++] = (struct seg){ rest.addr, 1, rest.write };
			rest.addr++;
			rest.len--;
		}
		piece[n++] = rest;
	}
	offer(a->d, piece, n);
	return true;
}

/* --- aims --------------------------------------------------------------------------------- */

static bool writes_own_rings(struct attack *a)
{
	/* Whatever comes of it, even more completions, ends after a queue's worth. */
	a->offered = 0xffff;
	watch_allow((uint64_t)a->d->desc, ARENA);
	return redirect(a, true, (uint64_t)a->d->avail, VRING_AVAIL_BYTES(QUEUE_SIZE));
}

static bool reads_own_rings(struct attack *a)
{
	return redirect(a, false, (uint64_t)a->d->avail, 64);
}

static bool writes_own_registers(struct attack *a)
{
	return redirect(a, true, a->d->common, 64);
}

static bool writes_own_doorbell(struct attack *a)
{
	return redirect(a, true, a->d->bell, 64);
}

static bool reads_own_isr(struct attack *a)
{
	return redirect(a, false, a->d->isr, 4);
}

/* The MSI-X table of another device, or its own when it is alone. */
static bool writes_other_registers(struct attack *a)
{
	unsigned int other = a->d->devfn;
	struct device d;

	for (unsigned int slot = PV_IOMMU_SLOT; slot < OTHERS_SLOTS; slot++)
		if (PCI_DEVFN(slot, 0) != a->d->devfn &&
		    config_read(PCI_DEVFN(slot, 0), PCI_VENDOR_ID, 2) ==
			    VIRTIO_PCI_VENDOR_ID)
			other = PCI_DEVFN(slot, 0);
	device_find(&d, other);
	return redirect(a, true, d.common, 64);
}

static bool writes_ecam(struct attack *a)
{
	return redirect(a, true, PV_ECAM_BASE, 64);
}

static bool writes_msi_window(struct attack *a)
{
	return redirect(a, true, PV_LAPIC_BASE, 64);
}

/* --- set-up at the wrong time -------------------------------------------------------------- */

static bool queue_changed_while_enabled(struct attack *a)
{
	put(a->d, VIRTIO_PCI_COMMON_Q_SELECT, 2, a->d->queue);
	put(a->d, VIRTIO_PCI_COMMON_Q_SIZE, 2, 2);
	for (unsigned int r = VIRTIO_PCI_COMMON_Q_DESCLO; r < VIRTIO_PCI_COMMON_Q_NDATA;
	     r += 4)
		put(a->d, r, 4, 0x12345670);
	put(a->d, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 0);
	allow_writable(a);
	return offer_request(a);
}

static bool set_up_again(struct attack *a, unsigned int size, uint64_t desc,
			 uint64_t used)
{
	put(a->d, VIRTIO_PCI_COMMON_Q_SELECT, 2, a->d->queue);
	put(a->d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	put(a->d, VIRTIO_PCI_COMMON_Q_SIZE, 2, size);
	put(a->d, VIRTIO_PCI_COMMON_Q_DESCLO, 4, desc);
	put(a->d, VIRTIO_PCI_COMMON_Q_DESCHI, 4, desc >> 32);
	put(a->d, VIRTIO_PCI_COMMON_Q_AVAILLO, 4, (uint64_t)a->d->avail);
	put(a->d, VIRTIO_PCI_COMMON_Q_AVAILHI, 4, 0);
	put(a->d, VIRTIO_PCI_COMMON_Q_USEDLO, 4, used);
	put(a->d, VIRTIO_PCI_COMMON_Q_USEDHI, 4, used >> 32);
	put(a->d, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	return get(a->d, VIRTIO_PCI_COMMON_Q_ENABLE, 2);
}

/* None of these is enabled. */
static bool bad_queues(struct attack *a)
{
	uint64_t desc = (uint64_t)a->d->desc, used = (uint64_t)a->d->used;
	const struct {
		unsigned int size;
		uint64_t desc, used;
	} bad[] = {
		{ 3, desc, used },
		{ 2048, desc, used },
		{ QUEUE_SIZE, desc + 8, used },
		{ QUEUE_SIZE, desc, used + 2 },
		{ QUEUE_SIZE, used, used },
		{ QUEUE_SIZE, ram_end - 16, used },
		{ QUEUE_SIZE, desc, ~0ull - 15 },
		{ QUEUE_SIZE, PV_ECAM_BASE, used },
		{ QUEUE_SIZE, a->d->common, used },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		if (!set_up_again(a, bad[i].size, bad[i].desc, bad[i].used))
			continue;
		say("# queue set-up %u was accepted\n", (uint64_t)i);
		a->failed = true;
	}
	a->offered = 0;
	return true;
}

static bool bells_of_other_queues(struct attack *a)
{
	for (unsigned int i = 0; i < BELLS; i++)
		if (i != a->d->queue)
			reg_write(a->d->notify + i * a->d->notify_step, 2, i);
	allow_writable(a);
	return offer_request(a);
}

/* Nothing has to come of it: only everything must stay alive. */
static bool bells_before_driver_ok(struct attack *a)
{
	a->failed = !device_reset(a->d);
	for (unsigned int i = 0; i < BELLS; i++)
		kick(a->d);
	a->offered = 0;
	return true;
}

static void put_in_flight(struct attack *a)
{
	for (unsigned int i = 0; i < IN_FLIGHT; i++)
		offer_request(a);
	kick(a->d);
}

static bool nothing_moves(void)
{
	watch_start();
	pause_ms(NOTHING_MS);
	return watch_ok("after a reset");
}

static bool reset_in_flight(struct attack *a)
{
	put_in_flight(a);
	a->failed = !device_reset(a->d) || !nothing_moves();
	a->offered = IN_FLIGHT;
	return true;
}

static bool queue_reset_in_flight(struct attack *a)
{
	put_in_flight(a);
	put(a->d, VIRTIO_PCI_COMMON_Q_SELECT, 2, a->d->queue);
	put(a->d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	a->failed = get(a->d, VIRTIO_PCI_COMMON_Q_RESET, 2) ||
		    get(a->d, VIRTIO_PCI_COMMON_Q_ENABLE, 2) || !nothing_moves() ||
		    !queue_enable(a->d);
	/* It comes back alone, without a device reset. */
	a->n = a->t->request(a->d, a->seg);
	watch_allow((uint64_t)a->d->used, VRING_USED_BYTES(QUEUE_SIZE));
	allow_writable(a);
	return offer_request(a);
}

/* --- PCI ----------------------------------------------------------------------------------- */

static bool odd_accesses(struct attack *a)
{
	for (unsigned int at = 0; at < PCI_CFG_SPACE_SIZE; at++)
		for (unsigned int size = 1; size <= 4; size *= 2)
			if (at % 4 + size <= 4 && (at < PCI_COMMAND || at >= 0x40))
				config_write(a->d->devfn, at, size,
					     config_read(a->d->devfn, at, size));
	/* A vector that the table does not have. */
	put(a->d, VIRTIO_PCI_COMMON_Q_SELECT, 2, a->d->queue);
	put(a->d, VIRTIO_PCI_COMMON_Q_MSIX, 2, 0x700);
	put(a->d, VIRTIO_PCI_COMMON_MSIX, 2, 0x700);
	a->failed = get(a->d, VIRTIO_PCI_COMMON_Q_MSIX, 2) != VIRTIO_MSI_NO_VECTOR ||
		    get(a->d, VIRTIO_PCI_COMMON_MSIX, 2) != VIRTIO_MSI_NO_VECTOR;
	allow_writable(a);
	return offer_request(a);
}

static bool status_storm(struct attack *a)
{
	uint32_t seed = 1;

	for (unsigned int i = 0; i < STORM; i++) {
		seed = seed * 1664525 + 1013904223;
		put(a->d, (seed >> 8) % 0x40 & ~3u, 1u << (seed >> 28) % 3, seed >> 16);
		put(a->d, VIRTIO_PCI_COMMON_STATUS, 1, seed >> 24 & 0x8f);
		put(a->d, VIRTIO_PCI_COMMON_GFSELECT, 4, seed >> 20 & 3);
		put(a->d, VIRTIO_PCI_COMMON_GF, 4, seed);
		kick(a->d);
	}
	a->offered = 0;
	a->failed = !device_reset(a->d);
	return true;
}

static bool features_after_ok(struct attack *a)
{
	put(a->d, VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	put(a->d, VIRTIO_PCI_COMMON_GF, 4, 0xffffffff);
	put(a->d, VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
	put(a->d, VIRTIO_PCI_COMMON_GF, 4, 0);
	allow_writable(a);
	return offer_request(a);
}

/* Every doorbell in a loop, and nobody takes what comes back. */
static bool doorbell_storm(struct attack *a)
{
	allow_writable(a);
	for (unsigned int i = 0; i < QUEUE_SIZE / 4; i++)
		offer_request(a);
	watch_start();
	a->watched = true;
	for (unsigned int i = 0; i < STORM; i++)
		reg_write(a->d->notify + i % 4 * a->d->notify_step, 2, i % 4);
	a->offered = QUEUE_SIZE / 4;
	return true;
}

#define CASE(number, expect, without, fn)           \
	{                                           \
		number " " #fn, expect, without, fn \
	}

const struct attack_case attack_cases[] = {
	SHARED_CASES(CASE),
	CASE("8", EXPECT_GOOD, 0, index_wraps),
	CASE("22", EXPECT_GOOD, 0, rewritten_meanwhile),
	CASE("26", EXPECT_ANY, 0, bad_queues),
	CASE("27", EXPECT_ANY, 0, bells_before_driver_ok),
	CASE("29", EXPECT_GOOD, 0, odd_accesses),
	CASE("38", EXPECT_GOOD, 0, features_after_ok),
	CASE("40", EXPECT_ANY, 0, doorbell_storm),
	CASE("40", EXPECT_GOOD, 0, interrupts_never_taken),
};
const unsigned int nr_attack_cases = ARRAY_SIZE(attack_cases);

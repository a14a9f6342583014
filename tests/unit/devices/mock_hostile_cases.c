/* SPDX-License-Identifier: MIT */
/* The cases: each spoils one good request in one way. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "devices/util.h"
#include "tests/hostile/case_list.h"
#include "tests/unit/devices/mock_hostile.h"

#define MOST_PIECES 80

/* --- tools --------------------------------------------------------------------------- */

static unsigned int nr_writable(const struct hostile *h)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < h->n; i++)
		nr += h->seg[i].write;
	return nr;
}

static void allow(struct hostile *h, uint64_t gpa, uint64_t len)
{
	assert_true(h->nr_allowed < HOSTILE_ALLOWED);
	h->allowed[h->nr_allowed++] = (struct mock_range){ gpa, len };
}

/* The device may write what the request honestly offers for writing. */
static void allow_writable(struct hostile *h)
{
	for (unsigned int i = 0; i < h->n; i++)
		if (h->seg[i].write)
			allow(h, h->seg[i].addr, h->seg[i].len);
}

static bool offer(struct hostile *h)
{
	drvq_add(&h->q, h->seg, h->n);
	return true;
}

/* Lays the request out from descriptor 0 on without offering it. */
static void lay(struct hostile *h)
{
	for (unsigned int i = 0; i < h->n; i++)
		drvq_set_desc(&h->q, i, h->seg[i].addr, h->seg[i].len,
			      (uint16_t)((h->seg[i].write ? VRING_DESC_F_WRITE : 0) |
					 (i + 1 < h->n ? VRING_DESC_F_NEXT : 0)),
			      (uint16_t)(i + 1));
}

/* The request cut into exactly `want` pieces, largest segment first; 0: too few bytes. */
static unsigned int cut(const struct hostile *h, struct drv_seg *piece, unsigned int want)
{
	unsigned int n = h->n;

	memcpy(piece, h->seg, n * sizeof(*piece));
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

/* Offers a chain whose first descriptor is good and leads to `next`. */
static bool offer_next(struct hostile *h, uint16_t next)
{
	drvq_set_desc(&h->q, 0, h->seg[0].addr, h->seg[0].len, VRING_DESC_F_NEXT, next);
	drvq_offer(&h->q, 0);
	return true;
}

/* Offers two descriptors of the same memory, the second leading back to the first or, by
 * its flags, nowhere. */
static bool offer_pair(struct hostile *h, const struct drv_seg *seg, bool cycle)
{
	uint16_t flags = seg->write ? VRING_DESC_F_WRITE : 0;

	drvq_set_desc(&h->q, 0, seg->addr, seg->len, flags | VRING_DESC_F_NEXT, 1);
	drvq_set_desc(&h->q, 1, seg->addr, seg->len,
		      (uint16_t)(flags | (cycle ? VRING_DESC_F_NEXT : 0)), 0);
	drvq_offer(&h->q, 0);
	return true;
}

/* Offers the request by a table of its own; the descriptor of the ring, and the table. */
static struct vring_desc *offer_table(struct hostile *h, uint64_t *addr,
				      struct vring_desc **table)
{
	uint16_t head = drvq_add_indirect(&h->q, h->seg, h->n, addr);

	*table = machine_at(h->m, *addr, sizeof(**table));
	return drvq_desc(&h->q, head);
}

/* Behind an IOMMU what lies in RAM before the first address out of reach is written. */
static void allow_part(struct hostile *h, uint64_t addr, uint64_t len)
{
	uint64_t span = ram_span(&h->m->ram, addr, NULL);

	if (h->behind && span)
		allow(h, addr, span < len ? span : len);
}

/* Points the first segment of this direction elsewhere. */
static bool redirect(struct hostile *h, bool write, uint64_t addr, uint32_t len)
{
	for (unsigned int i = 0; i < h->n; i++) {
		if (h->seg[i].write != write)
			continue;
		h->seg[i].addr = addr;
		h->seg[i].len = len;
		if (write)
			allow_part(h, addr, len);
		for (unsigned int k = 0; k < h->n; k++)
			if (k != i && h->seg[k].write)
				allow(h, h->seg[k].addr, h->seg[k].len);
		return offer(h);
	}
	return false;
}

/* --- chains that loop or lead astray -------------------------------------------------- */

static bool next_is_itself(struct hostile *h)
{
	return offer_next(h, 0);
}

static bool two_in_a_cycle(struct hostile *h)
{
	return offer_pair(h, &(struct drv_seg){ h->seg[0].addr, 1, false }, true);
}

static bool writable_cycle(struct hostile *h)
{
	return offer_pair(h, &(struct drv_seg){ h->scratch, 16, true }, true);
}

static bool as_long_as_the_queue(struct hostile *h)
{
	struct drv_seg piece[MOST_PIECES];
	unsigned int n = cut(h, piece, h->q.size);

	allow_writable(h);
	if (n)
		drvq_add(&h->q, piece, n);
	return n > 0;
}

static bool longer_than_the_queue(struct hostile *h)
{
	struct drv_seg piece[MOST_PIECES];
	unsigned int n = cut(h, piece, h->q.size + 1u);

	if (n)
		drvq_add_indirect(&h->q, piece, n, NULL);
	return n > 0;
}

/* Something to find just behind the descriptor table, for a device that looks there. */
static void bait(struct hostile *h)
{
	struct vring_desc *past = machine_at(h->m, h->q.desc + h->q.size * 16ull, 16);

	*past = (struct vring_desc){ h->scratch, 16, VRING_DESC_F_WRITE, 0 };
}

static bool next_beyond_the_queue(struct hostile *h)
{
	bait(h);
	return offer_next(h, h->q.size);
}

static bool next_far_beyond(struct hostile *h)
{
	return offer_next(h, 0xffff);
}

/* --- the available ring --------------------------------------------------------------- */

static bool head_beyond_the_queue(struct hostile *h)
{
	bait(h);
	drvq_offer(&h->q, h->q.size);
	return true;
}

static bool head_far_beyond(struct hostile *h)
{
	drvq_offer(&h->q, 0xffff);
	return true;
}

static bool index_jumps(struct hostile *h)
{
	lay(h);
	drvq_avail(&h->q)->idx = (le16)(h->q.size + 1);
	return true;
}

static bool index_goes_backwards(struct hostile *h)
{
	lay(h);
	drvq_avail(&h->q)->idx = 0xffff;
	return true;
}

static bool same_head_twice(struct hostile *h)
{
	allow_writable(h);
	lay(h);
	drvq_offer(&h->q, 0);
	drvq_offer(&h->q, 0);
	h->offered = 2;
	return true;
}

/* --- addresses and lengths ------------------------------------------------------------ */

static bool read_wraps(struct hostile *h)
{
	return redirect(h, false, ~0ull - 7, 64);
}

static bool write_wraps(struct hostile *h)
{
	return redirect(h, true, ~0ull - 7, 64);
}

/* Its last byte, where many devices put a status, would be in RAM again. */
static bool tail_wraps_into_ram(struct hostile *h)
{
	struct drv_seg *last = &h->seg[h->n - 1];

	*last = (struct drv_seg){ ~0ull - 63, 64 + 0x100, last->write };
	return offer(h);
}

static bool read_past_ram(struct hostile *h)
{
	return redirect(h, false, MOCK_HIGH_BASE + MOCK_HIGH_SIZE - 16, 64);
}

static bool write_past_ram(struct hostile *h)
{
	return redirect(h, true, MOCK_HIGH_BASE + MOCK_HIGH_SIZE - 16, 64);
}

static bool write_into_the_hole(struct hostile *h)
{
	return redirect(h, true, MOCK_LOW_SIZE - 16, 64);
}

static bool write_over_the_hole(struct hostile *h)
{
	return redirect(h, true, MOCK_LOW_SIZE - 16,
			(uint32_t)(MOCK_HIGH_BASE - MOCK_LOW_SIZE + 32));
}

static bool read_over_the_hole(struct hostile *h)
{
	return redirect(h, false, MOCK_LOW_SIZE - 16,
			(uint32_t)(MOCK_HIGH_BASE - MOCK_LOW_SIZE + 32));
}

static bool lengths_pass_4g(struct hostile *h)
{
	return offer_pair(h, &(struct drv_seg){ h->scratch, 0xfffffff0u, true }, false);
}

static bool first_length_0(struct hostile *h)
{
	allow_writable(h);
	h->seg[0].len = 0;
	return offer(h);
}

static bool last_length_0(struct hostile *h)
{
	allow_writable(h);
	h->seg[h->n - 1].len = 0;
	return offer(h);
}

/* --- indirect tables ------------------------------------------------------------------ */

static bool indirect_works(struct hostile *h)
{
	allow_writable(h);
	drvq_add_indirect(&h->q, h->seg, h->n, NULL);
	return true;
}

static bool indirect_in_indirect(struct hostile *h)
{
	struct vring_desc *table;
	uint64_t addr;

	offer_table(h, &addr, &table);
	*table = (struct vring_desc){ addr, 16, VRING_DESC_F_INDIRECT, 0 };
	return true;
}

static bool indirect_and_next(struct hostile *h)
{
	struct vring_desc *table;
	uint64_t addr;
	struct vring_desc *d = offer_table(h, &addr, &table);

	d->flags |= VRING_DESC_F_NEXT;
	d->next = 1;
	return true;
}

/* Both tables would be good but for their length. */
static bool indirect_length_0(struct hostile *h)
{
	const struct drv_seg one = { h->scratch, 16, true };

	drvq_desc(&h->q, drvq_add_indirect(&h->q, &one, 1, NULL))->len = 0;
	return true;
}

static bool indirect_length_odd(struct hostile *h)
{
	drvq_desc(&h->q, drvq_add_indirect(&h->q, h->seg, h->n, NULL))->len++;
	return true;
}

static bool indirect_next_beyond(struct hostile *h)
{
	struct vring_desc *table;
	uint64_t addr;

	offer_table(h, &addr, &table);
	table->flags |= VRING_DESC_F_NEXT;
	table->next = (le16)h->n;
	table[h->n] = (struct vring_desc){ h->scratch, 16, VRING_DESC_F_WRITE, 0 };
	return true;
}

static bool indirect_cycle(struct hostile *h)
{
	struct vring_desc *table;
	uint64_t addr;

	offer_table(h, &addr, &table);
	table->flags |= VRING_DESC_F_NEXT;
	table->next = 0;
	return true;
}

static bool indirect_outside_ram(struct hostile *h)
{
	struct vring_desc *table;
	uint64_t addr;

	offer_table(h, &addr, &table)->addr = MOCK_LOW_SIZE;
	return true;
}

static bool indirect_wraps(struct hostile *h)
{
	struct vring_desc *table;
	uint64_t addr;
	struct vring_desc *d = offer_table(h, &addr, &table);

	d->addr = ~0ull - 15;
	d->len = 0xfffffff0u;
	return true;
}

/* --- direction ------------------------------------------------------------------------ */

static bool readable_after_writable(struct hostile *h)
{
	struct drv_seg first = { h->scratch, 16, true };

	memmove(&h->seg[1], &h->seg[0], sizeof(h->seg) - sizeof(h->seg[0]));
	h->seg[0] = first;
	h->n++;
	if (h->n > HOSTILE_SEGS || h->seg[1].write)
		return false;
	return offer(h);
}

static bool nothing_is_writable(struct hostile *h)
{
	if (!nr_writable(h))
		return false;
	for (unsigned int i = 0; i < h->n; i++)
		h->seg[i].write = false;
	return offer(h);
}

static bool last_is_not_writable(struct hostile *h)
{
	if (nr_writable(h) != 1 || !h->seg[h->n - 1].write)
		return false;
	h->seg[h->n - 1].write = false;
	return offer(h);
}

static bool one_byte_descriptors(struct hostile *h)
{
	struct drv_seg piece[MOST_PIECES];
	unsigned int n = 0;

	allow_writable(h);
	for (unsigned int i = 0; i < h->n; i++) {
		struct drv_seg rest = h->seg[i];

		while (rest.len > 1 && n + h->n - i < h->q.size) {
			piece[n++] = (struct drv_seg){ rest.addr, 1, rest.write };
			rest.addr++;
			rest.len--;
			if (i && n > h->q.size / 2u)
				break;
		}
		piece[n++] = rest;
	}
	drvq_add(&h->q, piece, n);
	return true;
}

/* --- aims ------------------------------------------------------------------------------ */

static bool writes_own_rings(struct hostile *h)
{
	uint32_t bytes = VRING_AVAIL_BYTES(h->q.size);

	/* Whatever comes of it, even more completions, ends after a queue's worth. */
	h->offered = 0xffff;
	allow_writable(h);
	allow(h, h->q.avail, bytes);
	allow(h, 0x10000, MOCK_LOW_SIZE - 0x10000);
	return redirect(h, true, h->q.avail, bytes);
}

static bool writes_own_descriptors(struct hostile *h)
{
	allow_writable(h);
	allow(h, h->q.desc, VRING_DESC_BYTES(h->q.size));
	return redirect(h, true, h->q.desc, 64);
}

static bool reads_own_rings(struct hostile *h)
{
	allow_writable(h);
	return redirect(h, false, h->q.avail, 64);
}

static bool writes_own_registers(struct hostile *h)
{
	return redirect(h, true, h->d.common, 64);
}

static bool writes_own_doorbell(struct hostile *h)
{
	return redirect(h, true, h->q.bell, 64);
}

static bool reads_own_isr(struct hostile *h)
{
	return redirect(h, false, h->d.isr, 4);
}

static bool writes_other_registers(struct hostile *h)
{
	struct drv other;

	drv_probe(&other, h->m, HOSTILE_OTHER);
	return redirect(h, true, other.common, 64);
}

static bool writes_ecam(struct hostile *h)
{
	return redirect(h, true, PV_ECAM_BASE, 64);
}

static bool writes_msi_window(struct hostile *h)
{
	return redirect(h, true, DRV_MSI_ADDRESS, 64);
}

/* --- set-up at the wrong time ----------------------------------------------------------- */

static bool queue_changed_while_enabled(struct hostile *h)
{
	struct drv *d = &h->d;

	drv_put(d, VIRTIO_PCI_COMMON_Q_SELECT, 2, h->q.index);
	drv_put(d, VIRTIO_PCI_COMMON_Q_SIZE, 2, 2);
	for (unsigned int r = VIRTIO_PCI_COMMON_Q_DESCLO; r < VIRTIO_PCI_COMMON_Q_NDATA;
	     r += 4)
		drv_put(d, r, 4, 0x12345670);
	drv_put(d, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 0);
	allow_writable(h);
	return offer(h);
}

static bool bells_of_other_queues(struct hostile *h)
{
	for (unsigned int i = 0; i < 1024; i++)
		if (i != h->q.index)
			machine_write(h->m, h->d.notify + i * h->d.notify_step, 2, i);
	mock_host_run(&h->m->mh, 100);
	allow_writable(h);
	return offer(h);
}

static void put_in_flight(struct hostile *h, unsigned int requests)
{
	for (unsigned int i = 0; i < requests; i++) {
		drvq_add(&h->q, h->seg, h->n);
		h->n = h->target->request(&h->d, h->seg);
	}
	machine_write(h->m, h->q.bell, 2, h->q.index);
	mock_host_poll(&h->m->mh, 0);
}

static void nothing_moves(struct hostile *h)
{
	unsigned int fired = mock_host_fired(&h->m->mh);
	uint64_t before = machine_hash(h->m, NULL, 0);

	for (unsigned int turn = 0; turn < 5; turn++)
		mock_host_poll(&h->m->mh, 2);
	assert_int_equal(machine_hash(h->m, NULL, 0), before);
	assert_int_equal(mock_host_fired(&h->m->mh), fired);
}

/* Requests in flight, then a reset: from its return on nothing moves. */
static bool reset_in_flight(struct hostile *h)
{
	put_in_flight(h, 4);
	drv_reset(&h->d);
	nothing_moves(h);
	h->offered = 0;
	return true;
}

static bool queue_reset_in_flight(struct hostile *h)
{
	put_in_flight(h, 4);
	drv_put(&h->d, VIRTIO_PCI_COMMON_Q_SELECT, 2, h->q.index);
	drv_put(&h->d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	assert_int_equal(drv_get(&h->d, VIRTIO_PCI_COMMON_Q_RESET, 2), 0);
	assert_int_equal(drv_get(&h->d, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	nothing_moves(h);
	/* It comes back alone, without a device reset. */
	drv_queue(&h->d, &h->q, h->q.index, h->q.size);
	allow_writable(h);
	return offer(h);
}

static bool status_storm(struct hostile *h)
{
	uint32_t seed = 1;

	for (unsigned int i = 0; i < 3000; i++) {
		seed = seed * 1664525 + 1013904223;
		drv_put(&h->d, (seed >> 8) % 0x40, 1u << (seed >> 28) % 3, seed >> 16);
		drv_put(&h->d, VIRTIO_PCI_COMMON_STATUS, 1, seed >> 24 & 0x8f);
		drv_put(&h->d, VIRTIO_PCI_COMMON_GFSELECT, 4, seed >> 20 & 3);
		drv_put(&h->d, VIRTIO_PCI_COMMON_GF, 4, seed);
		machine_write(h->m, h->q.bell, 2, h->q.index);
		if (i % 16 == 0)
			mock_host_poll(&h->m->mh, 0);
	}
	h->offered = 0;
	drv_reset(&h->d);
	return true;
}

#define CASE(number, expect, without, fn)           \
	{                                           \
		number " " #fn, expect, without, fn \
	}
#define EVENT_IDX VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX)

const struct hostile_case hostile_cases[] = {
	SHARED_CASES(CASE),
	CASE("6", EXPECT_BROKEN, EVENT_IDX, index_jumps),
	CASE("20", EXPECT_ERROR, 0, last_is_not_writable),
	CASE("23", EXPECT_ANY, 0, writes_own_descriptors),
};
const unsigned int hostile_nr_cases = ARRAY_SIZE(hostile_cases);

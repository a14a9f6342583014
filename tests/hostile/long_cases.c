/* SPDX-License-Identifier: MIT */
/* Cases that take more than one request. */
#include "tests/hostile/hostile.h"

#define ANSWER_MS 5000u
#define ROUNDS	  24u
#define RACE_MS	  50u /* how long an answer may be missing: a chain may ask for anything */
#define LONGER	  64u
#define VECTOR	  0x40u

/* --- 8: the available index all the way round ----------------------------------------------- */

static bool all_used(struct device *d)
{
	uint64_t end = now_ms() + ANSWER_MS;

	while (__atomic_load_n(&d->used->idx, __ATOMIC_ACQUIRE) != d->avail_idx)
		if (now_ms() > end)
			return false;
	return true;
}

/* 65536 requests: the index comes back to 0, and one more. */
bool index_wraps(struct attack *a)
{
	struct device *d = a->d;
	unsigned int together;

	allow_writable(a);
	watch_allow((uint64_t)&d->avail->idx, sizeof(d->avail->idx));
	together = offer_many(a);
	watch_start();
	a->watched = true;
	for (;;) {
		kick(d);
		if (!all_used(d)) {
			say("# no answers at index %u\n", (uint64_t)d->avail_idx);
			a->failed = true;
			return true;
		}
		if (!d->avail_idx)
			break;
		d->avail_idx = (uint16_t)(d->avail_idx + together);
		__atomic_store_n(&d->avail->idx, d->avail_idx, __ATOMIC_RELEASE);
	}
	d->last_used = 0;
	offer_head(d, 0);
	return true;
}

/* --- 22: another vCPU rewrites a chain ------------------------------------------------------ */

/* What the other rewrites: descriptors, and what is right in them. */
static struct {
	volatile struct vring_desc *desc;
	struct vring_desc good[SEGS_MAX];
	unsigned int n;
} prey;

static void rewrite(void)
{
	static unsigned int step;
	unsigned int i = step / 8 % prey.n;
	const struct vring_desc *good = &prey.good[i];

	prey.desc[i].addr = step & 1 ? ram_end : good->addr;
	prey.desc[i].len = step & 2 ? LONGER : step & 4 ? 1 : good->len;
	prey.desc[i].flags = step & 4 ? good->flags ^ VRING_DESC_F_WRITE : good->flags;
	prey.desc[i].next = step & 1 ? 0xffff : good->next;
	prey.desc[i].flags = good->flags;
	prey.desc[i].next = good->next;
	step++;
}

/* A fresh device and request; false: it does not come back. */
static bool again(struct attack *a)
{
	if (!device_start(a->d, 0))
		return false;
	a->scratch = arena_get(SCRATCH, 16);
	a->n = a->t->request(a->d, a->seg);
	watch_allow((uint64_t)a->d->used, VRING_USED_BYTES(QUEUE_SIZE));
	return true;
}

/* One request, while it is rewritten: one completion or none, and nothing else is touched. */
static bool survives_rewriting(struct attack *a, bool indirect)
{
	struct vring_desc *table = a->d->desc;
	uint64_t end = now_ms() + RACE_MS;
	struct vring_used_elem e;
	unsigned int answers = 0;
	bool ok;

	if (indirect)
		offer_table(a->d, a->seg, a->n, &table);
	else
		offer_request(a);
	for (unsigned int i = 0; i < a->n; i++) {
		prey.good[i] = table[i];
		watch_allow(a->seg[i].addr,
			    LONGER > a->seg[i].len ? LONGER : a->seg[i].len);
	}
	watch_allow((uint64_t)table, a->n * sizeof(*table));
	watch_start();
	prey.desc = table;
	prey.n = a->n;
	if (!second_start(rewrite))
		return false;
	kick(a->d);
	while (!answers && !device_broken(a->d) && now_ms() < end)
		answers += take_used(a->d, &e);
	device_reset(a->d);
	second_stop();
	answers += take_used(a->d, &e);
	ok = watch_ok("22") && answers <= 1;
	if (answers > 1)
		say("# %u completions of a rewritten chain\n", (uint64_t)answers);
	return ok;
}

static void nothing(void)
{
}

bool rewritten_meanwhile(struct attack *a)
{
	if (!second_start(nothing))
		return false;
	second_stop();
	for (unsigned int i = 0; i < ROUNDS && !a->failed; i++)
		a->failed = !again(a) || !survives_rewriting(a, i & 1);
	if (!again(a))
		a->failed = true;
	allow_writable(a);
	return offer_request(a);
}

/* --- 40: interrupts that nobody takes -------------------------------------------------------- */

/* Interrupts are off in this guest for ever: none of these is taken, none acknowledged. */
bool interrupts_never_taken(struct attack *a)
{
	struct device *d = a->d;

	if (!d->msix)
		return false;
	msix_enable(d, PV_LAPIC_BASE, VECTOR);
	put(d, VIRTIO_PCI_COMMON_MSIX, 2, 0);
	put(d, VIRTIO_PCI_COMMON_Q_SELECT, 2, d->queue);
	put(d, VIRTIO_PCI_COMMON_Q_MSIX, 2, 0);
	a->failed = get(d, VIRTIO_PCI_COMMON_Q_MSIX, 2) != 0;
	for (unsigned int i = 0; i < ROUNDS && !a->failed; i++) {
		struct vring_used_elem e;

		offer_request(a);
		kick(d);
		a->failed = !all_used(d) || !take_used(d, &e);
	}
	msix_disable(d);
	allow_writable(a);
	return offer_request(a);
}

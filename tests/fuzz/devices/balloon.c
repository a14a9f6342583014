/* SPDX-License-Identifier: MIT */
/*
 * virtio balloon: lists of page numbers, statistics, reports of free pages.  What it gives
 * back is whole units of RAM, and never a page with a ring of its own.
 */
#include <string.h>

#include "devices/balloon/virtio_balloon.h"
#include "devices/virtio/virtio_pci.h"
#include "tests/fuzz/lib/chaos.h"

#define INFLATE	    0u
#define NUMBERS_MAX 8u
#define PAGE	    4096u

static struct {
	struct chaos *c;
	struct virtio_balloon *b;
	uint64_t unit;
	unsigned int calls;
} t;

/* The machine's memory is small: the bytes stay, so that all else can be compared. */
static int give_back(void *ctx, void *host, uint64_t len)
{
	const struct dma_port *port = &t.c->m->pci.dev[CHAOS_DEVFN]->dma;
	uint64_t gpa = (uint64_t)((uint8_t *)host - t.c->m->low);

	(void)ctx;
	t.calls++;
	FUZZ_CHECK(len && !(len % t.unit));
	if (gpa >= CHAOS_LOW_SIZE) {
		gpa = (uint64_t)((uint8_t *)host - t.c->m->high);
		FUZZ_CHECK(gpa < CHAOS_HIGH_SIZE && len <= CHAOS_HIGH_SIZE - gpa);
		return t.calls % 5 ? 0 : -12;
	}
	FUZZ_CHECK(len <= CHAOS_LOW_SIZE - gpa);
	FUZZ_CHECK(!(gpa % t.unit));
	for (const struct dma_window *w = port->windows; w; w = w->next)
		FUZZ_CHECK(gpa + len <= w->iova || w->iova + w->len <= gpa);
	return t.calls % 5 ? 0 : -12;
}

static void plug(struct chaos *c, uint8_t variant)
{
	struct virtio_balloon_config_in config = {
		.name = "balloon0",
		.target = variant >> 4,
		.deflate_on_oom = variant & 1,
		.reporting = variant & 2,
		.unit = variant & 4 ? 4 * PAGE : PAGE,
		.give_back = give_back,
	};

	t.c = c;
	t.unit = config.unit;
	t.calls = 0;
	FUZZ_CHECK(!virtio_balloon_create(&config, &t.b));
	FUZZ_CHECK(
		!virtio_pci_plug(&c->m->pci, CHAOS_DEVFN, virtio_balloon_dev(t.b), NULL));
}

/* Page numbers: of all RAM there is and a little more, or anything. */
static void offer_numbers(struct chaos *c, struct drvq *q, uint32_t at)
{
	uint32_t number[NUMBERS_MAX], n = 1 + fuzz_below(&c->in, NUMBERS_MAX);
	struct drv_seg seg = { chaos_addr(c, at), n * 4, false };

	for (uint32_t i = 0; i < n; i++) {
		uint8_t byte = fuzz_u8(&c->in);

		number[i] = byte < 0xf0 ? byte % 24u : fuzz_u32(&c->in);
	}
	chaos_write(c, at, number, n * 4);
	seg.len -= fuzz_u8(&c->in) % 4;
	chaos_offer(c, q, &seg, 1);
}

static void offer_stats(struct chaos *c, struct drvq *q, uint32_t at)
{
	struct virtio_balloon_stat stat[3];
	struct drv_seg seg = { chaos_addr(c, at), sizeof(stat), false };

	for (unsigned int i = 0; i < 3; i++) {
		stat[i].tag = fuzz_u8(&c->in) % 20;
		stat[i].val = fuzz_u16(&c->in);
	}
	chaos_write(c, at, stat, sizeof(stat));
	seg.len -= fuzz_u8(&c->in) % 11;
	chaos_offer(c, q, &seg, 1);
}

static void request(struct chaos *c, struct drvq *q)
{
	uint32_t at = fuzz_u8(&c->in) * 4u;
	struct drv_seg seg;

	switch (fuzz_u8(&c->in) % 4) {
	case 0:
	case 1:
		offer_numbers(c, q, at);
		break;
	case 2:
		offer_stats(c, q, at);
		break;
	default: /* free memory, which the device may write to */
		seg = (struct drv_seg){ chaos_addr(c, at << 4 & ~(PAGE - 1)),
					fuzz_u16(&c->in), true };
		chaos_offer(c, q, &seg, 1);
		break;
	}
}

static void event(struct chaos *c)
{
	uint8_t what = fuzz_u8(&c->in);

	if (what & 1)
		virtio_balloon_set_target(t.b, what);
	if (what & 2)
		virtio_balloon_ask_stats(t.b);
	if (what & 4)
		virtio_balloon_poll_stats(t.b, what >> 7);
	FUZZ_CHECK(virtio_balloon_stats(t.b)->valid >> VIRTIO_BALLOON_S_NR == 0);
}

static void good(struct chaos *c)
{
	static const uint32_t pages[] = { 12, 13, 14, 15 };
	const struct drv_seg seg = { CHAOS_ARENA, sizeof(pages), false };
	unsigned int before = t.calls;
	struct vring_used_elem elem;

	chaos_write(c, 0, pages, sizeof(pages));
	FUZZ_CHECK(chaos_wait(c, INFLATE, &seg, 1, &elem));
	FUZZ_CHECK(!elem.len);
	FUZZ_CHECK(t.calls > before ||
		   (t.unit > PAGE &&
		    !virtio_balloon_has(t.b, VIRTIO_BALLOON_F_MUST_TELL_HOST)));
}

static const struct chaos_device device = { .name = "balloon",
					    .plug = plug,
					    .request = request,
					    .event = event,
					    .good = good,
					    .never_behind = true };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	chaos_run(&device, data, size);
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	/* Queue, place, kind, what that reads; and how it is offered. */
	static const struct {
		uint8_t len, bytes[16];
	} asked[] = {
		{ 11,
		  { 0, 0, 0, 4, 1, 2, 3, 12, 15, 0, 0 } }, /* a list, with the rings */
		{ 10, { 1, 8, 0, 3, 0, 1, 23, 12, 3, 0 } }, /* nonsense */
		{ 14, { 2, 2, 2, 4, 1, 0, 5, 2, 0, 19, 3, 0, 0, 0 } }, /* statistics */
		{ 6, { 3, 0, 3, 0, 16, 0 } }, /* a report */
	};
	unsigned int kind = n / CHAOS_SEEDS;

	if (kind >= sizeof(asked) / sizeof(asked[0]))
		return 0;
	return chaos_seed(n % CHAOS_SEEDS, buf, size, asked[kind].bytes, asked[kind].len);
}

/* SPDX-License-Identifier: MIT */
/*
 * virtio console: what is outside takes output as it likes (the variant), and sends input
 * when an event says so.
 */
#include <string.h>

#include "devices/virtio_console.h"
#include "devices/virtio/virtio_pci.h"
#include "tests/fuzz/lib/chaos.h"

#define RX 0
#define TX 1

static struct {
	struct virtio_console *console;
	size_t room; /* what output is taken at once */
	uint64_t taken;
} outside;

static size_t output(void *ctx, const void *bytes, size_t count)
{
	volatile uint8_t last;

	(void)ctx;
	if (count > outside.room)
		count = outside.room;
	if (count)
		last = ((const uint8_t *)bytes)[count - 1];
	(void)last;
	outside.taken += count;
	return count;
}

static void plug(struct chaos *c, uint8_t variant)
{
	struct virtio_console_config_in config = {
		.name = "console0", .cols = 80, .rows = 25, .output = output
	};

	outside.room = variant & 1 ? variant : SIZE_MAX;
	FUZZ_CHECK(!virtio_console_create(&config, &outside.console));
	FUZZ_CHECK(!virtio_pci_plug(&c->m->pci, CHAOS_DEVFN,
				    virtio_console_dev(outside.console), NULL));
}

static void request(struct chaos *c, struct drvq *q)
{
	struct drv_seg seg = { chaos_addr(c, fuzz_u8(&c->in) * 64u),
			       1u + fuzz_u16(&c->in) % 2048, q->index == RX };

	chaos_offer(c, q, &seg, 1);
}

static void event(struct chaos *c)
{
	uint8_t what = fuzz_u8(&c->in), bytes[256];

	memset(bytes, what, sizeof(bytes));
	if (what & 1)
		FUZZ_CHECK(virtio_console_receive(outside.console, bytes, what) <= what);
	if (what & 2) {
		outside.room = what;
		virtio_console_output_room(outside.console);
	}
	if (what & 4)
		virtio_console_resize(outside.console, what, fuzz_u8(&c->in));
}

static void good(struct chaos *c)
{
	const struct drv_seg in = { CHAOS_ARENA, 8, true };
	const struct drv_seg out = { CHAOS_ARENA, 8, false };
	struct vring_used_elem elem;

	outside.room = SIZE_MAX;
	virtio_console_output_room(outside.console);
	outside.taken = 0;
	FUZZ_CHECK(chaos_wait(c, TX, &out, 1, &elem));
	FUZZ_CHECK(outside.taken == 8);
	drvq_add(&c->q[RX], &in, 1);
	drvq_kick(&c->q[RX]);
	FUZZ_CHECK(virtio_console_receive(outside.console, "\1\2\3\4\5\6\7", 8) == 8);
	FUZZ_CHECK(drvq_wait(&c->q[RX], &elem) && elem.len == 8);
}

static const struct chaos_device device = {
	.name = "console", .plug = plug, .request = request, .event = event, .good = good
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	chaos_run(&device, data, size);
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	/* Its queue, place, length; how it is offered; then input comes. */
	const uint8_t asked[] = {
		(uint8_t)(n / CHAOS_SEEDS % 2), 3, 40, 0, 0, CHAOS_EVENT, 0x21
	};

	if (n >= 3 * CHAOS_SEEDS)
		return 0;
	return chaos_seed(n, buf, size, asked, sizeof(asked));
}

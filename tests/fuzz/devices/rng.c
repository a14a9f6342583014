/* SPDX-License-Identifier: MIT */
/* virtio entropy; its source gives as much as the variant says, sometimes nothing. */
#include <errno.h>
#include <string.h>

#include "devices/virtio/virtio_pci.h"
#include "devices/virtio_rng.h"
#include "tests/fuzz/lib/chaos.h"

static uint8_t source_variant;
static unsigned int source_calls;

static ssize_t source(void *bytes, size_t count)
{
	if (source_variant & 1 && ++source_calls % 3 == 0) {
		errno = EAGAIN;
		return -1;
	}
	if (source_variant & 2 && count > 7)
		count = 7;
	memset(bytes, 0xa5, count);
	return (ssize_t)count;
}

static void plug(struct chaos *c, uint8_t variant)
{
	struct virtio_rng_config config = { .name = "rng0", .source = source };
	struct virtio_dev *vd;

	source_variant = variant;
	source_calls = 0;
	FUZZ_CHECK(!virtio_rng_create(&config, &vd));
	FUZZ_CHECK(!virtio_pci_plug(&c->m->pci, CHAOS_DEVFN, vd, NULL));
}

static void request(struct chaos *c, struct drvq *q)
{
	struct drv_seg seg = { chaos_addr(c, fuzz_u8(&c->in) * 64u),
			       1u + fuzz_u16(&c->in) % 2048, true };

	chaos_offer(c, q, &seg, 1);
}

static void good(struct chaos *c)
{
	const struct drv_seg seg = { CHAOS_ARENA, 64, true };
	struct vring_used_elem elem;

	source_variant = 0;
	FUZZ_CHECK(chaos_wait(c, 0, &seg, 1, &elem));
	FUZZ_CHECK(elem.len == 64 && *(uint8_t *)machine_at(c->m, seg.addr, 1) == 0xa5);
}

static const struct chaos_device device = {
	.name = "rng", .plug = plug, .request = request, .good = good
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	chaos_run(&device, data, size);
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	static const uint8_t asked[] = { 0, 3, 0, 1, 0 };

	if (n >= 2 * CHAOS_SEEDS)
		return 0;
	return chaos_seed(n, buf, size, asked, sizeof(asked));
}

/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/mock_model.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "devices/util.h"
#include "devices/virtio/virtio_pci.h"

#define MOST_BYTES 65536u

static struct mock_model *of(struct virtio_dev *vd)
{
	return container_of(vd, struct mock_model, vd);
}

static void fill(uint8_t *out, uint64_t out_len, const uint8_t *in, uint64_t in_len)
{
	for (uint64_t i = 0; i < out_len; i++)
		out[i] = in_len ? (uint8_t)(in[i % in_len] + 1) : 0x5a;
	if (out_len)
		out[out_len - 1] = 0;
}

/* False: the request is too large, or a fault. */
static bool work(struct virtq_chain *chain, uint8_t *in, uint8_t *out)
{
	struct dma_cursor from = virtq_readable(chain), to = virtq_writable(chain);
	uint64_t in_len = from.left, out_len = to.left;

	if (in_len > MOST_BYTES || out_len > MOST_BYTES)
		return false;
	if (dma_cursor_read(&from, in, in_len))
		return false;
	fill(out, out_len, in, in_len);
	return !dma_cursor_write(&to, out, out_len);
}

static void answer(struct virtq_chain *chain)
{
	uint8_t *in = calloc(1, MOST_BYTES), *out = calloc(1, MOST_BYTES);

	assert_true(in && out);
	virtq_push(chain, work(chain, in, out) ? (uint32_t)chain->in_len : 0);
	free(in);
	free(out);
}

static bool handle(void *arg, struct virtq_chain *chain)
{
	struct mock_model *mm = arg;

	if (mm->hold)
		mm->held[mm->nr_held++] = chain;
	else
		answer(chain);
	return mm->nr_held < MOCK_MODEL_HELD;
}

static void notify(struct virtio_dev *vd, struct virtq *q)
{
	of(vd)->notified++;
	virtq_process(q, handle, of(vd));
}

void mock_model_complete(struct mock_model *mm, unsigned int i)
{
	struct virtq_chain *chain = mm->held[i];
	struct virtq *q = chain->q;

	mm->nr_held--;
	for (; i < mm->nr_held; i++)
		mm->held[i] = mm->held[i + 1];
	answer(chain);
	virtq_signal(q);
}

static void drain(struct virtio_dev *vd, struct virtq *q)
{
	struct mock_model *mm = of(vd);

	mm->drains++;
	for (unsigned int i = 0; i < mm->nr_held;) {
		if (!q || mm->held[i]->q == q)
			mock_model_complete(mm, i);
		else
			i++;
	}
}

static void activate(struct virtio_dev *vd)
{
	of(vd)->activated++;
}

static void reset(struct virtio_dev *vd)
{
	of(vd)->resets++;
	of(vd)->config.scratch = 0;
}

static void config_write(struct virtio_dev *vd, unsigned int offset, unsigned int len,
			 uint64_t value)
{
	of(vd)->config_writes++;
	if (offset == offsetof(struct mock_model_config, scratch) && len == sizeof(le32))
		of(vd)->config.scratch = (le32)value;
}

static int attached(struct virtio_dev *vd)
{
	return of(vd)->fail_attach;
}

static void destroy(struct virtio_dev *vd)
{
	struct mock_model *mm = of(vd);

	if (mm->destroyed)
		*mm->destroyed = true;
	virtio_fini(vd);
	free(mm);
}

static const struct virtio_model model = {
	.id = VIRTIO_ID_DMACHECK,
	.pci_class = PCI_CLASS_OTHERS,
	.features = VIRTIO_FEATURE(MOCK_MODEL_FEATURE),
	.attached = attached,
	.activate = activate,
	.notify = notify,
	.drain = drain,
	.reset = reset,
	.config_write = config_write,
	.destroy = destroy,
};

struct mock_model *mock_model_new(void)
{
	static const uint16_t sizes[MOCK_MODEL_QUEUES] = { MOCK_MODEL_QUEUE_SIZE,
							   MOCK_MODEL_QUEUE_SIZE };
	struct mock_model *mm = calloc(1, sizeof(*mm));

	assert_non_null(mm);
	assert_int_equal(
		virtio_init(&mm->vd, &model, "mock", 0, sizes, MOCK_MODEL_QUEUES), 0);
	mm->config.answer = 42;
	virtio_set_config(&mm->vd, &mm->config, sizeof(mm->config));
	return mm;
}

struct mock_model *mock_model_plug(struct machine *m, uint8_t devfn)
{
	struct mock_model *mm = mock_model_new();

	assert_int_equal(virtio_pci_plug(&m->pci, devfn, &mm->vd, NULL), 0);
	assert_int_equal(pci_assign(&m->pci), 0);
	return mm;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/dma_check/dma_check_internal.h"

int dma_checker_create(const struct dma_checker_config *config, struct dma_checker **out)
{
	struct dma_checker *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->config = *config;
	c->witness = dma_checker_witness_ops;
	*out = c;
	return 0;
}

void dma_checker_destroy(struct dma_checker *c)
{
	if (!c)
		return;
	dma_maps_fini(&c->maps);
	free(c);
}

struct dma_witness *dma_checker_witness(struct dma_checker *c)
{
	return &c->witness;
}

uint64_t dma_checker_unexpected(const struct dma_checker *c)
{
	return c->unexpected;
}

static void found_corrupt(struct dma_checker *c, const char *what)
{
	struct dma_finding f = { .kind = DMA_FOUND_CORRUPT };

	dma_found(c, &f, "what the guest publishes of its DMA makes no sense: %s", what);
}

static void take_entry(void *arg, unsigned int ring, const struct dma_check_entry *e)
{
	dma_judge_call(arg, ring, e);
}

static void take_corrupt(void *arg, const char *what)
{
	found_corrupt(arg, what);
}

static const struct dma_channel_ops channel_ops = {
	.entry = take_entry,
	.corrupt = take_corrupt,
};

void dma_checker_settle(struct dma_checker *c)
{
	dma_channel_take(&c->channel, &channel_ops, c);
}

void dma_checker_reset(struct dma_checker *c)
{
	dma_channel_close(&c->channel);
	dma_maps_fini(&c->maps);
	memset(c->list, 0, sizeof(c->list));
}

void dma_checker_write(struct dma_checker *c, uint32_t value)
{
	const char *wrong;

	if (value < DMA_CHECK_PAGE_MIN) {
		dma_checker_settle(c);
		return;
	}
	dma_checker_reset(c);
	wrong = dma_channel_open(&c->channel, c->config.ram, (uint64_t)value << 12);
	if (wrong)
		found_corrupt(c, wrong);
}

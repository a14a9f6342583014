/* SPDX-License-Identifier: MIT */
/* What devices hold mapped: see dma_account.h. */
#include <linux/atomic.h>
#include <linux/errno.h>
#include "mm/dma_account.h"
#include "mm/dma_debug.h"
#include "mm/dma_internal.h"
#include "mm/reset.h"

void (*dma_observer)(const struct dma_event *event);

static void (*observers[DMA_OBSERVERS])(const struct dma_event *event);

struct device_dma_account dma_total;

void dma_reset(void)
{
	dma_total = (struct device_dma_account){ 0 };
	dma_observer = NULL;
	for (unsigned int i = 0; i < DMA_OBSERVERS; i++)
		observers[i] = NULL;
	dma_debug_reset();
}

/* --- observers --------------------------------------------------------------------------- */

static void tell_all(const struct dma_event *event)
{
	for (unsigned int i = 0; i < DMA_OBSERVERS; i++)
		if (observers[i])
			observers[i](event);
}

/* One observer is called directly. */
static void choose_observer(void)
{
	void (*only)(const struct dma_event *event) = NULL;
	unsigned int n = 0;

	for (unsigned int i = 0; i < DMA_OBSERVERS; i++)
		if (observers[i]) {
			only = observers[i];
			n++;
		}
	dma_observer = n > 1 ? tell_all : only;
}

int dma_observer_add(void (*observer)(const struct dma_event *event))
{
	for (unsigned int i = 0; i < DMA_OBSERVERS; i++)
		if (!observers[i]) {
			observers[i] = observer;
			choose_observer();
			return 0;
		}
	return -ENOSPC;
}

void dma_observer_remove(void (*observer)(const struct dma_event *event))
{
	for (unsigned int i = 0; i < DMA_OBSERVERS; i++)
		if (observers[i] == observer)
			observers[i] = NULL;
	choose_observer();
}

static void count(atomic_long_t *number, atomic_long_t *bytes, long n, long size)
{
	atomic_long_add(n, number);
	atomic_long_add(size, bytes);
}

void dma_count_alloc(struct device *dev, size_t bytes)
{
	count(&dev->dma.coherent, &dev->dma.coherent_bytes, 1, (long)bytes);
	count(&dma_total.coherent, &dma_total.coherent_bytes, 1, (long)bytes);
}

void dma_count_free(struct device *dev, size_t bytes)
{
	count(&dev->dma.coherent, &dev->dma.coherent_bytes, -1, -(long)bytes);
	count(&dma_total.coherent, &dma_total.coherent_bytes, -1, -(long)bytes);
}

void dma_count_refusal(struct device *dev)
{
	atomic_long_inc(&dev->dma.refused);
	atomic_long_inc(&dma_total.refused);
}

bool dma_first_trouble(struct device *dev, enum dma_trouble kind)
{
	unsigned int bit = 1U << kind;

	return !(__atomic_fetch_or(&dev->dma_reported, bit, __ATOMIC_RELAXED) & bit);
}

void dma_get_stats(struct dma_stats *stats)
{
	*stats = (struct dma_stats){
		.mappings = atomic_long_read(&dma_total.mappings),
		.mapped_bytes = atomic_long_read(&dma_total.mapped_bytes),
		.coherent = atomic_long_read(&dma_total.coherent),
		.coherent_bytes = atomic_long_read(&dma_total.coherent_bytes),
		.refused = atomic_long_read(&dma_total.refused),
	};
}

/* Nothing but a jump to what is told. */
void dma_tell(const struct dma_event *event)
{
	void (*observer)(const struct dma_event *) = READ_ONCE(dma_observer);

	if (likely(observer))
		observer(event);
}

void dma_tell_list(const struct dma_event *event)
{
	trace_dma(event);
	dma_tell(event);
}

void dma_driver_released(struct device *dev)
{
	dma_observe(.kind = DMA_EVENT_RELEASED, .dev = dev, .caller = DMA_CALLER);
}

void dma_transfer_started(struct device *dev, unsigned int queue, u16 first, u16 nr,
			  const struct dma_caller *caller)
{
	dma_observe(.kind = DMA_EVENT_STARTED, .dev = dev, .addr = queue, .phys = first,
		    .size = nr, .caller = caller);
}

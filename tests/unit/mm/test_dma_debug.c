/* SPDX-License-Identifier: MIT */
/* The books of live mappings (dma_debug=on): held against a model, and full. */
#include <abi/memstate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "dma_test.h"
#include "mm/dma_account.h"
#include "mm/dma_debug.h"

#define MODEL 300U

static int set_up(void **state)
{
	int ret = dma_set_up(state);

	assert_int_equal(dma_debug_setup("sometimes"), -EINVAL);
	assert_int_equal(dma_debug_setup("on"), 0);
	assert_int_equal(dma_debug_init(), 0);
	assert_non_null(dma_debug_entries);
	return ret;
}

static int tear_down(void **state)
{
	free_pages_exact(dma_debug_entries,
			 DMA_DEBUG_ENTRIES * sizeof(*dma_debug_entries));
	return dma_tear_down(state);
}

static unsigned int live(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < DMA_DEBUG_ENTRIES; i++)
		n += !!dma_debug_entries[i].kind;
	return n;
}

static const struct dma_debug_entry *entry_at(dma_addr_t addr)
{
	for (unsigned int i = 0; i < DMA_DEBUG_ENTRIES; i++)
		if (dma_debug_entries[i].kind && dma_debug_entries[i].addr == addr)
			return &dma_debug_entries[i];
	return NULL;
}

static void each_kind_comes_and_goes(void **state)
{
	char *p = kmalloc(4096, GFP_KERNEL | __GFP_DMA);
	const struct dma_debug_entry *e;
	struct scatterlist sg[2];
	dma_addr_t dma;
	void *buffer;

	(void)state;
	dma = dma_map_single(&dma_dev, p, 100, DMA_TO_DEVICE);
	e = entry_at(dma);
	assert_non_null(e);
	assert_int_equal(e->kind, MEMSTATE_DMA_SINGLE);
	assert_int_equal(e->dir, 1);
	assert_int_equal(e->size, 100);
	assert_int_equal(e->phys, virt_to_phys(p));
	assert_int_equal(e->endpoint, dma_dev.endpoint);
	assert_string_equal(e->name, dev_name(&dma_dev));
	assert_true(e->caller);
	dma_unmap_single(&dma_dev, dma, 100, DMA_TO_DEVICE);
	assert_int_equal(live(), 0);

	sg_init_table(sg, 2);
	sg_set_buf(&sg[0], p, 32);
	sg_set_buf(&sg[1], p + 2048, 64);
	assert_int_equal(dma_map_sg(&dma_dev, sg, 2, DMA_FROM_DEVICE), 2);
	assert_int_equal(live(), 2);
	assert_int_equal(entry_at(sg_dma_address(&sg[1]))->kind, MEMSTATE_DMA_SG);
	assert_int_equal(entry_at(sg_dma_address(&sg[1]))->size, 64);
	dma_unmap_sg(&dma_dev, sg, 2, DMA_FROM_DEVICE);
	assert_int_equal(live(), 0);

	buffer = dma_alloc_coherent(&dma_dev, 5000, &dma, GFP_KERNEL);
	assert_int_equal(entry_at(dma)->kind, MEMSTATE_DMA_COHERENT);
	assert_int_equal(entry_at(dma)->size, 5000);
	dma_free_coherent(&dma_dev, 5000, buffer, dma);
	assert_int_equal(live(), 0);
	kfree(p);
}

static void refused_and_foreign_calls_leave_them_alone(void **state)
{
	char *p = kmalloc(64, GFP_KERNEL | __GFP_DMA);
	dma_addr_t dma;

	(void)state;
	dma_map_single(&dma_dev, p, 0, DMA_TO_DEVICE);
	assert_int_equal(live(), 0);
	dma = dma_map_single(&dma_dev, p, 64, DMA_TO_DEVICE);
	dma_sync_single_for_cpu(&dma_dev, dma, 64, DMA_TO_DEVICE);
	assert_int_equal(live(), 1);
	dma_unmap_single(&dma_dev, dma, 64, DMA_TO_DEVICE);
	assert_int_equal(live(), 0);
	kfree(p);
}

/* The same memory mapped often, ended in another order. */
static void random_mappings_are_a_model_of_themselves(void **state)
{
	char *p = kmalloc(MODEL * 8, GFP_KERNEL | __GFP_DMA);
	bool mapped[MODEL] = { 0 };
	unsigned int n = 0, seed = 3;

	(void)state;
	for (unsigned int step = 0; step < 5000; step++) {
		unsigned int i = (unsigned int)rand_r(&seed) % MODEL;

		if (mapped[i])
			dma_unmap_single(&dma_dev, virt_to_phys(p + i * 8), 8,
					 DMA_TO_DEVICE);
		else
			dma_map_single(&dma_dev, p + i * 8, 8, DMA_TO_DEVICE);
		mapped[i] = !mapped[i];
		n += mapped[i] ? 1 : -1U;
		assert_int_equal(live(), n);
		assert_int_equal(!!entry_at(virt_to_phys(p + i * 8)), mapped[i]);
	}
	for (unsigned int i = 0; i < MODEL; i++)
		if (mapped[i])
			dma_unmap_single(&dma_dev, virt_to_phys(p + i * 8), 8,
					 DMA_TO_DEVICE);
	assert_int_equal(live(), 0);
	assert_int_equal(dma_debug_lost, 0);
	kfree(p);
}

static void full_books_count_what_they_lose(void **state)
{
	char *p = kmalloc(64, GFP_KERNEL | __GFP_DMA);
	dma_addr_t dma = 0;

	(void)state;
	/* All have the same address, so the same places. */
	for (unsigned int i = 0; i < 70; i++)
		dma = dma_map_single(&dma_dev, p, 64, DMA_TO_DEVICE);
	assert_int_equal(live(), 64);
	assert_int_equal(dma_debug_lost, 6);
	for (unsigned int i = 0; i < 70; i++)
		dma_unmap_single(&dma_dev, dma, 64, DMA_TO_DEVICE);
	assert_int_equal(live(), 0);
	kfree(p);
}

static unsigned int told[2];

static void first(const struct dma_event *event)
{
	told[0] += event->kind == DMA_EVENT_MAP;
}

static void second(const struct dma_event *event)
{
	told[1] += event->kind == DMA_EVENT_MAP;
}

static void observers_stand_beside_each_other(void **state)
{
	char *p = kmalloc(64, GFP_KERNEL | __GFP_DMA);
	dma_addr_t dma;

	(void)state;
	assert_int_equal(dma_observer_add(first), 0);
	assert_int_equal(dma_observer_add(second), 0);
	dma = dma_map_single(&dma_dev, p, 64, DMA_TO_DEVICE);
	assert_int_equal(live(), 1);
	dma_observer_remove(first);
	dma_unmap_single(&dma_dev, dma, 64, DMA_TO_DEVICE);
	dma = dma_map_single(&dma_dev, p, 64, DMA_TO_DEVICE);
	dma_unmap_single(&dma_dev, dma, 64, DMA_TO_DEVICE);
	assert_int_equal(told[0], 1);
	assert_int_equal(told[1], 2);
	for (unsigned int i = 0; i < DMA_OBSERVERS - 2; i++)
		assert_int_equal(dma_observer_add(first), 0);
	assert_int_equal(dma_observer_add(first), -ENOSPC);
	kfree(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_kind_comes_and_goes),
		TEST(refused_and_foreign_calls_leave_them_alone),
		TEST(random_mappings_are_a_model_of_themselves),
		TEST(full_books_count_what_they_lose),
		TEST(observers_stand_beside_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

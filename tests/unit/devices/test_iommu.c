/* SPDX-License-Identifier: MIT */
/*
 * The IOMMU's state: random operations against a model that keeps lists, looked at through
 * the ports and their caches; and what an operation waits for.
 */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <abi/virtio_iommu.h>

#include "devices/iommu/iommu.h"
#include "devices/util.h"
#include "tests/unit/devices/mock_machine.h"

#define PAGE	    4096ull
#define IO_PAGES    256u
#define LAST_DOMAIN 3u
#define MAPPINGS    40u
#define RESV_PAGE   64u
#define PORTS	    4u
#define NO_DOMAIN   UINT32_MAX

static const uint32_t endpoint_of[PORTS] = { 16, 17, 64, 255 };

static const struct iommu_limits limits = {
	.page_size = PAGE,
	.last_addr = IO_PAGES * PAGE - 1,
	.last_domain = LAST_DOMAIN,
	.mappings = MAPPINGS,
	.resv_first = RESV_PAGE * PAGE,
	.resv_last = RESV_PAGE * PAGE + PAGE - 1,
};

static struct machine *m;
static struct iommu iommu;
static struct dma_port port[PORTS];
static unsigned int released, settled;
static const struct iommu_wait *watched; /* NULL: none */
static uint64_t watched_left; /* holds, counted down by those that end */

static void on_released(struct dma_translator *t, struct dma_port *p,
			const struct dma_hold *h)
{
	(void)t;
	released++;
	if (!watched)
		return;
	watched_left -= iommu_waited_for(watched, p, h);
	assert_true(iommu_waiting(&iommu, watched) == watched_left);
}

static int setup(void **state)
{
	(void)state;
	m = machine_new();
	released = settled = 0;
	iommu_init(&iommu, &limits, false);
	iommu.translator.released = on_released;
	for (unsigned int i = 0; i < PORTS; i++) {
		dma_port_init(&port[i], "device", endpoint_of[i], NULL, &m->ram);
		dma_set_enabled(&port[i], true);
		assert_int_equal(iommu_adopt(&iommu, &port[i]), 0);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PORTS; i += 2)
		dma_port_fini(&port[i]);
	iommu_fini(&iommu);
	assert_int_equal(iommu.nr_mappings, 0);
	assert_null(iommu.domains.root);
	for (unsigned int i = 0; i < PORTS; i++)
		assert_null(port[i].translator);
	machine_free(m);
	return 0;
}

/* --- the model ---------------------------------------------------------------------------- */

struct model_domain {
	bool exists, bypass;
	unsigned int nr;
	struct dma_mapping m[MAPPINGS];
};

static struct {
	struct model_domain domain[LAST_DOMAIN + 2];
	uint32_t attached[PORTS];
	bool bypass;
} model;

static unsigned int model_mappings(void)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(model.domain); i++)
		sum += model.domain[i].nr;
	return sum;
}

static void model_leave(unsigned int p)
{
	uint32_t id = model.attached[p];

	model.attached[p] = NO_DOMAIN;
	if (id == NO_DOMAIN)
		return;
	for (unsigned int i = 0; i < PORTS; i++)
		if (model.attached[i] == id)
			return;
	memset(&model.domain[id], 0, sizeof(model.domain[id]));
}

static uint8_t model_attach(uint32_t id, unsigned int p, bool bypass)
{
	struct model_domain *d = &model.domain[id];

	if (id > LAST_DOMAIN)
		return VIRTIO_IOMMU_S_RANGE;
	if (d->exists && d->bypass != bypass)
		return VIRTIO_IOMMU_S_INVAL;
	if (model.attached[p] == id)
		return VIRTIO_IOMMU_S_OK;
	model_leave(p);
	model.attached[p] = id;
	d->exists = true;
	d->bypass = bypass;
	return VIRTIO_IOMMU_S_OK;
}

static uint8_t model_detach(uint32_t id, unsigned int p)
{
	if (model.attached[p] != id)
		return VIRTIO_IOMMU_S_INVAL;
	model_leave(p);
	return VIRTIO_IOMMU_S_OK;
}

static uint8_t model_map(uint32_t id, const struct dma_mapping *map)
{
	struct model_domain *d = &model.domain[id];

	if (map->last < map->first)
		return VIRTIO_IOMMU_S_INVAL;
	if (map->first % PAGE || map->gpa % PAGE || map->last % PAGE != PAGE - 1 ||
	    map->last > limits.last_addr ||
	    map->gpa + (map->last - map->first) < map->gpa)
		return VIRTIO_IOMMU_S_RANGE;
	if (map->first <= limits.resv_last && map->last >= limits.resv_first)
		return VIRTIO_IOMMU_S_INVAL;
	if (!d->exists)
		return VIRTIO_IOMMU_S_NOENT;
	if (d->bypass)
		return VIRTIO_IOMMU_S_INVAL;
	if (model_mappings() == MAPPINGS)
		return VIRTIO_IOMMU_S_NOMEM;
	for (unsigned int i = 0; i < d->nr; i++)
		if (d->m[i].first <= map->last && d->m[i].last >= map->first)
			return VIRTIO_IOMMU_S_INVAL;
	d->m[d->nr++] = *map;
	return VIRTIO_IOMMU_S_OK;
}

static uint8_t model_unmap(uint32_t id, uint64_t first, uint64_t last)
{
	struct model_domain *d = &model.domain[id];
	unsigned int kept = 0;

	if (last < first)
		return VIRTIO_IOMMU_S_INVAL;
	if (!d->exists)
		return VIRTIO_IOMMU_S_NOENT;
	if (d->bypass)
		return VIRTIO_IOMMU_S_INVAL;
	for (unsigned int i = 0; i < d->nr; i++)
		if (d->m[i].first <= last && d->m[i].last >= first &&
		    (d->m[i].first < first || d->m[i].last > last))
			return VIRTIO_IOMMU_S_RANGE;
	for (unsigned int i = 0; i < d->nr; i++)
		if (d->m[i].last < first || d->m[i].first > last)
			d->m[kept++] = d->m[i];
	d->nr = kept;
	return VIRTIO_IOMMU_S_OK;
}

/* Where the byte is for this port, or NULL. */
static void *model_at(unsigned int p, uint64_t iova, enum dma_dir dir)
{
	uint32_t id = model.attached[p];
	const struct model_domain *d = &model.domain[id == NO_DOMAIN ? 0 : id];

	if (id == NO_DOMAIN ? model.bypass : d->bypass)
		return ram_at(&m->ram, iova, 1);
	for (unsigned int i = 0; id != NO_DOMAIN && i < d->nr; i++)
		if (d->m[i].first <= iova && iova <= d->m[i].last &&
		    (dir == DMA_READ ? d->m[i].read : d->m[i].write))
			return ram_at(&m->ram, d->m[i].gpa + (iova - d->m[i].first), 1);
	return NULL;
}

/* --- random operations -------------------------------------------------------------------- */

static int note(void *arg, void *piece, uint64_t len)
{
	(void)len;
	*(void **)arg = piece;
	return 0;
}

static void check_page(unsigned int p, uint64_t page)
{
	uint64_t iova = page * PAGE + (uint64_t)rand() % PAGE;
	enum dma_dir dir = rand() % 2 ? DMA_READ : DMA_WRITE;
	void *at = NULL;

	dma_peek(&port[p], iova, 1, dir, note, &at);
	assert_ptr_equal(at, model_at(p, iova, dir));
}

static uint32_t random_domain(void)
{
	return (uint32_t)rand() % (LAST_DOMAIN + 2);
}

static uint64_t random_edge(bool last)
{
	uint64_t edge = (uint64_t)rand() % (IO_PAGES + 2) * PAGE - last;

	return rand() % 30 ? edge : edge + (uint64_t)rand() % PAGE;
}

static void random_map(void)
{
	uint32_t id = random_domain();
	struct dma_mapping map = {
		.first = random_edge(false),
		.gpa = (uint64_t)rand() % 1100 * PAGE,
		.read = rand() % 4,
		.write = rand() % 4,
	};

	map.last = rand() % 8 ? map.first + (uint64_t)(rand() % 12 + 1) * PAGE - 1
			      : random_edge(true);
	if (rand() % 40 == 0)
		map.gpa = -(uint64_t)(rand() % 3 + 1) * PAGE;
	assert_int_equal(iommu_add_mapping(&iommu, id, &map), model_map(id, &map));
}

static void random_unmap(void)
{
	uint32_t id = random_domain();
	const struct model_domain *d = &model.domain[id];
	uint64_t first = random_edge(false), last = random_edge(true);
	struct iommu_wait wait;

	if (d->nr && rand() % 2) {
		const struct dma_mapping *map = &d->m[(unsigned int)rand() % d->nr];

		first = map->first;
		last = map->last;
	} else if (rand() % 50 == 0) {
		first = 0;
		last = ~0ull;
	}
	assert_int_equal(iommu_remove_mappings(&iommu, id, first, last, &wait),
			 model_unmap(id, first, last));
	assert_false(iommu_waiting(&iommu, &wait));
}

static void random_attachment(void)
{
	unsigned int p = (unsigned int)rand() % PORTS;
	uint32_t id = random_domain();
	bool bypass = rand() % 5 == 0;
	struct iommu_wait wait;

	if (rand() % 3)
		assert_int_equal(iommu_attach(&iommu, id, endpoint_of[p], bypass, &wait),
				 model_attach(id, p, bypass));
	else
		assert_int_equal(iommu_detach(&iommu, id, endpoint_of[p], &wait),
				 model_detach(id, p));
	assert_false(iommu_waiting(&iommu, &wait));
}

static void random_rare(void)
{
	struct iommu_wait wait;

	if (rand() % 8) {
		model.bypass = rand() % 2;
		iommu_set_bypass(&iommu, model.bypass, &wait);
		return;
	}
	iommu_reset(&iommu, &wait);
	for (unsigned int p = 0; p < PORTS; p++)
		model_leave(p);
}

static void random_operations(void **state)
{
	uint64_t hot[6] = { 0 };

	(void)state;
	srand(7);
	memset(&model, 0, sizeof(model));
	for (unsigned int p = 0; p < PORTS; p++)
		model.attached[p] = NO_DOMAIN;
	for (unsigned int round = 0; round < 20000; round++) {
		int kind = rand() % 100;

		if (kind < 50)
			random_map();
		else if (kind < 85)
			random_unmap();
		else if (kind < 99)
			random_attachment();
		else
			random_rare();
		assert_true(iommu_verify(&iommu));
		assert_int_equal(iommu.nr_mappings, model_mappings());
		/* A few pages are looked at again and again: these are in the caches. */
		if (round % 50 == 0)
			for (unsigned int i = 0; i < ARRAY_SIZE(hot); i++)
				hot[i] = (uint64_t)rand() % IO_PAGES;
		for (unsigned int p = 0; p < PORTS; p++) {
			for (unsigned int i = 0; i < ARRAY_SIZE(hot); i++)
				check_page(p, hot[i]);
			check_page(p, (uint64_t)rand() % (IO_PAGES + 4));
		}
	}
	assert_true(port[0].count.cache_hits > port[0].count.cache_misses / 4);
}

/* --- endpoints ---------------------------------------------------------------------------- */

static void endpoints(void **state)
{
	struct dma_port far, twice;
	struct iommu_wait wait;

	(void)state;
	dma_port_init(&far, "far", IOMMU_ENDPOINTS, NULL, &m->ram);
	dma_port_init(&twice, "twice", 16, NULL, &m->ram);
	assert_int_equal(iommu_adopt(&iommu, &far), -ERANGE);
	assert_int_equal(iommu_adopt(&iommu, &twice), -EEXIST);
	assert_null(far.translator);
	assert_null(twice.translator);
	assert_int_equal(iommu_attach(&iommu, 1, 18, false, &wait), VIRTIO_IOMMU_S_NOENT);
	assert_int_equal(iommu_attach(&iommu, 1, IOMMU_ENDPOINTS, false, &wait),
			 VIRTIO_IOMMU_S_NOENT);
	assert_int_equal(iommu_attach(&iommu, 1, UINT32_MAX, false, &wait),
			 VIRTIO_IOMMU_S_NOENT);
	assert_int_equal(iommu_detach(&iommu, 1, 18, &wait), VIRTIO_IOMMU_S_NOENT);
	assert_int_equal(iommu_detach(&iommu, 1, 16, &wait), VIRTIO_IOMMU_S_INVAL);
	/* One that goes away leaves its domain. */
	assert_int_equal(iommu_attach(&iommu, 1, 16, false, &wait), VIRTIO_IOMMU_S_OK);
	dma_port_fini(&port[0]);
	assert_true(iommu_verify(&iommu));
	assert_int_equal(iommu.domains.nr, 0);
	assert_int_equal(iommu_attach(&iommu, 1, 16, false, &wait), VIRTIO_IOMMU_S_NOENT);
}

/* --- waiting ------------------------------------------------------------------------------ */

static struct dma_hold hold[4];

static void take_hold(unsigned int i, unsigned int p, uint64_t iova)
{
	struct iovec iov;
	uint64_t mapped;

	assert_int_equal(
		dma_map_iov(&port[p], &hold[i], iova, PAGE, DMA_READ, &iov, 1, &mapped),
		1);
}

static void map_page(uint32_t domain, uint64_t page)
{
	struct dma_mapping map = { page * PAGE, page * PAGE + PAGE - 1, 0x8000, true,
				   true };

	assert_int_equal(iommu_add_mapping(&iommu, domain, &map), VIRTIO_IOMMU_S_OK);
}

static void attach(uint32_t domain, unsigned int p)
{
	struct iommu_wait wait;

	assert_int_equal(iommu_attach(&iommu, domain, endpoint_of[p], false, &wait),
			 VIRTIO_IOMMU_S_OK);
	assert_false(iommu_waiting(&iommu, &wait));
}

/* An unmap waits for what was in flight inside it, and for nothing else. */
static void unmap_waits_for_its_own(void **state)
{
	struct iommu_wait wait, other;

	(void)state;
	attach(0, 0);
	attach(0, 1);
	attach(1, 2);
	map_page(0, 3);
	map_page(0, 4);
	map_page(1, 3);
	take_hold(0, 0, 3 * PAGE);
	take_hold(1, 1, 4 * PAGE);
	take_hold(2, 2, 3 * PAGE); /* the same address in another domain */
	assert_int_equal(iommu_remove_mappings(&iommu, 0, 4 * PAGE, 5 * PAGE - 1, &other),
			 VIRTIO_IOMMU_S_OK);
	assert_int_equal(iommu_remove_mappings(&iommu, 0, 3 * PAGE, 4 * PAGE - 1, &wait),
			 VIRTIO_IOMMU_S_OK);
	assert_int_equal(dma_reachable(&port[0], 3 * PAGE, 1, DMA_READ), 0);
	assert_int_equal(iommu_waiting(&iommu, &wait), 1);
	assert_int_equal(iommu_waiting(&iommu, &other), 1);
	watched = &wait;
	watched_left = 1;
	dma_unmap(&hold[1]);
	assert_false(iommu_waiting(&iommu, &other));
	assert_true(iommu_waiting(&iommu, &wait));
	/* Mapped anew and in flight anew: that is not what it waits for. */
	map_page(0, 3);
	take_hold(3, 0, 3 * PAGE);
	dma_unmap(&hold[0]);
	assert_int_equal(iommu_waiting(&iommu, &wait), 0);
	assert_int_equal(released, 2);
	dma_unmap(&hold[2]);
	dma_unmap(&hold[3]);
	assert_int_equal(watched_left, 0);
	watched = NULL;
}

static void settle(struct dma_port *p)
{
	settled++;
	while (p->holds)
		dma_unmap(p->holds);
}

/* A device that went away has nothing in flight. */
static void gone_while_waiting(void **state)
{
	struct iommu_wait wait;

	(void)state;
	attach(0, 0);
	map_page(0, 3);
	take_hold(0, 0, 3 * PAGE);
	assert_int_equal(iommu_detach(&iommu, 0, endpoint_of[0], &wait),
			 VIRTIO_IOMMU_S_OK);
	assert_true(iommu_waiting(&iommu, &wait));
	dma_unmap(&hold[0]);
	dma_port_fini(&port[0]);
	assert_false(iommu_waiting(&iommu, &wait));
	iommu_settle(&iommu, &wait);
}

/* Whatever takes an endpoint's view away waits for all that it has in flight. */
static void others_wait_for_everything(void **state)
{
	struct iommu_wait wait;

	(void)state;
	for (unsigned int kind = 0; kind < 4; kind++) {
		attach(0, 0);
		map_page(0, 3);
		take_hold(0, 0, 3 * PAGE);
		if (kind == 0)
			iommu_detach(&iommu, 0, endpoint_of[0], &wait);
		else if (kind == 1)
			iommu_attach(&iommu, 1, endpoint_of[0], false, &wait);
		else if (kind == 2)
			iommu_reset(&iommu, &wait);
		else
			iommu_remove_mappings(&iommu, 0, 0, ~0ull, &wait);
		assert_true(iommu_waiting(&iommu, &wait));
		iommu_settle(&iommu, &wait); /* the device cannot */
		assert_true(iommu_waiting(&iommu, &wait));
		port[0].settle = settle;
		iommu_settle(&iommu, &wait);
		assert_false(iommu_waiting(&iommu, &wait));
		iommu_settle(&iommu, &wait); /* nothing more to do */
		assert_int_equal(settled, kind + 1);
		port[0].settle = NULL;
		iommu_reset(&iommu, &wait);
	}
}

static void leaving_bypass_waits(void **state)
{
	struct iommu_wait wait;

	(void)state;
	iommu_set_bypass(&iommu, true, &wait);
	assert_false(iommu_waiting(&iommu, &wait));
	take_hold(0, 0, 0x5000);
	iommu_set_bypass(&iommu, false, &wait);
	assert_true(iommu_waiting(&iommu, &wait));
	dma_unmap(&hold[0]);
	assert_false(iommu_waiting(&iommu, &wait));
}

/* In flight or not; bypass is not for it. */
static void what_is_attached_stays(void **state)
{
	struct iommu_wait wait;

	(void)state;
	attach(0, 0);
	map_page(0, 3);
	take_hold(0, 0, 3 * PAGE);
	attach(0, 0);
	assert_int_equal(dma_reachable(&port[0], 3 * PAGE, 1, DMA_READ), 1);
	iommu_set_bypass(&iommu, true, &wait);
	assert_false(iommu_waiting(&iommu, &wait));
	iommu_set_bypass(&iommu, false, &wait);
	assert_false(iommu_waiting(&iommu, &wait));
	dma_unmap(&hold[0]);
}

#define WITH(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(random_operations),	  WITH(endpoints),
		WITH(unmap_waits_for_its_own),	  WITH(gone_while_waiting),
		WITH(others_wait_for_everything), WITH(leaving_bypass_waits),
		WITH(what_is_attached_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

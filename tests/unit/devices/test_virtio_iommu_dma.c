/* SPDX-License-Identifier: MIT */
/*
 * Devices behind the IOMMU: their rings and buffers, and what happens to transfers that are
 * in flight when a mapping goes away.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/devices/mock_blk.h"
#include "tests/unit/devices/mock_iommu.h"
#include "tests/unit/devices/mock_model.h"

#define CLIENT PCI_DEVFN(2, 0)
#define PAGE   4096ull
#define IOVA   0x7f0000000ull
#define TAIL   ((uint32_t)sizeof(struct virtio_iommu_req_tail))

static struct viommu v;
static struct machine *m;

static void plug(void)
{
	const struct virtio_iommu_params params = { .name = "iommu0" };

	viommu_plug(&v, m, &params);
}

static int setup(void **state)
{
	(void)state;
	m = machine_new();
	plug();
	mock_model_plug(m, CLIENT);
	viommu_adopt(&v, CLIENT);
	viommu_start(&v, DRV_ALL_FEATURES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_free(m);
	return 0;
}

/* --- devices behind it -------------------------------------------------------------------- */

/* Without ACCESS_PLATFORM addresses would mean something else: refused. */
static void access_platform(void **state)
{
	const uint64_t without = DRV_FEATURES & ~VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM);
	struct drv d;

	(void)state;
	drv_probe(&d, m, CLIENT);
	assert_false(drv_negotiate(&d, without));
	assert_true(drv_negotiate(&d, DRV_FEATURES));
	/* The IOMMU itself is not behind one. */
	drv_probe(&d, m, VIOMMU_DEVFN);
	assert_true(drv_negotiate(&d, without));
}

static bool request_works(struct drv *d, struct drvq *q, uint64_t at)
{
	struct drv_seg segs[] = { { at, 16, false }, { at + 16, 16, true } };
	struct vring_used_elem elem = { 0 };

	drvq_add(q, segs, 2);
	drvq_kick(q);
	return drvq_get(q, &elem) && elem.len == 16 && !drv_needs_reset(d);
}

/* A driver of the client, which reaches all of RAM; its queues are to be made. */
static void negotiate_behind(struct drv *d)
{
	viommu_attach(&v, 1, CLIENT, 0);
	viommu_map_ram(&v, 1, VIOMMU_RW);
	drv_probe(d, m, CLIENT);
	drv_msix_on(d);
	assert_true(drv_negotiate(d, DRV_FEATURES));
}

/* 34: a used ring that becomes read-only: a fault, nothing written, a broken device. */
static void ring_goes_read_only(void **state)
{
	uint64_t at, used;
	struct drvq q;
	struct drv d;

	(void)state;
	negotiate_behind(&d);
	machine_alloc(m, 1, 0x20000);
	drvq_alloc(&d, &q, 0, 16);
	used = machine_alloc(m, 0x20000, 0x20000); /* pieces of their own */
	q.used = used;
	at = machine_alloc(m, 64, 64);
	assert_true(drvq_enable(&q));
	drv_ok(&d);
	assert_true(request_works(&d, &q, at));
	viommu_post_events(&v, 3);
	assert_int_equal(viommu_unmap(&v, 1, used, used + 0xffff), VIRTIO_IOMMU_S_OK);
	assert_int_equal(
		viommu_map(&v, 1, used, used + 0xffff, used, VIRTIO_IOMMU_MAP_F_READ),
		VIRTIO_IOMMU_S_OK);
	assert_false(request_works(&d, &q, at));
	assert_true(drv_needs_reset(&d));
	assert_int_equal(drvq_used(&q)->idx, 1);
	viommu_expect_event(&v, VIRTIO_IOMMU_FAULT_R_MAPPING, VIRTIO_IOMMU_FAULT_F_WRITE,
			    CLIENT, used + 4 + 8);
	/* Enabling it so is refused, without a fault. */
	assert_true(drv_negotiate(&d, DRV_FEATURES));
	assert_false(drvq_enable(&q));
	assert_int_equal(viommu_stat(&v, "events"), 1);
}

/* The rings move with their mapping. */
static void ring_is_mapped_elsewhere(void **state)
{
	uint64_t at, used, other;
	struct drvq q;
	struct drv d;

	(void)state;
	negotiate_behind(&d);
	drvq_alloc(&d, &q, 0, 16);
	used = q.used = machine_alloc(m, 0x10000, 0x10000);
	other = machine_alloc(m, 0x10000, 0x10000);
	at = machine_alloc(m, 64, 64);
	assert_true(drvq_enable(&q));
	drv_ok(&d);
	assert_true(request_works(&d, &q, at));
	viommu_unmap(&v, 1, used, used + 0xffff);
	viommu_map(&v, 1, used, used + 0xffff, other, VIOMMU_RW);
	assert_false(request_works(&d, &q, at));
	assert_int_equal(drvq_used(&q)->idx, 1);
	q.used = other;
	assert_int_equal(drvq_used(&q)->idx, 2);
	assert_false(drv_needs_reset(&d));
}

/* --- transfers in flight ------------------------------------------------------------------ */

static struct blk b;

/* A disk behind the IOMMU; with the mock engine its host operations end when the test says
 * so.  Its rings and headers are mapped as they are, its data at IOVA in pages. */
static void start_disk(const struct block_engine *engine)
{
	blk_start(&b, &(struct blk_params){ .engine = engine, .depth = 8 });
	machine_free(m);
	m = b.m;
	plug();
	viommu_adopt(&v, BLK_DEVFN);
	viommu_start(&v, ~VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX));
	viommu_attach(&v, 1, BLK_DEVFN, 0);
	viommu_map_ram(&v, 1, VIOMMU_RW);
	for (uint64_t i = 0; i < 8; i++)
		assert_int_equal(viommu_map(&v, 1, IOVA + i * PAGE,
					    IOVA + i * PAGE + PAGE - 1,
					    b.data + (7 - i) * PAGE, VIOMMU_RW),
				 VIRTIO_IOMMU_S_OK);
	drv_probe(&b.d, m, BLK_DEVFN); /* its BARs have moved */
	drv_msix_on(&b.d);
	blk_restart_driver(&b, DRV_ALL_FEATURES);
}

static void stop_disk(void)
{
	blk_stop(&b);
	m = machine_new();
}

static void offer_read(unsigned int slot, uint64_t iova, uint32_t len)
{
	struct drv_seg data = { iova, len, true };

	blk_offer(&b, &b.q[0], slot, VIRTIO_BLK_T_IN, 0, &data, 1);
	drvq_kick(&b.q[0]);
}

static void end_one(void)
{
	mock_engine_end(mock_engine_bytes(&mock_engine.step[0]));
	mock_host_run(&m->mh, 20);
}

/* 32: an UNMAP over a transfer completes when that has ended, and nothing else waits. */
static void unmap_waits(void **state)
{
	unsigned int slot, later, fired;

	(void)state;
	start_disk(&block_engine_mock);
	offer_read(0, IOVA, 2 * PAGE);
	assert_int_equal(mock_engine.count, 1);
	slot = viommu_submit_unmap(&v, 1, IOVA + PAGE, IOVA + 2 * PAGE - 1);
	assert_int_equal(viommu_status(&v, slot), VIOMMU_NO_STATUS);
	assert_int_equal(viommu_stat(&v, "waited"), 1);
	/* Others overtake it: another unmap, a mapping, even at the same place. */
	assert_int_equal(viommu_unmap(&v, 1, IOVA + 4 * PAGE, IOVA + 5 * PAGE - 1),
			 VIRTIO_IOMMU_S_OK);
	assert_int_equal(viommu_map(&v, 1, IOVA + PAGE, IOVA + 2 * PAGE - 1,
				    b.data + 0x10000, VIOMMU_RW),
			 VIRTIO_IOMMU_S_OK);
	offer_read(1, IOVA + PAGE, 512);
	assert_int_equal(mock_engine.count, 2);
	assert_int_equal(viommu_status(&v, slot), VIOMMU_NO_STATUS);
	/* Each waits for its own. */
	later = viommu_submit_unmap(&v, 1, IOVA + PAGE, IOVA + 2 * PAGE - 1);
	fired = mock_host_fired_data(&m->mh, DRV_MSI_DATA(&v.d, 1));
	end_one();
	assert_int_equal(viommu_status(&v, slot), VIRTIO_IOMMU_S_OK);
	assert_int_equal(viommu_status(&v, later), VIOMMU_NO_STATUS);
	assert_true(viommu_done(&v));
	assert_int_equal(v.used, TAIL);
	assert_int_equal(mock_host_fired_data(&m->mh, DRV_MSI_DATA(&v.d, 1)), fired + 1);
	assert_int_equal(blk_status(&b, 0), VIRTIO_BLK_S_OK);
	end_one();
	assert_int_equal(viommu_status(&v, later), VIRTIO_IOMMU_S_OK);
	assert_int_equal(blk_status(&b, 1), VIRTIO_BLK_S_OK);
	stop_disk();
}

/* Reads of two pages each, anywhere in the window. */
static void start_random_reads(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct drv_seg data = { IOVA + mock_random(7) * PAGE, 2 * PAGE, true };

		blk_offer(&b, &b.q[0], i, VIRTIO_BLK_T_IN, mock_random(512), &data, 1);
	}
	machine_write(m, b.q[0].bell, 2, 0);
}

/* 32, with the host's own asynchronous reads: pages are filled anew as soon as their unmap is
 * done, while reads go on, and keep what they were filled with. */
static void nothing_lands_after_an_unmap(void **state)
{
	unsigned int unmaps = 0;
	int fd;

	(void)state;
	start_disk(NULL);
	mock_random_seed(5);
	fd = open(b.path, O_RDONLY);
	for (unsigned int round = 0; round < 200; round++) {
		uint64_t page = mock_random(8), at = IOVA + page * PAGE;
		uint8_t *bytes = blk_data(&b, (7 - page) * PAGE, PAGE);
		unsigned int slot;

		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		start_random_reads(6);
		mock_host_poll(&m->mh, 0);
		slot = viommu_submit_unmap(&v, 1, at, at + PAGE - 1);
		while (viommu_status(&v, slot) == VIOMMU_NO_STATUS)
			mock_host_poll(&m->mh, 5);
		assert_true(viommu_done(&v));
		unmaps += viommu_status(&v, slot) == VIRTIO_IOMMU_S_OK;
		memset(bytes, 0xa5, PAGE);
		while (b.vd->dma->holds)
			mock_host_poll(&m->mh, 5);
		for (unsigned int i = 0; i < PAGE; i++)
			if (bytes[i] != 0xa5)
				fail_msg("written after its unmap");
		viommu_map(&v, 1, at, at + PAGE - 1, b.data + (7 - page) * PAGE,
			   VIOMMU_RW);
	}
	assert_int_equal(unmaps, 200);
	close(fd);
	printf("# %u of %u unmaps waited\n", (unsigned int)viommu_stat(&v, "waited"),
	       unmaps);
	stop_disk();
}

static void detach_waits(void **state)
{
	const struct virtio_iommu_req_detach req = { .head.type = VIRTIO_IOMMU_T_DETACH,
						     .domain = 1,
						     .endpoint = BLK_DEVFN };
	unsigned int slot;

	(void)state;
	start_disk(&block_engine_mock);
	offer_read(0, IOVA, PAGE);
	slot = viommu_submit(&v, &req, sizeof(req) - TAIL, TAIL);
	assert_int_equal(viommu_status(&v, slot), VIOMMU_NO_STATUS);
	end_one();
	assert_int_equal(viommu_status(&v, slot), VIRTIO_IOMMU_S_OK);
	/* Its rings are gone with the domain. */
	assert_true(drv_needs_reset(&b.d));
	stop_disk();
}

/* A pause completes what waits; a reset of the IOMMU forgets the request, but not what was
 * in flight. */
static void pause_and_reset_while_waiting(void **state)
{
	struct device *iommu;
	unsigned int slot;

	(void)state;
	for (unsigned int reset = 0; reset < 2; reset++) {
		start_disk(&block_engine_mock);
		iommu = &m->pci.dev[VIOMMU_DEVFN]->device;
		offer_read(0, IOVA, PAGE);
		slot = viommu_submit_unmap(&v, 1, IOVA, IOVA + PAGE - 1);
		if (reset)
			drv_reset(&v.d);
		else
			iommu->ops->quiesce(iommu);
		assert_null(b.vd->dma->holds);
		assert_int_equal(viommu_status(&v, slot),
				 reset ? VIOMMU_NO_STATUS : VIRTIO_IOMMU_S_OK);
		assert_int_equal(drv_needs_reset(&b.d), reset);
		if (!reset)
			iommu->ops->resume(iommu);
		stop_disk();
	}
}

/* A device that cannot finish does not hold the pause up; the driver is not told all is
 * well. */
static void pause_with_a_stuck_device(void **state)
{
	struct device *iommu;
	unsigned int slot;

	(void)state;
	start_disk(&block_engine_mock);
	iommu = &m->pci.dev[VIOMMU_DEVFN]->device;
	offer_read(0, IOVA, PAGE);
	slot = viommu_submit_unmap(&v, 1, IOVA, IOVA + PAGE - 1);
	b.vd->dma->settle = NULL;
	iommu->ops->quiesce(iommu);
	assert_int_equal(viommu_status(&v, slot), VIRTIO_IOMMU_S_DEVERR);
	iommu->ops->resume(iommu);
	end_one();
	assert_int_equal(blk_status(&b, 0), VIRTIO_BLK_S_OK);
	assert_int_equal(viommu_unmap(&v, 1, IOVA, IOVA + PAGE - 1), VIRTIO_IOMMU_S_OK);
	stop_disk();
}

/* 33: a transfer across the end of a mapping: what is mapped moves, one fault, and the used
 * length says how far it came. */
static void transfer_across_the_end(void **state)
{
	struct vring_used_elem elem;
	uint8_t *file;

	(void)state;
	start_disk(NULL);
	viommu_post_events(&v, 4);
	file = blk_file(&b, BLK_SIZE);
	memset(blk_data(&b, 0, 8 * PAGE), 0xee, 8 * PAGE);
	viommu_unmap(&v, 1, IOVA + 6 * PAGE, IOVA + 7 * PAGE - 1);
	offer_read(0, IOVA + 4 * PAGE + 1024, 4 * PAGE);
	assert_true(drvq_wait(&b.q[0], &elem));
	assert_int_equal(elem.len, 2 * PAGE - 1024);
	assert_int_equal(blk_status(&b, 0), VIRTIO_BLK_S_IOERR);
	viommu_expect_event(&v, VIRTIO_IOMMU_FAULT_R_MAPPING, VIRTIO_IOMMU_FAULT_F_WRITE,
			    BLK_DEVFN, IOVA + 6 * PAGE);
	assert_memory_equal(blk_data(&b, 3 * PAGE + 1024, PAGE - 1024), file,
			    PAGE - 1024);
	assert_memory_equal(blk_data(&b, 2 * PAGE, PAGE), file + PAGE - 1024, PAGE);
	assert_int_equal(*(uint8_t *)blk_data(&b, PAGE, 1), 0xee);
	assert_int_equal(*(uint8_t *)blk_data(&b, 0, 1), 0xee);
	free(file);
	stop_disk();
}

/* 34: a buffer mapped read-only and written by the device: a fault, nothing written. */
static void buffer_is_read_only(void **state)
{
	struct mock_range may[2];
	struct vring_used_elem elem;
	uint64_t before;

	(void)state;
	start_disk(NULL);
	viommu_post_events(&v, 4);
	viommu_unmap(&v, 1, IOVA, IOVA + PAGE - 1);
	viommu_map(&v, 1, IOVA, IOVA + PAGE - 1, b.data, VIRTIO_IOMMU_MAP_F_READ);
	/* Behind the data: rings, events, requests of the IOMMU. */
	may[0] = (struct mock_range){ b.status[0], 1 };
	may[1] = (struct mock_range){ b.data + BLK_DATA_SIZE, MOCK_LOW_SIZE };
	before = machine_hash(m, may, 2);
	offer_read(0, IOVA, 512);
	assert_true(drvq_wait(&b.q[0], &elem));
	assert_int_equal(elem.len, 0);
	assert_int_equal(blk_status(&b, 0), VIRTIO_BLK_S_IOERR);
	assert_true(machine_hash(m, may, 2) == before);
	viommu_expect_event(&v, VIRTIO_IOMMU_FAULT_R_MAPPING, VIRTIO_IOMMU_FAULT_F_WRITE,
			    BLK_DEVFN, IOVA);
	stop_disk();
}

/* To finish what is in flight is not to go on when the machine is paused. */
static void settling_keeps_a_pause(void **state)
{
	struct device *device = &m->pci.dev[CLIENT]->device;
	struct dma_port *p = viommu_port(&v, CLIENT);
	struct drvq q;
	struct drv d;
	uint64_t at;

	(void)state;
	viommu_attach(&v, 1, CLIENT, VIRTIO_IOMMU_ATTACH_F_BYPASS);
	drv_start(&d, m, CLIENT, &q, 0, 16);
	at = machine_alloc(m, 64, 64);
	device->ops->quiesce(device);
	p->settle(p);
	assert_false(request_works(&d, &q, at));
	device->ops->resume(device);
	p->settle(p);
	assert_int_equal(drvq_used(&q)->idx, 1);
}

/* The IOMMU goes first, then its devices, and the other way round. */
static void destroyed_first(void **state)
{
	struct device *iommu = &m->pci.dev[VIOMMU_DEVFN]->device;
	uint8_t byte;

	(void)state;
	viommu_attach(&v, 1, CLIENT, 0);
	viommu_map(&v, 1, IOVA, IOVA + PAGE - 1, 0, VIOMMU_RW);
	iommu->ops->destroy(iommu);
	assert_null(viommu_port(&v, CLIENT)->translator);
	assert_int_equal(dma_read(viommu_port(&v, CLIENT), 0x8000, &byte, 1), 0);
}

#define WITH(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(access_platform),
		WITH(ring_goes_read_only),
		WITH(ring_is_mapped_elsewhere),
		WITH(unmap_waits),
		WITH(nothing_lands_after_an_unmap),
		WITH(detach_waits),
		WITH(pause_and_reset_while_waiting),
		WITH(pause_with_a_stuck_device),
		WITH(transfer_across_the_end),
		WITH(buffer_is_read_only),
		WITH(settling_keeps_a_pause),
		WITH(destroyed_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * virtio-blk when something is wrong: requests that must be refused and change nothing,
 * errors of the host, DMA faults half-way, reset and pause with requests in flight, and
 * the order that makes a flush worth its name.  Most of it on an engine that obeys the
 * test.
 */
#include "tests/unit/devices/mock_blk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "devices/virtio/virtio_pci.h"
#include "tests/unit/devices/mock_hostile.h"

#define WITHOUT(bit) (DRV_ALL_FEATURES & ~VIRTIO_FEATURE(bit))

static struct blk b;

static int setup(void **state)
{
	(void)state;
	mock_random_seed(1);
	blk_start(&b, &(struct blk_params){ 0 });
	return 0;
}

static int setup_read_only(void **state)
{
	(void)state;
	blk_start(&b, &(struct blk_params){ .read_only = true });
	return 0;
}

static int setup_mock(void **state)
{
	(void)state;
	blk_start(&b, &(struct blk_params){
			      .engine = &block_engine_mock, .depth = 2, .nr_queues = 2 });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	blk_stop(&b);
	return 0;
}

/* --- refused, and nothing changed ------------------------------------------------- */

/* Runs one request that must end with `status`; neither file nor RAM beside the
 * status byte and the used ring may change. */
static void refused(uint32_t type, uint64_t sector, uint32_t len, bool write,
		    uint8_t status)
{
	struct drv_seg data = { b.data, len, write };
	struct mock_range may[] = { drvq_used_range(&b.q[0]), { b.status[0], 1 } };
	uint64_t file = blk_file_hash(&b, BLK_SIZE), ram;
	struct vring_used_elem elem;

	blk_offer(&b, &b.q[0], 0, type, sector, &data, len ? 1 : 0);
	ram = machine_hash(b.m, may, 2);
	assert_true(drvq_wait(&b.q[0], &elem));
	assert_int_equal(blk_status(&b, 0), status);
	assert_true(elem.len <= 1);
	assert_true(machine_hash(b.m, may, 2) == ram);
	assert_true(blk_file_hash(&b, BLK_SIZE) == file);
}

static void test_range(void **state)
{
	static const uint32_t types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT };
	static const uint64_t sectors[] = {
		BLK_SECTORS - 1,      BLK_SECTORS,    BLK_SECTORS + 1,
		UINT64_MAX,	      UINT64_MAX - 1, UINT64_MAX / 512,
		UINT64_MAX / 512 + 1, 1ull << 55,     1ull << 63,
	};

	(void)state;
	for (unsigned int t = 0; t < 2; t++) {
		for (unsigned int s = 0; s < sizeof(sectors) / sizeof(sectors[0]); s++)
			refused(types[t], sectors[s], 1024, types[t] == VIRTIO_BLK_T_IN,
				VIRTIO_BLK_S_IOERR);
		refused(types[t], 0, 511, types[t] == VIRTIO_BLK_T_IN,
			VIRTIO_BLK_S_IOERR);
		refused(types[t], 0, 513, types[t] == VIRTIO_BLK_T_IN,
			VIRTIO_BLK_S_IOERR);
		refused(types[t], 0, 0, false, VIRTIO_BLK_S_IOERR);
	}
	assert_int_equal(blk_stats(&b).refused, 2 * (9 + 3));
}

static void test_unknown(void **state)
{
	static const uint32_t types[] = { 2,  3,  5,  7,	  9,
					  10, 12, 14, 0x80000000, UINT32_MAX };

	(void)state;
	for (unsigned int i = 0; i < 10; i++)
		refused(types[i], 0, 512, true, VIRTIO_BLK_S_UNSUPP);
}

static void refused_ranges(uint32_t type, unsigned int n, uint64_t sector, uint32_t count,
			   uint32_t flags, uint8_t status)
{
	struct virtio_blk_discard_write_zeroes *range =
		blk_data(&b, 0, n * sizeof(*range));

	/* Good ones before the bad one: none of them may take effect. */
	for (unsigned int i = 0; i + 1 < n; i++)
		range[i] = (struct virtio_blk_discard_write_zeroes){ i, 1, 0 };
	range[n - 1] = (struct virtio_blk_discard_write_zeroes){ sector, count, flags };
	refused(type, 0, n * (uint32_t)sizeof(*range), false, status);
}

static void test_ranges(void **state)
{
	static const uint32_t types[] = { VIRTIO_BLK_T_DISCARD,
					  VIRTIO_BLK_T_WRITE_ZEROES };

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		uint32_t t = types[i];

		refused_ranges(t, 3, BLK_SECTORS - 1, 2, 0, VIRTIO_BLK_S_IOERR);
		refused_ranges(t, 3, BLK_SECTORS, 1, 0, VIRTIO_BLK_S_IOERR);
		refused_ranges(t, 3, UINT64_MAX, 2, 0, VIRTIO_BLK_S_IOERR);
		refused_ranges(t, 3, UINT64_MAX / 512, 3, 0, VIRTIO_BLK_S_IOERR);
		refused_ranges(t, 3, 1, UINT32_MAX, 0, VIRTIO_BLK_S_IOERR);
		refused_ranges(t, 3, 1, 0, 0, VIRTIO_BLK_S_IOERR);
		refused_ranges(t, 3, 1, 1, 2, VIRTIO_BLK_S_UNSUPP);
		refused_ranges(t, 3, 1, 1, 0x80000000, VIRTIO_BLK_S_UNSUPP);
		refused_ranges(t, 33, 1, 1, 0, VIRTIO_BLK_S_IOERR);
		refused(t, 0, 0, false, VIRTIO_BLK_S_IOERR);
		refused(t, 0, 15, false, VIRTIO_BLK_S_IOERR);
		refused(t, 0, 17, false, VIRTIO_BLK_S_IOERR);
	}
	/* Unmap belongs to write-zeroes only. */
	refused_ranges(VIRTIO_BLK_T_DISCARD, 2, 1, 1, 1, VIRTIO_BLK_S_UNSUPP);
}

/* Known, but not negotiated. */
static void test_not_negotiated(void **state)
{
	(void)state;
	blk_restart_driver(&b, DRV_FEATURES);
	refused_ranges(VIRTIO_BLK_T_DISCARD, 1, 1, 1, 0, VIRTIO_BLK_S_UNSUPP);
	refused_ranges(VIRTIO_BLK_T_WRITE_ZEROES, 1, 1, 1, 0, VIRTIO_BLK_S_UNSUPP);
}

static void test_read_only(void **state)
{
	(void)state;
	assert_true(b.d.offered >> VIRTIO_BLK_F_RO & 1);
	assert_false(b.d.offered >> VIRTIO_BLK_F_DISCARD & 1);
	refused(VIRTIO_BLK_T_OUT, 0, 512, false, VIRTIO_BLK_S_IOERR);
	refused_ranges(VIRTIO_BLK_T_DISCARD, 1, 1, 1, 0, VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_IN, 0, 512, true, NULL),
			 VIRTIO_BLK_S_OK);
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_FLUSH, 0, 0, false, NULL),
			 VIRTIO_BLK_S_OK);
	assert_int_equal(blk_stats(&b).refused, 2);
	assert_int_equal(blk_stats(&b).write.requests, 0); /* the host was not asked */
}

/* No header, or a status that is not writable: nothing is done and nothing written. */
static void test_malformed(void **state)
{
	uint64_t file = blk_file_hash(&b, BLK_SIZE);
	struct drv_seg no_status[] = { { b.header[0], 16, false },
				       { b.data, 512, false },
				       { b.status[0], 1, false } };
	struct drv_seg short_header[] = { { b.header[0], 15, false },
					  { b.status[0], 1, true } };
	struct drv_seg long_header[] = { { b.header[0], 17, false },
					 { b.data, 512, true },
					 { b.status[0], 1, true } };
	struct drv_seg status_only = { b.status[0], 1, true };
	struct virtio_blk_outhdr *header = machine_at(b.m, b.header[0], 16);
	uint8_t *status = machine_at(b.m, b.status[0], 1);
	struct vring_used_elem elem;

	(void)state;
	*header = (struct virtio_blk_outhdr){ .type = VIRTIO_BLK_T_OUT };
	*status = BLK_NO_STATUS;
	drvq_add(&b.q[0], no_status, 3);
	assert_true(drvq_wait(&b.q[0], &elem));
	assert_int_equal(elem.len, 0);
	assert_int_equal(*status, BLK_NO_STATUS);
	assert_true(blk_file_hash(&b, BLK_SIZE) == file);
	drvq_add(&b.q[0], short_header, 2);
	assert_true(drvq_wait(&b.q[0], &elem));
	assert_int_equal(elem.len, 1);
	assert_int_equal(*status, VIRTIO_BLK_S_IOERR);
	*status = BLK_NO_STATUS;
	drvq_add(&b.q[0], &status_only, 1);
	assert_true(drvq_wait(&b.q[0], &elem));
	assert_int_equal(*status, VIRTIO_BLK_S_IOERR);
	*header = (struct virtio_blk_outhdr){ .type = VIRTIO_BLK_T_IN };
	*status = BLK_NO_STATUS;
	drvq_add(&b.q[0], long_header, 3);
	assert_true(drvq_wait(&b.q[0], &elem));
	assert_int_equal(*status, VIRTIO_BLK_S_IOERR);
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_IN, 0, 512, true, NULL),
			 VIRTIO_BLK_S_OK);
}

/* --- DMA faults half-way ---------------------------------------------------------- */

/* The second of three data segments is outside RAM: the first has moved, nothing of the
 * others, with one fault; the used length says so. */
static void test_fault_in_data(void **state)
{
	uint8_t *file = blk_file(&b, BLK_SIZE), *now;
	struct vring_used_elem elem;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct drv_seg data[] = { { b.data, 512, i == 0 },
					  { MOCK_LOW_SIZE - 256, 512, i == 0 },
					  { b.data + 512, 512, i == 0 } };
		struct mock_range may[] = { drvq_used_range(&b.q[0]),
					    { b.status[0], 1 },
					    { b.data, 512 } };
		uint64_t ram;

		memset(blk_data(&b, 0, 512), 0x5e, 512);
		blk_offer(&b, &b.q[0], 0, i ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN, 3, data,
			  3);
		ram = machine_hash(b.m, may, 3);
		assert_true(drvq_wait(&b.q[0], &elem));
		assert_int_equal(blk_status(&b, 0), VIRTIO_BLK_S_IOERR);
		assert_true(machine_hash(b.m, may, 3) == ram);
		assert_int_equal(elem.len, i ? 1 : 512);
		assert_int_equal(b.vd->dma->count.faults, i + 1);
		if (i)
			memset(file + 3 * 512, 0x5e, 512);
		assert_memory_equal(blk_data(&b, 0, 512), file + 3 * 512, 512);
		now = blk_file(&b, BLK_SIZE);
		assert_memory_equal(now, file, BLK_SIZE);
		free(now);
		assert_null(b.vd->dma->holds);
	}
	free(file);
	assert_int_equal(blk_stats(&b).read.errors, 1);
	assert_int_equal(blk_stats(&b).write.errors, 1);
	assert_int_equal(blk_stats(&b).read.bytes, 0);
}

/* The status byte itself is outside RAM: completed, with nothing said. */
static void test_fault_in_status(void **state)
{
	struct virtio_blk_outhdr *header = machine_at(b.m, b.header[0], 16);
	struct drv_seg segs[] = { { b.header[0], 16, false },
				  { b.data, 512, true },
				  { MOCK_LOW_SIZE, 1, true } };
	struct vring_used_elem elem;

	(void)state;
	*header = (struct virtio_blk_outhdr){ .type = VIRTIO_BLK_T_IN };
	drvq_add(&b.q[0], segs, 3);
	assert_true(drvq_wait(&b.q[0], &elem));
	assert_int_equal(elem.len, 512);
	assert_null(b.vd->dma->holds);
}

/* --- an IOMMU that scatters ------------------------------------------------------- */

#define SCATTERED    0x100000000000ull /* I/O pages here are the data pages, last first */
#define DATA_PAGES   (BLK_DATA_SIZE / 4096)
#define SCATTER_SIZE (2ull << 20)

static uint64_t mapped_bytes; /* of the scattered range */

static int find(const struct dma_translator *t, uint32_t endpoint, uint64_t iova,
		struct dma_mapping *m)
{
	uint64_t page = (iova - SCATTERED) / 4096;

	(void)t;
	(void)endpoint;
	*m = (struct dma_mapping){ 0, SCATTERED - 1, 0, true, true };
	if (iova < SCATTERED)
		return 0;
	if (iova - SCATTERED >= mapped_bytes)
		return -EFAULT;
	m->first = iova & ~4095ull;
	m->last = m->first + 4095;
	m->gpa = b.data + (DATA_PAGES - 1 - page % DATA_PAGES) * 4096;
	return 0;
}

static struct dma_translator translator = { .find = find };

static uint8_t scattered_write(void)
{
	struct drv_seg data = { SCATTERED, SCATTER_SIZE, false };
	struct vring_used_elem elem;

	for (unsigned int i = 0; i < BLK_DATA_SIZE; i++)
		*(uint8_t *)blk_data(&b, i, 1) = (uint8_t)mock_random(256);
	dma_set_translator(b.vd->dma, &translator);
	blk_offer(&b, &b.q[0], 0, VIRTIO_BLK_T_OUT, 0, &data, 1);
	assert_true(drvq_wait(&b.q[0], &elem));
	assert_null(b.vd->dma->holds);
	return blk_status(&b, 0);
}

/* More host pieces than are mapped at once: goes piece by piece. */
static void test_scattered(void **state)
{
	uint8_t *file;

	(void)state;
	blk_start(&b, &(struct blk_params){ .size = SCATTER_SIZE });
	mapped_bytes = SCATTER_SIZE;
	assert_int_equal(scattered_write(), VIRTIO_BLK_S_OK);
	file = blk_file(&b, SCATTER_SIZE);
	for (uint64_t page = 0; page < SCATTER_SIZE / 4096; page++)
		assert_memory_equal(
			file + page * 4096,
			blk_data(&b, (DATA_PAGES - 1 - page % DATA_PAGES) * 4096, 4096),
			4096);
	free(file);
}

/* The last page is not mapped: an error, though pieces before it were moved. */
static void test_scattered_fault(void **state)
{
	(void)state;
	blk_start(&b, &(struct blk_params){ .size = SCATTER_SIZE });
	mapped_bytes = SCATTER_SIZE - 4096;
	assert_int_equal(scattered_write(), VIRTIO_BLK_S_IOERR);
	assert_int_equal(blk_stats(&b).write.errors, 1);
	/* Its driver goes on. */
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_IN, 0, 512, true, NULL),
			 VIRTIO_BLK_S_OK);
}

/* What has been moved is let go before the rest is. */
static void test_scattered_hold(void **state)
{
	struct drv_seg data = { SCATTERED, SCATTER_SIZE, false };

	(void)state;
	blk_start(&b, &(struct blk_params){ .size = SCATTER_SIZE,
					    .engine = &block_engine_mock,
					    .depth = 2 });
	mapped_bytes = SCATTER_SIZE;
	dma_set_translator(b.vd->dma, &translator);
	blk_offer(&b, &b.q[0], 0, VIRTIO_BLK_T_OUT, 0, &data, 1);
	machine_write(b.m, b.q[0].bell, 2, 0);
	mock_host_run(&b.m->mh, 20);
	assert_int_equal(mock_engine.count, 1);
	assert_true(dma_held(b.vd->dma, SCATTERED, SCATTERED));
	mock_engine_end(mock_engine_bytes(&mock_engine.step[0]));
	mock_host_run(&b.m->mh, 20);
	assert_int_equal(mock_engine.count, 1);
	assert_false(dma_held(b.vd->dma, SCATTERED, SCATTERED));
	assert_true(dma_held(b.vd->dma, SCATTERED + SCATTER_SIZE - 1,
			     SCATTERED + SCATTER_SIZE - 1));
}

/* --- errors of the host ----------------------------------------------------------- */

static void test_host_errors(void **state)
{
	(void)state;
	assert_int_equal(blk_status_after(&b, VIRTIO_BLK_T_IN, true, -EIO),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(blk_status_after(&b, VIRTIO_BLK_T_IN, true, 0),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(blk_status_after(&b, VIRTIO_BLK_T_OUT, false, -ENOSPC),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(blk_status_after(&b, VIRTIO_BLK_T_FLUSH, false, -EIO),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(blk_status_after(&b, VIRTIO_BLK_T_IN, true, 512),
			 VIRTIO_BLK_S_OK);
	assert_int_equal(blk_stats(&b).read.errors, 2);
	assert_int_equal(blk_stats(&b).write.errors, 1);
	assert_int_equal(blk_stats(&b).flush.errors, 1);
	assert_int_equal(blk_stats(&b).read.requests, 3);
	assert_int_equal(blk_stats(&b).read.bytes, 512);
}

/* A short read goes on where it stopped; an error then is the request's. */
static void test_short_then_error(void **state)
{
	struct drv_seg data = { b.data, 1024, true };
	uint16_t head;

	(void)state;
	blk_offer(&b, &b.q[0], 0, VIRTIO_BLK_T_IN, 2, &data, 1);
	blk_ring(&b, 0);
	blk_step_ends(&b, 100);
	assert_int_equal(mock_engine.count, 1);
	assert_int_equal(mock_engine.step[0].offset, 2 * 512 + 100);
	assert_false(blk_used(&b, 0, &head));
	blk_step_ends(&b, -EIO);
	assert_true(blk_used(&b, 0, &head));
	assert_int_equal(blk_status(&b, 0), VIRTIO_BLK_S_IOERR);
}

/* --- flush ------------------------------------------------------------------------ */

/* A flush is one fdatasync, and completes only when that is done. */
static void test_flush(void **state)
{
	uint16_t head, flush;

	(void)state;
	blk_offer_write(&b, 0, 0);
	blk_ring(&b, 0);
	blk_step_ends(&b, 512);
	assert_true(blk_used(&b, 0, &head));
	assert_int_equal(blk_status(&b, 0), VIRTIO_BLK_S_OK);
	flush = blk_offer(&b, &b.q[0], 1, VIRTIO_BLK_T_FLUSH, 0, NULL, 0);
	blk_ring(&b, 0);
	assert_int_equal(mock_engine.count, 1);
	assert_int_equal(mock_engine.step[0].kind, STEP_FDATASYNC);
	assert_false(blk_used(&b, 0, &head));
	blk_step_ends(&b, 0);
	assert_true(blk_used(&b, 0, &head));
	assert_int_equal(head, flush);
	assert_int_equal(blk_status(&b, 1), VIRTIO_BLK_S_OK);
}

static void test_write_through(void **state)
{
	uint64_t wce = b.d.config + offsetof(struct virtio_blk_config, writeback);

	(void)state;
	blk_write_once(&b, false, 0, VIRTIO_BLK_S_OK);
	machine_write(b.m, wce, 1, 0);
	assert_int_equal(machine_read(b.m, wce, 1), 0);
	blk_write_once(&b, true, 0, VIRTIO_BLK_S_OK);
	blk_write_once(&b, true, -EIO, VIRTIO_BLK_S_IOERR);
	machine_write(b.m, wce, 1, 1);
	blk_write_once(&b, false, 0, VIRTIO_BLK_S_OK);
	/* A driver that cannot flush. */
	blk_restart_driver(&b, WITHOUT(VIRTIO_BLK_F_FLUSH));
	assert_int_equal(machine_read(b.m, wce, 1), 0);
	blk_write_once(&b, true, 0, VIRTIO_BLK_S_OK);
	machine_write(b.m, wce, 1, 1); /* and thus may not have a cache */
	blk_write_once(&b, true, 0, VIRTIO_BLK_S_OK);
	/* Without CONFIG_WCE the field is read-only; reset switches the cache on
	 * again. */
	blk_restart_driver(&b, WITHOUT(VIRTIO_BLK_F_CONFIG_WCE));
	machine_write(b.m, wce, 1, 0);
	blk_write_once(&b, false, 0, VIRTIO_BLK_S_OK);
	machine_write(b.m, b.d.config, 4, 1); /* the capacity is not writable */
	assert_int_equal(machine_read(b.m, b.d.config, 4), BLK_SECTORS);
}

/* Write-zeroes too is durable before it completes. */
static void test_zero_through(void **state)
{
	struct virtio_blk_discard_write_zeroes *range = blk_data(&b, 0, sizeof(*range));
	struct drv_seg data = { b.data, sizeof(*range), false };
	uint16_t head;

	(void)state;
	blk_restart_driver(&b, WITHOUT(VIRTIO_BLK_F_FLUSH));
	*range = (struct virtio_blk_discard_write_zeroes){ 1, 1, 0 };
	blk_offer(&b, &b.q[0], 0, VIRTIO_BLK_T_WRITE_ZEROES, 0, &data, 1);
	blk_ring(&b, 0);
	assert_int_equal(mock_engine.step[0].kind, STEP_FALLOCATE);
	blk_step_ends(&b, 0);
	assert_int_equal(mock_engine.step[0].kind, STEP_FDATASYNC);
	assert_false(blk_used(&b, 0, &head));
	blk_step_ends(&b, 0);
	assert_true(blk_used(&b, 0, &head));
}

/* --- in flight -------------------------------------------------------------------- */

/* Completion in the order in which the host finishes, not that of the requests. */
static void test_out_of_order(void **state)
{
	uint16_t first, second, head;

	(void)state;
	first = blk_offer_write(&b, 0, 0);
	second = blk_offer_write(&b, 0, 1);
	blk_ring(&b, 0);
	assert_int_equal(mock_engine.count, 2);
	mock_engine.newest_first = true;
	assert_int_equal(mock_host_fired_data(&b.m->mh, DRV_MSI_DATA(&b.d, 1)), 0);
	blk_step_ends(&b, 512);
	assert_int_equal(mock_host_fired_data(&b.m->mh, DRV_MSI_DATA(&b.d, 1)), 1);
	assert_true(blk_used(&b, 0, &head));
	assert_int_equal(head, second);
	blk_step_ends(&b, 512);
	assert_true(blk_used(&b, 0, &head));
	assert_int_equal(head, first);
}

/* Two at the host, two waiting for a place: a reset ends all four and says nothing. */
static void test_reset_in_flight(void **state)
{
	uint64_t ram;
	unsigned int fired;

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		blk_offer_write(&b, i % 2, i);
	blk_ring(&b, 0);
	blk_ring(&b, 1);
	assert_int_equal(mock_engine.count, 2);
	ram = machine_hash(b.m, NULL, 0);
	fired = mock_host_fired(&b.m->mh);
	drv_reset(&b.d);
	assert_int_equal(mock_engine.count, 0);
	assert_null(b.vd->dma->holds);
	mock_host_run(&b.m->mh, 20);
	assert_true(machine_hash(b.m, NULL, 0) == ram);
	assert_int_equal(mock_host_fired(&b.m->mh), fired);
	blk_restart_driver(&b, DRV_ALL_FEATURES);
	blk_write_once(&b, false, 0, VIRTIO_BLK_S_OK);
}

/* One queue is reset: its requests vanish, those of the other complete. */
static void test_queue_reset_in_flight(void **state)
{
	uint16_t other, head;

	(void)state;
	blk_offer_write(&b, 0, 0);
	blk_ring(&b, 0);
	other = blk_offer_write(&b, 1, 1);
	blk_ring(&b, 1);
	blk_offer_write(&b, 0, 2);
	blk_ring(&b, 0);
	assert_int_equal(mock_engine.count, 2);
	drv_put(&b.d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
	drv_put(&b.d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	assert_int_equal(mock_engine.count, 0);
	assert_null(b.vd->dma->holds);
	assert_false(blk_used(&b, 0, &head));
	assert_int_equal(blk_status(&b, 0), BLK_NO_STATUS);
	assert_int_equal(blk_status(&b, 2), BLK_NO_STATUS);
	assert_true(blk_used(&b, 1, &head));
	assert_int_equal(head, other);
	assert_int_equal(blk_status(&b, 1), VIRTIO_BLK_S_OK);
	drv_queue(&b.d, &b.q[0], 0, 0);
	blk_write_once(&b, false, 0, VIRTIO_BLK_S_OK);
}

/* Of a list of ranges the rest is not begun once the queue is being reset. */
static void test_queue_reset_in_list(void **state)
{
	struct virtio_blk_discard_write_zeroes *range =
		blk_data(&b, 0, 3 * sizeof(*range));
	struct drv_seg data = { b.data, 3 * sizeof(*range), false };

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		range[i] = (struct virtio_blk_discard_write_zeroes){ 10 * i, 1, 0 };
	blk_offer(&b, &b.q[0], 0, VIRTIO_BLK_T_DISCARD, 0, &data, 1);
	blk_ring(&b, 0);
	assert_int_equal(mock_engine.total, 1);
	drv_put(&b.d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
	drv_put(&b.d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	assert_int_equal(mock_engine.count, 0);
	assert_int_equal(mock_engine.total, 1);
}

/* A pause lets what is under way finish, starts nothing, and loses nothing. */
static void test_pause_in_flight(void **state)
{
	struct device *dev = device_find(&b.m->devices, "disk0");
	uint16_t head;

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		blk_offer_write(&b, 0, i);
	blk_ring(&b, 0);
	dev->ops->quiesce(dev);
	dev->ops->quiesce(dev);
	assert_int_equal(mock_engine.count, 0);
	assert_int_equal(mock_engine.total, 2);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(blk_used(&b, 0, &head), i < 2);
		assert_int_equal(blk_status(&b, i),
				 i < 2 ? VIRTIO_BLK_S_OK : BLK_NO_STATUS);
	}
	assert_true(mock_host_fired_data(&b.m->mh, DRV_MSI_DATA(&b.d, 1)) > 0);
	blk_offer_write(&b, 0, 5);
	blk_ring(&b, 0);
	assert_int_equal(mock_engine.count, 0);
	dev->ops->resume(dev);
	mock_host_run(&b.m->mh, 20);
	for (unsigned int left = 3; left; left--) {
		assert_int_equal(mock_engine.count, left < 2 ? left : 2);
		blk_step_ends(&b, 512);
		assert_true(blk_used(&b, 0, &head));
	}
	for (unsigned int i = 2; i < 4; i++)
		assert_int_equal(blk_status(&b, i), VIRTIO_BLK_S_OK);
	assert_int_equal(blk_status(&b, 5), VIRTIO_BLK_S_OK);
}

/* The device goes away with requests in flight. */
static void test_destroy_in_flight(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		blk_offer_write(&b, 0, i);
	blk_ring(&b, 0);
	assert_int_equal(mock_engine.count, 2);
}

/* --- the table of hostile cases --------------------------------------------------- */

static char hostile_path[] = "/tmp/pagevisor-hostile-XXXXXX";
static uint8_t hostile_sector[512];

static void hostile_plug(struct machine *m)
{
	struct block_config medium = { .path = hostile_path };
	struct virtio_blk_config_in config = { .name = "disk0" };
	struct virtio_dev *vd;

	assert_int_equal(block_backend_open(&medium, &config.backend), 0);
	assert_int_equal(virtio_blk_create(&config, &vd), 0);
	assert_int_equal(virtio_pci_plug(&m->pci, HOSTILE_DEVFN, vd, NULL), 0);
	assert_int_equal(pci_assign(&m->pci), 0);
}

static unsigned int hostile_segs(struct drv *d, struct drv_seg *segs, uint32_t type)
{
	uint64_t at = machine_alloc(d->m, 1024, 16);
	struct virtio_blk_outhdr *header = machine_at(d->m, at, sizeof(*header));

	*header = (struct virtio_blk_outhdr){ .type = type, .sector = 1 };
	memcpy(machine_at(d->m, at + 16, 512), hostile_sector, 512);
	*(uint8_t *)machine_at(d->m, at + 528, 1) = BLK_NO_STATUS;
	segs[0] = (struct drv_seg){ at, 16, false };
	segs[1] = (struct drv_seg){ at + 16, 512, type == VIRTIO_BLK_T_IN };
	segs[2] = (struct drv_seg){ at + 528, 1, true };
	return 3;
}

static unsigned int hostile_read(struct drv *d, struct drv_seg *segs)
{
	return hostile_segs(d, segs, VIRTIO_BLK_T_IN);
}

static unsigned int hostile_write(struct drv *d, struct drv_seg *segs)
{
	return hostile_segs(d, segs, VIRTIO_BLK_T_OUT);
}

static bool hostile_succeeded(struct drv *d, const struct drv_seg *segs, unsigned int n,
			      uint32_t used_len)
{
	(void)used_len;
	return *(uint8_t *)machine_at(d->m, segs[n - 1].addr, 1) == VIRTIO_BLK_S_OK;
}

static void test_hostile(void **state)
{
	static const struct hostile_target targets[] = {
		{ .name = "blk read",
		  .plug = hostile_plug,
		  .request = hostile_read,
		  .succeeded = hostile_succeeded },
		{ .name = "blk write",
		  .plug = hostile_plug,
		  .request = hostile_write,
		  .succeeded = hostile_succeeded },
	};
	uint8_t file[4096];
	int fd = mkstemp(hostile_path);

	(void)state;
	memset(hostile_sector, 0x42, sizeof(hostile_sector));
	memset(file, 0x42, sizeof(file));
	assert_int_equal(write(fd, file, sizeof(file)), sizeof(file));
	hostile_run(&targets[0]);
	hostile_run(&targets[1]);
	/* Every write carried what was there before: all else would be somebody's
	 * memory. */
	assert_int_equal(pread(fd, file, sizeof(file), 0), sizeof(file));
	for (unsigned int i = 0; i < sizeof(file); i++)
		assert_int_equal(file[i], 0x42);
	close(fd);
	unlink(hostile_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_range, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_negotiated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only, setup_read_only,
						teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fault_in_data, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fault_in_status, setup, teardown),
		cmocka_unit_test_teardown(test_scattered, teardown),
		cmocka_unit_test_teardown(test_scattered_fault, teardown),
		cmocka_unit_test_teardown(test_scattered_hold, teardown),
		cmocka_unit_test_setup_teardown(test_queue_reset_in_list, setup_mock,
						teardown),
		cmocka_unit_test_setup_teardown(test_host_errors, setup_mock, teardown),
		cmocka_unit_test_setup_teardown(test_short_then_error, setup_mock,
						teardown),
		cmocka_unit_test_setup_teardown(test_flush, setup_mock, teardown),
		cmocka_unit_test_setup_teardown(test_write_through, setup_mock, teardown),
		cmocka_unit_test_setup_teardown(test_zero_through, setup_mock, teardown),
		cmocka_unit_test_setup_teardown(test_out_of_order, setup_mock, teardown),
		cmocka_unit_test_setup_teardown(test_reset_in_flight, setup_mock,
						teardown),
		cmocka_unit_test_setup_teardown(test_queue_reset_in_flight, setup_mock,
						teardown),
		cmocka_unit_test_setup_teardown(test_pause_in_flight, setup_mock,
						teardown),
		cmocka_unit_test_setup_teardown(test_destroy_in_flight, setup_mock,
						teardown),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

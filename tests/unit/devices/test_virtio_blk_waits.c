/* SPDX-License-Identifier: MIT */
/* virtio-blk: cache modes, requests that wait for the machine to be paused and resumed, requests
 * that are stopped half-way; and which request an access is for. */
#include "tests/unit/devices/mock_blk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "devices/util.h"

static struct blk b;

static int teardown(void **state)
{
	(void)state;
	blk_stop(&b);
	return 0;
}

/* --- cache modes ------------------------------------------------------------------ */

/* A disk without a cache offers no flush; each write is durable when it completes. */
static void test_without_cache(void **state)
{
	(void)state;
	blk_start(&b, &(struct blk_params){ .engine = &block_engine_mock,
					    .depth = 2,
					    .write_through = true });
	assert_false(virtio_has(b.vd, VIRTIO_BLK_F_FLUSH));
	assert_false(virtio_has(b.vd, VIRTIO_BLK_F_CONFIG_WCE));
	assert_int_equal(
		machine_read(b.m,
			     b.d.config + offsetof(struct virtio_blk_config, writeback),
			     1),
		0);
	blk_write_once(&b, true, 0, VIRTIO_BLK_S_OK);
	blk_write_once(&b, true, -EIO, VIRTIO_BLK_S_IOERR);
	drv_reset(&b.d);
	blk_restart_driver(&b, DRV_ALL_FEATURES);
	blk_write_once(&b, true, 0, VIRTIO_BLK_S_OK);
}

/* Nothing is ever asked of the host but the bytes. */
static void test_unsafe(void **state)
{
	uint16_t head;

	(void)state;
	blk_start(&b, &(struct blk_params){ .engine = &block_engine_mock,
					    .depth = 2,
					    .no_flush = true });
	blk_write_once(&b, false, 0, VIRTIO_BLK_S_OK);
	blk_offer(&b, &b.q[0], 1, VIRTIO_BLK_T_FLUSH, 0, NULL, 0);
	blk_ring(&b, 0);
	assert_int_equal(mock_engine.count, 0);
	assert_true(blk_used(&b, 0, &head));
	assert_int_equal(blk_status(&b, 1), VIRTIO_BLK_S_OK);
	assert_int_equal(blk_stats(&b).flush.requests, 1);
	blk_restart_driver(&b, DRV_ALL_FEATURES & ~VIRTIO_FEATURE(VIRTIO_BLK_F_FLUSH));
	blk_write_once(&b, false, 0, VIRTIO_BLK_S_OK);
}

/* --- waiting ---------------------------------------------------------------------- */

static struct {
	unsigned int count, reported; /* of those that wait, and of others */
	enum block_op op;
	int error;
} told;

static void on_failure(void *ctx, enum block_op op, int error, bool waits)
{
	(void)ctx;
	told.count += waits;
	told.reported += !waits;
	told.op = op;
	told.error = error;
}

static void start_waiting(enum virtio_blk_policy policy)
{
	memset(&told, 0, sizeof(told));
	blk_start(&b, &(struct blk_params){ .engine = &block_engine_mock,
					    .depth = 2,
					    .nr_queues = 2,
					    .errors = policy,
					    .failed = on_failure });
}

static void pause_and_resume(void)
{
	struct device *dev = device_find(&b.m->devices, "disk0");

	dev->ops->quiesce(dev);
	assert_null(b.vd->dma->holds);
	dev->ops->resume(dev);
	mock_host_run(&b.m->mh, 20);
}

/* What fails for want of space waits, as often as it does; all else is told. */
static void test_waits_for_space(void **state)
{
	struct drv_seg data = { b.data, 1024, false };
	uint16_t head, offered;

	(void)state;
	start_waiting(VIRTIO_BLK_WAIT_ENOSPC);
	data.addr = b.data;
	memset(blk_data(&b, 0, 1024), 0x11, 1024);
	offered = blk_offer(&b, &b.q[0], 0, VIRTIO_BLK_T_OUT, 0, &data, 1);
	blk_ring(&b, 0);
	blk_step_ends(&b, 512);
	for (unsigned int i = 1; i <= 3; i++) {
		blk_step_ends(&b, i == 2 ? 0 : -ENOSPC); /* a short write says the same */
		assert_int_equal(told.count, i);
		assert_int_equal(told.op, BLOCK_WRITE);
		assert_int_equal(told.error, -ENOSPC);
		assert_int_equal(mock_engine.count, 0);
		assert_false(blk_used(&b, 0, &head));
		blk_offer_write(&b, 1, 7); /* others go on */
		blk_ring(&b, 1);
		blk_step_ends(&b, 512);
		assert_true(blk_used(&b, 1, &head));
		assert_int_equal(mock_engine.count, 0);
		pause_and_resume();
		/* From its beginning, the data as it is now. */
		assert_int_equal(mock_engine.count, 1);
		assert_int_equal(mock_engine.step[0].offset, 0);
		assert_int_equal(mock_engine_bytes(&mock_engine.step[0]), 1024);
	}
	blk_step_ends(&b, 1024);
	assert_true(blk_used(&b, 0, &head));
	assert_int_equal(head, offered);
	assert_int_equal(blk_status(&b, 0), VIRTIO_BLK_S_OK);
	assert_int_equal(blk_stats(&b).write.errors, 0);
	assert_int_equal(blk_status_after(&b, VIRTIO_BLK_T_OUT, false, -EIO),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(blk_status_after(&b, VIRTIO_BLK_T_IN, true, -EIO),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(told.count, 3);
	assert_int_equal(told.reported, 2);
	assert_int_equal(told.op, BLOCK_READ);
	assert_int_equal(told.error, -EIO);
}

/* What the driver is told somebody else is told, too; what the driver did wrong is its own. */
static void test_reports(void **state)
{
	(void)state;
	start_waiting(VIRTIO_BLK_REPORT);
	assert_int_equal(blk_status_after(&b, VIRTIO_BLK_T_OUT, false, -ENOSPC),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(told.reported, 1);
	assert_int_equal(told.error, -ENOSPC);
	assert_int_equal(blk_status_after(&b, VIRTIO_BLK_T_OUT, false, 512),
			 VIRTIO_BLK_S_OK);
	blk_offer(&b, &b.q[0], 0, VIRTIO_BLK_T_FLUSH, 1, NULL, 0);
	blk_ring(&b, 0);
	assert_int_equal(told.reported, 1);
	assert_int_equal(told.count, 0);
}

static void test_waits_for_anything(void **state)
{
	static const struct {
		uint32_t type;
		bool write;
		enum block_op op;
		int64_t well;
	} rows[] = {
		{ VIRTIO_BLK_T_IN, true, BLOCK_READ, 512 },
		{ VIRTIO_BLK_T_OUT, false, BLOCK_WRITE, 512 },
		{ VIRTIO_BLK_T_FLUSH, false, BLOCK_FLUSH, 0 },
	};
	uint16_t head;

	(void)state;
	start_waiting(VIRTIO_BLK_WAIT);
	for (unsigned int i = 0; i < 3; i++) {
		struct drv_seg data = { b.data, 512, rows[i].write };

		blk_offer(&b, &b.q[0], 0, rows[i].type, 0, &data,
			  rows[i].op == BLOCK_FLUSH ? 0 : 1);
		blk_ring(&b, 0);
		blk_step_ends(&b, -EIO);
		assert_int_equal(told.count, i + 1);
		assert_int_equal(told.op, rows[i].op);
		assert_false(blk_used(&b, 0, &head));
		pause_and_resume();
		blk_step_ends(&b, rows[i].well);
		assert_true(blk_used(&b, 0, &head));
		assert_int_equal(blk_status(&b, 0), VIRTIO_BLK_S_OK);
	}
}

/* A reset, of the queue or of all, forgets what waits; and so does the end. */
static void test_reset_while_waiting(void **state)
{
	uint16_t head;

	(void)state;
	start_waiting(VIRTIO_BLK_WAIT);
	blk_offer_write(&b, 0, 0);
	blk_offer_write(&b, 1, 1);
	blk_ring(&b, 0);
	blk_ring(&b, 1);
	blk_step_ends(&b, -EIO);
	blk_step_ends(&b, -EIO);
	assert_int_equal(told.count, 2);
	drv_put(&b.d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
	drv_put(&b.d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	assert_false(blk_used(&b, 0, &head));
	drv_queue(&b.d, &b.q[0], 0, 0);
	pause_and_resume();
	assert_int_equal(mock_engine.count, 1); /* that of the other queue */
	blk_step_ends(&b, -EIO);
	assert_int_equal(told.count, 3);
	blk_restart_driver(&b, DRV_ALL_FEATURES);
	pause_and_resume();
	assert_int_equal(mock_engine.count, 0);
	assert_false(blk_used(&b, 1, &head));
	blk_offer_write(&b, 0, 2);
	blk_ring(&b, 0);
	blk_step_ends(&b, -EIO);
	assert_int_equal(told.count, 4); /* and is torn down like that */
}

/* --- long requests ---------------------------------------------------------------- */

#define PIECE  (1 << 20) /* what is moved at a time */
#define PIECES 8
#define LONG   4u

/* Reads of 8 MiB each, over and over into the same memory; two can be under way. */
static void offer_long_ones(const struct block_engine *engine)
{
	struct drv_seg data[PIECES];

	blk_start(&b, &(struct blk_params){ .engine = engine,
					    .depth = 2,
					    .size = PIECES * PIECE,
					    .nr_queues = 2 });
	for (unsigned int i = 0; i < PIECES; i++)
		data[i] = (struct drv_seg){ b.data, BLK_DATA_SIZE, true };
	for (unsigned int i = 0; i < LONG; i++)
		blk_offer(&b, &b.q[0], i, VIRTIO_BLK_T_IN, 0, data, PIECES);
}

static void start_long_ones(void)
{
	offer_long_ones(&block_engine_mock);
	blk_ring(&b, 0);
	assert_int_equal(mock_engine.total, 2);
	assert_int_equal(mock_engine_bytes(&mock_engine.step[0]), PIECE);
}

/* They begin anew, and lose nothing. */
static void long_ones_end(void)
{
	unsigned int before = mock_engine.total - mock_engine.count;
	uint16_t head;

	assert_false(blk_used(&b, 0, &head));
	while (mock_engine.count)
		blk_step_ends(&b, PIECE);
	assert_int_equal(mock_engine.total - before, LONG * PIECES);
	for (unsigned int i = 0; i < LONG; i++) {
		assert_true(blk_used(&b, 0, &head));
		assert_int_equal(blk_status(&b, i), VIRTIO_BLK_S_OK);
	}
	assert_null(b.vd->dma->holds);
}

/* However much a guest has asked for: who stops the device waits for one piece of each. */
static void test_pause_is_short(void **state)
{
	struct device *dev;

	(void)state;
	start_long_ones();
	dev = device_find(&b.m->devices, "disk0");
	dev->ops->quiesce(dev);
	assert_int_equal(mock_engine.count, 0);
	assert_int_equal(mock_engine.total, 2);
	assert_null(b.vd->dma->holds);
	dev->ops->resume(dev);
	long_ones_end();
}

/* What was stopped begins anew in the order in which it came: nobody is overtaken for ever. */
static void test_pause_keeps_the_order(void **state)
{
	struct drv_seg data = { b.data, 512, false };
	struct device *dev;

	(void)state;
	blk_start(&b, &(struct blk_params){ .engine = &block_engine_mock, .depth = 2 });
	data.addr = b.data;
	dev = device_find(&b.m->devices, "disk0");
	for (unsigned int i = 0; i < 5; i++)
		blk_offer(&b, &b.q[0], i, VIRTIO_BLK_T_OUT, i, &data, 1);
	blk_ring(&b, 0);
	assert_int_equal(mock_engine.count, 2);
	dev->ops->quiesce(dev); /* the two end, three are stopped */
	assert_int_equal(mock_engine.count, 0);
	dev->ops->resume(dev);
	assert_int_equal(mock_engine.count, 2);
	assert_int_equal(mock_engine.step[0].offset, 2 * 512);
	assert_int_equal(mock_engine.step[1].offset, 3 * 512);
}

/* What an IOMMU asks for when its mappings go at once: its reset, or a pause of it. */
static void test_settling_is_short(void **state)
{
	struct dma_port *dma;

	(void)state;
	start_long_ones();
	dma = b.vd->dma;
	dma->settle(dma);
	assert_int_equal(mock_engine.total, 4);
	long_ones_end();
}

/* The host does each piece at once; the event loop has its turn in between. */
static void test_others_have_their_turn(void **state)
{
	unsigned int turns = 0;
	uint16_t head;

	(void)state;
	offer_long_ones(&block_engine_sync);
	machine_write(b.m, b.q[0].bell, 2, 0);
	for (unsigned int left = LONG; left; turns++) {
		assert_int_equal(mock_host_poll(&b.m->mh, 0), 1);
		while (blk_used(&b, 0, &head))
			left--;
	}
	assert_true(turns >= LONG / 2 * (PIECES - 1));
	for (unsigned int i = 0; i < LONG; i++)
		assert_int_equal(blk_status(&b, i), VIRTIO_BLK_S_OK);
	assert_null(b.vd->dma->holds);
}

static void test_queue_reset_is_short(void **state)
{
	uint16_t head;

	(void)state;
	start_long_ones();
	drv_put(&b.d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
	drv_put(&b.d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	assert_int_equal(mock_engine.total, 4); /* the other queue's, begun anew */
	drv_put(&b.d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
	drv_put(&b.d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	assert_int_equal(mock_engine.total, 4);
	assert_int_equal(mock_engine.count, 0);
	assert_false(blk_used(&b, 0, &head));
	assert_null(b.vd->dma->holds);
}

/* --- on whose behalf --------------------------------------------------------------------- */

struct watched {
	struct dma_witness witness;
	unsigned int seen[3]; /* accesses, by slot */
};

/* An access to a slot's header, data or status is for that slot's request. */
static void on_begin(struct dma_witness *w, struct dma_port *port,
		     const struct dma_access *a)
{
	static const dma_request request[] = { 1 << 16 | 0, 1 << 16 | 1, 2 << 16 | 0 };
	struct watched *watched = container_of(w, struct watched, witness);

	for (unsigned int slot = 0; slot < ARRAY_SIZE(request); slot++) {
		if (a->iova != b.header[slot] && a->iova != b.data + slot * 512 &&
		    a->iova != b.status[slot])
			continue;
		assert_int_equal(port->request, request[slot]);
		watched->seen[slot]++;
	}
}

/* Two requests for one doorbell, the first of two pieces, and one of another queue since: each
 * access is its request's, whenever it comes. */
static void test_requests_are_told_apart(void **state)
{
	static const int64_t step[] = { PIECE, 512, 512, PIECE };
	static const unsigned int accesses[] = { 4, 3, 3 };
	struct watched watched = { .witness = { .begin = on_begin } };
	struct drv_seg data[2];

	(void)state;
	blk_start(&b, &(struct blk_params){ .engine = &block_engine_mock,
					    .depth = 8,
					    .size = 2 * PIECE,
					    .nr_queues = 2 });
	b.m->pci.dev[BLK_DEVFN]->dma.witness = &watched.witness;
	data[0] = data[1] = (struct drv_seg){ b.data, PIECE, true };
	blk_offer(&b, &b.q[0], 0, VIRTIO_BLK_T_IN, 0, data, 2);
	blk_offer_write(&b, 0, 1);
	blk_ring(&b, 0);
	blk_offer_write(&b, 1, 2);
	blk_ring(&b, 1);
	assert_int_equal(mock_engine.count, 3);
	for (unsigned int i = 0; i < ARRAY_SIZE(step); i++)
		blk_step_ends(&b, step[i]);
	for (unsigned int slot = 0; slot < 3; slot++) {
		assert_int_equal(blk_status(&b, slot), VIRTIO_BLK_S_OK);
		assert_int_equal(watched.seen[slot], accesses[slot]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_without_cache, teardown),
		cmocka_unit_test_teardown(test_unsafe, teardown),
		cmocka_unit_test_teardown(test_waits_for_space, teardown),
		cmocka_unit_test_teardown(test_reports, teardown),
		cmocka_unit_test_teardown(test_waits_for_anything, teardown),
		cmocka_unit_test_teardown(test_reset_while_waiting, teardown),
		cmocka_unit_test_teardown(test_pause_is_short, teardown),
		cmocka_unit_test_teardown(test_pause_keeps_the_order, teardown),
		cmocka_unit_test_teardown(test_settling_is_short, teardown),
		cmocka_unit_test_teardown(test_others_have_their_turn, teardown),
		cmocka_unit_test_teardown(test_queue_reset_is_short, teardown),
		cmocka_unit_test_teardown(test_requests_are_told_apart, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

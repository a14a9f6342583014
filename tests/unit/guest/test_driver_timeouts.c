/* SPDX-License-Identifier: MIT */
/*
 * Devices that do not answer.  For each driver: the request ends with an error in bounded
 * time; its memory comes back only after the device let go of it; nothing leaks; and the
 * device works again, or, where it cannot reset its queue, is given up cleanly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <abi/dmacheck.h>
#include <abi/virtio_blk.h>
#include <abi/virtio_console.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <guest/blk.h>
#include <guest/dmacheck.h>
#include <guest/hvc.h>
#include <guest/rng.h>
#include "tests/host/host.h"
#include "tests/unit/guest/mock_virtio.h"

#define ROUNDS	    (3 * MOCK_RING) /* so that what leaks one of anything runs out of it */
#define PATIENCE    (10 * HZ) /* of the most hasty driver */
#define READ_BYTES  4096U
#define HASH	    0x0123456789abcdefULL
#define RANDOM_BYTE 0xa5
#define IN_FLIGHT   3

static struct mock_virtio m;
static u8 *buffer; /* pages for IN_FLIGHT requests and one more */

/* --- the devices ------------------------------------------------------------------------- */

static int blk_serve(struct mock_virtio *dev, const struct mock_chain *c)
{
	const struct virtio_blk_outhdr *header = mock_virtio_at(&c->seg[0]);

	(void)dev;
	assert_int_equal(c->n, 3);
	assert_int_equal(c->seg[1].len, READ_BYTES);
	memset(mock_virtio_at(&c->seg[1]), (u8)header->sector, READ_BYTES);
	*(u8 *)mock_virtio_at(&c->seg[2]) = VIRTIO_BLK_S_OK;
	return READ_BYTES + 1;
}

static int blk_use(void)
{
	static u8 sector;
	int err = blk_read(blk_get(0), ++sector, buffer, READ_BYTES);

	if (!err) {
		assert_int_equal(buffer[0], sector);
		assert_int_equal(buffer[READ_BYTES - 1], sector);
	}
	return err;
}

static int rng_serve(struct mock_virtio *dev, const struct mock_chain *c)
{
	(void)dev;
	assert_int_equal(c->n, 1);
	memset(mock_virtio_at(&c->seg[0]), RANDOM_BYTE, c->seg[0].len);
	return (int)c->seg[0].len;
}

static int rng_use(void)
{
	int err;

	memset(buffer, 0, 100);
	err = rng_read(buffer, 100);
	assert_int_equal(buffer[99], err ? 0 : RANDOM_BYTE);
	return err;
}

static char printed[16];

static int console_serve(struct mock_virtio *dev, const struct mock_chain *c)
{
	(void)dev;
	if (c->queue == VIRTIO_CONSOLE_RXQ)
		return MOCK_KEEPS; /* nobody types */
	memcpy(printed, mock_virtio_at(&c->seg[0]), c->seg[0].len);
	return 0;
}

static int console_use(void)
{
	ssize_t n;

	memset(printed, 0, sizeof(printed));
	n = hvc_write("hello", 5);
	if (n < 0)
		return (int)n;
	assert_int_equal(n, 5);
	assert_string_equal(printed, "hello");
	return 0;
}

static int dmacheck_serve(struct mock_virtio *dev, const struct mock_chain *c)
{
	const struct dmacheck_req *req = mock_virtio_at(&c->seg[0]);
	struct dmacheck_resp resp = { .tag = req->tag, .hash = HASH };

	(void)dev;
	assert_int_equal(c->n, 2);
	memcpy(mock_virtio_at(&c->seg[1]), &resp, sizeof(resp));
	return sizeof(resp);
}

static int dmacheck_use(void)
{
	u64 hash;
	int err = dmacheck_hash(0x1000, 64, &hash);

	assert_true(hash == (err ? 0 : HASH));
	return err;
}

static const struct target {
	const char *name;
	u32 id;
	union {
		struct virtio_blk_config blk;
		struct dmacheck_config dmacheck;
	} config;
	int (*serve)(struct mock_virtio *dev, const struct mock_chain *c);
	int (*use)(void); /* one request; 0 when its answer was right */
	int gone; /* what it says of a device that was given up */
} targets[] = {
	{ "blk",
	  VIRTIO_ID_BLOCK,
	  { .blk = { .capacity = 2048 } },
	  blk_serve,
	  blk_use,
	  -EIO },
	{ "rng", VIRTIO_ID_RNG, {}, rng_serve, rng_use, -ENODEV },
	{ "console", VIRTIO_ID_CONSOLE, {}, console_serve, console_use, -ENODEV },
	{ "dmacheck",
	  VIRTIO_ID_DMACHECK,
	  { .dmacheck = { DMACHECK_VERSION, 1, 16, 16, 4096 } },
	  dmacheck_serve,
	  dmacheck_use,
	  -ENODEV },
};

/* --- the frame ---------------------------------------------------------------------------- */

static void plug(const struct target *t, u64 without)
{
	print_message("# %s\n", t->name);
	m = (struct mock_virtio){ .vdev.id = t->id, .serve = t->serve };
	m.without = without;
	memcpy(m.config, &t->config, sizeof(t->config));
	mock_virtio_plug(&m);
	assert_ptr_not_equal(m.vdev.driver, NULL);
	assert_int_equal(t->use(), 0);
}

/* Nothing of the device is left anywhere. */
static void unplug(void)
{
	mock_virtio_unplug(&m);
	assert_int_equal(m.stolen, 0);
	assert_int_equal(atomic_long_read(&m.bus.dma.mappings), 0);
	assert_int_equal(atomic_long_read(&m.bus.dma.coherent), 0);
}

/* A request to a device that says nothing. */
static void time_out(const struct target *t)
{
	unsigned long start = jiffies;

	m.silent = true;
	assert_int_equal(t->use(), -ETIMEDOUT);
	assert_true(jiffies - start >= PATIENCE && jiffies - start < 10 * PATIENCE);
	m.silent = false;
	assert_int_equal(m.stolen, 0);
}

/* --- the tests ---------------------------------------------------------------------------- */

/* Time and again: the queue is reset, everything is there again, and the device works. */
static void silence(bool late)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(targets); i++) {
		const struct target *t = &targets[i];
		long mappings, coherent;

		plug(t, 0);
		m.late = late;
		mappings = atomic_long_read(&m.bus.dma.mappings);
		coherent = atomic_long_read(&m.bus.dma.coherent);
		for (unsigned int round = 1; round <= ROUNDS; round++) {
			time_out(t);
			assert_int_equal(m.queue_resets, round);
			assert_int_equal(t->use(), 0);
			assert_int_equal(atomic_long_read(&m.bus.dma.mappings), mappings);
			assert_int_equal(atomic_long_read(&m.bus.dma.coherent), coherent);
		}
		assert_int_equal(m.resets, 1); /* the one of its start */
		unplug();
	}
}

static void silent_queue_is_reset(void **state)
{
	(void)state;
	silence(false);
}

/* The answer and the end of patience meet. */
static void answer_comes_too_late(void **state)
{
	(void)state;
	silence(true);
}

/* A lost interrupt costs patience, and nothing else. */
static void lost_interrupt_is_no_error(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(targets); i++) {
		plug(&targets[i], 0);
		for (unsigned int round = 0; round < ROUNDS; round++) {
			m.mute = round % 2 == 0;
			assert_int_equal(targets[i].use(), 0);
		}
		assert_int_equal(m.queue_resets, 0);
		unplug();
	}
}

/* Who says that all is well, and wrote less: an error, also for one who may give less than
 * was asked for, when he gives nothing.  A console writes nothing anyway. */
static void short_answer_is_an_error(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(targets); i++) {
		bool may = targets[i].id == VIRTIO_ID_CONSOLE;

		plug(&targets[i], 0);
		m.cut = 1;
		memset(buffer, 0, 100);
		assert_int_equal(targets[i].use(), may ? 0 : -EIO);
		m.cut = 0;
		assert_int_equal(targets[i].use(), 0);
		unplug();
	}
}

/* A device that cannot reset its queue loses everything and is not used again, until
 * another one takes its place. */
static void give_up(u64 without, bool deaf, bool stuck, u8 status)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(targets); i++) {
		const struct target *t = &targets[i];

		plug(t, without);
		m.deaf = deaf;
		m.stuck = stuck;
		m.status |= status;
		time_out(t);
		assert_int_equal(m.queue_resets, 0);
		assert_int_equal(m.resets, 2);
		assert_int_equal(atomic_long_read(&m.bus.dma.mappings), 0);
		assert_int_equal(t->use(), t->gone);
		unplug();
		plug(t, 0);
		unplug();
	}
}

static void without_queue_reset_the_device_is_given_up(void **state)
{
	(void)state;
	give_up(VIRTIO_FEATURE(VIRTIO_F_RING_RESET), false, false, 0);
}

static void queue_that_does_not_reset_is_given_up(void **state)
{
	(void)state;
	give_up(0, true, false, 0);
}

static void device_that_does_not_reset_is_given_up(void **state)
{
	(void)state;
	give_up(0, true, true, 0);
}

/* It would reset its queue, but is broken beyond that. */
static void device_that_needs_a_reset_is_given_up(void **state)
{
	(void)state;
	give_up(0, false, false, VIRTIO_CONFIG_S_NEEDS_RESET);
}

/* --- several requests in flight ------------------------------------------------------------ */

static int results[IN_FLIGHT];
static unsigned int ended;

static void note_end(struct blk_request *rq)
{
	*(int *)rq->priv = rq->result;
	ended++;
}

/* All of a queue share the fate of the one whose waiter lost patience; each ends once. */
static void disk_requests_end_together(void **state)
{
	struct scatterlist sg[IN_FLIGHT];
	struct blk_request rq[IN_FLIGHT];

	(void)state;
	plug(&targets[0], 0);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		ended = 0;
		for (unsigned int i = 0; i < IN_FLIGHT; i++) {
			sg_init_one(&sg[i], buffer + (i + 1) * READ_BYTES, READ_BYTES);
			rq[i] = (struct blk_request){ .type = VIRTIO_BLK_T_IN,
						      .data = &sg[i],
						      .nents = 1,
						      .done = note_end,
						      .priv = &results[i] };
			results[i] = 1;
			assert_int_equal(blk_submit(blk_get(0), &rq[i]), 0);
		}
		m.silent = true;
		assert_int_equal(blk_use(), -ETIMEDOUT);
		m.silent = false;
		assert_int_equal(ended, IN_FLIGHT);
		for (unsigned int i = 0; i < IN_FLIGHT; i++)
			assert_int_equal(results[i], -ETIMEDOUT);
		assert_int_equal(blk_use(), 0);
		assert_int_equal(ended, IN_FLIGHT);
	}
	unplug();
}

/* The disk goes while requests are in flight. */
static void unplugged_disk_ends_its_requests(void **state)
{
	struct scatterlist sg;
	struct blk_request rq = { .type = VIRTIO_BLK_T_IN,
				  .data = &sg,
				  .nents = 1,
				  .done = note_end,
				  .priv = &results[0] };

	(void)state;
	plug(&targets[0], 0);
	ended = 0;
	sg_init_one(&sg, buffer, READ_BYTES);
	assert_int_equal(blk_submit(blk_get(0), &rq), 0);
	unplug();
	assert_int_equal(ended, 1);
	assert_int_equal(results[0], -EIO);
}

/* --- the program ---------------------------------------------------------------------------- */

static int start_kernel(void **state)
{
	(void)state;
	host_mm_init(64UL << 20);
	buffer = kmalloc((IN_FLIGHT + 1) * READ_BYTES, GFP_KERNEL);
	return buffer ? mock_virtio_drivers() : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silent_queue_is_reset),
		cmocka_unit_test(answer_comes_too_late),
		cmocka_unit_test(lost_interrupt_is_no_error),
		cmocka_unit_test(short_answer_is_an_error),
		cmocka_unit_test(without_queue_reset_the_device_is_given_up),
		cmocka_unit_test(queue_that_does_not_reset_is_given_up),
		cmocka_unit_test(device_that_does_not_reset_is_given_up),
		cmocka_unit_test(device_that_needs_a_reset_is_given_up),
		cmocka_unit_test(disk_requests_end_together),
		cmocka_unit_test(unplugged_disk_ends_its_requests),
	};

	return cmocka_run_group_tests(tests, start_kernel, NULL);
}

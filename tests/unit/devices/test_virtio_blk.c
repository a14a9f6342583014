/* SPDX-License-Identifier: MIT */
/*
 * virtio-blk with a real file: each request type, requests cut in every way, random
 * requests in flight on several queues against a model, pause, resume and reset among
 * them.
 */
#include "tests/unit/devices/mock_blk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static struct blk b;

static void start(void **state, const struct blk_params *params)
{
	(void)state;
	mock_random_seed(1);
	blk_start(&b, params);
}

static int setup(void **state)
{
	start(state, &(struct blk_params){ 0 });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	blk_stop(&b);
	return 0;
}

static uint64_t config(unsigned int offset, unsigned int size)
{
	return machine_read(b.m, b.d.config + offset, size);
}

#define CONFIG(field)                                     \
	config(offsetof(struct virtio_blk_config, field), \
	       sizeof(((struct virtio_blk_config *)0)->field))

static void test_config(void **state)
{
	static const unsigned int offered[] = {
		VIRTIO_BLK_F_SEG_MAX, VIRTIO_BLK_F_BLK_SIZE, VIRTIO_BLK_F_FLUSH,
		VIRTIO_BLK_F_MQ,      VIRTIO_BLK_F_DISCARD,  VIRTIO_BLK_F_WRITE_ZEROES,
	};

	(void)state;
	for (unsigned int i = 0; i < 6; i++)
		assert_true(b.d.offered >> offered[i] & 1);
	assert_false(b.d.offered >> VIRTIO_BLK_F_RO & 1);
	assert_true(CONFIG(capacity) == BLK_SECTORS);
	assert_int_equal(CONFIG(blk_size), 512);
	assert_int_equal(CONFIG(num_queues), 1);
	assert_int_equal(b.d.nr_queues, 1);
	assert_int_equal(CONFIG(seg_max), b.q[0].size - 2);
	assert_true(CONFIG(max_discard_sectors) > 0);
	assert_true(CONFIG(max_discard_seg) > 0);
	assert_int_equal(CONFIG(writeback), 1);
}

static void test_odd_size(void **state)
{
	start(state, &(struct blk_params){ .size = BLK_SIZE + 511 });
	assert_true(CONFIG(capacity) == BLK_SECTORS);
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_OUT, BLK_SECTORS, 512, false, NULL),
			 VIRTIO_BLK_S_IOERR);
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_OUT, BLK_SECTORS - 1, 512, false, NULL),
			 VIRTIO_BLK_S_OK);
}

static void test_read(void **state)
{
	uint8_t *file = blk_file(&b, BLK_SIZE);
	uint32_t used;

	(void)state;
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_IN, 3, 4096, true, &used),
			 VIRTIO_BLK_S_OK);
	assert_int_equal(used, 4097);
	assert_memory_equal(blk_data(&b, 0, 4096), file + 3 * 512, 4096);
	/* All of it in one request. */
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_IN, 0, BLK_SIZE, true, &used),
			 VIRTIO_BLK_S_OK);
	assert_int_equal(used, BLK_SIZE + 1);
	assert_memory_equal(blk_data(&b, 0, BLK_SIZE), file, BLK_SIZE);
	free(file);
}

static void test_write(void **state)
{
	uint8_t *before = blk_file(&b, BLK_SIZE), *after;
	uint32_t used;

	(void)state;
	memset(blk_data(&b, 0, 2048), 0xa5, 2048);
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_OUT, 5, 2048, false, &used),
			 VIRTIO_BLK_S_OK);
	assert_int_equal(used, 1);
	memset(before + 5 * 512, 0xa5, 2048);
	after = blk_file(&b, BLK_SIZE);
	assert_memory_equal(before, after, BLK_SIZE);
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_FLUSH, 0, 0, false, &used),
			 VIRTIO_BLK_S_OK);
	assert_int_equal(used, 1);
	free(before);
	free(after);
}

static void test_get_id(void **state)
{
	char id[VIRTIO_BLK_ID_BYTES] = "pagevisor-test";
	uint32_t used;

	(void)state;
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_GET_ID, 0, 20, true, &used),
			 VIRTIO_BLK_S_OK);
	assert_int_equal(used, 21);
	assert_memory_equal(blk_data(&b, 0, 20), id, 20);
	memset(blk_data(&b, 0, 40), 0x77, 40);
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_GET_ID, 0, 5, true, &used),
			 VIRTIO_BLK_S_OK);
	assert_int_equal(used, 6);
	assert_memory_equal(blk_data(&b, 0, 7), "pagev\x77\x77", 7);
	assert_int_equal(blk_do(&b, VIRTIO_BLK_T_GET_ID, 0, 40, true, &used),
			 VIRTIO_BLK_S_OK);
	assert_int_equal(used, 20); /* what was filled without a gap */
	assert_int_equal(*(uint8_t *)blk_data(&b, 20, 1), 0x77);
}

static void put_ranges(const struct virtio_blk_discard_write_zeroes *ranges,
		       unsigned int n)
{
	memcpy(blk_data(&b, 0, n * sizeof(*ranges)), ranges, n * sizeof(*ranges));
}

static void test_ranges(void **state)
{
	static const uint32_t types[] = { VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_WRITE_ZEROES,
					  VIRTIO_BLK_T_WRITE_ZEROES };
	uint8_t *model = blk_file(&b, BLK_SIZE), *after;

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		uint32_t flags = i == 2 ? VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP : 0;
		struct virtio_blk_discard_write_zeroes ranges[3] = {
			{ 1 + 50 * i, 1, flags },
			{ 10 + 50 * i, 30, flags },
			{ BLK_SECTORS - 3 - i, 3, flags },
		};

		put_ranges(ranges, 3);
		assert_int_equal(blk_do(&b, types[i], 0, sizeof(ranges), false, NULL),
				 VIRTIO_BLK_S_OK);
		for (unsigned int r = 0; r < 3; r++)
			memset(model + ranges[r].sector * 512, 0,
			       ranges[r].num_sectors * 512);
		after = blk_file(&b, BLK_SIZE);
		assert_memory_equal(model, after, BLK_SIZE);
		free(after);
	}
	assert_int_equal(blk_stats(&b).discard.bytes, 34 * 512);
	assert_int_equal(blk_stats(&b).zero.bytes, 2 * 34 * 512);
	free(model);
}

/* Header, data and status in descriptors of every size, data at odd addresses. */
static void test_cut(void **state)
{
	uint8_t *file = blk_file(&b, BLK_SIZE);
	struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_IN, .sector = 9 };
	struct drv_seg segs[64];
	struct vring_used_elem elem;
	unsigned int n = 0;
	uint64_t at = b.data + 1;

	(void)state;
	memcpy(machine_at(b.m, b.header[0], 16), &header, 16);
	for (unsigned int i = 0; i < 16; i++)
		segs[n++] = (struct drv_seg){ b.header[0] + i, 1, false };
	for (uint32_t left = 1024, len; left; left -= len) {
		len = left < 300 ? left : 1 + mock_random(300);
		segs[n++] = (struct drv_seg){ at, len, true };
		at += len + 3; /* gaps, so that nothing is contiguous by chance */
	}
	segs[n++] = (struct drv_seg){ b.status[0], 1, true };
	drvq_add(&b.q[0], segs, n);
	assert_true(drvq_wait(&b.q[0], &elem));
	assert_int_equal(blk_status(&b, 0), VIRTIO_BLK_S_OK);
	assert_int_equal(elem.len, 1025);
	at = 0;
	for (unsigned int i = 16; i < n - 1; i++) {
		assert_memory_equal(machine_at(b.m, segs[i].addr, segs[i].len),
				    file + (size_t)9 * 512 + at, segs[i].len);
		at += segs[i].len;
	}
	free(file);
}

/* Data and status in one descriptor, header and data in one, all through indirect. */
static void test_merged(void **state)
{
	uint8_t *file = blk_file(&b, BLK_SIZE), *after;
	struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_IN, .sector = 7 };
	struct drv_seg read[] = { { b.header[0], 16, false }, { b.data, 513, true } };
	struct drv_seg write[] = { { b.data, 16 + 512, false },
				   { b.status[0], 1, true } };
	struct vring_used_elem elem;

	(void)state;
	memcpy(machine_at(b.m, b.header[0], 16), &header, 16);
	drvq_add_indirect(&b.q[0], read, 2, NULL);
	assert_true(drvq_wait(&b.q[0], &elem));
	assert_int_equal(elem.len, 513);
	assert_memory_equal(blk_data(&b, 0, 512), file + (size_t)7 * 512, 512);
	assert_int_equal(*(uint8_t *)blk_data(&b, 512, 1), VIRTIO_BLK_S_OK);

	header.type = VIRTIO_BLK_T_OUT;
	memset(blk_data(&b, 0, 528), 0x3c, 528);
	memcpy(blk_data(&b, 0, 16), &header, 16);
	drvq_add_indirect(&b.q[0], write, 2, NULL);
	assert_true(drvq_wait(&b.q[0], &elem));
	assert_int_equal(blk_status(&b, 0), VIRTIO_BLK_S_OK);
	memset(file + (size_t)7 * 512, 0x3c, 512);
	after = blk_file(&b, BLK_SIZE);
	assert_memory_equal(after, file, BLK_SIZE);
	free(after);
	free(file);
}

/* --- random requests -------------------------------------------------------------- */

#define SLOT_BYTES    (BLK_DATA_SIZE / BLK_SLOTS)
#define OVERTAKEN_MAX 48u

struct slot {
	bool busy;
	uint16_t head;
	unsigned int queue;
	uint32_t type;
	uint64_t sector;
	uint32_t sectors;
};

static struct {
	struct slot slot[BLK_SLOTS];
	uint8_t bytes[BLK_SIZE];
	unsigned int done, reordered;
	uint64_t oldest; /* serial number of the next request to be offered */
	uint64_t serial[BLK_SLOTS], last_done;
} model;

static bool overlaps(const struct slot *s)
{
	for (unsigned int i = 0; i < BLK_SLOTS; i++) {
		const struct slot *o = &model.slot[i];

		if (o != s && o->busy && s->sector < o->sector + o->sectors &&
		    o->sector < s->sector + s->sectors)
			return true;
	}
	return false;
}

static void apply(const struct slot *s, uint8_t *data)
{
	uint8_t *at = model.bytes + s->sector * 512;

	switch (s->type) {
	case VIRTIO_BLK_T_OUT:
		for (uint32_t i = 0; i < s->sectors * 512; i++)
			data[i] = (uint8_t)mock_random(256);
		memcpy(at, data, s->sectors * 512);
		break;
	case VIRTIO_BLK_T_DISCARD:
	case VIRTIO_BLK_T_WRITE_ZEROES:
		*(struct virtio_blk_discard_write_zeroes *)(void *)data =
			(struct virtio_blk_discard_write_zeroes){ s->sector, s->sectors,
								  0 };
		memset(at, 0, s->sectors * 512);
		break;
	default:
		break;
	}
}

static void offer_random(unsigned int i, unsigned int nr_queues)
{
	static const uint32_t types[] = { VIRTIO_BLK_T_IN,	     VIRTIO_BLK_T_OUT,
					  VIRTIO_BLK_T_OUT,	     VIRTIO_BLK_T_DISCARD,
					  VIRTIO_BLK_T_WRITE_ZEROES, VIRTIO_BLK_T_FLUSH };
	struct slot *s = &model.slot[i];
	uint64_t at = b.data + (uint64_t)i * SLOT_BYTES;
	struct drv_seg data[3];
	uint32_t len, first;
	unsigned int n = 1;

	s->type = types[mock_random(6)];
	s->sectors = 1 + mock_random(SLOT_BYTES / 512);
	s->sector = mock_random(BLK_SECTORS - s->sectors + 1);
	s->queue = mock_random(nr_queues);
	if (overlaps(s))
		return;
	apply(s, machine_at(b.m, at, SLOT_BYTES));
	len = s->type == VIRTIO_BLK_T_IN || s->type == VIRTIO_BLK_T_OUT ? s->sectors * 512
									: 16;
	first = 1 + mock_random(len - 1);
	data[0] = (struct drv_seg){ at, first, s->type == VIRTIO_BLK_T_IN };
	data[n++] =
		(struct drv_seg){ at + first, len - first, s->type == VIRTIO_BLK_T_IN };
	s->head = blk_offer(&b, &b.q[s->queue], i, s->type, s->sector, data,
			    s->type == VIRTIO_BLK_T_FLUSH ? 0 : n);
	s->busy = true;
	model.serial[i] = model.oldest++;
}

/* The request that completed as `head` of this queue. */
static unsigned int slot_of(unsigned int queue, uint32_t head)
{
	for (unsigned int i = 0; i < BLK_SLOTS; i++) {
		const struct slot *s = &model.slot[i];

		if (s->busy && s->queue == queue && s->head == head)
			return i;
	}
	fail_msg("head %u of queue %u was not in flight", head, queue);
	return 0;
}

static void take_done(unsigned int queue)
{
	struct vring_used_elem elem;

	while (drvq_get(&b.q[queue], &elem)) {
		unsigned int i = slot_of(queue, elem.id);
		struct slot *s = &model.slot[i];

		s->busy = false;
		model.done++;
		assert_int_equal(blk_status(&b, i), VIRTIO_BLK_S_OK);
		if (s->type == VIRTIO_BLK_T_IN)
			assert_memory_equal(
				blk_data(&b, (uint64_t)i * SLOT_BYTES, s->sectors * 512),
				model.bytes + s->sector * 512, s->sectors * 512);
		model.reordered += model.serial[i] < model.last_done;
		model.last_done = model.serial[i];
	}
}

static bool any_busy(void)
{
	for (unsigned int i = 0; i < BLK_SLOTS; i++)
		if (model.slot[i].busy)
			return true;
	return false;
}

/* The driver takes descriptors in turn, at most four a request: who was offered long ago, and
 * whom the host keeps, must have come back before it goes round. */
static bool may_offer(void)
{
	for (unsigned int i = 0; i < BLK_SLOTS; i++)
		if (model.slot[i].busy && model.oldest - model.serial[i] >= OVERTAKEN_MAX)
			return false;
	return true;
}

static void random_run(void **state, const struct blk_params *params,
		       unsigned int requests)
{
	struct device *dev;
	uint8_t *file;

	start(state, params);
	dev = device_find(&b.m->devices, "disk0");
	assert_non_null(dev);
	memset(&model, 0, sizeof(model));
	file = blk_file(&b, BLK_SIZE);
	memcpy(model.bytes, file, BLK_SIZE);
	free(file);
	while (model.done < requests) {
		bool pause = !mock_random(20);

		for (unsigned int i = 0; i < BLK_SLOTS; i++)
			if (!model.slot[i].busy && may_offer())
				offer_random(i, params->nr_queues);
		if (pause)
			dev->ops->quiesce(dev);
		for (unsigned int q = 0; q < params->nr_queues; q++)
			machine_write(b.m, b.q[q].bell, 2, q);
		mock_host_poll(&b.m->mh, pause ? 0 : 1);
		if (pause) {
			uint64_t hash = machine_hash(b.m, NULL, 0);

			mock_host_poll(&b.m->mh, 2);
			assert_true(machine_hash(b.m, NULL, 0) == hash);
			dev->ops->resume(dev);
		}
		for (unsigned int q = 0; q < params->nr_queues; q++)
			take_done(q);
		assert_false(drv_needs_reset(&b.d));
	}
	while (any_busy()) {
		mock_host_poll(&b.m->mh, 10);
		for (unsigned int q = 0; q < params->nr_queues; q++)
			take_done(q);
	}
	assert_true(blk_file_hash(&b, BLK_SIZE) == XXH3_64bits(model.bytes, BLK_SIZE));
	assert_int_equal(blk_stats(&b).refused, 0);
	assert_int_equal(blk_stats(&b).read.requests + blk_stats(&b).write.requests +
				 blk_stats(&b).flush.requests +
				 blk_stats(&b).discard.requests +
				 blk_stats(&b).zero.requests,
			 model.done);
}

static void test_random_uring(void **state)
{
	random_run(state,
		   &(struct blk_params){ .engine = &block_engine_uring, .nr_queues = 3 },
		   600);
	assert_true(model.reordered > 0); /* completion really is out of order */
}

static void test_random_sync(void **state)
{
	random_run(state,
		   &(struct blk_params){ .engine = &block_engine_sync, .nr_queues = 2 },
		   600);
}

static void test_random_shallow(void **state)
{
	random_run(state,
		   &(struct blk_params){
			   .engine = &block_engine_uring, .depth = 2, .nr_queues = 1 },
		   300);
}

static void count(void *arg, const char *name, uint64_t value)
{
	unsigned int *found = arg;

	if (strcmp(name, "read.requests") == 0 || strcmp(name, "refused") == 0) {
		assert_int_equal(value, 1);
		++*found;
	} else if (strcmp(name, "read.bytes") == 0) {
		assert_int_equal(value, 1024);
		++*found;
	} else if (strcmp(name, "read.ns") == 0) {
		assert_true(value > 0);
		++*found;
	}
}

static void test_stats(void **state)
{
	struct device *dev = device_find(&b.m->devices, "disk0");
	unsigned int found = 0;

	(void)state;
	blk_do(&b, VIRTIO_BLK_T_IN, 0, 1024, true, NULL);
	blk_do(&b, 99, 0, 1024, true, NULL);
	dev->ops->stats(dev, count, &found);
	assert_int_equal(found, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_config, setup, teardown),
		cmocka_unit_test_teardown(test_odd_size, teardown),
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write, setup, teardown),
		cmocka_unit_test_setup_teardown(test_get_id, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_merged, setup, teardown),
		cmocka_unit_test_teardown(test_random_uring, teardown),
		cmocka_unit_test_teardown(test_random_sync, teardown),
		cmocka_unit_test_teardown(test_random_shallow, teardown),
		cmocka_unit_test_setup_teardown(test_stats, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

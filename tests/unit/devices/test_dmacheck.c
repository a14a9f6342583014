/* SPDX-License-Identifier: MIT */
/*
 * The dmacheck device: requests through its queues, slices, pause and reset in the
 * middle of a long one, responses of every size, hostile cases.  What it computes is
 * tested in test_dmacheck_job.c.
 */
#include "devices/dmacheck/dmacheck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <abi/dmacheck.h>

#include "devices/virtio/virtio_pci.h"
#include "tests/unit/devices/mock_hostile.h"

#define DEVFN  HOSTILE_DEVFN
#define QUEUES 3
#define LONG   (64ull << 20) /* bytes of a long request: 64 slices */

static struct {
	struct machine *m;
	struct virtio_dev *vd;
	struct drv d;
	struct drvq q[QUEUES];
	uint64_t data; /* 64 KiB */
} t;

static void plug(struct machine *m, unsigned int nr_queues)
{
	struct dmacheck_params params = { .name = "dmacheck0", .nr_queues = nr_queues };

	assert_int_equal(dmacheck_create(&params, &t.vd), 0);
	assert_int_equal(virtio_pci_plug(&m->pci, DEVFN, t.vd, NULL), 0);
	assert_int_equal(pci_assign(&m->pci), 0);
}

static int setup(void **state)
{
	(void)state;
	t.m = machine_new();
	plug(t.m, QUEUES);
	drv_probe(&t.d, t.m, DEVFN);
	drv_msix_on(&t.d);
	assert_true(drv_negotiate(&t.d, DRV_ALL_FEATURES));
	for (unsigned int i = 0; i < QUEUES; i++)
		drv_queue(&t.d, &t.q[i], i, 0);
	drv_ok(&t.d);
	t.data = machine_alloc(t.m, 65536, 4096);
	for (unsigned int i = 0; i < 65536; i++)
		*(uint8_t *)machine_at(t.m, t.data + i, 1) = (uint8_t)(i * 7 + i / 256);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_free(t.m);
	return 0;
}

/* A request that hashes the 64 KiB of data `times` times over; room bytes of
 * response. */
struct asked {
	uint64_t request, response;
	uint32_t len, room;
	uint16_t head;
};

static struct asked ask_op(struct drvq *q, uint16_t op, unsigned int times, uint32_t room)
{
	struct dmacheck_req req = { .op = op, .tag = 0x1234 };
	struct dmacheck_seg seg = { t.data, 65536 };
	struct asked a = { .len = (uint32_t)(sizeof(req) + times * sizeof(seg)),
			   .room = room };
	struct drv_seg segs[2];

	if (op == DMACHECK_OP_FILL)
		req.n_dst = times;
	else
		req.n_src = times;
	a.request = machine_alloc(t.m, a.len, 8);
	a.response = machine_alloc(t.m, room + 16, 8);
	memcpy(machine_at(t.m, a.request, sizeof(req)), &req, sizeof(req));
	for (unsigned int i = 0; i < times; i++)
		memcpy(machine_at(t.m, a.request + sizeof(req) + i * sizeof(seg),
				  sizeof(seg)),
		       &seg, sizeof(seg));
	segs[0] = (struct drv_seg){ a.request, a.len, false };
	segs[1] = (struct drv_seg){ a.response, room, true };
	a.head = drvq_add(q, segs, room ? 2 : 1);
	return a;
}

static struct asked ask(struct drvq *q, unsigned int times)
{
	return ask_op(q, DMACHECK_OP_HASH, times, sizeof(struct dmacheck_resp));
}

static const struct dmacheck_resp *response(const struct asked *a)
{
	return machine_at(t.m, a->response, sizeof(struct dmacheck_resp));
}

static uint64_t hash_of(unsigned int times)
{
	XXH3_state_t *state = XXH3_createState();
	uint64_t hash;

	XXH3_64bits_reset(state);
	for (unsigned int i = 0; i < times; i++)
		XXH3_64bits_update(state, machine_at(t.m, t.data, 65536), 65536);
	hash = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	return hash;
}

static void test_config(void **state)
{
	struct dmacheck_config c = { 0 };

	(void)state;
	for (unsigned int i = 0; i < sizeof(c); i++)
		((uint8_t *)&c)[i] = (uint8_t)machine_read(t.m, t.d.config + i, 1);
	assert_int_equal(c.version, DMACHECK_VERSION);
	assert_int_equal(c.num_queues, QUEUES);
	assert_int_equal(c.max_segments, DMACHECK_MAX_SEGMENTS);
	assert_int_equal(c.max_runs, DMACHECK_MAX_RUNS);
	assert_true(c.max_bytes == DMACHECK_MAX_BYTES);
	assert_int_equal(machine_config_read(t.m, DEVFN, 0, 4), 0x10f01af4);
}

static void test_hash(void **state)
{
	struct asked a = ask(&t.q[0], 3);
	struct vring_used_elem elem;

	(void)state;
	assert_true(drvq_wait(&t.q[0], &elem));
	assert_int_equal(elem.id, a.head);
	assert_int_equal(elem.len, sizeof(struct dmacheck_resp));
	assert_int_equal(response(&a)->status, DMACHECK_S_OK);
	assert_true(response(&a)->bytes == 3 * 65536);
	assert_true(response(&a)->hash == hash_of(3));
	assert_true(response(&a)->tag == 0x1234);
	assert_true(mock_host_fired_data(&t.m->mh, DRV_MSI_DATA(&t.d, 1)) > 0);
	/* The device asks to be told of the next request. */
	assert_int_equal(
		*(le16 *)machine_at(
			t.m, t.q[0].used + VRING_AVAIL_EVENT_OFFSET(t.q[0].size), 2),
		t.q[0].avail_idx);
}

/* The device's memory is the guest's: filled here, hashed by the CPU. */
static void test_fill(void **state)
{
	struct asked a = ask_op(&t.q[1], DMACHECK_OP_FILL, 1, 40);
	struct vring_used_elem elem;

	(void)state;
	assert_true(drvq_wait(&t.q[1], &elem));
	assert_int_equal(response(&a)->status, DMACHECK_S_OK);
	assert_true(response(&a)->hash == hash_of(1));
	assert_true(*(uint64_t *)machine_at(t.m, t.data + 8, 8) == DMACHECK_PATTERN_STEP);
}

/* 37: how much room there is decides what is written, never more. */
static void test_response_room(void **state)
{
	struct vring_used_elem elem;

	(void)state;
	for (uint32_t room = 0; room <= 40 + 16 + 15; room++) {
		struct asked a = ask_op(&t.q[0], DMACHECK_OP_DESCRIBE, 2, room);
		uint32_t want = room < 40 ? 0 : room < 56 ? 40 : 56;
		uint8_t *bytes = machine_at(t.m, a.response, room + 16);

		memset(bytes, 0x99, room + 16);
		assert_true(drvq_wait(&t.q[0], &elem));
		assert_int_equal(elem.len, want);
		for (uint32_t i = want; i < room + 16; i++)
			assert_int_equal(bytes[i], 0x99);
		if (want)
			assert_int_equal(response(&a)->n_runs, 2);
	}
}

/* The response cannot be written at all, or not its runs. */
static void test_response_fault(void **state)
{
	struct drv_seg segs[] = { { ask(&t.q[1], 1).request, 48, false },
				  { MOCK_LOW_SIZE - 8, 40, true } };
	struct vring_used_elem elem;

	(void)state;
	drvq_add(&t.q[0], segs, 2);
	assert_true(drvq_wait(&t.q[0], &elem));
	assert_int_equal(elem.len, 0);
}

static void test_request_fault(void **state)
{
	uint64_t at = machine_alloc(t.m, 40, 8);
	struct drv_seg segs[] = { { MOCK_LOW_SIZE - 16, 48, false }, { at, 40, true } };
	struct dmacheck_resp *resp = machine_at(t.m, at, sizeof(*resp));
	struct vring_used_elem elem;

	(void)state;
	drvq_add(&t.q[0], segs, 2);
	assert_true(drvq_wait(&t.q[0], &elem));
	assert_int_equal(elem.len, 40);
	assert_int_equal(resp->status, DMACHECK_S_INVAL);
}

/* --- long requests ---------------------------------------------------------------- */

/* A long one does not hold the loop: it takes many turns, and so do queues in turn. */
static void test_slices(void **state)
{
	unsigned int times = LONG / 65536, turns = 0;
	struct asked a = ask(&t.q[0], times);
	struct vring_used_elem elem;

	(void)state;
	machine_write(t.m, t.q[0].bell, 2, 0);
	while (!drvq_get(&t.q[0], &elem)) {
		assert_true(mock_host_poll(&t.m->mh, 0) > 0);
		turns++;
	}
	assert_true(turns >= 64);
	assert_int_equal(response(&a)->status, DMACHECK_S_OK);
	assert_true(response(&a)->hash == hash_of(times));
}

/* Requests of several queues: each is served, none waits for all of another queue. */
static void test_turns(void **state)
{
	struct vring_used_elem elem;
	unsigned int served[QUEUES] = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 20; i++)
		ask(&t.q[0], 16);
	ask(&t.q[1], 16);
	ask(&t.q[2], 16);
	for (unsigned int q = 0; q < QUEUES; q++)
		machine_write(t.m, t.q[q].bell, 2, q);
	while (served[1] + served[2] < 2) {
		mock_host_poll(&t.m->mh, 0);
		for (unsigned int q = 0; q < QUEUES; q++)
			while (drvq_get(&t.q[q], &elem))
				served[q]++;
	}
	assert_true(served[0] < 10);
	mock_host_run(&t.m->mh, 1000);
	while (drvq_get(&t.q[0], &elem))
		served[0]++;
	assert_int_equal(served[0], 20);
}

static uint64_t bytes_read(void)
{
	return t.vd->dma->count.read_bytes;
}

static void begin_long(struct drvq *q, struct asked *a, unsigned int times)
{
	struct vring_used_elem elem;

	*a = ask(q, times);
	machine_write(t.m, q->bell, 2, q->index);
	for (int i = 0; i < 3; i++)
		mock_host_poll(&t.m->mh, 0);
	assert_false(drvq_get(q, &elem));
}

/* Nobody waits for a long job: it stands still, and goes on where it stood. */
static void test_pause(void **state)
{
	struct device *dev = device_find(&t.m->devices, "dmacheck0");
	unsigned int times = LONG / 65536;
	struct vring_used_elem elem;
	struct asked a, later;
	uint64_t ram, read;

	(void)state;
	begin_long(&t.q[0], &a, times);
	later = ask(&t.q[1], 1);
	read = bytes_read();
	assert_true(read < LONG);
	dev->ops->quiesce(dev);
	assert_true(bytes_read() == read);
	machine_write(t.m, t.q[1].bell, 2, 1);
	ram = machine_hash(t.m, NULL, 0);
	mock_host_run(&t.m->mh, 20);
	assert_true(machine_hash(t.m, NULL, 0) == ram);
	assert_true(bytes_read() == read);
	dev->ops->resume(dev);
	for (int i = 0; i < 3; i++)
		mock_host_poll(&t.m->mh, 0);
	dev->ops->quiesce(dev); /* and once more */
	mock_host_run(&t.m->mh, 20);
	assert_false(drvq_get(&t.q[0], &elem));
	dev->ops->resume(dev);
	mock_host_run(&t.m->mh, 200);
	assert_true(drvq_get(&t.q[0], &elem));
	assert_true(response(&a)->hash == hash_of(times));
	assert_true(drvq_get(&t.q[1], &elem));
	assert_true(response(&later)->hash == hash_of(1));
}

/* What stands still in a pause is forgotten by a reset in it. */
static void test_reset_in_a_pause(void **state)
{
	struct device *dev = device_find(&t.m->devices, "dmacheck0");
	struct asked a;
	uint64_t ram;

	(void)state;
	begin_long(&t.q[0], &a, LONG / 65536);
	dev->ops->quiesce(dev);
	drv_reset(&t.d);
	dev->ops->resume(dev);
	ram = machine_hash(t.m, NULL, 0);
	mock_host_run(&t.m->mh, 50);
	assert_true(machine_hash(t.m, NULL, 0) == ram);
	drv_start(&t.d, t.m, DEVFN, &t.q[0], 0, 0);
	test_hash(NULL);
}

static void test_reset(void **state)
{
	struct asked a;
	uint64_t ram;

	(void)state;
	begin_long(&t.q[0], &a, LONG / 65536);
	drv_reset(&t.d);
	ram = machine_hash(t.m, NULL, 0);
	mock_host_run(&t.m->mh, 100);
	assert_true(machine_hash(t.m, NULL, 0) == ram);
	drv_start(&t.d, t.m, DEVFN, &t.q[0], 0, 0);
	test_hash(NULL);
}

/* The queue of the request under way is reset; what waits in another is served. */
static void test_queue_reset(void **state)
{
	struct vring_used_elem elem;
	struct asked a, other;

	(void)state;
	begin_long(&t.q[0], &a, LONG / 65536);
	other = ask(&t.q[1], 1);
	drv_put(&t.d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 0);
	drv_put(&t.d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	mock_host_run(&t.m->mh, 20);
	assert_false(drvq_get(&t.q[0], &elem));
	assert_true(drvq_get(&t.q[1], &elem));
	assert_true(response(&other)->hash == hash_of(1));
	/* Resetting a queue that has nothing under way disturbs nobody. */
	begin_long(&t.q[1], &a, LONG / 65536);
	drv_put(&t.d, VIRTIO_PCI_COMMON_Q_SELECT, 2, 2);
	drv_put(&t.d, VIRTIO_PCI_COMMON_Q_RESET, 2, 1);
	assert_false(drvq_get(&t.q[1], &elem)); /* nor waits for it */
	mock_host_run(&t.m->mh, 1000);
	assert_true(drvq_get(&t.q[1], &elem));
	assert_int_equal(response(&a)->status, DMACHECK_S_OK);
}

static void test_destroy(void **state)
{
	struct asked a;

	(void)state;
	begin_long(&t.q[0], &a, LONG / 65536);
}

static void count(void *arg, const char *name, uint64_t value)
{
	unsigned int *found = arg;

	if (strcmp(name, "requests") == 0)
		assert_int_equal(value, 4);
	else if (strcmp(name, "refused") == 0)
		assert_int_equal(value, 2);
	else if (strcmp(name, "faults") == 0)
		assert_int_equal(value, 1);
	else if (strcmp(name, "bytes") == 0)
		assert_int_equal(value, 65536);
	else
		return;
	++*found;
}

static void test_stats(void **state)
{
	struct device *dev = device_find(&t.m->devices, "dmacheck0");
	unsigned int found = 0;
	struct asked a;

	(void)state;
	ask(&t.q[0], 1);
	ask_op(&t.q[0], 77, 1, 40);
	ask_op(&t.q[0], DMACHECK_OP_HASH, 1, 39);
	a = ask(&t.q[0], 1);
	*(uint64_t *)machine_at(t.m, a.request + sizeof(struct dmacheck_req), 8) =
		MOCK_LOW_SIZE;
	drvq_kick(&t.q[0]);
	dev->ops->stats(dev, count, &found);
	assert_int_equal(found, 4);
	assert_int_equal(response(&a)->status, DMACHECK_S_FAULT);
	assert_int_equal(response(&a)->bytes, 0);
}

static void test_params(void **state)
{
	struct dmacheck_params params = { .nr_queues = DMACHECK_MAX_QUEUES + 1 };

	(void)state;
	assert_int_equal(dmacheck_create(&params, &t.vd), -EINVAL);
}

/* --- hostile ---------------------------------------------------------------------- */

static void hostile_plug(struct machine *m)
{
	plug(m, 1);
}

/* Hashes 4 pieces of one page; the response has room for runs that HASH does not
 * give. */
static unsigned int hostile_request(struct drv *d, struct drv_seg *segs)
{
	uint64_t at = machine_alloc(d->m, 4096, 64);
	struct dmacheck_req req = { .op = DMACHECK_OP_HASH, .n_src = 4, .tag = 5 };
	struct dmacheck_seg seg = { at + 2048, 512 };

	memcpy(machine_at(d->m, at, sizeof(req)), &req, sizeof(req));
	for (unsigned int i = 0; i < 4; i++, seg.addr += 512)
		memcpy(machine_at(d->m, at + 32 + i * 16, 16), &seg, 16);
	segs[0] = (struct drv_seg){ at, 32, false };
	segs[1] = (struct drv_seg){ at + 32, 64, false };
	segs[2] = (struct drv_seg){ at + 1024, 40, true };
	return 3;
}

static bool hostile_succeeded(struct drv *d, const struct drv_seg *segs, unsigned int n,
			      uint32_t used)
{
	const struct dmacheck_resp *resp = machine_at(d->m, segs[n - 1].addr, 40);

	return used == 40 && resp->status == DMACHECK_S_OK && resp->bytes == 2048 &&
	       resp->tag == 5;
}

static void test_hostile(void **state)
{
	static const struct hostile_target target = { .name = "dmacheck",
						      .plug = hostile_plug,
						      .request = hostile_request,
						      .succeeded = hostile_succeeded };

	(void)state;
	hostile_run(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_config, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fill, setup, teardown),
		cmocka_unit_test_setup_teardown(test_response_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_response_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(test_request_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset_in_a_pause, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queue_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_destroy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stats, setup, teardown),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

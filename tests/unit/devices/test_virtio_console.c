/* SPDX-License-Identifier: MIT */
/* virtio-console: both directions, flow control, size, emergency write, hostile
 * cases. */
#include "devices/virtio_console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <abi/virtio_console.h>

#include "devices/virtio/virtio_pci.h"
#include "tests/unit/devices/mock_hostile.h"

#define DEVFN	HOSTILE_DEVFN
#define RX	VIRTIO_CONSOLE_RXQ
#define TX	VIRTIO_CONSOLE_TXQ
#define BACKLOG (1u << 20)

static struct {
	struct machine *m;
	struct virtio_console *c;
	struct drv d;
	struct drvq q[2];
	uint8_t out[BACKLOG * 2];
	size_t out_length;
	size_t room; /* what the sink takes until told otherwise */
	unsigned int rooms;
	bool feeds; /* the source has input without end */
} t;

static size_t sink(void *ctx, const void *bytes, size_t count)
{
	assert_ptr_equal(ctx, &t);
	count = count < t.room ? count : t.room;
	t.room -= count;
	if (count > sizeof(t.out) - t.out_length)
		return count; /* a hostile case; nobody looks */
	memcpy(t.out + t.out_length, bytes, count);
	t.out_length += count;
	return count;
}

static void feed(void)
{
	static const uint8_t bytes[4096] = { 1, 2, 3 };

	for (int i = 0; i < 64; i++)
		if (virtio_console_receive(t.c, bytes, sizeof(bytes)) < sizeof(bytes))
			return;
}

static void input_room(void *ctx)
{
	(void)ctx;
	t.rooms++;
	if (t.feeds)
		feed();
}

static void plug(struct machine *m)
{
	struct virtio_console_config_in config = { .name = "console0",
						   .cols = 100,
						   .rows = 40,
						   .output = sink,
						   .input_room = input_room,
						   .ctx = &t };

	assert_int_equal(virtio_console_create(&config, &t.c), 0);
	assert_int_equal(virtio_pci_plug(&m->pci, DEVFN, virtio_console_dev(t.c), NULL),
			 0);
	assert_int_equal(pci_assign(&m->pci), 0);
}

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.room = SIZE_MAX;
	t.m = machine_new();
	plug(t.m);
	drv_probe(&t.d, t.m, DEVFN);
	drv_msix_on(&t.d);
	assert_true(drv_negotiate(&t.d, DRV_ALL_FEATURES));
	drv_queue(&t.d, &t.q[RX], RX, 0);
	drv_queue(&t.d, &t.q[TX], TX, 0);
	drv_ok(&t.d);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_free(t.m);
	return 0;
}

static void send(const void *bytes, uint32_t len)
{
	uint64_t at = machine_alloc(t.m, len, 1);
	struct drv_seg segs[] = { { at, 1, false }, { at + 1, len - 1, false } };
	struct vring_used_elem elem;

	memcpy(machine_at(t.m, at, len), bytes, len);
	drvq_add(&t.q[TX], segs, len > 1 ? 2 : 1);
	drvq_kick(&t.q[TX]);
	while (drvq_get(&t.q[TX], &elem))
		assert_int_equal(elem.len, 0);
}

/* Chains offered on q and not yet used. */
static unsigned int outstanding(struct drvq *q)
{
	return (uint16_t)(q->avail_idx - drvq_used(q)->idx);
}

static void test_output(void **state)
{
	(void)state;
	send("hello, ", 7);
	send("world\n", 6);
	assert_int_equal(t.out_length, 13);
	assert_memory_equal(t.out, "hello, world\n", 13);
	assert_int_equal(outstanding(&t.q[TX]), 0);
}

/* The sink stops taking: one buffer more is accepted, then the guest waits. */
static void test_output_blocked(void **state)
{
	(void)state;
	t.room = 3;
	send("abcdef", 6);
	assert_int_equal(outstanding(&t.q[TX]), 0);
	send("ghi", 3);
	send("jkl", 3);
	assert_int_equal(outstanding(&t.q[TX]), 2);
	assert_memory_equal(t.out, "abc", 3);
	t.room = 1;
	virtio_console_output_room(t.c);
	assert_int_equal(t.out_length, 4);
	assert_int_equal(outstanding(&t.q[TX]), 2);
	t.room = 4; /* the rest of the first, and two of the second */
	virtio_console_output_room(t.c);
	assert_int_equal(outstanding(&t.q[TX]), 1);
	t.room = SIZE_MAX;
	virtio_console_output_room(t.c);
	assert_int_equal(outstanding(&t.q[TX]), 0);
	assert_int_equal(t.out_length, 12);
	assert_memory_equal(t.out, "abcdefghijkl", 12);
	send("m", 1);
	assert_int_equal(t.out[12], 'm');
}

/* More than the backlog holds, in one buffer: cut and counted, the device goes on. */
static void test_output_cut(void **state)
{
	uint8_t *bytes = calloc(1, BACKLOG + 1000);

	(void)state;
	t.room = 0;
	send(bytes, BACKLOG + 1000);
	t.room = SIZE_MAX;
	virtio_console_output_room(t.c);
	assert_int_equal(t.out_length, BACKLOG);
	send("x", 1);
	assert_int_equal(t.out_length, BACKLOG + 1);
	/* Nor does a sink that takes all get more: a buffer may have 4 GiB. */
	t.out_length = 0;
	send(bytes, BACKLOG + 1000);
	assert_int_equal(t.out_length, BACKLOG);
	free(bytes);
}

/* What the guest was told is gone survives a reset and a pause. */
static void test_backlog_survives(void **state)
{
	struct device *dev = device_find(&t.m->devices, "console0");

	(void)state;
	t.room = 2;
	send("abcd", 4);
	dev->ops->quiesce(dev);
	drv_reset(&t.d);
	dev->ops->resume(dev);
	t.room = SIZE_MAX;
	virtio_console_output_room(t.c);
	assert_memory_equal(t.out, "abcd", 4);
}

static void test_output_fault(void **state)
{
	uint64_t at = machine_alloc(t.m, 4, 1);
	struct drv_seg segs[] = { { at, 2, false },
				  { MOCK_LOW_SIZE - 1, 4, false },
				  { at + 2, 2, false } };
	struct vring_used_elem elem;

	(void)state;
	memcpy(machine_at(t.m, at, 4), "abcd", 4);
	drvq_add(&t.q[TX], segs, 3);
	assert_true(drvq_wait(&t.q[TX], &elem));
	assert_int_equal(t.out_length, 2);
	send("x", 1);
	assert_memory_equal(t.out, "abx", 3);
}

/* A buffer for input; returns its address. */
static uint64_t offer(uint32_t len)
{
	uint64_t at = machine_alloc(t.m, len, 1);
	struct drv_seg seg = { at, len, true };

	drvq_add(&t.q[RX], &seg, 1);
	drvq_kick(&t.q[RX]);
	return at;
}

static void test_input(void **state)
{
	struct vring_used_elem elem;
	uint64_t first, second;

	(void)state;
	assert_int_equal(virtio_console_receive(t.c, "abc", 3), 0);
	assert_int_equal(t.rooms, 0);
	first = offer(4);
	assert_int_equal(t.rooms, 1);
	second = offer(4);
	assert_int_equal(t.rooms, 1); /* nothing was refused since */
	assert_int_equal(virtio_console_receive(t.c, "abcdefghij", 10), 8);
	assert_true(drvq_get(&t.q[RX], &elem));
	assert_int_equal(elem.len, 4);
	assert_true(drvq_get(&t.q[RX], &elem));
	assert_memory_equal(machine_at(t.m, first, 4), "abcd", 4);
	assert_memory_equal(machine_at(t.m, second, 4), "efgh", 4);
	assert_true(mock_host_fired_data(&t.m->mh, DRV_MSI_DATA(&t.d, 1 + RX)) > 0);
	offer(4);
	assert_int_equal(t.rooms, 2);
	assert_int_equal(virtio_console_receive(t.c, "ij", 2), 2);
	assert_true(drvq_get(&t.q[RX], &elem));
	assert_int_equal(elem.len, 2);
}

/* Input before the driver is there, and while the device is paused, is not taken. */
static void test_input_not_ready(void **state)
{
	struct device *dev = device_find(&t.m->devices, "console0");
	struct vring_used_elem elem;
	uint64_t ram;

	(void)state;
	offer(4);
	assert_int_equal(virtio_console_receive(t.c, "abcd", 4), 4);
	assert_true(drvq_get(&t.q[RX], &elem));
	dev->ops->quiesce(dev);
	offer(4);
	ram = machine_hash(t.m, NULL, 0);
	assert_int_equal(virtio_console_receive(t.c, "abcd", 4), 0);
	assert_true(machine_hash(t.m, NULL, 0) == ram);
	dev->ops->resume(dev);
	assert_int_equal(t.rooms, 1);
	assert_int_equal(virtio_console_receive(t.c, "abcd", 4), 4);
	assert_true(drvq_get(&t.q[RX], &elem));
	drv_reset(&t.d);
	assert_int_equal(virtio_console_receive(t.c, "abcd", 4), 0);
}

/* Buffers that cannot be written go back empty; the bytes go into the next. */
static void test_input_fault(void **state)
{
	struct drv_seg bad = { MOCK_LOW_SIZE - 1, 4, true };
	struct drv_seg none = { machine_alloc(t.m, 4, 1), 4, false };
	struct vring_used_elem elem;
	uint64_t good;

	(void)state;
	drvq_add(&t.q[RX], &bad, 1);
	drvq_add(&t.q[RX], &none, 1);
	good = offer(4);
	assert_int_equal(virtio_console_receive(t.c, "abc", 3), 3);
	assert_true(drvq_get(&t.q[RX], &elem));
	assert_int_equal(elem.len, 0);
	assert_true(drvq_get(&t.q[RX], &elem));
	assert_int_equal(elem.len, 0);
	assert_true(drvq_get(&t.q[RX], &elem));
	assert_int_equal(elem.len, 3);
	assert_memory_equal(machine_at(t.m, good, 3), "abc", 3);
}

/* A queue's worth of buffers is used at a time; for the rest the embedder is called. */
static void test_input_flood(void **state)
{
	uint8_t bytes[1000] = { 0 };
	uint64_t at = machine_alloc(t.m, 16, 1);
	uint16_t size = t.q[RX].size;

	(void)state;
	virtio_console_receive(t.c, bytes, 1);
	for (unsigned int i = 0; i < size; i++) {
		drvq_set_desc(&t.q[RX], i, at, 1, VRING_DESC_F_WRITE, 0);
		drvq_offer(&t.q[RX], (uint16_t)i);
	}
	assert_int_equal(virtio_console_receive(t.c, bytes, sizeof(bytes)), size);
	t.rooms = 0;
	mock_host_run(&t.m->mh, 10);
	assert_int_equal(t.rooms, 1);
}

static uint64_t config(unsigned int offset, unsigned int size)
{
	return machine_read(t.m, t.d.config + offset, size);
}

static void test_config(void **state)
{
	unsigned int fired;

	(void)state;
	assert_true(t.d.offered >> VIRTIO_CONSOLE_F_SIZE & 1);
	assert_false(t.d.offered >> VIRTIO_CONSOLE_F_MULTIPORT & 1);
	assert_int_equal(t.d.nr_queues, 2);
	assert_int_equal(config(0, 2), 100);
	assert_int_equal(config(2, 2), 40);
	fired = mock_host_fired_data(&t.m->mh, DRV_MSI_DATA(&t.d, 0));
	virtio_console_resize(t.c, 80, 24);
	assert_int_equal(mock_host_fired_data(&t.m->mh, DRV_MSI_DATA(&t.d, 0)),
			 fired + 1);
	assert_int_equal(config(0, 2), 80);
	assert_int_equal(config(2, 2), 24);
}

/* Works before any driver is there, and is in order with what waits. */
static void test_emergency(void **state)
{
	uint64_t at = t.d.config + offsetof(struct virtio_console_config, emerg_wr);

	(void)state;
	drv_reset(&t.d);
	machine_write(t.m, at, 4, 'o');
	t.room = 0;
	machine_write(t.m, at, 4, 'o');
	t.room = SIZE_MAX;
	machine_write(t.m, at, 1, 'p');
	assert_int_equal(t.out_length, 1); /* overtakes nothing */
	virtio_console_output_room(t.c);
	machine_write(t.m, t.d.config, 4, 'x'); /* the size is not writable */
	assert_int_equal(t.out_length, 3);
	assert_memory_equal(t.out, "oop", 3);
	assert_int_equal(config(0, 2), 100);
}

static void count(void *arg, const char *name, uint64_t value)
{
	unsigned int *found = arg;

	if (strcmp(name, "bytes_in") == 0 || strcmp(name, "bytes_out") == 0) {
		assert_int_equal(value, 3);
		++*found;
	} else if (strcmp(name, "lost") == 0) {
		assert_int_equal(value, 0);
		++*found;
	}
}

static void test_stats(void **state)
{
	struct device *dev = device_find(&t.m->devices, "console0");
	unsigned int found = 0;

	(void)state;
	send("abc", 3);
	offer(8);
	virtio_console_receive(t.c, "def", 3);
	dev->ops->stats(dev, count, &found);
	assert_int_equal(found, 3);
}

/* --- hostile: the receive queue, with input always there -------------------------- */

static void hostile_plug(struct machine *m)
{
	plug(m);
	t.feeds = true;
	t.room = SIZE_MAX;
	t.out_length = 0;
	feed(); /* refused: there is no driver yet */
}

static void test_hostile(void **state)
{
	static const struct hostile_target target = { .name = "console",
						      .plug = hostile_plug,
						      .queue = RX,
						      .request = hostile_fill_request,
						      .succeeded = hostile_filled };

	(void)state;
	memset(&t, 0, sizeof(t));
	hostile_run(&target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_output, setup, teardown),
		cmocka_unit_test_setup_teardown(test_output_blocked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_output_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backlog_survives, setup, teardown),
		cmocka_unit_test_setup_teardown(test_output_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(test_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_input_not_ready, setup, teardown),
		cmocka_unit_test_setup_teardown(test_input_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(test_input_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_config, setup, teardown),
		cmocka_unit_test_setup_teardown(test_emergency, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stats, setup, teardown),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The 16550A as a driver sees it: probing, interrupts, FIFO, loopback,
 * back-pressure. */
#include "devices/legacy/serial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };
#define FCR IIR

#define PORT 0x3f8
#define GSI  4

static struct {
	struct host host;
	struct bus pio;
	struct device_list devices;
	struct serial *s;
	struct host_watch *timer;
	bool no_timer;
	char out[4096];
	size_t out_length;
	unsigned int outputs, rooms, raised;
	bool level;
} t;

static void irq_line(struct host *host, unsigned int gsi, bool level)
{
	assert_ptr_equal(host, &t.host);
	assert_int_equal(gsi, GSI);
	assert_int_not_equal(level, t.level); /* changes only */
	t.level = level;
	t.raised += level;
}

static int watch(struct host *host, struct host_watch *w, uint32_t events)
{
	(void)host;
	assert_int_equal(events, EPOLLIN);
	if (t.no_timer)
		return -ENOSPC;
	t.timer = w;
	return 0;
}

static void unwatch(struct host *host, struct host_watch *w)
{
	(void)host;
	assert_ptr_equal(w, t.timer);
	t.timer = NULL;
}

static const struct host_ops host_ops = {
	.irq_line = irq_line,
	.watch = watch,
	.unwatch = unwatch,
};

static void on_output(void *ctx, const void *bytes, size_t count)
{
	assert_ptr_equal(ctx, &t);
	assert_true(t.out_length + count <= sizeof(t.out));
	memcpy(t.out + t.out_length, bytes, count);
	t.out_length += count;
	t.outputs++;
}

static void on_room(void *ctx)
{
	(void)ctx;
	t.rooms++;
}

static const struct serial_config config = {
	.name = "com1",
	.port = PORT,
	.gsi = GSI,
	.output = on_output,
	.input_room = on_room,
	.ctx = &t,
};

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.host.ops = &host_ops;
	return serial_create(&config, &t.host, &t.pio, &t.devices, &t.s);
}

static int teardown(void **state)
{
	(void)state;
	device_destroy_all(&t.devices);
	assert_null(t.timer);
	assert_int_equal(t.pio.nr, 0);
	return 0;
}

static uint8_t in(unsigned int offset)
{
	uint64_t value;

	assert_true(bus_read(&t.pio, PORT + offset, 1, &value));
	return (uint8_t)value;
}

static void out(unsigned int offset, uint8_t value)
{
	assert_true(bus_write(&t.pio, PORT + offset, 1, value));
}

static void out_string(const char *text)
{
	while (*text)
		out(DATA, (uint8_t)*text++);
}

/* What drivers read at reset and while they find out which chip this is. */
static void test_probe(void **state)
{
	(void)state;
	assert_int_equal(in(IER), 0);
	assert_int_equal(in(IIR), 0x01);
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(MSR), 0xb0);
	out(IER, 0xff);
	assert_int_equal(in(IER), 0x0f); /* more would be another chip */
	out(IER, 0);
	out(SCR, 0x5a);
	assert_int_equal(in(SCR), 0x5a);
	out(FCR, 0x01);
	assert_int_equal(in(IIR), 0xc1); /* FIFO works: 16550A */
	out(FCR, 0x21);
	assert_int_equal(in(IIR), 0xc1); /* no 64-byte FIFO: not a 16750 */
	out(FCR, 0);
	assert_int_equal(in(IIR), 0x01);
	out(MCR, 0xff);
	assert_int_equal(in(MCR), 0x1f);
}

static void test_divisor(void **state)
{
	(void)state;
	out(LCR, 0x83);
	out(DATA, 1);
	out(IER, 2);
	assert_int_equal(in(DATA), 1);
	assert_int_equal(in(IER), 2);
	out(LCR, 0x03);
	assert_int_equal(in(LCR), 0x03);
	assert_int_equal(in(IER), 0);
	assert_int_equal(t.out_length, 0);
}

static bool timer_readable(int wait_ms)
{
	struct pollfd pfd = { .fd = t.timer->fd, .events = POLLIN };

	return poll(&pfd, 1, wait_ms) == 1;
}

static void wait_for_timer(void)
{
	assert_true(timer_readable(10000));
}

static void test_lines(void **state)
{
	static const char text[] = "one\ntwo";

	(void)state;
	out_string(text);
	assert_int_equal(t.outputs, 1);
	assert_memory_equal(t.out, "one\n", 4);
	assert_int_equal(t.out_length, 4);
	wait_for_timer();
	t.timer->fn(t.timer->arg, EPOLLIN);
	assert_int_equal(t.out_length, 7);
	assert_false(timer_readable(0));
	serial_flush(t.s);
	assert_int_equal(t.outputs, 2);
	out(DATA, 'x');
	t.devices.first->ops->quiesce(t.devices.first);
	assert_int_equal(t.out_length, 8);
	for (int i = 0; i < 999; i++)
		out(DATA, 'x');
	assert_true(t.out_length > 7);
	device_reset_all(&t.devices); /* loses nothing */
	assert_int_equal(t.out_length, 1007);
}

/* An embedder without an event loop. */
static void test_unbuffered(void **state)
{
	(void)state;
	device_destroy_all(&t.devices);
	t.no_timer = true;
	assert_int_equal(serial_create(&config, &t.host, &t.pio, &t.devices, &t.s), 0);
	out(DATA, 'a');
	assert_int_equal(t.out_length, 1);
}

static void test_taken_ports(void **state)
{
	struct serial *other;

	(void)state;
	assert_int_equal(serial_create(&config, &t.host, &t.pio, &t.devices, &other),
			 -EEXIST);
}

static void test_thre_interrupt(void **state)
{
	(void)state;
	out(DATA, 'a');
	assert_false(t.level);
	out(IER, 0x02);
	assert_true(t.level);
	assert_int_equal(in(LSR), 0x60); /* reading LSR acknowledges nothing */
	assert_true(t.level);
	assert_int_equal(in(IIR), 0x02);
	assert_false(t.level); /* reading IIR does */
	assert_int_equal(in(IIR), 0x01);
	out(DATA, 'b');
	assert_true(t.level);
	/* Each byte makes an edge of its own, also when IIR was not read. */
	t.raised = 0;
	out(DATA, 'c');
	assert_int_equal(t.raised, 1);
	/* Off and on again: pending again, the transmitter is still empty. */
	assert_int_equal(in(IIR), 0x02);
	out(IER, 0x02);
	assert_int_equal(in(IIR), 0x01);
	out(IER, 0);
	out(IER, 0x02);
	assert_int_equal(in(IIR), 0x02);
}

static void test_receive(void **state)
{
	(void)state;
	out(IER, 0x01);
	assert_int_equal(serial_receive(t.s, "ab", 2), 1); /* no FIFO: one byte */
	assert_true(t.level);
	assert_int_equal(in(IIR), 0x04);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(t.rooms, 0);
	assert_int_equal(in(DATA), 'a');
	assert_int_equal(t.rooms, 1);
	assert_false(t.level);
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(DATA), 0); /* empty */
	assert_int_equal(t.rooms, 1);
}

static void test_fifo(void **state)
{
	static const char text[] = "0123456789abcdefghij";

	(void)state;
	out(FCR, 0x81); /* trigger at 8 */
	out(IER, 0x01);
	assert_int_equal(serial_receive(t.s, text, 7), 7);
	assert_int_equal(in(IIR), 0xcc); /* below the trigger: timed out */
	assert_int_equal(serial_receive(t.s, text + 7, 13), 9);
	assert_int_equal(in(IIR), 0xc4);
	assert_int_equal(serial_receive(t.s, text, 1), 0);
	for (int i = 0; i < 9; i++)
		assert_int_equal(in(DATA), text[i]);
	assert_int_equal(in(IIR), 0xcc);
	assert_int_equal(t.rooms, 1);
	assert_true(t.level);
	assert_int_equal(serial_receive(t.s, "xyz", 3), 3);
	out(FCR, 0x83); /* clears it */
	assert_false(t.level);
	assert_int_equal(in(LSR), 0x60);
}

static void test_priority(void **state)
{
	(void)state;
	out(MCR, 0x10);
	out(DATA, 'a');
	out(DATA, 'b'); /* overruns the one byte of room */
	out(IER, 0x0f);
	assert_int_equal(in(IIR), 0x06);
	assert_int_equal(in(LSR), 0x63);
	assert_int_equal(in(IIR), 0x04);
	assert_int_equal(in(DATA), 'a');
	assert_int_equal(in(IIR), 0x02);
	assert_int_equal(in(IIR), 0x00); /* entering loopback dropped the modem lines */
	assert_true(t.level);
	in(MSR);
	assert_int_equal(in(IIR), 0x01);
	assert_false(t.level);
}

static void test_loopback(void **state)
{
	(void)state;
	out(FCR, 0x01);
	out(MCR, 0x10 | 0x0a);
	assert_int_equal(in(MSR)&0xf0, 0x90); /* Linux's test for a real chip */
	out(MCR, 0x10 | 0x05);
	assert_int_equal(in(MSR), 0x60 | 0x0b); /* CTS and DCD fell, DSR rose, RI rose */
	out(MCR, 0x10);
	assert_int_equal(in(MSR), 0x06); /* DSR fell; RI's falling edge */
	out_string("hello");
	assert_int_equal(t.out_length, 0); /* nothing leaves */
	for (const char *p = "hello"; *p; p++)
		assert_int_equal(in(DATA), *p);
	assert_int_equal(serial_receive(t.s, "no", 2), 0); /* nothing enters */
	assert_int_equal(t.rooms, 0);
	out(MCR, 0);
	assert_int_equal(t.rooms, 1);
}

static void test_reset(void **state)
{
	(void)state;
	out(FCR, 0x01);
	out(IER, 0x0f);
	out(LCR, 0x83);
	serial_receive(t.s, "abc", 3);
	assert_true(t.level);
	device_reset_all(&t.devices);
	assert_false(t.level);
	assert_int_equal(in(IER), 0);
	assert_int_equal(in(LCR), 0);
	assert_int_equal(in(IIR), 0x01);
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(MSR), 0xb0);
}

static void count_stat(void *arg, const char *name, uint64_t value)
{
	(void)arg;
	if (strcmp(name, "bytes_out") == 0)
		assert_int_equal(value, 5);
	else if (strcmp(name, "bytes_in") == 0)
		assert_int_equal(value, 1);
	else
		fail_msg("unknown number %s", name);
}

static void test_stats(void **state)
{
	struct device *dev = device_find(&t.devices, "com1");

	(void)state;
	out_string("hello");
	serial_receive(t.s, "a", 1);
	in(DATA);
	in(DATA);
	assert_non_null(dev);
	dev->ops->stats(dev, count_stat, NULL);
}

/* Any sequence of accesses: the line equals what IIR says, input is kept in order. */
static void test_random(void **state)
{
	uint8_t next_in = 0, next_out = 0;
	unsigned int seed = 1;

	(void)state;
	out(FCR, 0x01);
	for (int i = 0; i < 200000; i++) {
		unsigned int r = (unsigned int)rand_r(&seed);
		uint8_t byte = (uint8_t)(r >> 8);

		t.out_length = 0;
		switch (r % 5) {
		case 0:
			next_in += (uint8_t)serial_receive(t.s, &next_in, 1);
			break;
		case 1:
			if (in(LSR)&1)
				assert_int_equal(in(DATA), next_out++);
			break;
		case 2:
			out(IER, byte);
			break;
		case 3:
			out(SCR, byte);
			break;
		default:
			out(DATA, byte);
			break;
		}
		/* Reading IIR takes a THRE interrupt back: the line first. */
		bool level = t.level;

		assert_int_equal(level, in(IIR) != 0xc1);
	}
	while (in(LSR)&1)
		assert_int_equal(in(DATA), next_out++);
	assert_int_equal(next_in, next_out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_probe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_divisor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unbuffered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_taken_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(test_thre_interrupt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_receive, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fifo, setup, teardown),
		cmocka_unit_test_setup_teardown(test_priority, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loopback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stats, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

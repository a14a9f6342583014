/* SPDX-License-Identifier: MIT */
/* Ports by which a guest ends or resets the machine, and the ones drivers probe at
 * boot. */
#include "devices/legacy/legacy.h"
#include "devices/legacy/ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

static struct {
	struct host host;
	struct bus pio;
	struct device_list devices;
	struct legacy *legacy;
	unsigned int stops;
	enum host_stop how;
	int code;
} t;

static void stop(struct host *host, enum host_stop how, int code)
{
	assert_ptr_equal(host, &t.host);
	t.stops++;
	t.how = how;
	t.code = code;
}

static const struct host_ops host_ops = { .stop = stop };

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.host.ops = &host_ops;
	return legacy_create(&t.host, &t.pio, &t.devices, &t.legacy);
}

static int teardown(void **state)
{
	(void)state;
	device_destroy_all(&t.devices);
	assert_int_equal(t.pio.nr, 0);
	return 0;
}

static void out(uint16_t port, unsigned int size, uint32_t value)
{
	assert_true(bus_write(&t.pio, port, size, value));
}

static uint32_t in(uint16_t port)
{
	uint64_t value;

	assert_true(bus_read(&t.pio, port, 1, &value));
	return (uint32_t)value;
}

static void test_exit(void **state)
{
	(void)state;
	out(0x501, 1, 0);
	assert_int_equal(t.stops, 1);
	assert_int_equal(t.how, HOST_STOP_EXIT);
	assert_int_equal(t.code, 0);
	out(0x501, 1, 7);
	assert_int_equal(t.code, 7);
	out(0x501, 4, 0x12345678);
	assert_int_equal(t.code, 0x12345678);
	assert_int_equal(t.stops, 3);
	assert_int_equal(in(0x501), 0xff);
	assert_int_equal(t.stops, 3); /* reading ends nothing */
}

static void test_panic(void **state)
{
	(void)state;
	assert_int_equal(in(0x505), 1); /* what may be written */
	out(0x505, 1, 0);
	out(0x505, 1, 0xfe); /* events that were not offered */
	assert_int_equal(t.stops, 0);
	out(0x505, 1, 1);
	assert_int_equal(t.stops, 1);
	assert_int_equal(t.how, HOST_STOP_PANIC);
}

static void test_cf9(void **state)
{
	(void)state;
	out(0xcf9, 1, 0x02); /* chooses a hard reset, and waits */
	assert_int_equal(t.stops, 0);
	assert_int_equal(in(0xcf9), 0x02);
	out(0xcf9, 1, 0x06);
	assert_int_equal(t.stops, 1);
	assert_int_equal(t.how, HOST_STOP_RESET);
	assert_int_equal(in(0xcf9), 0x02);
	device_reset_all(&t.devices);
	assert_int_equal(in(0xcf9), 0);
}

static void test_keyboard_reset(void **state)
{
	(void)state;
	out(0x64, 1, 0xfe);
	assert_int_equal(t.stops, 1);
	assert_int_equal(t.how, HOST_STOP_RESET);
	out(0x64, 1, 0xff); /* pulses nothing */
	out(0x64, 1, 0xf1); /* not line 0 */
	assert_int_equal(t.stops, 1);
	out(0x64, 1, 0xd1); /* output port follows: line 0 low */
	out(0x60, 1, 0x02);
	assert_int_equal(t.stops, 2);
	out(0x64, 1, 0xd1);
	out(0x60, 1, 0xdf); /* line 0 high: Linux switches A20 on like this */
	out(0x60, 1, 0x00); /* no longer for the output port */
	assert_int_equal(t.stops, 2);
}

static uint32_t ask(uint8_t command)
{
	out(0x64, 1, command);
	assert_int_equal(in(0x64) & 1, 1);
	return in(0x60);
}

static void test_keyboard_probe(void **state)
{
	(void)state;
	assert_int_equal(in(0x64), 0x14); /* nothing to read, ready for commands */
	assert_int_equal(ask(0xaa), 0x55);
	assert_int_equal(ask(0xab), 0x00);
	assert_int_equal(ask(0xa9), 0x01); /* no mouse port */
	assert_int_equal(ask(0xd0), 0x03);
	out(0x64, 1, 0x60);
	out(0x60, 1, 0x47);
	assert_int_equal(ask(0x20), 0x47);
	assert_int_equal(in(0x64) & 1, 0);
	out(0x64, 1, 0xa7); /* switched off and on as drivers check it */
	out(0x64, 1, 0xad);
	assert_int_equal(ask(0x20), 0x47 | 0x30);
	out(0x64, 1, 0xa8);
	assert_int_equal(ask(0x20), 0x57);
	out(0x64, 1, 0xae);
	assert_int_equal(ask(0x20), 0x47);
	out(0x64, 1, 0xd3); /* loop: answered at once, and wrongly */
	out(0x60, 1, 0x5a);
	assert_int_equal(in(0x64) & 1, 1);
	assert_int_equal(in(0x60), 0);
	out(0x60, 1, 0xf4); /* to the keyboard, which is not there */
	assert_int_equal(in(0x64) & 1, 0);
	out(0x64, 1, 0xaa);
	device_reset_all(&t.devices);
	assert_int_equal(in(0x64) & 1, 0);
	assert_int_equal(ask(0x20), 0);
	assert_int_equal(t.stops, 0);
}

static void test_power_button(void **state)
{
	uint64_t status;

	(void)state;
	legacy_power_button(t.legacy);
	assert_true(bus_read(&t.pio, 0x600, 2, &status));
	assert_int_equal(status, 0x100);
}

/* Creating a second set on the same bus fails and leaves nothing behind. */
static void test_taken(void **state)
{
	struct legacy *other;
	unsigned int nr = t.pio.nr;

	(void)state;
	assert_int_equal(legacy_create(&t.host, &t.pio, &t.devices, &other), -EEXIST);
	assert_int_equal(t.pio.nr, nr);
	out(0x501, 1, 3);
	assert_int_equal(t.code, 3);
}

/* --- CMOS clock ------------------------------------------------------------------- */

static time_t clock_now;

static time_t fixed_clock(void)
{
	return clock_now;
}

static uint32_t cmos_in(uint8_t index)
{
	out(0x70, 1, index);
	return in(0x71);
}

static void cmos_out(uint8_t index, uint8_t value)
{
	out(0x70, 1, index);
	out(0x71, 1, value);
}

static void assert_clock(uint32_t second, uint32_t minute, uint32_t hour,
			 uint32_t weekday, uint32_t day, uint32_t month, uint32_t year,
			 uint32_t century)
{
	assert_int_equal(cmos_in(0x00), second);
	assert_int_equal(cmos_in(0x02), minute);
	assert_int_equal(cmos_in(0x04), hour);
	assert_int_equal(cmos_in(0x06), weekday);
	assert_int_equal(cmos_in(0x07), day);
	assert_int_equal(cmos_in(0x08), month);
	assert_int_equal(cmos_in(0x09), year);
	assert_int_equal(cmos_in(0x32), century);
}

static int setup_cmos(void **state)
{
	static struct cmos cmos;

	(void)state;
	memset(&t, 0, sizeof(t));
	if (cmos_init(&cmos, &t.pio))
		return -1;
	cmos.now = fixed_clock;
	clock_now = 1234567890; /* Friday 2009-02-13 23:31:30 UTC */
	return 0;
}

static void test_clock(void **state)
{
	(void)state;
	assert_clock(0x30, 0x31, 0x23, 0x06, 0x13, 0x02, 0x09, 0x20);
	cmos_out(0x0b, 0x06); /* binary, 24 hours */
	assert_clock(30, 31, 23, 6, 13, 2, 9, 20);
	cmos_out(0x0b, 0x00); /* BCD, 12 hours: 11 PM */
	assert_int_equal(cmos_in(0x04), 0x80 | 0x11);
	clock_now -= 23 * 3600; /* 12:31:30 AM */
	assert_int_equal(cmos_in(0x04), 0x12);
	clock_now += 12 * 3600; /* 12:31:30 PM */
	assert_int_equal(cmos_in(0x04), 0x80 | 0x12);
}

static void test_cmos(void **state)
{
	(void)state;
	assert_int_equal(cmos_in(0x0a), 0x26); /* never an update in progress */
	cmos_out(0x0a, 0xa6);
	assert_int_equal(cmos_in(0x0a), 0x26);
	assert_int_equal(cmos_in(0x0b), 0x02);
	assert_int_equal(cmos_in(0x0c), 0);
	assert_int_equal(cmos_in(0x0d), 0x80); /* the battery is good */
	cmos_out(0x00, 0x59); /* the time cannot be set */
	assert_int_equal(cmos_in(0x00), 0x30);
	cmos_out(0x40, 0xa5);
	cmos_out(0xff, 0x5a); /* bit 7 is no part of the index */
	assert_int_equal(cmos_in(0xc0), 0xa5);
	assert_int_equal(cmos_in(0x7f), 0x5a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_exit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_panic, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cf9, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keyboard_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keyboard_probe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_power_button, setup, teardown),
		cmocka_unit_test_setup_teardown(test_taken, setup, teardown),
		cmocka_unit_test_setup(test_clock, setup_cmos),
		cmocka_unit_test_setup(test_cmos, setup_cmos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

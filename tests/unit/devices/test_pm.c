/* SPDX-License-Identifier: MIT */
/* ACPI PM1: power off through S5, power button, the system-control interrupt. */
#include "devices/legacy/ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <string.h>

#define STATUS	0x600
#define ENABLE	0x602
#define CONTROL 0x604
#define BUTTON	0x0100
#define SLP_EN	0x2000
#define S5	(PM_SLP_TYP_S5 << 10)

static struct {
	struct host host;
	struct bus pio;
	struct pm pm;
	unsigned int offs;
	bool sci;
} t;

static void stop(struct host *host, enum host_stop how, int code)
{
	(void)host;
	assert_int_equal(how, HOST_STOP_POWEROFF);
	assert_int_equal(code, 0);
	t.offs++;
}

static void irq_line(struct host *host, unsigned int gsi, bool level)
{
	(void)host;
	assert_int_equal(gsi, 9);
	assert_int_not_equal(level, t.sci);
	t.sci = level;
}

static const struct host_ops host_ops = { .stop = stop, .irq_line = irq_line };

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.host.ops = &host_ops;
	return pm_init(&t.pm, &t.host, &t.pio);
}

static uint64_t in(uint16_t port, unsigned int size)
{
	uint64_t value;

	assert_true(bus_read(&t.pio, port, size, &value));
	return value;
}

static void out(uint16_t port, unsigned int size, uint64_t value)
{
	assert_true(bus_write(&t.pio, port, size, value));
}

static void test_power_off(void **state)
{
	(void)state;
	assert_int_equal(in(CONTROL, 2), 1); /* SCI_EN: ACPI mode from the start */
	out(CONTROL, 2, S5); /* chooses, and waits */
	assert_int_equal(t.offs, 0);
	assert_int_equal(in(CONTROL, 2), S5 | 1);
	out(CONTROL, 2, S5 | SLP_EN);
	assert_int_equal(t.offs, 1);
	assert_int_equal(in(CONTROL, 2), S5 | 1); /* SLP_EN reads as 0 */
	out(CONTROL, 2, (1 << 10) | SLP_EN); /* S1: not offered */
	assert_int_equal(t.offs, 1);
	out(CONTROL + 1, 1, (S5 | SLP_EN) >> 8); /* by byte */
	assert_int_equal(t.offs, 2);
	out(CONTROL, 1, 0xff); /* the low byte holds nothing of it */
	assert_int_equal(t.offs, 2);
}

static void test_button(void **state)
{
	(void)state;
	pm_power_button(&t.pm);
	assert_false(t.sci); /* set, not enabled */
	assert_int_equal(in(STATUS, 2), BUTTON);
	out(ENABLE, 2, BUTTON);
	assert_true(t.sci);
	out(STATUS, 2, 0);
	out(STATUS, 2, (uint16_t)~BUTTON);
	assert_true(t.sci); /* written ones clear, and only those */
	out(STATUS, 2, BUTTON);
	assert_false(t.sci);
	assert_int_equal(in(STATUS, 2), 0);
	pm_power_button(&t.pm);
	pm_power_button(&t.pm);
	assert_true(t.sci);
	out(ENABLE, 2, 0);
	assert_false(t.sci);
	assert_int_equal(in(STATUS, 4), BUTTON);
}

static void test_widths(void **state)
{
	(void)state;
	out(STATUS, 4, 0xffffffff); /* both words at once; what there is can be enabled */
	assert_int_equal(in(STATUS, 4), 0x07210000);
	assert_int_equal(in(ENABLE + 1, 1), 7);
	assert_int_equal(in(ENABLE, 1), 0x21);
	assert_int_equal(in(ENABLE, 4), 0x00010721); /* enable, then control */
	out(ENABLE, 1, 0);
	assert_int_equal(in(ENABLE, 2), 0x0700);
	out(ENABLE + 1, 1, 0);
	assert_int_equal(in(ENABLE, 2), 0);
}

static void test_reset(void **state)
{
	(void)state;
	out(ENABLE, 2, BUTTON);
	out(CONTROL, 2, S5);
	pm_power_button(&t.pm);
	assert_true(t.sci);
	pm_reset(&t.pm);
	assert_false(t.sci);
	assert_int_equal(in(STATUS, 4), 0);
	assert_int_equal(in(CONTROL, 2), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_power_off, setup),
		cmocka_unit_test_setup(test_button, setup),
		cmocka_unit_test_setup(test_widths, setup),
		cmocka_unit_test_setup(test_reset, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

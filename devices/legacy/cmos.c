/* SPDX-License-Identifier: MIT */
/*
 * The MC146818 clock, as far as an operating system needs it to learn the time: the
 * host's, in UTC.  Setting the time is ignored, there are no alarms and no interrupts;
 * the other registers are memory.
 */
#include "devices/legacy/ports.h"

#define PORT_BASE  0x70
#define PORT_INDEX 0
#define PORT_DATA  1

#define SECONDS	 0x00
#define MINUTES	 0x02
#define HOURS	 0x04
#define WEEKDAY	 0x06
#define DAY	 0x07
#define MONTH	 0x08
#define YEAR	 0x09
#define STATUS_A 0x0a
#define STATUS_B 0x0b
#define STATUS_C 0x0c
#define STATUS_D 0x0d
#define CENTURY	 0x32

#define A_32KHZ_1024HZ 0x26 /* time base running, no update in progress */
#define B_24_HOURS     0x02
#define B_BINARY       0x04
#define D_VALID	       0x80
#define PM_FLAG	       0x80

void cmos_reset(struct cmos *c)
{
	c->index = 0;
	c->memory[STATUS_A] = A_32KHZ_1024HZ;
	c->memory[STATUS_B] = B_24_HOURS;
}

/* A number as status B asks for it. */
static uint8_t encode(const struct cmos *c, int value)
{
	if (c->memory[STATUS_B] & B_BINARY)
		return (uint8_t)value;
	return (uint8_t)(value / 10 << 4 | value % 10);
}

static uint8_t hours(const struct cmos *c, int hour)
{
	if (c->memory[STATUS_B] & B_24_HOURS)
		return encode(c, hour);
	return encode(c, (hour + 11) % 12 + 1) | (hour >= 12 ? PM_FLAG : 0);
}

static uint8_t read_register(const struct cmos *c)
{
	time_t now = c->now();
	struct tm tm = { 0 };

	gmtime_r(&now, &tm);
	switch (c->index) {
	case SECONDS:
		return encode(c, tm.tm_sec);
	case MINUTES:
		return encode(c, tm.tm_min);
	case HOURS:
		return hours(c, tm.tm_hour);
	case WEEKDAY:
		return encode(c, tm.tm_wday + 1);
	case DAY:
		return encode(c, tm.tm_mday);
	case MONTH:
		return encode(c, tm.tm_mon + 1);
	case YEAR:
		return encode(c, tm.tm_year % 100);
	case CENTURY:
		return encode(c, tm.tm_year / 100 + 19);
	case STATUS_C:
		return 0;
	case STATUS_D:
		return D_VALID;
	default:
		return c->memory[c->index];
	}
}

static uint64_t cmos_read(void *arg, uint64_t offset, unsigned int size)
{
	(void)size;
	return offset == PORT_DATA ? read_register(arg) : 0xff;
}

static void cmos_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	struct cmos *c = arg;

	(void)size;
	if (offset == PORT_INDEX)
		c->index = value % CMOS_SIZE; /* bit 7 masks NMIs, which do not come */
	else if (offset == PORT_DATA && c->index != STATUS_A)
		c->memory[c->index] = (uint8_t)value;
}

static const struct bus_ops cmos_ops = { cmos_read, cmos_write };

static time_t host_clock(void)
{
	return time(NULL);
}

int cmos_init(struct cmos *c, struct bus *pio)
{
	c->now = host_clock;
	c->range = (struct bus_range){
		.name = "CMOS clock",
		.base = PORT_BASE,
		.size = 2,
		.ops = &cmos_ops,
		.arg = c,
	};
	cmos_reset(c);
	return bus_add(pio, &c->range);
}

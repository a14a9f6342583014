/* SPDX-License-Identifier: MIT */
/*
 * ACPI fixed hardware (ACPI 6.4, 4.8.3): PM1a status and enable, PM1a control.  Of the
 * events only the power button exists.  The system-control interrupt is a level: up
 * while an event is both set and enabled.
 */
#include <abi/platform.h>

#include "devices/legacy/ports.h"

#define PM1_STATUS  0
#define PM1_ENABLE  2
#define PM1_CONTROL 4
#define PM1_SIZE    6

#define POWER_BUTTON (1u << 8) /* PWRBTN_STS, PWRBTN_EN */
/* What can be enabled: timer, global lock, both buttons, RTC.  Drivers check that it
 * took. */
#define ENABLES 0x0721u

#define SCI_EN	      (1u << 0)
#define SLP_TYP_SHIFT 10
#define SLP_TYP_MASK  7u
#define SLP_EN	      (1u << 13)

static void update_sci(struct pm *pm)
{
	bool level = pm->status & pm->enable;

	if (level == pm->level)
		return;
	pm->level = level;
	host_irq_line(pm->host, PV_SCI_IRQ, level);
}

static uint16_t read_word(const struct pm *pm, uint64_t offset)
{
	switch (offset) {
	case PM1_STATUS:
		return pm->status;
	case PM1_ENABLE:
		return pm->enable;
	case PM1_CONTROL:
		return pm->control | SCI_EN;
	default:
		return 0xffff;
	}
}

static uint64_t pm_read(void *arg, uint64_t offset, unsigned int size)
{
	const struct pm *pm = arg;
	uint64_t value = 0;

	/* By bytes: drivers read by byte, by word, or both words at once. */
	for (unsigned int i = 0; i < size; i++) {
		uint64_t at = offset + i;
		uint64_t byte = read_word(pm, at & ~1ull) >> (at & 1 ? 8 : 0) & 0xff;

		value |= byte << i * 8;
	}
	return value;
}

/* Writes the bits of `mask` in the word at offset. */
static void write_word(struct pm *pm, uint64_t offset, uint16_t value, uint16_t mask)
{
	switch (offset) {
	case PM1_STATUS:
		pm->status &= (uint16_t) ~(value & mask);
		break;
	case PM1_ENABLE:
		pm->enable = (uint16_t)((pm->enable & ~mask) | (value & mask & ENABLES));
		break;
	case PM1_CONTROL:
		pm->control =
			(uint16_t)((pm->control & ~mask) | (value & mask & ~SLP_EN));
		if ((value & mask & SLP_EN) &&
		    (pm->control >> SLP_TYP_SHIFT & SLP_TYP_MASK) == PM_SLP_TYP_S5)
			host_stop(pm->host, HOST_STOP_POWEROFF, 0);
		break;
	default:
		break;
	}
}

static void pm_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pm *pm = arg;

	/* By bytes: SLP_TYP and SLP_EN stand in the same one. */
	for (unsigned int i = 0; i < size; value >>= 8, i++) {
		uint64_t at = offset + i;
		bool high = at & 1;

		write_word(pm, at & ~1ull, (uint16_t)(high ? value << 8 : value & 0xff),
			   high ? 0xff00 : 0x00ff);
	}
	update_sci(pm);
}

static const struct bus_ops pm_ops = { pm_read, pm_write };

void pm_power_button(struct pm *pm)
{
	pm->status |= POWER_BUTTON;
	update_sci(pm);
}

void pm_reset(struct pm *pm)
{
	pm->status = 0;
	pm->enable = 0;
	pm->control = 0;
	update_sci(pm);
}

int pm_init(struct pm *pm, struct host *host, struct bus *pio)
{
	pm->host = host;
	pm->range = (struct bus_range){
		.name = "ACPI PM1",
		.base = PV_PM_BASE,
		.size = PM1_SIZE,
		.ops = &pm_ops,
		.arg = pm,
	};
	return bus_add(pio, &pm->range);
}

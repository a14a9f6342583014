/* SPDX-License-Identifier: MIT */
/*
 * The parts of devices/legacy/legacy.c.  Each stands at one or two ranges of ports, is
 * initialised by NAME_init() (0 or what bus_add() says) and, where it has state, reset
 * by NAME_reset().
 */
#ifndef DEVICES_PORTS_H
#define DEVICES_PORTS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "devices/bus.h"
#include "devices/host.h"
#include "devices/legacy/legacy.h"

/* A write of v ends the VM with v; 0 means success.  QEMU has it as isa-debug-exit. */
struct exit_port {
	struct host *host;
	struct bus_range range;
};
int exit_port_init(struct exit_port *e, struct host *host, struct bus *pio);

/* A write with PV_PANICKED: the guest's kernel panicked.  QEMU has it as pvpanic. */
struct panic_port {
	struct host *host;
	struct bus_range range;
};
int panic_port_init(struct panic_port *p, struct host *host, struct bus *pio);

/* Port 0xCF9, as chipsets have it. */
struct reset_port {
	struct host *host;
	struct bus_range range;
	uint8_t value; /* last written, without PV_RESET_CPU */
};
int reset_port_init(struct reset_port *r, struct host *host, struct bus *pio);
void reset_port_reset(struct reset_port *r);

/* Keyboard controller (8042) with nothing plugged in. */
struct kbd {
	struct host *host;
	struct bus_range data_range, command_range;
	uint8_t command_byte;
	uint8_t awaiting; /* the command whose data byte comes next, or 0 */
	uint8_t answer;
	bool full; /* answer waits to be read */
};
int kbd_init(struct kbd *k, struct host *host, struct bus *pio);
void kbd_reset(struct kbd *k);

/* ACPI PM1a event and control blocks. */
struct pm {
	struct host *host;
	struct bus_range range;
	uint16_t status; /* PM1_STS */
	uint16_t enable; /* PM1_EN */
	uint16_t control; /* PM1_CNT without SLP_EN */
	bool level; /* of the SCI, as last given to the host */
};
int pm_init(struct pm *pm, struct host *host, struct bus *pio);
void pm_reset(struct pm *pm);
void pm_power_button(struct pm *pm);

/* MC146818 clock and its memory. */
#define CMOS_SIZE 128
struct cmos {
	struct bus_range range;
	time_t (*now)(void); /* the host's clock; a test may give another */
	uint8_t index;
	uint8_t memory[CMOS_SIZE];
};
int cmos_init(struct cmos *c, struct bus *pio);
void cmos_reset(struct cmos *c);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The small devices that a PC has at fixed ports, as one device named "legacy": exit
 * port, panic port, the two ways to reset, ACPI power management, CMOS clock (<abi/platform.h>:
 * where).
 */
#ifndef DEVICES_LEGACY_H
#define DEVICES_LEGACY_H

#include "devices/bus.h"
#include "devices/device.h"
#include "devices/host.h"

/* SLP_TYP of S5 in PM1_CNT: what the \_S5 package of the DSDT must say. */
#define PM_SLP_TYP_S5 5

struct legacy;

/* Puts all of them on the port bus and into the list, whose destroy frees them.  0,
 * -ENOMEM or what bus_add() says. */
int legacy_create(struct host *host, struct bus *pio, struct device_list *devices,
		  struct legacy **out);
/* The power button is pressed: a guest that listens shuts down. */
void legacy_power_button(struct legacy *legacy);

#endif

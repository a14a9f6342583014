/* SPDX-License-Identifier: MIT */
#include "devices/legacy/legacy.h"

#include <errno.h>
#include <stdlib.h>

#include "devices/legacy/ports.h"
#include "devices/util.h"

struct legacy {
	struct device device;
	struct bus *pio;
	struct exit_port exit;
	struct panic_port panic;
	struct reset_port reset;
	struct kbd kbd;
	struct pm pm;
	struct cmos cmos;
};

static struct legacy *of(struct device *dev)
{
	return container_of(dev, struct legacy, device);
}

static void legacy_reset(struct device *dev)
{
	struct legacy *l = of(dev);

	reset_port_reset(&l->reset);
	kbd_reset(&l->kbd);
	pm_reset(&l->pm);
	cmos_reset(&l->cmos);
}

static void legacy_destroy(struct device *dev)
{
	struct legacy *l = of(dev);

	bus_remove(l->pio, &l->exit.range);
	bus_remove(l->pio, &l->panic.range);
	bus_remove(l->pio, &l->reset.range);
	bus_remove(l->pio, &l->kbd.data_range);
	bus_remove(l->pio, &l->kbd.command_range);
	bus_remove(l->pio, &l->pm.range);
	bus_remove(l->pio, &l->cmos.range);
	free(l);
}

static const struct device_ops legacy_ops = {
	.reset = legacy_reset,
	.destroy = legacy_destroy,
};

static int init_parts(struct legacy *l, struct host *host)
{
	int error = exit_port_init(&l->exit, host, l->pio);

	if (!error)
		error = panic_port_init(&l->panic, host, l->pio);
	if (!error)
		error = reset_port_init(&l->reset, host, l->pio);
	if (!error)
		error = kbd_init(&l->kbd, host, l->pio);
	if (!error)
		error = pm_init(&l->pm, host, l->pio);
	if (!error)
		error = cmos_init(&l->cmos, l->pio);
	return error;
}

int legacy_create(struct host *host, struct bus *pio, struct device_list *devices,
		  struct legacy **out)
{
	struct legacy *l = calloc(1, sizeof(*l));
	int error;

	if (!l)
		return -ENOMEM;
	l->device.name = "legacy";
	l->device.ops = &legacy_ops;
	l->pio = pio;
	error = init_parts(l, host);
	if (error) {
		legacy_destroy(&l->device);
		return error;
	}
	device_add(devices, &l->device);
	*out = l;
	return 0;
}

void legacy_power_button(struct legacy *legacy)
{
	pm_power_button(&legacy->pm);
}

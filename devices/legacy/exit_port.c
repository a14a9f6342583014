/* SPDX-License-Identifier: MIT */
#include <abi/platform.h>

#include "devices/legacy/ports.h"

static void exit_port_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	const struct exit_port *e = arg;

	(void)offset;
	(void)size;
	host_stop(e->host, HOST_STOP_EXIT, (int)(uint32_t)value);
}

static const struct bus_ops exit_port_ops = { .write = exit_port_write };

int exit_port_init(struct exit_port *e, struct host *host, struct bus *pio)
{
	e->host = host;
	e->range = (struct bus_range){
		.name = "exit port",
		.base = PV_EXIT_PORT,
		.size = 4,
		.ops = &exit_port_ops,
		.arg = e,
	};
	return bus_add(pio, &e->range);
}

/* SPDX-License-Identifier: MIT */
/*
 * The port at which a guest says that its kernel panicked (QEMU, docs/specs/pvpanic.rst).  A
 * read names the events that may be written.  A kernel that starts another one to look at
 * the dead one's memory is not told that this is possible, so that it says what happened.
 */
#include <abi/platform.h>

#include "devices/legacy/ports.h"

static uint64_t panic_port_read(void *arg, uint64_t offset, unsigned int size)
{
	(void)arg;
	(void)offset;
	(void)size;
	return PV_PANICKED;
}

static void panic_port_write(void *arg, uint64_t offset, unsigned int size,
			     uint64_t value)
{
	const struct panic_port *p = arg;

	(void)offset;
	(void)size;
	if (value & PV_PANICKED)
		host_stop(p->host, HOST_STOP_PANIC, 0);
}

static const struct bus_ops panic_port_ops = { panic_port_read, panic_port_write };

int panic_port_init(struct panic_port *p, struct host *host, struct bus *pio)
{
	p->host = host;
	p->range = (struct bus_range){
		.name = "panic port",
		.base = PV_PANIC_PORT,
		.size = 1,
		.ops = &panic_port_ops,
		.arg = p,
	};
	return bus_add(pio, &p->range);
}

/* SPDX-License-Identifier: MIT */
/* The port at which whoever runs the machine learns that its kernel panicked. */
#include <linux/init.h>
#include <abi/platform.h>
#include <asm/cpu.h>
#include <guest/machine.h>

static u16 port; /* as ACPI has it; 0: none */

/* Only what was found before is touched: memory may be broken by now. */
bool panic_port_tell(void)
{
	u16 to = hypervisor.pagevisor ? PV_PANIC_PORT : port;

	if (!to || !(inb(to) & PV_PANICKED))
		return false;
	outb(PV_PANICKED, to);
	return true;
}

/* pagevisor's place is fixed, and looking through its AML costs a thousandth of a boot. */
static int panic_port_init(void)
{
	int found = hypervisor.pagevisor ? 0 : machine_panic_port();

	port = found > 0 ? (u16)found : 0;
	return 0;
}
device_initcall(panic_port_init);

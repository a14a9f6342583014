/* SPDX-License-Identifier: MIT */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/cpu.h>
#include <guest/stop_at.h>
#include <mm/platform.h>

enum way { PARK, SPIN, PANIC };

static char point[32];
static enum way way;

static int set_stop_at(char *value)
{
	static const char *const ways[] = {
		[PARK] = "park", [SPIN] = "spin", [PANIC] = "panic"
	};
	size_t n = 0;

	if (!value)
		return -EINVAL;
	while (value[n] && value[n] != ':')
		n++;
	if (!n || n >= sizeof(point))
		return -EINVAL;
	memcpy(point, value, n);
	if (!value[n])
		return 0;
	for (way = PARK; way <= PANIC; way++)
		if (!strcmp(value + n + 1, ways[way]))
			return 0;
	return -EINVAL;
}
early_param("stop-at", set_stop_at);

static noinline void __noreturn park(void)
{
	arch_local_irq_disable();
	for (;;)
		__asm__ volatile("hlt");
}

static noinline void __noreturn spin(void)
{
	arch_local_irq_disable();
	for (;;)
		cpu_relax();
}

void stop_at(const char *name)
{
	if (strcmp(point, name) != 0)
		return;
	printk("# stops at %s\n", name);
	if (way == PANIC)
		panic("stopped at %s", name);
	if (way == SPIN)
		spin();
	park();
}

/* SPDX-License-Identifier: MIT */
/*
 * Keys on the serial console that ask something of the kernel itself: Ctrl-O, then a letter,
 * which is how Linux's magic SysRq (Documentation/admin-guide/sysrq.rst) is typed on a console
 * without that key.  They are heard in an interrupt, so they work whatever the threads do.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <guest/console.h>
#include <guest/machine.h>
#include <guest/sysrq.h>

#define CTRL_O 0x0f

static void crash(void)
{
	panic("sysrq triggered crash");
}

static void tell_time(void)
{
	pr_info("now at %llu nsecs\n", (unsigned long long)ktime_get_ns());
}

static bool ending;

static void end_load(void)
{
	WRITE_ONCE(ending, true);
}

bool sysrq_ends(void)
{
	return READ_ONCE(ending);
}

static void help(void);

static const struct sysrq_key {
	char key;
	const char *says;
	void (*act)(void);
} keys[] = {
	{ 'b', "reboot", machine_restart },
	{ 'c', "crash", crash },
	{ 'e', "end of a load", end_load },
	{ 'h', "help", help },
	{ 'o', "poweroff", machine_press_power_button },
	{ 'q', "timers", tell_time },
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static void help(void)
{
	for (size_t i = 0; i < KEYS; i++)
		pr_info("sysrq: Ctrl-O %c: %s\n", keys[i].key, keys[i].says);
}

static void on_input(char c)
{
	static bool armed; /* Ctrl-O came last */

	if (!armed) {
		armed = c == CTRL_O;
		return;
	}
	armed = false;
	for (size_t i = 0; i < KEYS; i++) {
		if (keys[i].key != c)
			continue;
		if (keys[i].act != help)
			pr_info("sysrq: %s\n", keys[i].says);
		keys[i].act();
	}
}

void sysrq_enable(void)
{
	static bool enabled; /* by threads of the run, one after the other */
	int err = enabled ? 0 : serial_listen(on_input);

	enabled = true;
	if (err)
		pr_warn("sysrq: the serial port has no interrupt: %d\n", err);
}

/* SPDX-License-Identifier: MIT */
/*
 * Time.  The time-stamp counter is the clock: nanoseconds are (cycles * mult) >> 32.  The
 * LAPIC timer counts down to one event at a time.  pagevisor says how fast both run;
 * elsewhere they are measured (calibrate.c).
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <asm/apic.h>
#include <asm/clock.h>
#include <guest/boot.h>
#include <guest/machine.h>
#include <mm/platform.h>

unsigned int tsc_khz;
u64 tsc_base; /* counter at time 0 */
static u64 ns_mult; /* ns for one cycle, 32 binary places */
static u64 timer_mult; /* LAPIC counts in a ns, 32 binary places */

void clock_init(void)
{
	apic_timer_setup();
	if (!hypervisor.tsc_khz || !hypervisor.timer_khz)
		clock_calibrate();
	tsc_khz = hypervisor.tsc_khz;
	if (!tsc_khz)
		panic("clock: the time-stamp counter does not count");
	ns_mult = (NSEC_PER_MSEC << 32) / tsc_khz;
	timer_mult = ((u64)hypervisor.timer_khz << 32) / NSEC_PER_MSEC;
	tsc_base = arch_cycles();
}

u64 ktime_get_ns(void)
{
	return (u64)(((unsigned __int128)(arch_cycles() - tsc_base) * ns_mult) >> 32);
}

unsigned long jiffies_now(void)
{
	return ktime_get_ns() / (NSEC_PER_SEC / HZ);
}

void clock_set_event(u64 when, u64 now)
{
	unsigned __int128 count;

	if (when == U64_MAX) {
		apic_timer_start(0);
		return;
	}
	count = when > now ? ((unsigned __int128)(when - now) * timer_mult >> 32) + 1 : 1;
	apic_timer_start(count > ~0U ? ~0U : (u32)count);
}

static void spin(u64 ns)
{
	u64 end = ktime_get_ns() + ns;

	while (ktime_get_ns() < end)
		cpu_relax();
}

void ndelay(unsigned long ns)
{
	spin(ns);
}

void udelay(unsigned long us)
{
	spin(us * NSEC_PER_USEC);
}

void mdelay(unsigned long ms)
{
	spin(ms * NSEC_PER_MSEC);
}

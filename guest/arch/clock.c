/* SPDX-License-Identifier: MIT */
/*
 * Time.  The time-stamp counter is the clock: nanoseconds are (cycles * mult) >> 32.  The
 * LAPIC timer counts down to one event at a time.  pagevisor says how fast both run;
 * elsewhere they are measured once against the 8254 timer.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <asm/apic.h>
#include <asm/clock.h>
#include <asm/cpu.h>
#include <guest/boot.h>
#include <guest/machine.h>
#include <mm/platform.h>

unsigned int tsc_khz;
static u64 tsc_base; /* counter at time 0 */
static u64 ns_mult; /* ns for one cycle, 32 binary places */
static u64 timer_mult; /* LAPIC counts in a ns, 32 binary places */

/* Channel 2 of the 8254 can be read and started without an interrupt. */
#define PIT_HZ	      1193182UL
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND   0x43
#define PIT_ONE_SHOT  0xb0 /* channel 2, low and high byte, mode 0 */
#define PIT_GATE      0x61 /* bit 0 starts, bit 1 is the speaker, bit 5 says "over" */
#define PIT_OUTPUT    0x20
#define MEASURE_MS    10UL
#define PATIENCE      10000000UL

static void measure(void)
{
	unsigned long ticks = PIT_HZ * MEASURE_MS / 1000, looks = 0;
	u64 start, cycles;
	u32 counted;

	outb((inb(PIT_GATE) & ~2) | 1, PIT_GATE);
	outb(PIT_ONE_SHOT, PIT_COMMAND);
	outb((u8)ticks, PIT_CHANNEL_2);
	outb((u8)(ticks >> 8), PIT_CHANNEL_2);
	apic_timer_start(~0U);
	start = arch_cycles();
	while (!(inb(PIT_GATE) & PIT_OUTPUT) && looks < PATIENCE)
		looks++;
	cycles = arch_cycles() - start;
	counted = ~0U - apic_timer_left();
	apic_timer_start(0);
	if (looks == PATIENCE || cycles < MEASURE_MS || counted < MEASURE_MS)
		panic("clock: the 8254 timer does not count, and nobody says the TSC's rate");
	hypervisor.tsc_khz = (u32)(cycles / MEASURE_MS);
	hypervisor.timer_khz = (u32)(counted / MEASURE_MS);
}

void clock_init(void)
{
	apic_timer_setup();
	if (!hypervisor.tsc_khz || !hypervisor.timer_khz)
		measure();
	tsc_khz = hypervisor.tsc_khz;
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

/* SPDX-License-Identifier: MIT */
/*
 * How fast time-stamp counter and LAPIC timer run, measured against channel 2 of the 8254.
 *
 * A virtual CPU can lose the processor between any two instructions.  So the three clocks
 * are read together several times, the time-stamp counter before and after the others, and
 * only the reading that took least time counts.
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <asm/apic.h>
#include <asm/clock.h>
#include <asm/cpu.h>
#include <guest/machine.h>
#include <mm/platform.h>

#define PIT_HZ	      1193182UL
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND   0x43
#define PIT_GATE      0x61
#define GATE_ON	      0x01 /* channel 2 counts */
#define GATE_SPEAKER  0x02
#define PIT_COUNTDOWN 0xb0 /* channel 2, both bytes, mode 0 */
#define PIT_LATCH     0x80 /* channel 2: holds its count until it was read */

#define READINGS	8
#define MEASURE_TICKS	(PIT_HZ / 100) /* 10 ms, of the 55 ms that 16 bits hold */
#define PATIENCE_CYCLES 50000000000UL

struct reading {
	u64 tsc, width; /* the middle of, and how long the reading took */
	u32 timer; /* counts down */
	u16 pit; /* counts down */
};

static u16 pit_count(void)
{
	u16 low;

	outb(PIT_LATCH, PIT_COMMAND);
	low = inb(PIT_CHANNEL_2);
	return (u16)(inb(PIT_CHANNEL_2) << 8 | low);
}

static struct reading read_once(void)
{
	struct reading r;
	u64 before = arch_cycles();

	r.pit = pit_count();
	r.timer = apic_timer_left();
	r.width = arch_cycles() - before;
	r.tsc = before + r.width / 2;
	return r;
}

static struct reading read_clocks(void)
{
	struct reading best = read_once();

	for (int i = 1; i < READINGS; i++) {
		struct reading r = read_once();

		if (r.width < best.width)
			best = r;
	}
	return best;
}

static void start_pit(void)
{
	outb((u8)((inb(PIT_GATE) & ~GATE_SPEAKER) | GATE_ON), PIT_GATE);
	outb(PIT_COUNTDOWN, PIT_COMMAND);
	outb(0xff, PIT_CHANNEL_2);
	outb(0xff, PIT_CHANNEL_2);
}

void clock_calibrate(void)
{
	struct reading start, end;
	unsigned long ticks;

	start_pit();
	apic_timer_start(~0U);
	start = read_clocks();
	while ((u16)(start.pit - pit_count()) < MEASURE_TICKS)
		if (arch_cycles() - start.tsc > PATIENCE_CYCLES)
			panic("clock: nobody says the TSC's rate, and the 8254 stands still");
	end = read_clocks();
	apic_timer_start(0);
	ticks = (u16)(start.pit - end.pit);
	hypervisor.tsc_khz = (u32)((end.tsc - start.tsc) * PIT_HZ / 1000 / ticks);
	hypervisor.timer_khz =
		(u32)((u64)(start.timer - end.timer) * PIT_HZ / 1000 / ticks);
	if (!hypervisor.tsc_khz || !hypervisor.timer_khz)
		panic("clock: time-stamp counter or LAPIC timer stands still");
}

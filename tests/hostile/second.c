/* SPDX-License-Identifier: MIT */
/*
 * The second vCPU.  INIT and SIPI begin each of its jobs, whatever it did before, and when
 * it is told to stop it halts: a CPU that waits costs nothing.
 */
#include "tests/hostile/hostile.h"

#define TRAMPOLINE     0x8000u
#define OTHER_APIC_ID  1u
#define ICR_LOW	       0x300u
#define ICR_HIGH       0x310u
#define ICR_INIT       0x4500u
#define ICR_START      0x4600u
#define ICR_APIC_SHIFT 24
#define INIT_MS	       10u
#define PATIENCE_MS    500u

extern const char trampoline[]; /* start.S */
extern const uint64_t trampoline_bytes;
void second_main(void);

static void (*job)(void);
static bool here, stop, stopped;

void second_main(void)
{
	__atomic_store_n(&here, true, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST))
		job();
	__atomic_store_n(&stopped, true, __ATOMIC_SEQ_CST);
	for (;;)
		__asm__ volatile("hlt");
}

static void interrupt_other(uint32_t command)
{
	reg_write(PV_LAPIC_BASE + ICR_HIGH, 4, OTHER_APIC_ID << ICR_APIC_SHIFT);
	reg_write(PV_LAPIC_BASE + ICR_LOW, 4, command);
}

/* True when it is set within the time that a CPU may take. */
static bool comes_true(const bool *flag)
{
	uint64_t end = now_ms() + PATIENCE_MS;

	while (!__atomic_load_n(flag, __ATOMIC_SEQ_CST))
		if (now_ms() > end)
			return false;
	return true;
}

bool second_start(void (*fn)(void))
{
	static bool alone;

	if (alone)
		return false;
	job = fn;
	here = stop = stopped = false;
	memcpy((void *)TRAMPOLINE, trampoline, trampoline_bytes);
	interrupt_other(ICR_INIT);
	pause_ms(INIT_MS);
	interrupt_other(ICR_START | TRAMPOLINE >> 12);
	alone = !comes_true(&here);
	return !alone;
}

void second_stop(void)
{
	__atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
	if (comes_true(&stopped))
		return;
	say("Bail out! the second CPU does not stop\n");
	out8(PV_EXIT_PORT, 2);
}

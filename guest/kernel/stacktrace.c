/* SPDX-License-Identifier: MIT */
/*
 * Call chains.  Every function keeps its frame: at the frame pointer stands the caller's
 * frame pointer, above it the return address.  Frames go upwards in memory until an entry
 * path left zeros; a chain that does not, or leads where nothing is mapped, ends there.
 */
#include <linux/kernel.h>
#include <asm/traps.h>
#include <guest/machine.h>
#include <guest/stacktrace.h>
#include <mm/platform.h>

#define MAX_DEPTH  32 /* lines */
#define LAST_FRAME 1UL /* leads nowhere, for it is not aligned */

static bool is_text(u64 pc)
{
	return pc >= (unsigned long)_text && pc < (unsigned long)_etext;
}

/* The two words of a frame; false where nothing is mapped.  Both in one go, as chains are
 * taken for each call that is watched. */
static bool read_frame(u64 fp, u64 *next, u64 *pc)
{
	u64 n = 0, p = 0, ok = 0;

	__asm__ volatile(
		"1: movq (%3), %0\n2: movq 8(%3), %1\n\tmovl $1, %k2\n3:\n" EX_TABLE(
			"1b", "3b") EX_TABLE("2b", "3b")
		: "+r"(n), "+r"(p), "+r"(ok)
		: "r"(fp)
		: "memory");
	*next = n;
	*pc = p;
	return ok;
}

/* From the frame at *fp to the caller's; false where the chain ends. */
static bool step(u64 *fp, u64 *pc)
{
	u64 next;

	if (*fp % 8 || !read_frame(*fp, &next, pc) || !is_text(*pc))
		return false;
	/* The stack of a double fault lies elsewhere: only there may it go down. */
	*fp = next > *fp ? next : LAST_FRAME;
	return true;
}

unsigned int stack_trace_from(unsigned long fp, unsigned long *pcs, unsigned int max)
{
	unsigned int n = 0;
	u64 at = fp, pc;

	while (n < max && step(&at, &pc))
		pcs[n++] = pc;
	return n;
}

unsigned int platform_backtrace(unsigned long *pcs, unsigned int max)
{
	return stack_trace_from((unsigned long)__builtin_frame_address(0), pcs, max);
}

/* Endless recursion is one line, not all there is room for. */
static void show_calls(unsigned long pc, unsigned int times)
{
	if (times > 1)
		pr_err("  %pS, %u times\n", (void *)pc, times);
	else if (times)
		pr_err("  %pS\n", (void *)pc);
}

void show_chain(const unsigned long *pcs, unsigned int n)
{
	unsigned int times;

	pr_err("Call chain:\n");
	for (unsigned int i = 0; i < n; i += times) {
		for (times = 1; i + times < n && pcs[i + times] == pcs[i]; times++)
			;
		show_calls(pcs[i], times);
	}
}

void show_stack_from(unsigned long fp)
{
	unsigned int times = 0, lines = 0;
	u64 at = fp, pc, last = 0;

	pr_err("Call chain:\n");
	while (lines < MAX_DEPTH && step(&at, &pc)) {
		if (pc != last) {
			show_calls(last, times);
			lines++;
			times = 0;
		}
		last = pc;
		times++;
	}
	show_calls(last, times);
}

void dump_stack(void)
{
	show_stack_from((unsigned long)__builtin_frame_address(0));
}

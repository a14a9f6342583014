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
	return pc - (unsigned long)_text < (unsigned long)(_etext - _text);
}

/* The two words of a frame; false where nothing is mapped.  Both in one go, as chains are
 * taken for each call that is watched. */
static __always_inline bool read_frame(u64 fp, u64 *next, u64 *pc)
{
	u64 n = 0, p = 0;

	__asm__ goto("1: movq (%2), %0\n2: movq 8(%2), %1\n" EX_TABLE("1b", "%l[fault]")
			     EX_TABLE("2b", "%l[fault]")
		     : "=&r"(n), "=&r"(p)
		     : "r"(fp)
		     : "memory"
		     : fault);
	*next = n;
	*pc = p;
	return true;
fault:
	return false;
}

/* From the frame at *fp to the caller's; false where the chain ends. */
static __always_inline bool step(u64 *fp, u64 *pc)
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

/* For each call that is watched: instructions count, five a frame.  What compiled code leaves
 * in a frame is text; only the outermost frame may be another's, zeros or a process's. */
unsigned int platform_call_chain(const void *frame, unsigned long pcs[PLATFORM_CHAIN])
{
	u64 fp = (unsigned long)frame, next, pc;
	unsigned int n;

#pragma GCC unroll 8
	for (n = 0; n < PLATFORM_CHAIN; n++) {
		if (!read_frame(fp, &next, &pc))
			return n;
		pcs[n] = pc;
		if (next <= fp)
			return n + is_text(pc);
		fp = next;
	}
	return n;
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

/* SPDX-License-Identifier: MIT */
/*
 * printk: a line is formatted on the stack, put into the log ring, and, when its level is
 * low enough, written to the console in one piece.  One lock keeps lines of several CPUs
 * apart; a panic goes past it, and an NMI that comes while its own CPU has the lock is told
 * when that is free.
 *
 * A text without a level is meant for the reader of the console as it stands: it is always
 * written.
 */
#include <stdarg.h>
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <guest/console.h>

#define LINE_MAX 512

static DEFINE_SPINLOCK(console_lock); /* guards the log and the serial port */
static bool locks_broken;
static DEFINE_PER_CPU(bool, writes); /* wants the lock, or has it */
static DEFINE_PER_CPU(unsigned long, late_nmi); /* came meanwhile, at this instruction */
char log_ring[LOG_SIZE];
unsigned long log_end;
static int console_level = 6; /* levels above are logged only */

static int set_loglevel(char *value)
{
	return value ? kstrtoint(value, 10, &console_level) : -1;
}
early_param("loglevel", set_loglevel);

static int set_quiet(char *value)
{
	(void)value;
	console_level = 4;
	return 0;
}
early_param("quiet", set_quiet);

static int set_debug(char *value)
{
	(void)value;
	console_level = 7;
	return 0;
}
early_param("debug", set_debug);

void console_break_locks(void)
{
	locks_broken = true;
}

static void log_append(const char *s, size_t n)
{
	unsigned long at = log_end % LOG_SIZE;
	size_t first = min(n, LOG_SIZE - at);

	memcpy(log_ring + at, s, first);
	memcpy(log_ring, s + first, n - first);
	log_end += n;
}

size_t log_read(char *buf, size_t size)
{
	unsigned long flags;
	size_t n;

	if (!size)
		return 0;
	spin_lock_irqsave(&console_lock, flags);
	n = min(log_end, LOG_SIZE);
	n = min(n, size - 1);
	for (size_t i = 0; i < n; i++)
		buf[i] = log_ring[(log_end - n + i) % LOG_SIZE];
	spin_unlock_irqrestore(&console_lock, flags);
	buf[n] = 0;
	return n;
}

void printk_nmi(unsigned long rip)
{
	if (READ_ONCE(*this_cpu_ptr(&writes)))
		WRITE_ONCE(*this_cpu_ptr(&late_nmi), rip);
	else
		pr_warn("NMI at %pS\n", (void *)rip);
}

static void emit_locked(int level, const char *s, size_t n)
{
	unsigned long flags, rip;

	local_irq_save(flags);
	WRITE_ONCE(*this_cpu_ptr(&writes), true);
	barrier();
	spin_lock(&console_lock);
	log_append(s, n);
	if (level <= console_level)
		serial_write(s, n);
	spin_unlock(&console_lock);
	barrier();
	WRITE_ONCE(*this_cpu_ptr(&writes), false);
	rip = READ_ONCE(*this_cpu_ptr(&late_nmi));
	WRITE_ONCE(*this_cpu_ptr(&late_nmi), 0);
	local_irq_restore(flags);
	if (rip)
		printk_nmi(rip);
}

static void emit(int level, const char *s, size_t n)
{
	if (!locks_broken) {
		emit_locked(level, s, n);
		return;
	}
	log_append(s, n);
	serial_write(s, n);
}

int printk(const char *fmt, ...)
{
	char line[LINE_MAX];
	int level = 0, n;
	va_list args;

	if (fmt[0] == '\001' && fmt[1]) {
		level = fmt[1] - '0';
		fmt += 2;
	}
	/* Formatting costs more than anybody who does not read debug lines wants to pay. */
	if (level > 6 && level > console_level)
		return 0;
	va_start(args, fmt);
	n = vscnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	emit(level, line, (size_t)n);
	return n;
}

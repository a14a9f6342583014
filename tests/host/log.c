/* SPDX-License-Identifier: MIT */
/* What the kernel says, kept for tests to read: printk, warnings, panic, call chains. */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/sprintf.h>
#include "mm/platform.h"
#include "internal.h"

#define LOG_SIZE  65536
#define LINE_SIZE 1024

struct host_events host_events;

static struct {
	pthread_mutex_t lock;
	size_t used;
	char text[LOG_SIZE];
	int echo; /* -1: ask the environment */
} klog = { .lock = PTHREAD_MUTEX_INITIALIZER, .echo = -1 };

static __thread jmp_buf *panic_exit; /* where a caught panic goes */

void host_log_clear(void)
{
	pthread_mutex_lock(&klog.lock);
	klog.used = 0;
	klog.text[0] = '\0';
	host_events = (struct host_events){ 0 };
	pthread_mutex_unlock(&klog.lock);
}

const char *host_log(void)
{
	return klog.text;
}

bool host_log_has(const char *text)
{
	return strstr(klog.text, text) != NULL;
}

void host_log_echo(bool on)
{
	klog.echo = on;
}

/* Appends; the older half goes when there is no room. */
static void log_append(const char *line)
{
	size_t len = strlen(line);

	if (klog.used + len >= LOG_SIZE) {
		size_t keep = LOG_SIZE / 2 - len;

		keep = keep < klog.used ? keep : klog.used;
		memmove(klog.text, klog.text + klog.used - keep, keep);
		klog.used = keep;
	}
	memcpy(klog.text + klog.used, line, len + 1);
	klog.used += len;
	if (klog.echo < 0)
		klog.echo = getenv("PAGEVISOR_LOG") != NULL;
	if (klog.echo)
		fputs(line, stderr);
}

static int vprintk(const char *fmt, va_list args)
{
	char line[LINE_SIZE];
	unsigned long flags;
	bool error = fmt[0] == '\001' && fmt[1] >= '0' && fmt[1] <= '3';
	int len;

	if (fmt[0] == '\001' && fmt[1])
		fmt += 2;
	len = vscnprintf(line, sizeof(line), fmt, args);
	/* A thread must not be held while it holds the lock: who acts for it may print. */
	local_irq_save(flags);
	pthread_mutex_lock(&klog.lock);
	host_events.errors += error;
	log_append(line);
	pthread_mutex_unlock(&klog.lock);
	local_irq_restore(flags);
	return len;
}

int printk(const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vprintk(fmt, args);
	va_end(args);
	return len;
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintk(fmt, args);
	va_end(args);
	printk("\n");
	if (panic_exit)
		longjmp(*panic_exit, 1);
	fprintf(stderr, "panic; the log is:\n%s", klog.text);
	abort();
}

bool host_catch_panic(void (*fn)(void *arg), void *arg)
{
	jmp_buf here;
	struct host_cpu before = host_cpu;
	bool panicked = true;

	panic_exit = &here;
	if (!setjmp(here)) {
		fn(arg);
		panicked = false;
	}
	panic_exit = NULL;
	if (panicked)
		host_cpu = before;
	return panicked;
}

void __warn(const char *file, int line, const char *what)
{
	printk(KERN_WARNING "WARNING: %s at %s:%d\n", what, file, line);
	dump_stack();
	__atomic_fetch_add(&host_events.warnings, 1, __ATOMIC_RELAXED);
}

void platform_context_violation(const char *what)
{
	printk(KERN_WARNING "context violation: %s\n", what);
	dump_stack();
	__atomic_fetch_add(&host_events.violations, 1, __ATOMIC_RELAXED);
}

void __might_sleep(const char *file, int line)
{
	char what[256];

	if (!arch_in_atomic())
		return;
	snprintf(what, sizeof(what), "sleeping function called at %s:%d", file, line);
	platform_context_violation(what);
}

/* Follows the frame pointers as far as they stay on this thread's stack. */
static unsigned int walk(const unsigned long *frame, unsigned long *pcs, unsigned int max)
{
	static __thread char *stack_top;
	unsigned int n = 0;

	if (!stack_top) {
		pthread_attr_t attr;
		void *base;
		size_t size;

		if (pthread_getattr_np(pthread_self(), &attr))
			return 0;
		pthread_attr_getstack(&attr, &base, &size);
		pthread_attr_destroy(&attr);
		stack_top = (char *)base + size;
	}
	while (n < max && (char *)(frame + 2) <= stack_top && frame[1]) {
		unsigned long *next = (unsigned long *)frame[0];

		pcs[n++] = frame[1];
		if (next <= frame || ((unsigned long)next & 7))
			break;
		frame = next;
	}
	return n;
}

unsigned int platform_backtrace(unsigned long *pcs, unsigned int max)
{
	return walk(__builtin_frame_address(0), pcs, max);
}

unsigned int platform_call_chain(const void *frame, unsigned long pcs[PLATFORM_CHAIN])
{
	return walk(frame, pcs, PLATFORM_CHAIN);
}

void dump_stack(void)
{
	unsigned long pcs[16];
	unsigned int n = platform_backtrace(pcs, 16);

	for (unsigned int i = 0; i < n; i++)
		printk(KERN_INFO " %pS\n", (void *)pcs[i]);
}

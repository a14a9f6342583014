/* SPDX-License-Identifier: MIT */
/* The serial console and the log behind it. */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <linux/types.h>

/* Sets up the 16550 at COM1. */
void serial_init(void);
/* n bytes out, as they are. */
void serial_write(const char *s, size_t n);

/* Each byte that comes in goes to listener, in an interrupt.  Once; 0, or the negative errno
 * of ioapic_request(). */
int serial_listen(void (*listener)(char c));

/* A panic must not wait for a lock that the halted or broken part holds: from now on the
 * console is taken without one. */
void console_break_locks(void);

/* Says that an NMI came at this instruction: called in it, whatever it interrupted. */
void printk_nmi(unsigned long rip);

/* The log, for the monitor. */
#define LOG_SIZE 16384UL /* a power of two */
extern char log_ring[LOG_SIZE];
extern unsigned long
	log_end; /* characters ever logged; the next goes to log_end % LOG_SIZE */

/* The newest `size - 1` bytes of the log, as text. */
size_t log_read(char *buf, size_t size);

#endif

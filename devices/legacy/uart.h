/* SPDX-License-Identifier: MIT */
/* The registers of a 16550A, without a bus and without a world outside. */
#ifndef DEVICES_UART_H
#define DEVICES_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UART_REGISTERS 8
#define UART_FIFO_SIZE 16

struct uart;

struct uart_ops {
	/* The interrupt line changed to this level. */
	void (*irq)(struct uart *u, bool level);
	/* The guest sent a byte. */
	void (*transmit)(struct uart *u, uint8_t byte);
	/* uart_receive() had turned bytes away; now there is room.  The last thing a
	 * register access does: uart_receive() may be called from inside. */
	void (*room)(struct uart *u);
};

/* Embedded in the port's structure.  Zeroed, with ops, is the state after power-on. */
struct uart {
	const struct uart_ops *ops;
	uint8_t ier, fcr, lcr, mcr, scr, dll, dlm;
	uint8_t msr_delta; /* which modem lines changed since MSR was read */
	bool overrun;
	bool thre_pending;
	bool irq; /* the level last given to ops->irq */
	bool refused; /* input was turned away for want of room */

	uint8_t fifo[UART_FIFO_SIZE]; /* ring: `count` bytes from `head` on */
	unsigned int head, count;
	uint64_t bytes_in; /* read by the guest */
};

/* offset: below UART_REGISTERS. */
uint8_t uart_read(struct uart *u, uint64_t offset);
void uart_write(struct uart *u, uint64_t offset, uint8_t value);
/* Bytes from outside, in order; how many were taken. */
size_t uart_receive(struct uart *u, const void *bytes, size_t count);
void uart_reset(struct uart *u);

#endif

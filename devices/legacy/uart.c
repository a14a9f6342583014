/* SPDX-License-Identifier: MIT */
/*
 * The registers of the 16550A, the receive FIFO, and the interrupt they add up to.
 *
 * A byte written to the transmitter has left at once, so the transmitter is always empty;
 * only the interrupt that says so (THRE) has a state: pending from when the byte left, or
 * from when the interrupt was switched on, until IIR reported it or another byte came.
 *
 * Input is taken only while there is room in the FIFO, so that nothing from outside is
 * ever lost; only loopback can overrun.
 */
#include "devices/legacy/uart.h"

#define IER_RX	  0x01
#define IER_THRE  0x02
#define IER_LINE  0x04
#define IER_MODEM 0x08
#define IER_MASK  0x0f

#define IIR_MODEM   0x00
#define IIR_NONE    0x01
#define IIR_THRE    0x02
#define IIR_RX	    0x04
#define IIR_LINE    0x06
#define IIR_TIMEOUT 0x0c
#define IIR_FIFO    0xc0

#define FCR_ENABLE	  0x01
#define FCR_CLEAR_RX	  0x02
#define FCR_TRIGGER_SHIFT 6

#define LCR_DLAB 0x80

#define MCR_DTR	 0x01
#define MCR_RTS	 0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10
#define MCR_MASK 0x1f

#define LSR_READY   0x01
#define LSR_OVERRUN 0x02
#define LSR_THRE    0x20
#define LSR_IDLE    0x40

#define MSR_DCTS 0x01
#define MSR_DDSR 0x02
#define MSR_TERI 0x04
#define MSR_DDCD 0x08
#define MSR_CTS	 0x10
#define MSR_DSR	 0x20
#define MSR_RI	 0x40
#define MSR_DCD	 0x80

static unsigned int capacity(const struct uart *u)
{
	return u->fcr & FCR_ENABLE ? UART_FIFO_SIZE : 1;
}

static unsigned int trigger(const struct uart *u)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };

	return u->fcr & FCR_ENABLE ? levels[u->fcr >> FCR_TRIGGER_SHIFT] : 1;
}

/* The highest-ranking interrupt.  There is no clock: bytes below the trigger level
 * count as having timed out at once. */
static uint8_t pending(const struct uart *u)
{
	if ((u->ier & IER_LINE) && u->overrun)
		return IIR_LINE;
	if ((u->ier & IER_RX) && u->count)
		return u->count >= trigger(u) ? IIR_RX : IIR_TIMEOUT;
	if ((u->ier & IER_THRE) && u->thre_pending)
		return IIR_THRE;
	if ((u->ier & IER_MODEM) && u->msr_delta)
		return IIR_MODEM;
	return IIR_NONE;
}

static void update_irq(struct uart *u)
{
	bool level = pending(u) != IIR_NONE;

	if (level == u->irq)
		return;
	u->irq = level;
	u->ops->irq(u, level);
}

static bool looped(const struct uart *u)
{
	return u->mcr & MCR_LOOP;
}

/* Bits 7:4 of MSR: a peer that is always there, or in loopback our own outputs. */
static uint8_t modem_lines(const struct uart *u)
{
	uint8_t lines = 0;

	if (!looped(u))
		return MSR_DCD | MSR_DSR | MSR_CTS;
	if (u->mcr & MCR_RTS)
		lines |= MSR_CTS;
	if (u->mcr & MCR_DTR)
		lines |= MSR_DSR;
	if (u->mcr & MCR_OUT1)
		lines |= MSR_RI;
	if (u->mcr & MCR_OUT2)
		lines |= MSR_DCD;
	return lines;
}

static void push(struct uart *u, uint8_t byte)
{
	u->fifo[(u->head + u->count++) % UART_FIFO_SIZE] = byte;
}

static uint8_t pop(struct uart *u)
{
	uint8_t byte;

	if (!u->count)
		return 0;
	byte = u->fifo[u->head];
	u->head = (u->head + 1) % UART_FIFO_SIZE;
	u->count--;
	u->bytes_in++;
	return byte;
}

static void clear_fifo(struct uart *u)
{
	u->head = 0;
	u->count = 0;
}

/* To be called last: the embedder may feed bytes from inside. */
static void tell_room(struct uart *u)
{
	if (!u->refused || looped(u) || u->count >= capacity(u))
		return;
	u->refused = false;
	u->ops->room(u);
}

static void transmit(struct uart *u, uint8_t byte)
{
	/* The line falls before it rises again: it may be seen by its edges only. */
	u->thre_pending = false;
	update_irq(u);
	if (!looped(u))
		u->ops->transmit(u, byte);
	else if (u->count < capacity(u))
		push(u, byte);
	else
		u->overrun = true;
	u->thre_pending = true;
}

static void write_ier(struct uart *u, uint8_t value)
{
	value &= IER_MASK;
	if ((value & IER_THRE) && !(u->ier & IER_THRE))
		u->thre_pending = true;
	u->ier = value;
}

static void write_fcr(struct uart *u, uint8_t value)
{
	if (((value ^ u->fcr) & FCR_ENABLE) || (value & FCR_CLEAR_RX))
		clear_fifo(u);
	/* The other bits take only together with the one that enables. */
	u->fcr = value & FCR_ENABLE ? value : 0;
}

static void write_mcr(struct uart *u, uint8_t value)
{
	uint8_t before = modem_lines(u), changed;

	u->mcr = value & MCR_MASK;
	changed = before ^ modem_lines(u);
	u->msr_delta |= (changed >> 4) & (MSR_DCTS | MSR_DDSR | MSR_DDCD);
	if ((changed & MSR_RI) && (before & MSR_RI)) /* TERI: the trailing edge only */
		u->msr_delta |= MSR_TERI;
}

static void write_register(struct uart *u, uint64_t offset, uint8_t value)
{
	bool dlab = u->lcr & LCR_DLAB;

	switch (offset) {
	case 0:
		if (dlab)
			u->dll = value;
		else
			transmit(u, value);
		break;
	case 1:
		if (dlab)
			u->dlm = value;
		else
			write_ier(u, value);
		break;
	case 2:
		write_fcr(u, value);
		break;
	case 3:
		u->lcr = value;
		break;
	case 4:
		write_mcr(u, value);
		break;
	case 7:
		u->scr = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

void uart_write(struct uart *u, uint64_t offset, uint8_t value)
{
	write_register(u, offset, value);
	update_irq(u);
	tell_room(u);
}

static uint8_t read_iir(struct uart *u)
{
	uint8_t iir = pending(u);

	if (iir == IIR_THRE)
		u->thre_pending = false;
	return u->fcr & FCR_ENABLE ? iir | IIR_FIFO : iir;
}

static uint8_t read_lsr(struct uart *u)
{
	uint8_t lsr = LSR_THRE | LSR_IDLE;

	if (u->count)
		lsr |= LSR_READY;
	if (u->overrun)
		lsr |= LSR_OVERRUN;
	u->overrun = false;
	return lsr;
}

static uint8_t read_msr(struct uart *u)
{
	uint8_t msr = modem_lines(u) | u->msr_delta;

	u->msr_delta = 0;
	return msr;
}

static uint8_t read_register(struct uart *u, uint64_t offset)
{
	bool dlab = u->lcr & LCR_DLAB;

	switch (offset) {
	case 0:
		return dlab ? u->dll : pop(u);
	case 1:
		return dlab ? u->dlm : u->ier;
	case 2:
		return read_iir(u);
	case 3:
		return u->lcr;
	case 4:
		return u->mcr;
	case 5:
		return read_lsr(u);
	case 6:
		return read_msr(u);
	case 7:
		return u->scr;
	default:
		return 0xff;
	}
}

uint8_t uart_read(struct uart *u, uint64_t offset)
{
	uint8_t value = read_register(u, offset);

	update_irq(u);
	tell_room(u);
	return value;
}

size_t uart_receive(struct uart *u, const void *bytes, size_t count)
{
	const uint8_t *from = bytes;
	size_t taken = 0;

	while (taken < count && !looped(u) && u->count < capacity(u))
		push(u, from[taken++]);
	u->refused = taken < count;
	update_irq(u);
	return taken;
}

void uart_reset(struct uart *u)
{
	u->ier = u->fcr = u->lcr = u->mcr = u->scr = u->dll = u->dlm = 0;
	u->msr_delta = 0;
	u->overrun = false;
	u->thre_pending = false;
	clear_fifo(u);
	update_irq(u);
	tell_room(u);
}

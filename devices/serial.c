/* SPDX-License-Identifier: MIT */
/*
 * 16550A: the registers, the receive FIFO, and the interrupt they add up to.
 *
 * A byte written to the transmitter has left at once, so the transmitter is always empty;
 * only the interrupt that says so (THRE) has a state: pending from when the byte left, or
 * from when the interrupt was switched on, until IIR reported it or another byte came.
 * The bytes are gathered into lines before they go to the sink, since a guest writes one
 * byte at a time and the sink usually is a system call; a timer gives up waiting for the
 * end of a line.
 *
 * Input is taken only while there is room in the FIFO, so that nothing from outside is ever
 * lost; only loopback can overrun.
 */
#include "devices/serial.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "devices/util.h"

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

#define REGISTERS 8
#define FIFO_SIZE 16
#define LINE_SIZE 256
#define LINE_WAIT 20000000 /* ns */

struct serial {
	struct device device;
	struct serial_config config;
	struct host *host;
	struct bus *pio;
	struct bus_range range;
	struct host_watch timer; /* fd -1: none, output is not gathered */

	uint8_t ier, fcr, lcr, mcr, scr, dll, dlm;
	uint8_t msr_delta; /* which modem lines changed since MSR was read */
	bool overrun;
	bool thre_pending;

	uint8_t fifo[FIFO_SIZE]; /* ring: `count` bytes from `head` on */
	unsigned int head, count;

	bool irq; /* the level last given to the host */
	bool refused; /* input was turned away for want of room: say when there is some */

	char line[LINE_SIZE]; /* transmitted, not yet given to the sink */
	size_t line_length;

	uint64_t bytes_in, bytes_out;
};

static unsigned int capacity(const struct serial *s)
{
	return s->fcr & FCR_ENABLE ? FIFO_SIZE : 1;
}

static unsigned int trigger(const struct serial *s)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };

	return s->fcr & FCR_ENABLE ? levels[s->fcr >> FCR_TRIGGER_SHIFT] : 1;
}

/* The highest-ranking interrupt.  There is no clock: bytes below the trigger level count
 * as having timed out at once. */
static uint8_t pending(const struct serial *s)
{
	if ((s->ier & IER_LINE) && s->overrun)
		return IIR_LINE;
	if ((s->ier & IER_RX) && s->count)
		return s->count >= trigger(s) ? IIR_RX : IIR_TIMEOUT;
	if ((s->ier & IER_THRE) && s->thre_pending)
		return IIR_THRE;
	if ((s->ier & IER_MODEM) && s->msr_delta)
		return IIR_MODEM;
	return IIR_NONE;
}

static void update_irq(struct serial *s)
{
	bool level = pending(s) != IIR_NONE;

	if (level == s->irq)
		return;
	s->irq = level;
	host_irq_line(s->host, s->config.gsi, level);
}

static bool looped(const struct serial *s)
{
	return s->mcr & MCR_LOOP;
}

/* Bits 7:4 of MSR: a peer that is always there, or in loopback our own outputs. */
static uint8_t modem_lines(const struct serial *s)
{
	uint8_t lines = 0;

	if (!looped(s))
		return MSR_DCD | MSR_DSR | MSR_CTS;
	if (s->mcr & MCR_RTS)
		lines |= MSR_CTS;
	if (s->mcr & MCR_DTR)
		lines |= MSR_DSR;
	if (s->mcr & MCR_OUT1)
		lines |= MSR_RI;
	if (s->mcr & MCR_OUT2)
		lines |= MSR_DCD;
	return lines;
}

static void push(struct serial *s, uint8_t byte)
{
	s->fifo[(s->head + s->count++) % FIFO_SIZE] = byte;
}

static uint8_t pop(struct serial *s)
{
	uint8_t byte;

	if (!s->count)
		return 0;
	byte = s->fifo[s->head];
	s->head = (s->head + 1) % FIFO_SIZE;
	s->count--;
	s->bytes_in++;
	return byte;
}

static void clear_fifo(struct serial *s)
{
	s->head = 0;
	s->count = 0;
}

/* To be called last: the embedder may feed bytes from inside. */
static void tell_room(struct serial *s)
{
	if (!s->refused || looped(s) || s->count >= capacity(s))
		return;
	s->refused = false;
	if (s->config.input_room)
		s->config.input_room(s->config.ctx);
}

void serial_flush(struct serial *s)
{
	size_t length = s->line_length;

	if (!length)
		return;
	s->line_length = 0;
	s->config.output(s->config.ctx, s->line, length);
}

static void set_timer(struct serial *s, long ns)
{
	const struct itimerspec when = { .it_value.tv_nsec = ns };

	timerfd_settime(s->timer.fd, 0, &when, NULL);
}

static void timer_expired(void *arg, uint32_t events)
{
	struct serial *s = arg;

	(void)events;
	set_timer(s, 0); /* off; no longer readable either */
	serial_flush(s);
}

static void emit(struct serial *s, uint8_t byte)
{
	s->bytes_out++;
	s->line[s->line_length++] = (char)byte;
	if (byte == '\n' || s->line_length == LINE_SIZE || s->timer.fd < 0)
		serial_flush(s);
	else if (s->line_length == 1)
		set_timer(s, LINE_WAIT);
}

static void transmit(struct serial *s, uint8_t byte)
{
	/* The line falls before it rises again: it may be seen by its edges only. */
	s->thre_pending = false;
	update_irq(s);
	if (!looped(s))
		emit(s, byte);
	else if (s->count < capacity(s))
		push(s, byte);
	else
		s->overrun = true;
	s->thre_pending = true;
}

static void write_ier(struct serial *s, uint8_t value)
{
	value &= IER_MASK;
	if ((value & IER_THRE) && !(s->ier & IER_THRE))
		s->thre_pending = true;
	s->ier = value;
}

static void write_fcr(struct serial *s, uint8_t value)
{
	if (((value ^ s->fcr) & FCR_ENABLE) || (value & FCR_CLEAR_RX))
		clear_fifo(s);
	/* The other bits take only together with the one that enables. */
	s->fcr = value & FCR_ENABLE ? value : 0;
}

static void write_mcr(struct serial *s, uint8_t value)
{
	uint8_t before = modem_lines(s), changed;

	s->mcr = value & MCR_MASK;
	changed = before ^ modem_lines(s);
	s->msr_delta |= (changed >> 4) & (MSR_DCTS | MSR_DDSR | MSR_DDCD);
	if ((changed & MSR_RI) && (before & MSR_RI)) /* TERI: the trailing edge only */
		s->msr_delta |= MSR_TERI;
}

static void write_register(struct serial *s, uint64_t offset, uint8_t value)
{
	bool dlab = s->lcr & LCR_DLAB;

	switch (offset) {
	case 0:
		if (dlab)
			s->dll = value;
		else
			transmit(s, value);
		break;
	case 1:
		if (dlab)
			s->dlm = value;
		else
			write_ier(s, value);
		break;
	case 2:
		write_fcr(s, value);
		break;
	case 3:
		s->lcr = value;
		break;
	case 4:
		write_mcr(s, value);
		break;
	case 7:
		s->scr = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

static void serial_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	struct serial *s = arg;

	(void)size;
	write_register(s, offset, (uint8_t)value);
	update_irq(s);
	tell_room(s);
}

static uint8_t read_iir(struct serial *s)
{
	uint8_t iir = pending(s);

	if (iir == IIR_THRE)
		s->thre_pending = false;
	return s->fcr & FCR_ENABLE ? iir | IIR_FIFO : iir;
}

static uint8_t read_lsr(struct serial *s)
{
	uint8_t lsr = LSR_THRE | LSR_IDLE;

	if (s->count)
		lsr |= LSR_READY;
	if (s->overrun)
		lsr |= LSR_OVERRUN;
	s->overrun = false;
	return lsr;
}

static uint8_t read_msr(struct serial *s)
{
	uint8_t msr = modem_lines(s) | s->msr_delta;

	s->msr_delta = 0;
	return msr;
}

static uint8_t read_register(struct serial *s, uint64_t offset)
{
	bool dlab = s->lcr & LCR_DLAB;

	switch (offset) {
	case 0:
		return dlab ? s->dll : pop(s);
	case 1:
		return dlab ? s->dlm : s->ier;
	case 2:
		return read_iir(s);
	case 3:
		return s->lcr;
	case 4:
		return s->mcr;
	case 5:
		return read_lsr(s);
	case 6:
		return read_msr(s);
	case 7:
		return s->scr;
	default:
		return 0xff;
	}
}

static uint64_t serial_read(void *arg, uint64_t offset, unsigned int size)
{
	struct serial *s = arg;
	uint8_t value = read_register(s, offset);

	(void)size;
	update_irq(s);
	tell_room(s);
	return value;
}

size_t serial_receive(struct serial *s, const void *bytes, size_t count)
{
	const uint8_t *from = bytes;
	size_t taken = 0;

	while (taken < count && !looped(s) && s->count < capacity(s))
		push(s, from[taken++]);
	s->refused = taken < count;
	update_irq(s);
	return taken;
}

static const struct bus_ops serial_bus_ops = { serial_read, serial_write };

static void serial_reset(struct device *dev)
{
	struct serial *s = container_of(dev, struct serial, device);

	serial_flush(s);
	s->ier = s->fcr = s->lcr = s->mcr = s->scr = s->dll = s->dlm = 0;
	s->msr_delta = 0;
	s->overrun = false;
	s->thre_pending = false;
	clear_fifo(s);
	update_irq(s);
	tell_room(s);
}

static void serial_quiesce(struct device *dev)
{
	serial_flush(container_of(dev, struct serial, device));
}

static void serial_stats(struct device *dev, stat_fn fn, void *arg)
{
	const struct serial *s = container_of(dev, struct serial, device);

	fn(arg, "bytes_in", s->bytes_in);
	fn(arg, "bytes_out", s->bytes_out);
}

static void serial_destroy(struct device *dev)
{
	struct serial *s = container_of(dev, struct serial, device);

	serial_flush(s);
	bus_remove(s->pio, &s->range);
	if (s->timer.fd >= 0) {
		host_unwatch(s->host, &s->timer);
		close(s->timer.fd);
	}
	free(s);
}

static const struct device_ops serial_ops = {
	.reset = serial_reset,
	.quiesce = serial_quiesce,
	.stats = serial_stats,
	.destroy = serial_destroy,
};

/* Without a timer every byte goes out on its own. */
static void start_timer(struct serial *s)
{
	s->timer.fn = timer_expired;
	s->timer.arg = s;
	s->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->timer.fd >= 0 && host_watch(s->host, &s->timer, EPOLLIN) < 0) {
		close(s->timer.fd);
		s->timer.fd = -1;
	}
}

int serial_create(const struct serial_config *config, struct host *host, struct bus *pio,
		  struct device_list *devices, struct serial **out)
{
	struct serial *s = calloc(1, sizeof(*s));
	int error;

	if (!s)
		return -ENOMEM;
	s->device = (struct device){ .name = config->name, .ops = &serial_ops };
	s->config = *config;
	s->host = host;
	s->pio = pio;
	s->range = (struct bus_range){
		.name = config->name,
		.base = config->port,
		.size = REGISTERS,
		.ops = &serial_bus_ops,
		.arg = s,
	};
	error = bus_add(pio, &s->range);
	if (error) {
		free(s);
		return error;
	}
	start_timer(s);
	device_add(devices, &s->device);
	*out = s;
	return 0;
}

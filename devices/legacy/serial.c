/* SPDX-License-Identifier: MIT */
/*
 * A serial port: a UART on the port bus, its interrupt line, and what is outside.
 *
 * The guest's bytes are gathered into lines before they go to the sink, since a guest
 * writes one byte at a time and the sink usually is a system call; a timer gives up
 * waiting for the end of a line.
 */
#include "devices/legacy/serial.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "devices/legacy/uart.h"
#include "devices/util.h"

#define LINE_SIZE 256
#define LINE_WAIT 20000000 /* ns */

struct serial {
	struct device device;
	struct uart uart;
	struct serial_config config;
	struct host *host;
	struct bus *pio;
	struct bus_range range;
	struct host_watch timer; /* fd -1: none, output is not gathered */

	char line[LINE_SIZE]; /* transmitted, not yet given to the sink */
	size_t line_length;
	uint64_t bytes_out;
};

static struct serial *of(struct device *dev)
{
	return container_of(dev, struct serial, device);
}

static struct serial *of_uart(struct uart *u)
{
	return container_of(u, struct serial, uart);
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

static void serial_transmit(struct uart *u, uint8_t byte)
{
	struct serial *s = of_uart(u);

	s->bytes_out++;
	s->line[s->line_length++] = (char)byte;
	if (byte == '\n' || s->line_length == LINE_SIZE || s->timer.fd < 0)
		serial_flush(s);
	else if (s->line_length == 1)
		set_timer(s, LINE_WAIT);
}

static void serial_irq(struct uart *u, bool level)
{
	host_irq_line(of_uart(u)->host, of_uart(u)->config.gsi, level);
}

static void serial_room(struct uart *u)
{
	const struct serial_config *config = &of_uart(u)->config;

	if (config->input_room)
		config->input_room(config->ctx);
}

static const struct uart_ops uart_ops = { serial_irq, serial_transmit, serial_room };

size_t serial_receive(struct serial *s, const void *bytes, size_t count)
{
	return uart_receive(&s->uart, bytes, count);
}

static uint64_t serial_read(void *arg, uint64_t offset, unsigned int size)
{
	struct serial *s = arg;

	(void)size;
	return uart_read(&s->uart, offset);
}

static void serial_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	struct serial *s = arg;

	(void)size;
	uart_write(&s->uart, offset, (uint8_t)value);
}

static const struct bus_ops serial_bus_ops = { serial_read, serial_write };

static void serial_reset(struct device *dev)
{
	serial_flush(of(dev));
	uart_reset(&of(dev)->uart);
}

static void serial_quiesce(struct device *dev)
{
	serial_flush(of(dev));
}

static void serial_stats(struct device *dev, stat_fn fn, void *arg)
{
	const struct serial *s = of(dev);

	fn(arg, "bytes_in", s->uart.bytes_in);
	fn(arg, "bytes_out", s->bytes_out);
}

static void serial_destroy(struct device *dev)
{
	struct serial *s = of(dev);

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
	s->uart.ops = &uart_ops;
	s->config = *config;
	s->host = host;
	s->pio = pio;
	s->range = (struct bus_range){
		.name = config->name,
		.base = config->port,
		.size = UART_REGISTERS,
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

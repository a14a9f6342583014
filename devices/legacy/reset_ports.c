/* SPDX-License-Identifier: MIT */
/*
 * The two ways to reset a PC.  Port 0xCF9: bit 2 written as 1.  The keyboard
 * controller: its output line 0, pulsed by a command 0xF0-0xFF with bit 0 clear, or set
 * low by 0xD1.
 *
 * The controller answers the commands by which drivers find out whether it is there and
 * sees neither keyboard nor mouse: whatever is sent to those gets no answer.
 */
#include <abi/platform.h>

#include "devices/legacy/ports.h"

static uint64_t reset_port_read(void *arg, uint64_t offset, unsigned int size)
{
	const struct reset_port *r = arg;

	(void)offset;
	(void)size;
	return r->value;
}

static void reset_port_write(void *arg, uint64_t offset, unsigned int size,
			     uint64_t value)
{
	struct reset_port *r = arg;

	(void)offset;
	(void)size;
	r->value = (uint8_t)(value & ~(uint64_t)PV_RESET_CPU);
	if (value & PV_RESET_CPU)
		host_stop(r->host, HOST_STOP_RESET, 0);
}

static const struct bus_ops reset_port_ops = { reset_port_read, reset_port_write };

void reset_port_reset(struct reset_port *r)
{
	r->value = 0;
}

int reset_port_init(struct reset_port *r, struct host *host, struct bus *pio)
{
	r->host = host;
	r->range = (struct bus_range){
		.name = "reset port",
		.base = PV_RESET_PORT,
		.size = 1,
		.ops = &reset_port_ops,
		.arg = r,
	};
	reset_port_reset(r);
	return bus_add(pio, &r->range);
}

/* --- keyboard controller ---------------------------------------------------------- */

#define KBD_DATA_PORT 0x60

#define STATUS_FULL	0x01 /* an answer waits */
#define STATUS_SYSTEM	0x04 /* the self-test was passed */
#define STATUS_UNLOCKED 0x10 /* the keyboard's lock */

#define BYTE_KBD_OFF 0x10 /* in the command byte */
#define BYTE_AUX_OFF 0x20

#define CMD_READ_BYTE	 0x20
#define CMD_WRITE_BYTE	 0x60
#define CMD_AUX_OFF	 0xa7
#define CMD_AUX_ON	 0xa8
#define CMD_TEST_AUX	 0xa9
#define CMD_SELF_TEST	 0xaa
#define CMD_TEST_KBD	 0xab
#define CMD_KBD_OFF	 0xad
#define CMD_KBD_ON	 0xae
#define CMD_READ_OUTPUT	 0xd0
#define CMD_WRITE_OUTPUT 0xd1
#define CMD_LOOP_AUX	 0xd3
#define CMD_PULSE	 0xf0 /* and up: bits 3-0 name, by zeroes, the lines to pulse */

#define OUTPUT_NOT_RESET 0x01
#define OUTPUT_A20	 0x02

static void answer(struct kbd *k, uint8_t value)
{
	k->answer = value;
	k->full = true;
}

static void reset_line(struct kbd *k, uint8_t lines)
{
	if (!(lines & OUTPUT_NOT_RESET))
		host_stop(k->host, HOST_STOP_RESET, 0);
}

static uint64_t status_read(void *arg, uint64_t offset, unsigned int size)
{
	const struct kbd *k = arg;

	(void)offset;
	(void)size;
	return STATUS_SYSTEM | STATUS_UNLOCKED | (k->full ? STATUS_FULL : 0);
}

/* True when the command switches the keyboard or the mouse off or on. */
static bool switch_port(struct kbd *k, uint64_t command)
{
	switch (command) {
	case CMD_AUX_OFF:
		k->command_byte |= BYTE_AUX_OFF;
		return true;
	case CMD_AUX_ON:
		k->command_byte &= (uint8_t)~BYTE_AUX_OFF;
		return true;
	case CMD_KBD_OFF:
		k->command_byte |= BYTE_KBD_OFF;
		return true;
	case CMD_KBD_ON:
		k->command_byte &= (uint8_t)~BYTE_KBD_OFF;
		return true;
	default:
		return false;
	}
}

static void command_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	struct kbd *k = arg;

	(void)offset;
	(void)size;
	k->awaiting = 0;
	switch (value) {
	case CMD_READ_BYTE:
		answer(k, k->command_byte);
		break;
	case CMD_WRITE_BYTE:
	case CMD_WRITE_OUTPUT:
	case CMD_LOOP_AUX:
		k->awaiting = (uint8_t)value;
		break;
	case CMD_TEST_AUX:
		answer(k, 0x01); /* its clock line is stuck: nothing there */
		break;
	case CMD_SELF_TEST:
		answer(k, 0x55);
		break;
	case CMD_TEST_KBD:
		answer(k, 0);
		break;
	case CMD_READ_OUTPUT:
		answer(k, OUTPUT_NOT_RESET | OUTPUT_A20);
		break;
	default:
		if (!switch_port(k, value) && value >= CMD_PULSE)
			reset_line(k, (uint8_t)value);
		break;
	}
}

static uint64_t data_read(void *arg, uint64_t offset, unsigned int size)
{
	struct kbd *k = arg;

	(void)offset;
	(void)size;
	k->full = false;
	return k->answer;
}

static void data_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	struct kbd *k = arg;
	uint8_t awaiting = k->awaiting;

	(void)offset;
	(void)size;
	k->awaiting = 0;
	if (awaiting == CMD_WRITE_BYTE)
		k->command_byte = (uint8_t)value;
	else if (awaiting == CMD_WRITE_OUTPUT)
		reset_line(k, (uint8_t)value);
	else if (awaiting == CMD_LOOP_AUX)
		answer(k, 0); /* an answer at once, but not the byte: no mouse port */
}

static const struct bus_ops data_ops = { data_read, data_write };
static const struct bus_ops command_ops = { status_read, command_write };

void kbd_reset(struct kbd *k)
{
	k->command_byte = 0;
	k->awaiting = 0;
	k->answer = 0;
	k->full = false;
}

int kbd_init(struct kbd *k, struct host *host, struct bus *pio)
{
	int error;

	k->host = host;
	k->data_range = (struct bus_range){
		.name = "keyboard data",
		.base = KBD_DATA_PORT,
		.size = 1,
		.ops = &data_ops,
		.arg = k,
	};
	k->command_range = (struct bus_range){
		.name = "keyboard command",
		.base = PV_KBD_PORT,
		.size = 1,
		.ops = &command_ops,
		.arg = k,
	};
	kbd_reset(k);
	error = bus_add(pio, &k->data_range);
	return error ? error : bus_add(pio, &k->command_range);
}

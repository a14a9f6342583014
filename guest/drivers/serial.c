/* SPDX-License-Identifier: MIT */
/*
 * The 16550 at COM1.  Under pagevisor the transmitter never blocks, and a whole line is one
 * string instruction: one exit.  Elsewhere it is filled as its FIFO empties.  What comes in
 * is lost unless somebody listens.
 */
#include <linux/kernel.h>
#include <asm/platform.h>
#include <abi/platform.h>
#include <asm/cpu.h>
#include <asm/ioapic.h>
#include <guest/console.h>
#include <guest/machine.h>

#define COM1	  ((u16)PV_COM1_PORT)
#define DATA	  (COM1 + 0)
#define IRQS	  (COM1 + 1)
#define FIFO	  (COM1 + 2)
#define LINE	  (COM1 + 3)
#define MODEM	  (COM1 + 4)
#define STATUS	  (COM1 + 5)
#define LINE_8N1  0x03
#define LINE_DLAB 0x80
#define FIFO_ON	  0x07 /* enabled, both sides cleared */
#define DTR_RTS	  0x03
#define OUT2	  0x08 /* lets interrupts out on a PC */
#define IRQ_DATA  0x01
#define DATA_HERE 0x01 /* in the status */
#define THR_EMPTY 0x20
#define FIFO_SIZE 16UL
#define PATIENCE  100000 /* looks at a transmitter that never empties */

void serial_init(void)
{
	outb(0, IRQS);
	outb(LINE_DLAB, LINE);
	outb(1, DATA); /* 115200 baud */
	outb(0, IRQS);
	outb(LINE_8N1, LINE);
	outb(FIFO_ON, FIFO);
	outb(DTR_RTS, MODEM);
}

static void wait_for_room(void)
{
	for (int i = 0; i < PATIENCE && !(inb(STATUS) & THR_EMPTY); i++)
		cpu_relax();
}

void serial_write(const char *s, size_t n)
{
	size_t burst = hypervisor.pagevisor ? n : FIFO_SIZE;

	while (n) {
		size_t now = min(n, burst);

		if (!hypervisor.pagevisor)
			wait_for_room();
		outsb(DATA, s, now);
		s += now;
		n -= now;
	}
}

/* --- input --------------------------------------------------------------------------------- */

static void (*heard)(char c);

static irqreturn_t on_data(int irq, void *dev)
{
	irqreturn_t result = IRQ_NONE;

	(void)irq;
	(void)dev;
	while (inb(STATUS) & DATA_HERE) {
		heard((char)inb(DATA));
		result = IRQ_HANDLED;
	}
	return result;
}

int serial_listen(void (*listener)(char c))
{
	const struct ioapic_line line = ioapic_isa_line(PV_COM1_IRQ);
	int err;

	heard = listener;
	err = ioapic_request(&line, on_data, "serial");
	if (err)
		return err;
	outb(FIFO_ON, FIFO); /* what came before is nobody's */
	outb(DTR_RTS | OUT2, MODEM);
	outb(IRQ_DATA, IRQS);
	return 0;
}

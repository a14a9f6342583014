/* SPDX-License-Identifier: MIT */
/* The machine under the hostile guest: ports, registers, time, COM1. */
#include <stdarg.h>

#include <abi/cpuid.h>

#include "tests/hostile/hostile.h"

#define LSR	   5u
#define LSR_READY  0x20
#define ANY_TSC_HZ 1000000u /* kHz, where the host does not say */

void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

uint32_t config_read(unsigned int devfn, unsigned int offset, unsigned int size)
{
	uint32_t value;

	out32(PV_PCI_ADDR_PORT, PCI_CONF1_ENABLE | devfn << PCI_CONF1_DEVFN_SHIFT |
					(offset & PCI_CONF1_REG_MASK));
	value = in32(PV_PCI_DATA_PORT) >> 8 * (offset % 4);
	return size == 4 ? value : value & ((1u << 8 * size) - 1);
}

void config_write(unsigned int devfn, unsigned int offset, unsigned int size,
		  uint32_t value)
{
	uint16_t port = (uint16_t)(PV_PCI_DATA_PORT + offset % 4);

	out32(PV_PCI_ADDR_PORT, PCI_CONF1_ENABLE | devfn << PCI_CONF1_DEVFN_SHIFT |
					(offset & PCI_CONF1_REG_MASK));
	if (size == 4)
		out32(port, value);
	else if (size == 2)
		__asm__ volatile("outw %w0, %1" : : "a"(value), "Nd"(port) : "memory");
	else
		out8(port, (uint8_t)value);
}

uint64_t reg_read(uint64_t addr, unsigned int size)
{
	switch (size) {
	case 1:
		return *(volatile uint8_t *)addr;
	case 2:
		return *(volatile uint16_t *)addr;
	case 4:
		return *(volatile uint32_t *)addr;
	default:
		return *(volatile uint64_t *)addr;
	}
}

void reg_write(uint64_t addr, unsigned int size, uint64_t value)
{
	switch (size) {
	case 1:
		*(volatile uint8_t *)addr = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)addr = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)addr = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)addr = value;
		break;
	}
}

uint64_t now_ms(void)
{
	static uint32_t khz;
	uint32_t a = PV_CPUID_FEATURES_LEAF, c, d, low, high;

	if (!khz)
		__asm__("cpuid" : "+a"(a), "=b"(khz), "=c"(c), "=d"(d));
	if (!khz)
		khz = ANY_TSC_HZ;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return ((uint64_t)high << 32 | low) / khz;
}

void pause_ms(unsigned int ms)
{
	uint64_t end = now_ms() + ms;

	while (now_ms() < end)
		;
}

/* --- words -------------------------------------------------------------------------------- */

static void put_char(char c)
{
	while (!(in8(PV_COM1_PORT + LSR) & LSR_READY))
		;
	out8(PV_COM1_PORT, (uint8_t)c);
}

static void put_number(uint64_t value, unsigned int base)
{
	char digits[20];
	unsigned int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (n)
		put_char(digits[--n]);
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put_char(*fmt);
			continue;
		}
		if (*++fmt == 's')
			for (const char *s = va_arg(ap, const char *); *s; s++)
				put_char(*s);
		else
			put_number(va_arg(ap, uint64_t), *fmt == 'x' ? 16 : 10);
	}
	va_end(ap);
}

void *memset(void *to, int byte, size_t n)
{
	void *at = to;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(byte) : "memory");
	return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
	void *at = to;

	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	char *at = to;
	const char *s = from;

	if (at <= s)
		return memcpy(to, from, n);
	while (n--)
		at[n] = s[n];
	return to;
}

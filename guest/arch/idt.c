/* SPDX-License-Identifier: MIT */
/*
 * The interrupt descriptor table, one for all CPUs.  Exceptions are let in at boot; any
 * other vector when somebody asks for it, which saves filling in 256 gates.
 */
#include <linux/compiler.h>
#include <asm/desc.h>
#include <asm/traps.h>

struct gate {
	u16 offset_low;
	u16 selector;
	u8 ist;
	u8 type;
	u16 offset_middle;
	u32 offset_high;
	u32 reserved;
};
_Static_assert(sizeof(struct gate) == 16, "AMD64 manual, volume 2, 4.8.4");

#define GATE_INTERRUPT 0x8e /* present, interrupts off on entry */
#define STUB_SIZE      16

static struct gate idt[256] __aligned(16);
extern const char vector_stubs[];

static void set_gate(unsigned int vector, u8 ist)
{
	unsigned long stub = (unsigned long)vector_stubs + vector * STUB_SIZE;

	idt[vector] = (struct gate){
		.offset_low = (u16)stub,
		.selector = KERNEL_CS,
		.ist = ist,
		.type = GATE_INTERRUPT,
		.offset_middle = (u16)(stub >> 16),
		.offset_high = (u32)(stub >> 32),
	};
}

void idt_enable_vector(unsigned int vector)
{
	set_gate(vector, 0);
}

void idt_init(void)
{
	for (unsigned int vector = 0; vector < VECTOR_EXCEPTIONS; vector++)
		set_gate(vector, 0);
	set_gate(VECTOR_DOUBLE_FAULT, IST_DOUBLE_FAULT);
	set_gate(VECTOR_NMI, IST_NMI);
	set_gate(VECTOR_MACHINE_CHECK, IST_MACHINE_CHECK);
	set_gate(VECTOR_SPURIOUS, 0);
	idt_load();
}

void idt_load(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed idtr = { sizeof(idt) - 1, (unsigned long)idt };

	__asm__ volatile("lidt %0" : : "m"(idtr) : "memory");
}

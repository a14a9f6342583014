/* SPDX-License-Identifier: MIT */
/*
 * GDT and TSS of each CPU.  The TSS names the stack for what interrupts user mode, and those
 * for double faults, NMIs and machine checks.  These come at any moment, also between the
 * first instruction in the kernel and the one that makes %gs ours: so each of their stacks
 * begins with the %gs base of its CPU (guest/arch/entry.S reads it).
 */
#include <linux/percpu.h>
#include <linux/string.h>
#include <asm/desc.h>
#include <asm/platform.h>

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7]; /* IST n is ist[n - 1] */
	u64 reserved2;
	u16 reserved3;
	u16 io_bitmap; /* offset; at or beyond the limit: no bitmap */
} __packed;
_Static_assert(sizeof(struct tss) == 104, "AMD64 manual, volume 2, 12.2.5");

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

static DEFINE_PER_CPU(u64[GDT_ENTRIES], gdt);
static DEFINE_PER_CPU(struct tss, tss);

#define CODE32_SEGMENT	  0x00cf9b000000ffffULL /* present, execute-read, accessed, 4 GiB */
#define CODE64_SEGMENT	  0x00af9b000000ffffULL
#define DATA_SEGMENT	  0x00cf93000000ffffULL
#define USER_CODE_SEGMENT 0x00affb000000ffffULL
#define USER_DATA_SEGMENT 0x00cff3000000ffffULL
#define TSS_PRESENT	  0x0000890000000000ULL /* available 64-bit TSS */

static void set_tss_descriptor(u64 *entry, unsigned long base)
{
	u64 limit = sizeof(struct tss) - 1;

	entry[0] = TSS_PRESENT | limit | (base & 0xffffff) << 16 |
		   (base >> 24 & 0xff) << 56;
	entry[1] = base >> 32;
}

/* The stack pointer that an event starts with on the stack at `bottom`. */
static unsigned long ist_stack(unsigned long bottom, unsigned int cpu)
{
	unsigned long *top = (unsigned long *)(bottom + IST_STACK_SIZE - 16);

	*top = __per_cpu_offset[cpu];
	return (unsigned long)top;
}

void descriptors_prepare(unsigned int cpu, void *ist)
{
	u64 *table = per_cpu(gdt, cpu);
	struct tss *t = per_cpu_ptr(&tss, cpu);

	for (unsigned long i = 0; i < IST_STACKS; i++)
		t->ist[i] = ist_stack((unsigned long)ist + i * IST_STACK_SIZE, cpu);
	t->io_bitmap = sizeof(*t);
	table[KERNEL_CS32 / 8] = CODE32_SEGMENT;
	table[KERNEL_CS / 8] = CODE64_SEGMENT;
	table[KERNEL_DS / 8] = DATA_SEGMENT;
	table[USER_DS / 8] = USER_DATA_SEGMENT;
	table[USER_CS / 8] = USER_CODE_SEGMENT;
	set_tss_descriptor(&table[KERNEL_TSS / 8], (unsigned long)t);
}

void descriptors_load(unsigned int cpu)
{
	struct table_pointer gdtr = { GDT_ENTRIES * 8 - 1,
				      (unsigned long)per_cpu(gdt, cpu) };

	__asm__ volatile("lgdt %0\n\tltr %w1" : : "m"(gdtr), "r"(KERNEL_TSS) : "memory");
}

void set_kernel_stack(unsigned long top)
{
	this_cpu_ptr(&tss)->rsp[0] = top;
	this_cpu_ptr(&cpu_local)->kernel_stack = top;
}

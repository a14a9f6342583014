/* SPDX-License-Identifier: MIT */
/* Instructions C has no words for: ports, model-specific registers, control registers. */
#ifndef GUEST_ASM_CPU_H
#define GUEST_ASM_CPU_H

#include <linux/types.h>

static inline void outb(u8 value, u16 port)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline u8 inb(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void outw(u16 value, u16 port)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline u16 inw(u16 port)
{
	u16 value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void outl(u32 value, u16 port)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline u32 inl(u16 port)
{
	u32 value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

/* n bytes to one port: a single exit for a virtual machine monitor. */
static inline void outsb(u16 port, const char *bytes, size_t n)
{
	__asm__ volatile("rep outsb" : "+S"(bytes), "+c"(n) : "d"(port) : "memory");
}

#define MSR_APIC_BASE	  0x1bU
#define MSR_PAT		  0x277U
#define MSR_EFER	  0xc0000080U
#define MSR_STAR	  0xc0000081U
#define MSR_LSTAR	  0xc0000082U
#define MSR_FMASK	  0xc0000084U
#define MSR_GS_BASE	  0xc0000101U
#define MSR_KERNEL_GS	  0xc0000102U
#define EFER_SCE	  0x1UL /* the SYSCALL instruction */
#define APIC_BASE_ENABLE  0x800UL
#define APIC_BASE_X2APIC  0x400UL
#define APIC_BASE_ADDRESS 0xffffff000UL

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32))
			 : "memory");
}

struct cpuid {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(u32 leaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(0));
	return r;
}

#define __CR_ACCESS(n)                                                     \
	static inline u64 read_cr##n(void)                                 \
	{                                                                  \
		u64 v;                                                     \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v));          \
		return v;                                                  \
	}                                                                  \
	static inline void write_cr##n(u64 v)                              \
	{                                                                  \
		__asm__ volatile("mov %0, %%cr" #n : : "r"(v) : "memory"); \
	}
__CR_ACCESS(0)
__CR_ACCESS(2)
__CR_ACCESS(3)
__CR_ACCESS(4)
#undef __CR_ACCESS

static inline void invlpg(unsigned long va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

/* Sleeps until an interrupt; it is taken before the next instruction, so none is lost. */
static inline void safe_halt(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

static inline void __attribute__((noreturn)) halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

#endif

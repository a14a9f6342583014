/* SPDX-License-Identifier: MIT */
/* Physical memory by address, mostly device registers (include/linux/io.h); virt_to_phys and
 * phys_to_virt come with <linux/mm.h>. */
#ifndef _LINUX_IO_H
#define _LINUX_IO_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/mm.h>

/*
 * Maps the physical range [phys, phys + size) for register access: uncached, or write-
 * combining.  phys need not be page-aligned; the result has the same offset in its page.
 * NULL: size 0, a range that wraps, RAM that the kernel uses (reported), no memory, or
 * atomic context (reported).
 */
void __iomem *ioremap(phys_addr_t phys, size_t size);
void __iomem *ioremap_wc(phys_addr_t phys, size_t size);
/* Takes any address that ioremap returned; other ones are reported. */
void iounmap(const volatile void __iomem *addr);

/*
 * Maps physical memory that has no side effects, such as what mem= kept back.  Of the ways
 * given, the first that is possible of: MEMREMAP_WB cached, MEMREMAP_WT write-through,
 * MEMREMAP_WC write-combining.  RAM that the kernel uses is mapped cached already: with
 * MEMREMAP_WB its address in the direct map is returned, other ways are refused, as is a
 * range that is such RAM only in part (both reported).  NULL else as for ioremap().
 */
#define MEMREMAP_WB 1UL
#define MEMREMAP_WT 2UL
#define MEMREMAP_WC 4UL
void *memremap(phys_addr_t phys, size_t size, unsigned long flags);
void memunmap(void *addr);

/* One access of exactly that width; the plain forms keep the order of all memory accesses
 * around them, the _relaxed ones only among themselves. */
#define __IO_READ(name, type, insn, reg, order)                             \
	static inline type name(const volatile void __iomem *addr)          \
	{                                                                   \
		type value;                                                 \
		__asm__ volatile(insn " %1, %0"                             \
				 : reg(value)                               \
				 : "m"(*(const volatile type *)addr)order); \
		return value;                                               \
	}
#define __IO_WRITE(name, type, insn, reg, order)                                  \
	static inline void name(type value, volatile void __iomem *addr)          \
	{                                                                         \
		__asm__ volatile(insn " %0, %1"                                   \
				 :                                                \
				 : reg(value), "m"(*(volatile type *)addr)order); \
	}

__IO_READ(readb, u8, "movb", "=q", : "memory")
__IO_READ(readw, u16, "movw", "=r", : "memory")
__IO_READ(readl, u32, "movl", "=r", : "memory")
__IO_READ(readq, u64, "movq", "=r", : "memory")
__IO_WRITE(writeb, u8, "movb", "q", : "memory")
__IO_WRITE(writew, u16, "movw", "r", : "memory")
__IO_WRITE(writel, u32, "movl", "r", : "memory")
__IO_WRITE(writeq, u64, "movq", "r", : "memory")

__IO_READ(readb_relaxed, u8, "movb", "=q", )
__IO_READ(readw_relaxed, u16, "movw", "=r", )
__IO_READ(readl_relaxed, u32, "movl", "=r", )
__IO_READ(readq_relaxed, u64, "movq", "=r", )
__IO_WRITE(writeb_relaxed, u8, "movb", "q", )
__IO_WRITE(writew_relaxed, u16, "movw", "r", )
__IO_WRITE(writel_relaxed, u32, "movl", "r", )
__IO_WRITE(writeq_relaxed, u64, "movq", "r", )

#undef __IO_READ
#undef __IO_WRITE

#endif

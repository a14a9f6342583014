/* SPDX-License-Identifier: MIT */
/*
 * Allocation flags by name, F(name, bits) each, for those who print them: the guest in its
 * reports, the monitor where events and books of the guest hold them.  Values and names are
 * those of Linux 6.1 (include/linux/gfp_types.h, include/trace/events/mmflags.h), and so is
 * their order: combinations first, the larger ones before their parts, as they are to be
 * looked for and printed.  __GFP_COLD is one that Linux has no more.
 */
#ifndef ABI_GFP_H
#define ABI_GFP_H

/* clang-format off */
#define ABI_GFP_FLAGS(F) \
	F(GFP_TRANSHUGE, 0x1c24ca)	\
	F(GFP_TRANSHUGE_LIGHT, 0x1c20ca)	\
	F(GFP_HIGHUSER_MOVABLE, 0x100cca)	\
	F(GFP_HIGHUSER, 0x100cc2)	\
	F(GFP_USER, 0x100cc0)		\
	F(GFP_KERNEL_ACCOUNT, 0x400cc0)	\
	F(GFP_KERNEL, 0xcc0)		\
	F(GFP_NOFS, 0xc40)		\
	F(GFP_ATOMIC, 0xa20)		\
	F(GFP_NOIO, 0xc00)		\
	F(GFP_NOWAIT, 0x800)		\
	F(GFP_DMA, 0x1)			\
	F(__GFP_HIGHMEM, 0x2)		\
	F(GFP_DMA32, 0x4)		\
	F(__GFP_HIGH, 0x20)		\
	F(__GFP_ATOMIC, 0x200)		\
	F(__GFP_IO, 0x40)		\
	F(__GFP_FS, 0x80)		\
	F(__GFP_NOWARN, 0x2000)		\
	F(__GFP_RETRY_MAYFAIL, 0x4000)	\
	F(__GFP_NOFAIL, 0x8000)		\
	F(__GFP_NORETRY, 0x10000)	\
	F(__GFP_COMP, 0x40000)		\
	F(__GFP_ZERO, 0x100)		\
	F(__GFP_NOMEMALLOC, 0x80000)	\
	F(__GFP_MEMALLOC, 0x20000)	\
	F(__GFP_HARDWALL, 0x100000)	\
	F(__GFP_THISNODE, 0x200000)	\
	F(__GFP_RECLAIMABLE, 0x10)	\
	F(__GFP_MOVABLE, 0x8)		\
	F(__GFP_ACCOUNT, 0x400000)	\
	F(__GFP_WRITE, 0x1000)		\
	F(__GFP_RECLAIM, 0xc00)		\
	F(__GFP_DIRECT_RECLAIM, 0x400)	\
	F(__GFP_KSWAPD_RECLAIM, 0x800)	\
	F(__GFP_COLD, 0x800000)
/* clang-format on */

#endif

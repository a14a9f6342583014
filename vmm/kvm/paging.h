/* SPDX-License-Identifier: MIT */
/*
 * One address through a vCPU's page tables (AMD64 manual, volume 2, 5.3): long mode with 4 or
 * 5 levels, or no paging at all.  The tables are the guest's and may hold anything; each of
 * their addresses is checked, and the walk has as many steps as there are levels.
 */
#ifndef VMM_PAGING_H
#define VMM_PAGING_H

#include <stdint.h>
#include <linux/kvm.h>

#include "devices/dma/ram.h"

/*
 * Where the byte at vaddr is, into *gpa; returns how many bytes from there on are contiguous
 * (at least up to the end of its page).  0: not mapped, or the vCPU is in a mode whose tables
 * are not read here (32-bit paging).  What is mapped need not be RAM.
 */
uint64_t paging_translate(const struct ram *ram, const struct kvm_sregs *sregs,
			  uint64_t vaddr, uint64_t *gpa);

/* Long mode is on, with its page tables. */
int paging_is_long(const struct kvm_sregs *sregs);
/* How many levels its tables have then. */
unsigned int paging_levels(const struct kvm_sregs *sregs);

/* Reads len bytes at vaddr, across pages.  0, or -EFAULT where some of it is not RAM. */
int paging_read(const struct ram *ram, const struct kvm_sregs *sregs, uint64_t vaddr,
		void *buf, uint64_t len);

#endif

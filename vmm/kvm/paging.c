/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "vmm/kvm/page_table.h"
#include "vmm/kvm/paging.h"

int paging_is_long(const struct kvm_sregs *sregs)
{
	return (sregs->cr0 & CR0_PG) && (sregs->efer & EFER_LMA);
}

unsigned int paging_levels(const struct kvm_sregs *sregs)
{
	return sregs->cr4 & CR4_LA57 ? 5 : 4;
}

/* Bits above the translated ones all equal the highest of those. */
static int is_canonical(uint64_t vaddr, unsigned int levels)
{
	int64_t above = (int64_t)vaddr >> (12 + 9 * levels - 1);

	return above == 0 || above == -1;
}

static uint64_t walk(const struct ram *ram, uint64_t table, unsigned int levels,
		     uint64_t vaddr, uint64_t *gpa)
{
	unsigned int shift = 12 + 9 * levels;
	const uint8_t *entries;
	uint64_t entry, inside;

	do {
		shift -= 9;
		entries = ram_at(ram, table, 4096);
		if (!entries)
			return 0;
		memcpy(&entry, entries + ((vaddr >> shift) & 511) * sizeof(entry),
		       sizeof(entry));
		if (!(entry & ENTRY_PRESENT))
			return 0;
		if ((entry & ENTRY_LARGE) && shift > 30)
			return 0; /* reserved there */
		table = entry & ENTRY_ADDRESS;
	} while (shift > 12 && !(entry & ENTRY_LARGE));
	inside = vaddr & ((1ull << shift) - 1);
	*gpa = (table & ~((1ull << shift) - 1)) + inside;
	return (1ull << shift) - inside;
}

uint64_t paging_translate(const struct ram *ram, const struct kvm_sregs *sregs,
			  uint64_t vaddr, uint64_t *gpa)
{
	unsigned int levels = paging_levels(sregs);

	if (!(sregs->cr0 & CR0_PG)) {
		*gpa = vaddr;
		return vaddr >> 32 ? 0 : (1ull << 32) - vaddr;
	}
	if (!paging_is_long(sregs) || !is_canonical(vaddr, levels))
		return 0;
	return walk(ram, sregs->cr3 & ENTRY_ADDRESS, levels, vaddr, gpa);
}

int paging_read(const struct ram *ram, const struct kvm_sregs *sregs, uint64_t vaddr,
		void *buf, uint64_t len)
{
	uint64_t gpa, span;
	const void *from;

	while (len) {
		span = paging_translate(ram, sregs, vaddr, &gpa);
		if (!span)
			return -EFAULT;
		if (span > len)
			span = len;
		from = ram_at(ram, gpa, span);
		if (!from)
			return -EFAULT;
		memcpy(buf, from, span);
		buf = (uint8_t *)buf + span;
		vaddr += span;
		len -= span;
	}
	return 0;
}

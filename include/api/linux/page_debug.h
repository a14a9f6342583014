/* SPDX-License-Identifier: MIT */
/*
 * Debugging of the page allocator, each part switched on before mm_init() by its command
 * line option.  The _setup functions take the option's value and return 0 or -EINVAL.
 */
#ifndef _LINUX_PAGE_DEBUG_H
#define _LINUX_PAGE_DEBUG_H

#include <linux/types.h>
#include <linux/fault-inject.h>

struct page;

/* page_poison=on|off: free pages are filled with 0xaa and checked when handed out. */
int page_poison_setup(const char *arg);
/* page_owner=on|off: who allocated and who freed each page. */
int page_owner_setup(const char *arg);
/* init_on_alloc=1|0: pages and objects are handed out cleared, asked or not; init_on_free=1|0:
 * they are cleared when they are freed.  What poison or a constructor fills stays as it is. */
int init_on_alloc_setup(const char *arg);
int init_on_free_setup(const char *arg);
/* fail_page_alloc=interval,probability,space,times: allocations fail on purpose. */
int fail_page_alloc_setup(const char *arg);

/* Starts and stops failures while running; NULL stops.  The attr stays the caller's. */
void fail_page_alloc_set(struct fault_attr *attr);

/* Who holds the block that this page lies in, or who freed it last.  False when
 * page_owner is off or nothing is known. */
struct page_owner_info {
	u32 alloc_stack, free_stack; /* <linux/stackdepot.h> */
	gfp_t gfp;
	unsigned int order;
	unsigned int cpu; /* that allocated it */
};
bool page_owner_get(const struct page *page, struct page_owner_info *info);
/* Prints it. */
void dump_page_owner(const struct page *page);

#endif

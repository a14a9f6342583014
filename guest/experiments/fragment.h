/* SPDX-License-Identifier: MIT */
/* Free memory broken up on purpose. */
#ifndef GUEST_EXPERIMENTS_FRAGMENT_H
#define GUEST_EXPERIMENTS_FRAGMENT_H

#include <linux/list.h>
#include <linux/types.h>

/*
 * Takes single pages and gives back about n of them, no two of which touch, so that the n
 * single pages allocated next (as vmalloc does) cannot be neighbours by luck.  The others
 * are held in the list, and so is every block that would hold n pages without a page block
 * being broken for it.  May sleep.
 */
void hold_every_second_page(struct list_head *held, unsigned int n);
/* The same of the memory that requests with these flags are served from. */
void hold_every_second_page_of(gfp_t gfp, struct list_head *held, unsigned int n);
void free_held_pages(struct list_head *held);

#endif

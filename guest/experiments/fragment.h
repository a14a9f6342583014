/* SPDX-License-Identifier: MIT */
/* Free memory broken up on purpose. */
#ifndef GUEST_EXPERIMENTS_FRAGMENT_H
#define GUEST_EXPERIMENTS_FRAGMENT_H

#include <linux/list.h>

/*
 * Takes single pages and gives back about n of them, no two of which touch, so that the n
 * single pages allocated next (as vmalloc does) cannot be neighbours by luck.  The others
 * are held in the list, and so is every block that would hold n pages without a page block
 * being broken for it.  May sleep.
 */
void hold_every_second_page(struct list_head *held, unsigned int n);
/* The same, but those given back stay on this CPU's list, on top: for requests too small to
 * go to the zone. */
void hold_every_second_page_here(struct list_head *held, unsigned int n);
/* The same for the frames of processes, which are of another type, page by page. */
void hold_every_second_user_page(struct list_head *held, unsigned int n);
void free_held_pages(struct list_head *held);

#endif

/* SPDX-License-Identifier: MIT */
/* Free memory broken up on purpose. */
#ifndef GUEST_EXPERIMENTS_FRAGMENT_H
#define GUEST_EXPERIMENTS_FRAGMENT_H

#include <linux/list.h>

/*
 * Takes single pages and gives back about n of them, no two of which touch, so that the n
 * single pages allocated next (as vmalloc does) cannot be neighbours by luck.  The others
 * are held in the list.  May sleep.
 */
void hold_every_second_page(struct list_head *held, unsigned int n);
void free_held_pages(struct list_head *held);

#endif

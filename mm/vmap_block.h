/* SPDX-License-Identifier: MIT */
/* Blocks of vm_map_ram(), as far as the rest of the vmalloc range sees them. */
#ifndef MM_VMAP_BLOCK_H
#define MM_VMAP_BLOCK_H

struct vmap_block;

/* No blocks. */
void vmap_blocks_init(void);
/* Ends blocks without mappings, and flushes what was unmapped in the others.  Sleeps. */
void vmap_blocks_flush(void);
/* How many blocks there are, and mappings in them. */
void vmap_blocks_count(unsigned long *blocks, unsigned long *maps);
/* What is wrong with a block that an area points to, or NULL.  Under vmap_lock(). */
const char *vmap_block_fault(struct vmap_block *block);

#endif

/* SPDX-License-Identifier: MIT */
/* Boot memory: what mm_init() needs of it. */
#ifndef MM_BOOTMEM_H
#define MM_BOOTMEM_H

/* Takes what bootmem= asks for.  Before memory is handed to the page allocator. */
void bootmem_keep(void);

#endif

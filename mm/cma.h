/* SPDX-License-Identifier: MIT */
/* The contiguous memory area: what mm_init() needs of it. */
#ifndef MM_CMA_H
#define MM_CMA_H

/* Takes what cma= asks for, before memory is handed to the page allocator. */
void cma_keep(void);
/* Lends it to the page allocator, whose other memory is in place. */
void cma_lend(void);

#endif

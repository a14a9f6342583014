/* SPDX-License-Identifier: MIT */
/* Macros that cppcheck cannot do without; it does not see include/api, whose list macros it
 * takes for null pointers. */
#define for_each_sg(sgl, sg, n, i) for (i = 0, sg = (sgl); i < (n); i++, sg = sg_next(sg))
#define dma_observe(...)	   (void)0

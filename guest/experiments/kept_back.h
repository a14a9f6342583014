/* SPDX-License-Identifier: MIT */
/* RAM that mem= kept back: nobody's, until it is mapped. */
#ifndef GUEST_EXPERIMENTS_KEPT_BACK_H
#define GUEST_EXPERIMENTS_KEPT_BACK_H

#include <linux/types.h>

/* The last whole 2 MiB that mem= kept back and nothing else uses, up to 16 MiB of them:
 * their bytes, 0 for none. */
size_t kept_back_range(phys_addr_t *phys);

#endif

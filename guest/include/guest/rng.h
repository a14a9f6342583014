/* SPDX-License-Identifier: MIT */
/* The entropy device. */
#ifndef GUEST_RNG_H
#define GUEST_RNG_H

#include <linux/types.h>

struct device *rng_device(void); /* NULL: there is none */
/* Fills the buffer (any kernel memory); 0, -ENODEV, -ETIMEDOUT, -EIO.  Sleeps. */
int rng_read(void *buf, size_t len);

#endif

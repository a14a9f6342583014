/* SPDX-License-Identifier: MIT */
/* For xxhash.h. */
#include <linux/string.h>

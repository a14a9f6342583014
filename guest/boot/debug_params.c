/* SPDX-License-Identifier: MIT */
/* The debugging of memory that the command line switches on. */
#include <linux/init.h>
#include <linux/kfence.h>

static int set_kfence_sample_interval(char *value)
{
	return kfence_setup(value);
}
early_param("kfence.sample_interval", set_kfence_sample_interval);

device_initcall(kfence_init);

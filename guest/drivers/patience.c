/* SPDX-License-Identifier: MIT */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/sprintf.h>
#include <guest/patience.h>

static unsigned int io_timeout; /* ms; 0: each driver's own */

static int set_io_timeout(char *value)
{
	return value ? kstrtouint(value, 10, &io_timeout) : -EINVAL;
}
early_param("io_timeout", set_io_timeout);

unsigned long io_patience(unsigned long usual)
{
	return io_timeout ? msecs_to_jiffies(io_timeout) : usual;
}

/* SPDX-License-Identifier: MIT */
/* Copies between kernel and process: <linux/uaccess.h>. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>

/* guest/arch/usermode.S: bytes left over when a fault could not be resolved. */
unsigned long copy_user(void *to, const void *from, unsigned long n);
unsigned long zero_user(void *to, unsigned long n);

unsigned long copy_to_user(void __user *to, const void *from, unsigned long n)
{
	might_sleep();
	return access_ok(to, n) ? copy_user(to, from, n) : n;
}

unsigned long copy_from_user(void *to, const void __user *from, unsigned long n)
{
	might_sleep();
	return access_ok(from, n) ? copy_user(to, from, n) : n;
}

unsigned long clear_user(void __user *to, unsigned long n)
{
	might_sleep();
	return access_ok(to, n) ? zero_user(to, n) : n;
}

long strncpy_from_user(char *to, const char __user *from, long count)
{
	for (long i = 0; i < count; i++) {
		if (copy_from_user(&to[i], from + i, 1))
			return -EFAULT;
		if (!to[i])
			return i;
	}
	return count;
}

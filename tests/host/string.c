/* SPDX-License-Identifier: MIT */
/* The functions of <linux/string.h> that libc has not. */
#include <errno.h>
#include <linux/string.h>

void *memchr_inv(const void *p, int byte, size_t n)
{
	const unsigned char *at = p;

	for (; n; at++, n--)
		if (*at != (unsigned char)byte)
			return (void *)at;
	return NULL;
}

ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t len = strlen(from);

	if (!size)
		return -E2BIG;
	if (len < size) {
		memcpy(to, from, len + 1);
		return (ssize_t)len;
	}
	memcpy(to, from, size - 1);
	to[size - 1] = '\0';
	return -E2BIG;
}

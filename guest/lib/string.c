/* SPDX-License-Identifier: MIT */
/*
 * Memory and strings.  Copies and fills go by `rep` in 8-byte steps: on processors that is
 * fast, and on a KVM that emulates each instruction, where a turn of rep costs as much as
 * an instruction, no loop of plain instructions moves more bytes a step.
 */
#include <linux/string.h>
#include <linux/errno.h>
#include <linux/compiler.h>

/* Eight bytes at any address. */
typedef u64 __attribute__((aligned(1), may_alias)) any_u64;

void *memcpy(void *to, const void *from, size_t n)
{
	void *d = to;
	size_t words = n / 8, tail = n % 8;

	__asm__ volatile("rep movsq\n\tmov %3, %%rcx\n\trep movsb"
			 : "+D"(d), "+S"(from), "+c"(words)
			 : "r"(tail)
			 : "memory");
	return to;
}

/* Overlapping with the target above: from the end down, bytes first so that the words that
 * follow end where the range does. */
static void copy_down(void *to, const void *from, size_t n)
{
	char *d = (char *)to + n - 1;
	const char *s = (const char *)from + n - 1;
	size_t words = n / 8, tail = n % 8;

	__asm__ volatile(
		"std\n\trep movsb\n\tsub $7, %0\n\tsub $7, %1\n\tmov %3, %%rcx\n\t"
		"rep movsq\n\tcld"
		: "+D"(d), "+S"(s), "+c"(tail)
		: "r"(words)
		: "memory", "cc");
}

void *memmove(void *to, const void *from, size_t n)
{
	if ((uintptr_t)to - (uintptr_t)from >= n)
		return memcpy(to, from, n);
	copy_down(to, from, n);
	return to;
}

void *memset(void *p, int byte, size_t n)
{
	void *d = p;
	size_t words = n / 8, tail = n % 8;
	u64 pattern = (u8)byte * 0x0101010101010101ULL;

	__asm__ volatile("rep stosq\n\tmov %3, %%rcx\n\trep stosb"
			 : "+D"(d), "+c"(words)
			 : "a"(pattern), "r"(tail)
			 : "memory");
	return p;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n >= 8 && *(const any_u64 *)x == *(const any_u64 *)y; n -= 8) {
		x += 8;
		y += 8;
	}
	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *p, int byte, size_t n)
{
	const u8 *s = p;

	for (; n; n--, s++)
		if (*s == (u8)byte)
			return (void *)(uintptr_t)s;
	return NULL;
}

void *memchr_inv(const void *p, int byte, size_t n)
{
	const u8 *s = p;
	u64 pattern = (u8)byte * 0x0101010101010101ULL;

	for (; n >= 8 && *(const any_u64 *)s == pattern; n -= 8)
		s += 8;
	for (; n; n--, s++)
		if (*s != (u8)byte)
			return (void *)(uintptr_t)s;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *end = s;

	while (*end)
		end++;
	return (size_t)(end - s);
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

char *strstr(const char *s, const char *part)
{
	size_t n = strlen(part);

	for (; strncmp(s, part, n) != 0; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t n;

	if (!size)
		return -E2BIG;
	for (n = 0; n < size - 1 && from[n]; n++)
		to[n] = from[n];
	to[n] = 0;
	return from[n] ? -E2BIG : (ssize_t)n;
}

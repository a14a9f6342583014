/* SPDX-License-Identifier: MIT */
/* Memory and string functions, libc's meaning (include/linux/string.h). */
#ifndef _LINUX_STRING_H
#define _LINUX_STRING_H

#include <linux/types.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *p, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *p, int byte, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strstr(const char *s, const char *part);

/* The first byte of [p, p+n) that is not `byte`, or NULL. */
void *memchr_inv(const void *p, int byte, size_t n);
/* Copies at most size - 1 bytes and always ends the string; -E2BIG when it was cut. */
ssize_t strscpy(char *to, const char *from, size_t size);

#endif

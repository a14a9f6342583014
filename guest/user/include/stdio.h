/* SPDX-License-Identifier: MIT */
#ifndef STDIO_H
#define STDIO_H

/* To the console, one line at best: %s %c %d %u %x with l or z, %%; a width and padding with
 * zeros or blanks.  How many characters. */
int printf(const char *fmt, ...) __attribute__((format(__printf__, 1, 2)));

#endif

/* SPDX-License-Identifier: MIT */
#ifndef STDLIB_H
#define STDLIB_H

#include <stddef.h>
#include <malloc.h>

void exit(int status) __attribute__((noreturn));
#define ABORTED 134 /* abort()'s exit status */
void abort(void) __attribute__((noreturn));

#endif

/* SPDX-License-Identifier: MIT */
/* POSIX's, as far as the guest kernel goes, and its own two calls. */
#ifndef UNISTD_H
#define UNISTD_H

#include <stddef.h>
#include <stdint.h>
#include <pagevisor.h>

typedef long ssize_t;

ssize_t write(int fd, const void *buf, size_t n);
int close(int fd);
int brk(void *addr);
void *sbrk(intptr_t increment);
int getpid(void);
int sched_yield(void);
int fork(void);
void _exit(int status) __attribute__((noreturn));

/* Stops until the kernel code that started this program has looked at it. */
void pause_here(void);
int get_usage(struct usage *usage);
/* The words shared with it. */
#define results ((volatile uint64_t *)RESULTS_ADDRESS)

#endif

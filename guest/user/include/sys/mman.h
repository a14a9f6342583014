/* SPDX-License-Identifier: MIT */
#ifndef SYS_MMAN_H
#define SYS_MMAN_H

#include <stddef.h>
#include <pagevisor.h>

#define MAP_FAILED ((void *)-1)

void *mmap(void *addr, size_t size, int prot, int flags, int fd, long offset);
int munmap(void *addr, size_t size);
int mprotect(void *addr, size_t size, int prot);
int madvise(void *addr, size_t size, int advice);
void *mremap(void *addr, size_t old_size, size_t size, int flags);

#endif

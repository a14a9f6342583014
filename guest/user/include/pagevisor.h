/* SPDX-License-Identifier: MIT */
/* Between the guest kernel and its user programs: numbers of system calls (Linux's where
 * Linux has them), and what the kernel puts into a new address space. */
#ifndef PAGEVISOR_H
#define PAGEVISOR_H

#define SYS_write	1
#define SYS_open	2
#define SYS_close	3
#define SYS_mmap	9
#define SYS_mprotect	10
#define SYS_munmap	11
#define SYS_brk		12
#define SYS_sched_yield 24
#define SYS_mremap	25
#define SYS_madvise	28
#define SYS_nanosleep	35
#define SYS_getpid	39
#define SYS_fork	57
#define SYS_exit	60
#define SYS_wait4	61
#define SYS_exit_group	231
#define SYS_pause_here	1000 /* stops until the kernel code that watches says go on */
#define SYS_usage	1001 /* fills a struct usage */

/* 512 words shared with whoever started the program, and with its children. */
#define RESULTS_ADDRESS 0x200000UL
#define RESULTS		512

/* Of the calling process, in pages; <guest/process.h> tells what each is. */
struct usage {
	unsigned long total, rss, tables, faults, zeroed, zero_page, copied, reused;
};

#define PROT_NONE  0
#define PROT_READ  1
#define PROT_WRITE 2
#define PROT_EXEC  4

#define MAP_SHARED    0x01
#define MAP_PRIVATE   0x02
#define MAP_FIXED     0x10
#define MAP_ANONYMOUS 0x20

#define MADV_DONTNEED  4
#define MREMAP_MAYMOVE 1
#define WNOHANG	       1

#endif

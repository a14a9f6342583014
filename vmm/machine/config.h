/* SPDX-License-Identifier: MIT */
/*
 * What a machine is made of.  Whoever reads a command line or a control request fills
 * this in; machine.c builds from it and knows nothing of where it came from.
 */
#ifndef VMM_CONFIG_H
#define VMM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <abi/trace.h>

#include "devices/blk/virtio_blk.h"
#include "vmm/util/error.h"
#include "vmm/machine/inject.h"
#include "vmm/kvm/memory.h"

#define MEM_DEFAULT (256ull << 20)
#define MEM_ALIGN   (1ull << 20)

#define DISKS_MAX   16
#define INJECT_MAX  32 /* rules */
#define QMP_MAX	    3
#define CMDLINE_MAX 2048 /* bytes with the final NUL: what Linux takes, too */

enum console_kind {
	CONSOLE_STDIO,
	CONSOLE_PTY,
	CONSOLE_FILE, /* output only */
	CONSOLE_SOCKET, /* listens; one client at a time, output without one is lost */
	CONSOLE_NONE,
};

struct console_config {
	enum console_kind kind;
	const char
		*path; /* CONSOLE_FILE, CONSOLE_SOCKET: where; NULL: `inherited` is it, */
	int inherited; /* open already; it is the machine's from its creation on */
	bool append; /* CONSOLE_FILE: behind what is there */
	const char *id; /* that a manager gave, or NULL */
};

enum dma_check_mode {
	DMA_CHECK_OFF,
	DMA_CHECK_ON,
	DMA_CHECK_HASH, /* on, and buffers are hashed when they change hands */
};

struct disk_config {
	const char *path;
	bool readonly;
	bool write_through; /* what was written is durable at once, without a flush */
	bool direct; /* past the page cache of the host */
	bool no_flush; /* flushes do nothing: it may be lost with the host */
	enum virtio_blk_policy read_errors, write_errors;
	/* Names that a manager gave; NULL: it did not. */
	const char *id; /* of the device */
	const char *node; /* of what it reads and writes, */
	const char *storage_node; /* and of the file under that */
	const char *serial; /* told to the guest */
	unsigned int slot; /* on the bus; 0: the next free one (so for all slots here) */
};

struct balloon_config {
	bool present;
	uint64_t target; /* bytes that it shall take from the guest at first */
	bool deflate_on_oom, reporting; /* the guest is offered */
	const char *id; /* that a manager gave, or NULL */
	unsigned int slot; /* 0: PV_BALLOON_SLOT */
};

/* What a panic leads to that the guest tells of: a crash that nothing can follow, a triple
 * fault, only ever ends it. */
enum machine_panic {
	PANIC_ENDS, /* what each end of the guest does */
	PANIC_STAYS, /* the machine is kept, whatever becomes of others */
	PANIC_FAILS, /* it ends the guest as a shutdown does, with a status that says failure */
	PANIC_GOES_ON, /* it is told; the guest does what it does next */
};

struct machine_config {
	uint64_t mem_size; /* bytes; a multiple of MEM_ALIGN */
	enum memory_backend mem_backend;
	unsigned int cpus; /* at least 1 */
	const char *kernel; /* path of the PVH ELF kernel */
	const char *initrd; /* path, or NULL */
	const char *cmdline; /* never NULL */
	struct disk_config disks[DISKS_MAX];
	unsigned int nr_disks;
	struct console_config console; /* of COM1, and of the virtio console */
	struct console_config vconsole; /* of the latter, where it is another one */
	bool two_consoles;
	unsigned int rng_slot, vconsole_slot, edu_slot;
	bool report; /* the guest is told that one is written */
	bool iommu; /* a virtio IOMMU, all other devices behind it */
	bool boot_bypass; /* so that they reach all of memory until a driver says else */
	unsigned int edu_bits; /* of an edu device's DMA addresses; 0: there is none */
	struct balloon_config balloon;
	enum dma_check_mode dma_check;
	uint8_t trace[TRACE_IDS_MAX]; /* memory events from the start on, abi/trace.h */
	struct inject_config inject[INJECT_MAX];
	unsigned int nr_inject;
	bool sandbox; /* its threads are confined: for good, the main thread included */
	bool reboot; /* a reset restarts the guest; else it ends the machine */
	const char *name; /* under which it can be controlled, or NULL */
	const char *
		title; /* what it is called, without being controlled under it, or NULL */
	const char *uuid; /* or NULL */
	const char
		*qmp[QMP_MAX]; /* where QMP clients come from, as qmp_open() takes it */
	unsigned int nr_qmp;
	const char *gdb; /* where gdb comes in, as gdb_listen() takes it, or NULL */
	unsigned int profile_hz; /* samples a second of each vCPU's work; 0: none */
	bool paused; /* the guest does not start before it is told to */
	const char *panic_core; /* file for a core of a guest that panicked, or NULL */
	bool stays; /* a guest that ended is kept, stopped, until a reset or quit */
	enum machine_panic panic;
};

/* The configuration without a kernel: everything else at its default. */
void machine_config_init(struct machine_config *config);

#define UUID_NONE "00000000-0000-0000-0000-000000000000"

/* Five groups of hexadecimal digits. */
bool uuid_ok(const char *text);

/* The most memory a guest of this host may be given; the reason is at the definition. */
uint64_t machine_mem_limit(void);

/*
 * Checks what can be checked without building anything; files are checked where they are
 * opened.  0, or a negative errno with the line in err.
 */
int machine_config_check(const struct machine_config *config, struct error *err);

#endif

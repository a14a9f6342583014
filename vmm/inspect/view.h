/* SPDX-License-Identifier: MIT */
/*
 * Looking at one guest from another process: a machine that runs, stands or hangs, or the
 * ELF core of a dead one.  All that is read is read through here.
 *
 * A machine is read as process_vm_readv(2) reads: its vCPUs and its monitor notice nothing
 * and run nothing for it, so that a monitor that hangs can be read, too.  Where its RAM lies
 * it has written into the run-time directory (struct guest_facts).  What has never been
 * touched stays untouched.  Registers alone are asked for over QMP.
 *
 * Reading another process takes the same user, where the monitor is not confined as another
 * (as root it is), and a system that lets (Yama's ptrace_scope 0); or CAP_SYS_PTRACE, as
 * root has it.  Without, the monitor is asked for a core in memory, which stops the guest
 * for a moment: a copy, as of when the view was opened, and `copied` says so.
 *
 * Bytes arrive in a shadow of the guest's RAM, page by page as they are asked for, and stay
 * there until view_refresh(): what was read once is the same in one reading, and only what
 * was read costs memory.  Nothing of it is believed, see memstate_view.h.
 */
#ifndef VMM_VIEW_H
#define VMM_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/dump/dump.h"
#include "vmm/inspect/facts.h"
#include "vmm/memstate/memstate.h"
#include "vmm/util/error.h"
#include "vmm/util/symbols.h"

/* Where the bytes come from. */
struct view_source {
	/* Fills the shadow at host with [gpa, gpa + len), whole pages of one region that read
	 * as zero there so far.  0 or a negative errno. */
	int (*read)(struct view_source *source, uint64_t gpa, uint8_t *host, size_t len);
	/* 0 or a negative errno with the line in err. */
	int (*registers)(struct view_source *source, struct dump_cpu *cpus,
			 unsigned int nr, struct error *err);
	void (*close)(struct view_source *source);
};

struct view {
	char name[256]; /* of the machine, or of the file */
	bool live; /* a machine; else a core */
	bool copied; /* a machine that had to be copied: as of view_open() */
	struct guest_facts facts;
	struct ram ram; /* the shadow: read it only through what stands below */
	struct symbols symbols; /* may be empty */
	bool published; /* the guest publishes its state: `state` is open */
	struct memstate_view
		state; /* for memstate_read_*(); its .err has the last line */
	struct error why; /* !published: why not */
	struct view_source *source;
	struct memstate_fetch fetch; /* what `state` reads through */
	size_t shadow_size; /* of all regions, one behind the other; 0: none is mapped */
	uint64_t *fetched, *filled; /* a bit a page of the shadow: read, and ever read */
	uint64_t next; /* gpa: what comes next where one page is read after the other */
};

/*
 * Opens what somebody called `what`: a file where it has a slash or no machine is called so,
 * else the machine of that name.  kernel: the file to take symbols from, or NULL for what the
 * machine or the core tells.  0, or a negative errno with the line in err.
 *
 * A view is big and must not move: it stands where it was opened.
 */
int view_open(struct view *view, const char *what, const char *kernel, struct error *err);
void view_close(struct view *view);

/* From here on everything is read anew; also the published tables, whose address may have
 * become right meanwhile (a guest that was just loaded).  0, or -ESRCH: the machine is gone. */
int view_refresh(struct view *view, struct error *err);

/* Copies len bytes of guest-physical memory.  0, or -EFAULT: not all of it is RAM, or the
 * machine is gone. */
int view_read(struct view *view, uint64_t gpa, void *buf, size_t len);
/* By virtual address, through the published page table.  0 or -EFAULT. */
int view_read_virtual(struct view *view, uint64_t va, void *buf, size_t len);
/* The host's address of gpa in the monitor; 0 where that is no RAM, or a core. */
uint64_t view_host_address(const struct view *view, uint64_t gpa);

/* The registers of all vCPUs, facts.cpus many (malloc'd).  A machine that runs is held for
 * the moment; one whose monitor hangs does not tell.  NULL with the line in err. */
struct dump_cpu *view_registers(struct view *view, struct error *err);

#endif

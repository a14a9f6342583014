/* SPDX-License-Identifier: MIT */
/*
 * The DMA interface: the only way from a device to guest memory.
 *
 * Every access names the device (its struct dma_port), an I/O virtual address, a length and
 * a direction.  It is translated (identity, or an IOMMU through struct dma_translator),
 * checked against RAM without overflow, and then either all bytes move, or none move and
 * one DMA fault is counted and reported.  Only RAM can be reached: a range that hits a BAR,
 * a hole or the end of RAM is a fault.
 *
 * Three ways to move bytes:
 *   - dma_read, dma_write: copy; for headers, status bytes, small buffers.
 *   - dma_walk: hand each host-contiguous piece to a function; for hashing or filling
 *     without a copy.
 *   - dma_map_iov: host iovecs for asynchronous I/O.  They stay valid until dma_unmap();
 *     meanwhile the port lists the hold, so that whoever takes a translation away can wait
 *     until nothing inside the range is in flight (dma_held(), the released callback).
 *
 * A length of 0 is refused with -EINVAL and is no fault.
 */
#ifndef DEVICES_DMA_H
#define DEVICES_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "devices/host.h"
#include "devices/ram.h"

struct dma_port;

/* What the device does to guest memory. */
enum dma_dir { DMA_READ, DMA_WRITE };

enum dma_reason {
	DMA_UNMAPPED, /* no RAM there, or the IOMMU has no mapping */
	DMA_DENIED, /* mapped, but not for this direction */
	DMA_WRAPS, /* address + length passes 2^64 */
	DMA_DISABLED, /* bus mastering is off */
};

struct dma_fault {
	uint64_t iova; /* of the access */
	uint64_t len;
	uint64_t bad; /* first address that could not be reached */
	enum dma_dir dir;
	enum dma_reason reason;
};

/* A piece of contiguous guest-physical memory. */
struct dma_run {
	uint64_t gpa;
	uint64_t len;
};

/*
 * Address translation for one or more ports.  An absent translator is the identity.
 *
 * translate: the mapping of the first byte of [iova, iova + len): stores its
 * guest-physical address and returns how many bytes from there on map contiguously for
 * `dir` (1 .. len), or -EFAULT (no mapping) or -EACCES (not for this direction).
 *
 * Whoever changes what translate would answer calls dma_invalidate() on each port
 * concerned, after the change.
 */
struct dma_translator {
	int64_t (*translate)(const struct dma_translator *t, uint32_t endpoint,
			     uint64_t iova, uint64_t len, enum dma_dir dir,
			     uint64_t *gpa);
};

struct dma_counters {
	uint64_t reads, writes; /* transfers */
	uint64_t read_bytes, written_bytes;
	uint64_t faults;
};

/* One device's way to memory. */
struct dma_port {
	const char *name; /* of the device */
	uint32_t endpoint; /* its PCI bus/devfn */
	struct host *host; /* reports go there; may be NULL */
	const struct ram *ram;
	const struct dma_translator *translator; /* NULL: identity */
	bool enabled; /* bus mastering; change by dma_set_enabled() */
	/* Changes with every change of translation: what dma_direct() returned under an older
	 * one must not be used. */
	uint64_t generation;
	struct dma_counters count;
	struct dma_hold *holds; /* live mappings */
	struct host_limit reports;
	/* Called on every fault (the counter is already up) and after every dma_unmap(). */
	void (*fault)(void *arg, struct dma_port *port, const struct dma_fault *fault);
	void (*released)(void *arg, struct dma_port *port);
	void *arg;
};

/* A live dma_map_iov().  Embedded in the model's request; zeroed is "not held". */
struct dma_hold {
	struct dma_port *port; /* NULL when not held */
	struct dma_hold *next, **link;
	uint64_t first, last; /* all addresses mapped lie between, both inclusive */
};

/* The port starts disabled, with identity translation. */
void dma_port_init(struct dma_port *port, const char *name, uint32_t endpoint,
		   struct host *host, const struct ram *ram);
void dma_set_enabled(struct dma_port *port, bool enabled);
void dma_invalidate(struct dma_port *port);

/* 0; -EFAULT after a fault was reported: then nothing moved; -EINVAL for len 0. */
int dma_read(struct dma_port *port, uint64_t iova, void *buf, uint64_t len);
int dma_write(struct dma_port *port, uint64_t iova, const void *buf, uint64_t len);

/*
 * Calls fn for each host-contiguous piece of the range in order, after all of it was found
 * reachable.  fn returns 0 to go on, anything else ends the walk and is returned.
 * Else as dma_read.
 */
typedef int (*dma_walk_fn)(void *arg, void *piece, uint64_t len);
int dma_walk(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir,
	     dma_walk_fn fn, void *arg);

/* Walk functions: arg is a uint8_t ** that moves through the device's buffer. */
int dma_copy_out(void *arg, void *piece, uint64_t len); /* memory to buffer */
int dma_copy_in(void *arg, void *piece, uint64_t len);

/*
 * Maps the range for asynchronous I/O into iov[0 .. max).  Returns how many entries were
 * filled; *mapped is how many bytes they hold, less than len only when max was too small.
 * May be called again with a hold that is live (on the same port): the hold then covers
 * both.  -EFAULT and -EINVAL as dma_read: nothing of this call is mapped.
 */
int dma_map_iov(struct dma_port *port, struct dma_hold *hold, uint64_t iova, uint64_t len,
		enum dma_dir dir, struct iovec *iov, unsigned int max, uint64_t *mapped);
/* Ends the hold; nothing when it is not held.  The iovecs must not be used any more. */
void dma_unmap(struct dma_hold *hold);

/* Is anything in flight that touches [first, last]? */
bool dma_held(const struct dma_port *port, uint64_t first, uint64_t last);

/*
 * How [iova, iova + len) translates: neighbouring runs that meet are one.  Stores the first
 * `max` runs and returns how many there are in all.  Faults as dma_read, in direction READ.
 */
int64_t dma_describe(struct dma_port *port, uint64_t iova, uint64_t len,
		     struct dma_run *runs, uint64_t max);

/*
 * A host pointer to the whole range, or NULL without a fault when it is not one piece of
 * reachable RAM.  Good until port->generation changes.  Not counted: for rings.
 */
void *dma_direct(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir);

/* How many bytes from iova on could be reached with bus mastering on: 0 to len.  No access,
 * so no fault. */
uint64_t dma_reachable(struct dma_port *port, uint64_t iova, uint64_t len,
		       enum dma_dir dir);

/* For reports. */
const char *dma_reason_name(enum dma_reason reason);

#endif

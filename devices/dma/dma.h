/* SPDX-License-Identifier: MIT */
/*
 * The DMA interface: the only way from a device to guest memory.
 *
 * Every access names the device (its struct dma_port), an I/O virtual address, a length and
 * a direction.  It is translated (identity, or an IOMMU: struct dma_translator), checked
 * against RAM without overflow, and moves.  Only RAM can be reached: a range that hits a
 * BAR, a hole or the end of RAM is a fault, counted and reported exactly once.
 *
 * What a fault leaves behind: without a translator nothing has moved of a range that is not
 * all RAM.  With one, the bytes before the first that could not be reached have moved, as
 * on hardware that translates page by page, and no others.
 *
 * Three ways to move bytes:
 *   - dma_read, dma_write: copy; for headers, status bytes, small buffers.
 *   - dma_walk: hand each host-contiguous piece to a function; for hashing or filling
 *     without a copy.
 *   - dma_map_iov: host iovecs for asynchronous I/O.  They stay valid until dma_unmap();
 *     meanwhile the port lists the hold, so that whoever takes a translation away can wait
 *     until nothing inside the range is in flight (dma_held_before(), the translator's
 *     `released`).
 *
 * A length of 0 is refused with -EINVAL and is no fault.
 *
 * A port keeps the mappings it met last.  Whoever takes a mapping away, or gives one where
 * there was none, calls dma_invalidate_range() on each port concerned after the change:
 * from its return on no access uses what was there before, but for holds.
 */
#ifndef DEVICES_DMA_H
#define DEVICES_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "devices/host.h"
#include "devices/dma/ram.h"

struct dma_port;
struct inject;

/* What the device does to guest memory. */
enum dma_dir { DMA_READ, DMA_WRITE };

enum dma_reason {
	DMA_UNMAPPED, /* no RAM there */
	DMA_NO_MAPPING, /* the IOMMU has no mapping */
	DMA_NO_DOMAIN, /* the IOMMU lets the device reach nothing */
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

/* A piece of a stream of I/O addresses.  Whoever makes one has checked: len is not 0 and
 * iova + len - 1 does not pass 2^64. */
struct dma_seg {
	uint64_t iova;
	uint64_t len;
};

/* What an IOMMU says of one address: [first, last] lies at gpa. */
struct dma_mapping {
	uint64_t first, last;
	uint64_t gpa;
	bool read, write; /* by the device */
};

struct dma_hold;

/* Address translation for one or more ports.  An absent translator is the identity. */
struct dma_translator {
	/* The mapping that covers iova: 0; -EFAULT: there is none; -ENODEV: the endpoint may
	 * reach nothing at all. */
	int (*find)(const struct dma_translator *t, uint32_t endpoint, uint64_t iova,
		    struct dma_mapping *mapping);
	/* Optional.  An access faulted: once for each, the port's counter is up already. */
	void (*fault)(struct dma_translator *t, struct dma_port *port,
		      const struct dma_fault *fault);
	/* Optional.  This hold of the port has ended: it is in no list any more, but still
	 * says what it was. */
	void (*released)(struct dma_translator *t, struct dma_port *port,
			 const struct dma_hold *hold);
	/* Optional.  The port goes away: the translator forgets it. */
	void (*gone)(struct dma_translator *t, struct dma_port *port);
	/* Goes up by one each time mappings are taken away, before the caches are
	 * invalidated: a hold remembers under which it began. */
	uint64_t epoch;
};

/* One access, as a witness sees it. */
struct dma_access {
	uint64_t iova, len; /* as asked for */
	uint64_t reached; /* bytes from iova on that move: less than len when it faults */
	enum dma_dir dir;
	const struct dma_fault *fault; /* NULL: none */
};

/*
 * Somebody who watches a port's accesses and judges them; changes nothing.  Each op may be
 * NULL.  Called with the lock of host.h held; must not access through the port, but may
 * look with dma_peek().
 *
 * begin	before the first byte moves, or before the fault is counted
 * end		nothing of the access will be touched any more; for a hold, at dma_unmap().
 *		Exactly once for each begin, with the same iova, len, reached and dir.  A
 *		hold begins and ends once for each of the pieces of I/O space that it covers
 * window	the device was given, or given again, a pointer that lets it read or write the
 *		whole range from now on without being seen: a virtqueue's rings (no begin or
 *		end; dma_invalidate_range() makes it ask again)
 */
struct dma_witness {
	void (*begin)(struct dma_witness *w, struct dma_port *port,
		      const struct dma_access *access);
	void (*end)(struct dma_witness *w, struct dma_port *port,
		    const struct dma_access *access);
	void (*window)(struct dma_witness *w, struct dma_port *port, uint64_t iova,
		       uint64_t len, enum dma_dir dir);
};

struct dma_counters {
	uint64_t reads, writes; /* transfers */
	uint64_t read_bytes, written_bytes;
	uint64_t faults;
	uint64_t cache_hits, cache_misses; /* translations */
};

/* The mappings met last.  used[i]: when entry i was met (0: it is empty). */
#define DMA_CACHE_SIZE 8u
struct dma_cache {
	struct dma_mapping mapping[DMA_CACHE_SIZE];
	uint64_t used[DMA_CACHE_SIZE], clock;
};

/* On whose behalf an access is: the n-th entry, from 0 and modulo 2^16, of the available ring of
 * a queue.  For the witness alone. */
typedef uint32_t dma_request;
#define DMA_NO_REQUEST 0u
static inline dma_request dma_request_of(uint16_t queue, uint16_t n)
{
	return (queue + 1u) << 16 | n;
}

/* One device's way to memory. */
struct dma_port {
	const char *name; /* of the device */
	uint32_t endpoint; /* its PCI bus/devfn */
	struct host *host; /* reports go there; may be NULL */
	const struct ram *ram;
	struct dma_translator *translator; /* NULL: identity; by dma_set_translator() */
	struct dma_witness *witness; /* NULL: nobody watches */
	dma_request request; /* the next access is for it */
	struct inject *inject; /* NULL: nothing goes wrong on purpose */
	bool enabled; /* bus mastering; change by dma_set_enabled() */
	struct dma_cache cache;
	struct dma_counters count;
	struct dma_hold *holds; /* live mappings */
	struct dma_window *windows; /* live pointers */
	struct host_limit reports;
	/* Optional, the device's: ends what it holds, and goes on.  When it returns no hold is
	 * left that was there before; and it does so soon, however much the guest asked for. */
	void (*settle)(struct dma_port *port);
};

/* A live dma_map_iov().  Embedded in the model's request; zeroed is "not held". */
struct dma_hold {
	struct dma_port *port; /* NULL when not held */
	struct dma_hold *next, **link;
	/* What is mapped: len bytes of the stream of segments, from `offset` in the first. */
	const struct dma_seg *seg;
	uint64_t offset, len;
	struct dma_seg own; /* the one segment of dma_map_iov */
	enum dma_dir dir;
	uint64_t epoch; /* of the translator when it began */
};

/*
 * A range that a device looks at all the time (a ring), with the host's pointer to it while
 * it is one piece of reachable RAM.  Embedded in whoever uses it; zeroed is closed.
 */
struct dma_window {
	struct dma_port *port; /* NULL when closed */
	struct dma_window *next, **link;
	uint64_t iova, len;
	enum dma_dir dir;
	void *host; /* valid while fresh; NULL: not one piece, go by dma_read, dma_write */
	bool fresh; /* cleared when translation of the range, or bus mastering, changes */
};

/* The port starts disabled, with identity translation. */
void dma_port_init(struct dma_port *port, const char *name, uint32_t endpoint,
		   struct host *host, const struct ram *ram);
/* Nothing is held any more; windows close. */
void dma_port_fini(struct dma_port *port);
void dma_set_enabled(struct dma_port *port, bool enabled);
void dma_set_translator(struct dma_port *port, struct dma_translator *t);

/* Translation of [first, last] changed. */
void dma_invalidate_range(struct dma_port *port, uint64_t first, uint64_t last);
void dma_invalidate(struct dma_port *port);

/* 0; -EFAULT after a fault was reported, see above; -EINVAL for len 0. */
int dma_read(struct dma_port *port, uint64_t iova, void *buf, uint64_t len);
int dma_write(struct dma_port *port, uint64_t iova, const void *buf, uint64_t len);

/*
 * Calls fn for each host-contiguous piece of the range in order, up to the first byte that
 * cannot be reached.  fn returns 0 to go on, anything else ends the walk and is returned.
 * *moved (when not NULL): bytes of the pieces for which fn returned 0.  Else as dma_read.
 */
typedef int (*dma_walk_fn)(void *arg, void *piece, uint64_t len);
int dma_walk(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir,
	     dma_walk_fn fn, void *arg, uint64_t *moved);

/* Walk functions: arg is a uint8_t ** that moves through the device's buffer. */
int dma_copy_out(void *arg, void *piece, uint64_t len); /* memory to buffer */
int dma_copy_in(void *arg, void *piece, uint64_t len);

/*
 * dma_walk for a witness: no access, so nothing is counted, nobody is told, and it ends
 * quietly at the first byte that could not be reached with bus mastering on.  Returns how
 * many bytes fn was given.
 */
uint64_t dma_peek(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir,
		  dma_walk_fn fn, void *arg);

/*
 * Maps the range for asynchronous I/O into iov[0 .. max), with a hold that is not live.
 * Returns how many entries were filled; *mapped is how many bytes they hold.  Less than len
 * are mapped when max is too small, or when the byte after them cannot be reached: that is
 * a fault only if the device asks for it again.  -EFAULT when not even the first can be,
 * and -EINVAL as dma_read: nothing is mapped.
 */
int dma_map_iov(struct dma_port *port, struct dma_hold *hold, uint64_t iova, uint64_t len,
		enum dma_dir dir, struct iovec *iov, unsigned int max, uint64_t *mapped);
/* The same for the stream of segments from `offset` in the first on; they outlive the
 * hold. */
int dma_map_segs(struct dma_port *port, struct dma_hold *hold, const struct dma_seg *seg,
		 uint64_t offset, uint64_t len, enum dma_dir dir, struct iovec *iov,
		 unsigned int max, uint64_t *mapped);
/* Ends the hold; nothing when it is not held.  The iovecs must not be used any more. */
void dma_unmap(struct dma_hold *hold);

/* Is anything in flight that touches [first, last]? */
bool dma_held(const struct dma_port *port, uint64_t first, uint64_t last);
/* How many holds do that began before this epoch? */
uint64_t dma_held_before(const struct dma_port *port, uint64_t first, uint64_t last,
			 uint64_t epoch);
/* Does the hold touch [first, last]? */
bool dma_hold_touches(const struct dma_hold *hold, uint64_t first, uint64_t last);

/*
 * How [iova, iova + len) translates: neighbouring runs that meet are one.  Stores the first
 * `max` runs and returns how many there are in all.  Faults as dma_read, in direction READ;
 * nothing moves, so a witness is not told.
 */
int64_t dma_describe(struct dma_port *port, uint64_t iova, uint64_t len,
		     struct dma_run *runs, uint64_t max);

/* Opens a window over the range; it is not fresh yet.  len is not 0. */
void dma_window_open(struct dma_window *w, struct dma_port *port, uint64_t iova,
		     uint64_t len, enum dma_dir dir);
void dma_window_close(struct dma_window *w);
/* Takes the pointer anew.  Not counted, no fault. */
void dma_window_refresh(struct dma_window *w);

/* A host pointer to the whole range for now, or NULL without a fault when it is not one
 * piece of reachable RAM.  Not counted (a witness sees the access): for tables that are
 * read and left before the lock is. */
void *dma_direct(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir);

/* How many bytes from iova on could be reached with bus mastering on: 0 to len.  No access,
 * so no fault. */
uint64_t dma_reachable(struct dma_port *port, uint64_t iova, uint64_t len,
		       enum dma_dir dir);

/* For reports. */
const char *dma_reason_name(enum dma_reason reason);

#endif

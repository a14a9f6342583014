/* SPDX-License-Identifier: MIT */
/*
 * Looking into a guest by its own addresses.
 *
 * A view is a checked copy of what the guest publishes (abi/memstate.h): from then on a
 * guest cannot change how it is read, only what is read.  Nothing that comes out of guest
 * memory is believed: an address is translated and must be RAM, a number is checked where
 * it is used as an index, a count or a size.  What makes no sense ends the reading with
 * -EBADMSG and a line in view->err that says what and where.
 *
 * Reading needs no vCPU and no lock, and changes nothing in the guest.  While the guest
 * runs, what is read may be half changed: memstate_snapshot_take() tries again.
 */
#ifndef VMM_MEMSTATE_VIEW_H
#define VMM_MEMSTATE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <abi/memstate.h>

#include "devices/dma/ram.h"
#include "vmm/util/error.h"

#define MEMSTATE_ORDERS_MAX 16
#define MEMSTATE_CPUS_MAX   256

/* Where RAM is a shadow that has to be filled before it is looked at (vmm/inspect/view.h). */
struct memstate_fetch {
	/* Makes the page at gpa, which is in the RAM, readable there.  0 or a negative errno. */
	int (*page)(void *arg, uint64_t gpa);
	void *arg;
};

struct memstate_view {
	const struct ram *ram;
	const struct memstate_fetch *fetch; /* NULL: the RAM is the guest's own */
	struct memstate map; /* both as read and checked by memstate_open() */
	struct memstate_mm mm;
	uint64_t ram_end; /* the first guest-physical address beyond RAM */
	struct error err; /* of the last call that failed */
	/* The page looked up last: page_va is page-aligned, or 1 for none. */
	uint64_t page_va;
	const uint8_t *page_host;
};

/*
 * Reads and checks what stands at guest-physical address gpa.  0, or -EBADMSG with the line
 * in view->err.  Before the guest is loaded there is nothing: -EBADMSG.
 */
int memstate_open(struct memstate_view *view, const struct ram *ram, uint64_t gpa);

/* The same through a shadow; `fetch` stays the caller's. */
int memstate_open_fetched(struct memstate_view *view, const struct ram *ram,
			  const struct memstate_fetch *fetch, uint64_t gpa);

/* Forgets the page looked up last: at the start of whatever must be fresh. */
void memstate_refresh(struct memstate_view *view);

/* Notes the line and returns -EBADMSG. */
int memstate_bad(struct memstate_view *view, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The page at gpa, page-aligned, for reading; NULL where that is no RAM. */
const uint8_t *memstate_page(const struct memstate_view *view, uint64_t gpa);

/* The guest-physical address of a virtual one.  0, or -EFAULT (no line). */
int memstate_translate(struct memstate_view *view, uint64_t va, uint64_t *gpa);

/* Copies len bytes from va on, once.  0, or -EBADMSG: `what` was being read. */
int memstate_read(struct memstate_view *view, uint64_t va, void *buf, size_t len,
		  const char *what);
/* Up to size - 1 characters of the string at va; printable ones, others become '?'.  A
 * string that is longer is cut. */
int memstate_read_string(struct memstate_view *view, uint64_t va, char *buf, size_t size,
			 const char *what);
/* A pointer of the guest's. */
int memstate_read_pointer(struct memstate_view *view, uint64_t va, uint64_t *value,
			  const char *what);

/* Number `index` of a field of the structure at va; 0 for what the guest does not have. */
int memstate_field(struct memstate_view *view, uint64_t va,
		   const struct memstate_field *field, unsigned int index,
		   uint64_t *value, const char *what);

/* The same for many fields of one structure: a row is a field and where its value goes. */
struct memstate_want {
	const struct memstate_field *field;
	uint64_t *value;
};
int memstate_fields(struct memstate_view *view, uint64_t va,
		    const struct memstate_want *want, size_t nr, const char *what);
/* The first nr numbers of a field; those it does not have become 0. */
int memstate_field_array(struct memstate_view *view, uint64_t va,
			 const struct memstate_field *field, uint64_t *values,
			 unsigned int nr, const char *what);

/* How many CPUs the guest has: at least 1. */
int memstate_cpus(struct memstate_view *view, unsigned int *cpus);

#endif

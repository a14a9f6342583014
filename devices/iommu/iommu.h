/* SPDX-License-Identifier: MIT */
/*
 * What an IOMMU knows: endpoints, the domains they are attached to, the mappings of each
 * domain; and through that, where a device's I/O addresses lead.  Nothing here speaks
 * virtio but for the numbers: statuses, flags and limits are those of virtio 1.2, 5.13
 * (<abi/virtio_iommu.h>).
 *
 * An endpoint is a DMA port that was adopted; its id is the port's `endpoint`.  A domain
 * exists while an endpoint is attached to it.  An endpoint that is
 *
 *	attached to a domain	reaches what is mapped there
 *	to a bypass domain	reaches all of memory, addresses as they are
 *	to none, bypass on	the same
 *	to none, bypass off	reaches nothing
 *
 * An operation that takes something away does so at once for every access to come.  What is
 * in flight goes on for a while; the operation describes it in a struct iommu_wait, and is
 * complete when iommu_waiting() says 0.
 */
#ifndef DEVICES_IOMMU_H
#define DEVICES_IOMMU_H

#include "devices/dma/dma.h"
#include "devices/iommu/range_map.h"

#define IOMMU_ENDPOINTS 256u /* ids: the functions of PCI bus 0 */

struct iommu_domain;

/* A set of endpoints. */
struct iommu_set {
	uint64_t word[IOMMU_ENDPOINTS / 64];
};

struct iommu_limits {
	uint64_t page_size; /* granularity: a power of two */
	uint64_t last_addr; /* I/O addresses 0 .. last_addr can be mapped */
	uint32_t last_domain; /* domain ids 0 .. last_domain */
	uint64_t mappings; /* most at any time, over all domains */
	uint64_t resv_first, resv_last; /* nothing can be mapped over these */
};

struct iommu {
	struct dma_translator translator; /* of every adopted port */
	struct iommu_limits limits;
	bool bypass; /* by iommu_set_bypass() */
	struct dma_port *port[IOMMU_ENDPOINTS]; /* NULL: no such endpoint */
	struct iommu_domain *attached[IOMMU_ENDPOINTS]; /* NULL: to none */
	struct range_map domains; /* by id */
	uint64_t nr_mappings;
};

/* Accesses that began before an operation took effect: through these ports, inside this
 * range, before this epoch.  Zeroed: none. */
struct iommu_wait {
	struct iommu_set ports;
	uint64_t first, last;
	uint64_t epoch;
};

/* The translator's `fault` and `released` are the embedder's to set. */
void iommu_init(struct iommu *iommu, const struct iommu_limits *limits, bool bypass);
/* Lets all ports go. */
void iommu_fini(struct iommu *iommu);
/* Puts the port behind the IOMMU.  0; -EEXIST: the id is taken; -ERANGE: it is too large. */
int iommu_adopt(struct iommu *iommu, struct dma_port *port);

/*
 * Each returns a VIRTIO_IOMMU_S_*; anything but OK has changed nothing.
 *
 * attach	NOENT no such endpoint; RANGE domain; INVAL `bypass` is not what the domain is;
 *		NOMEM.  An endpoint attached elsewhere is detached first
 * detach	NOENT no such endpoint; INVAL it is not attached to this domain
 * map		INVAL end before start, over the reserved range, over another mapping, or in a
 *		bypass domain; RANGE unaligned, or outside what can be mapped; NOENT no such
 *		domain; NOMEM too many mappings
 * unmap	INVAL end before start or a bypass domain; NOENT no such domain; RANGE it would
 *		split a mapping
 */
uint8_t iommu_attach(struct iommu *iommu, uint32_t domain, uint32_t endpoint, bool bypass,
		     struct iommu_wait *wait);
uint8_t iommu_detach(struct iommu *iommu, uint32_t domain, uint32_t endpoint,
		     struct iommu_wait *wait);
uint8_t iommu_add_mapping(struct iommu *iommu, uint32_t domain,
			  const struct dma_mapping *mapping);
uint8_t iommu_remove_mappings(struct iommu *iommu, uint32_t domain, uint64_t first,
			      uint64_t last, struct iommu_wait *wait);

/* Bypass for endpoints that are attached to none. */
void iommu_set_bypass(struct iommu *iommu, bool bypass, struct iommu_wait *wait);
/* Detaches everything. */
void iommu_reset(struct iommu *iommu, struct iommu_wait *wait);

/* How much of it is still in flight: holds; a look at all there are. */
uint64_t iommu_waiting(const struct iommu *iommu, const struct iommu_wait *wait);
/* Was this hold, which has ended, one of them? */
bool iommu_waited_for(const struct iommu_wait *wait, const struct dma_port *port,
		      const struct dma_hold *hold);
/* Makes the devices finish it now. */
void iommu_settle(struct iommu *iommu, const struct iommu_wait *wait);

/* Its whole state is what this page says. */
bool iommu_verify(const struct iommu *iommu);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Two kinds of ordered maps: the IOMMU's domains by their ids, and each domain's mappings
 * by I/O address.  A change is made in this order: the maps, the epoch, the caches of the
 * ports concerned; what was in flight then is what began before the epoch.
 */
#include "devices/iommu/iommu.h"

#include <errno.h>
#include <stdlib.h>

#include <abi/virtio_iommu.h>

#include "devices/util.h"

struct iommu_domain {
	struct range_node node; /* [id, id] in iommu.domains */
	bool bypass; /* then it has no mappings */
	struct iommu_set endpoints; /* attached; never empty */
	struct range_map mappings;
};

struct mapping {
	struct range_node node; /* the I/O addresses, in iommu_domain.mappings */
	uint64_t gpa;
	bool read, write;
};

static struct iommu_domain *domain_of(struct range_node *node)
{
	return node ? container_of(node, struct iommu_domain, node) : NULL;
}

static struct mapping *mapping_of(struct range_node *node)
{
	return node ? container_of(node, struct mapping, node) : NULL;
}

static struct iommu_domain *find_domain(const struct iommu *iommu, uint32_t id)
{
	return domain_of(range_map_find(&iommu->domains, id));
}

static bool exists(const struct iommu *iommu, uint32_t endpoint)
{
	return endpoint < IOMMU_ENDPOINTS && iommu->port[endpoint];
}

/* --- sets of endpoints -------------------------------------------------------------------- */

static void set_add(struct iommu_set *set, uint32_t endpoint)
{
	set->word[endpoint / 64] |= 1ull << endpoint % 64;
}

static void set_remove(struct iommu_set *set, uint32_t endpoint)
{
	set->word[endpoint / 64] &= ~(1ull << endpoint % 64);
}

/* The first member from `from` on, or IOMMU_ENDPOINTS. */
static uint32_t set_next(const struct iommu_set *set, uint32_t from)
{
	for (uint32_t w = from / 64; w < ARRAY_SIZE(set->word); w++) {
		uint64_t rest = set->word[w];

		if (w == from / 64)
			rest &= ~0ull << from % 64;
		if (rest)
			return w * 64 + (uint32_t)__builtin_ctzll(rest);
	}
	return IOMMU_ENDPOINTS;
}

#define for_each_endpoint(e, set) \
	for (uint32_t e = set_next(set, 0); e < IOMMU_ENDPOINTS; e = set_next(set, e + 1))

/* --- translation ------------------------------------------------------------------------ */

static int find(const struct dma_translator *t, uint32_t endpoint, uint64_t iova,
		struct dma_mapping *out)
{
	const struct iommu *iommu = container_of(t, const struct iommu, translator);
	const struct iommu_domain *domain = iommu->attached[endpoint];
	const struct mapping *m;

	if (domain ? domain->bypass : iommu->bypass) {
		*out = (struct dma_mapping){ 0, UINT64_MAX, 0, true, true };
		return 0;
	}
	if (!domain)
		return -ENODEV;
	m = mapping_of(range_map_find(&domain->mappings, iova));
	if (!m)
		return -EFAULT;
	*out = (struct dma_mapping){ m->node.first, m->node.last, m->gpa, m->read,
				     m->write };
	return 0;
}

/* --- what goes away ----------------------------------------------------------------------- */

/* [first, last] leads elsewhere now for the endpoints of `wait`. */
static void take_effect(struct iommu *iommu, struct iommu_wait *wait, uint64_t first,
			uint64_t last)
{
	wait->first = first;
	wait->last = last;
	wait->epoch = ++iommu->translator.epoch;
	for_each_endpoint (e, &wait->ports)
		dma_invalidate_range(iommu->port[e], first, last);
}

static void remove_mapping(struct iommu *iommu, struct iommu_domain *domain,
			   struct mapping *m)
{
	range_map_remove(&domain->mappings, &m->node);
	iommu->nr_mappings--;
	free(m);
}

static void free_mapping(struct range_node *node)
{
	free(mapping_of(node));
}

static void remove_all_mappings(struct iommu *iommu, struct iommu_domain *domain)
{
	iommu->nr_mappings -= domain->mappings.nr;
	range_map_empty(&domain->mappings, free_mapping);
}

static void remove_domain(struct iommu *iommu, struct iommu_domain *domain)
{
	remove_all_mappings(iommu, domain);
	range_map_remove(&iommu->domains, &domain->node);
	free(domain);
}

static void leave_domain(struct iommu *iommu, uint32_t endpoint)
{
	struct iommu_domain *domain = iommu->attached[endpoint];

	iommu->attached[endpoint] = NULL;
	if (!domain)
		return;
	set_remove(&domain->endpoints, endpoint);
	if (set_next(&domain->endpoints, 0) == IOMMU_ENDPOINTS)
		remove_domain(iommu, domain);
}

/* --- endpoints ---------------------------------------------------------------------------- */

static void gone(struct dma_translator *t, struct dma_port *port)
{
	struct iommu *iommu = container_of(t, struct iommu, translator);

	leave_domain(iommu, port->endpoint);
	iommu->port[port->endpoint] = NULL;
}

void iommu_init(struct iommu *iommu, const struct iommu_limits *limits, bool bypass)
{
	*iommu = (struct iommu){
		.translator = { .find = find, .gone = gone, .epoch = 1 },
		.limits = *limits,
		.bypass = bypass,
	};
}

void iommu_fini(struct iommu *iommu)
{
	for (uint32_t e = 0; e < IOMMU_ENDPOINTS; e++)
		if (iommu->port[e])
			dma_set_translator(iommu->port[e], NULL);
}

int iommu_adopt(struct iommu *iommu, struct dma_port *port)
{
	if (port->endpoint >= IOMMU_ENDPOINTS)
		return -ERANGE;
	if (iommu->port[port->endpoint])
		return -EEXIST;
	iommu->port[port->endpoint] = port;
	dma_set_translator(port, &iommu->translator);
	return 0;
}

static struct iommu_domain *new_domain(struct iommu *iommu, uint32_t id, bool bypass)
{
	struct iommu_domain *domain = calloc(1, sizeof(*domain));

	if (!domain)
		return NULL;
	domain->node.first = id;
	domain->node.last = id;
	domain->bypass = bypass;
	range_map_insert(&iommu->domains, &domain->node);
	return domain;
}

uint8_t iommu_attach(struct iommu *iommu, uint32_t id, uint32_t endpoint, bool bypass,
		     struct iommu_wait *wait)
{
	struct iommu_domain *domain = find_domain(iommu, id);

	*wait = (struct iommu_wait){ 0 };
	if (!exists(iommu, endpoint))
		return VIRTIO_IOMMU_S_NOENT;
	if (id > iommu->limits.last_domain)
		return VIRTIO_IOMMU_S_RANGE;
	if (domain && domain->bypass != bypass)
		return VIRTIO_IOMMU_S_INVAL;
	if (domain && iommu->attached[endpoint] == domain)
		return VIRTIO_IOMMU_S_OK;
	if (!domain)
		domain = new_domain(iommu, id, bypass);
	if (!domain)
		return VIRTIO_IOMMU_S_NOMEM;
	leave_domain(iommu, endpoint);
	set_add(&domain->endpoints, endpoint);
	iommu->attached[endpoint] = domain;
	set_add(&wait->ports, endpoint);
	take_effect(iommu, wait, 0, UINT64_MAX);
	return VIRTIO_IOMMU_S_OK;
}

uint8_t iommu_detach(struct iommu *iommu, uint32_t id, uint32_t endpoint,
		     struct iommu_wait *wait)
{
	const struct iommu_domain *domain = find_domain(iommu, id);

	*wait = (struct iommu_wait){ 0 };
	if (!exists(iommu, endpoint))
		return VIRTIO_IOMMU_S_NOENT;
	if (!domain || iommu->attached[endpoint] != domain)
		return VIRTIO_IOMMU_S_INVAL;
	leave_domain(iommu, endpoint);
	set_add(&wait->ports, endpoint);
	take_effect(iommu, wait, 0, UINT64_MAX);
	return VIRTIO_IOMMU_S_OK;
}

void iommu_set_bypass(struct iommu *iommu, bool bypass, struct iommu_wait *wait)
{
	*wait = (struct iommu_wait){ 0 };
	if (iommu->bypass == bypass)
		return;
	iommu->bypass = bypass;
	for (uint32_t e = 0; e < IOMMU_ENDPOINTS; e++)
		if (iommu->port[e] && !iommu->attached[e])
			set_add(&wait->ports, e);
	take_effect(iommu, wait, 0, UINT64_MAX);
}

void iommu_reset(struct iommu *iommu, struct iommu_wait *wait)
{
	*wait = (struct iommu_wait){ 0 };
	for (uint32_t e = 0; e < IOMMU_ENDPOINTS; e++) {
		if (!iommu->attached[e])
			continue;
		leave_domain(iommu, e);
		set_add(&wait->ports, e);
	}
	take_effect(iommu, wait, 0, UINT64_MAX);
}

/* --- mappings ----------------------------------------------------------------------------- */

static bool overlaps(uint64_t first, uint64_t last, uint64_t other_first,
		     uint64_t other_last)
{
	return first <= other_last && last >= other_first;
}

/* What can be said of a mapping without looking at its domain. */
static uint8_t check_mapping(const struct iommu_limits *limits,
			     const struct dma_mapping *m)
{
	uint64_t in_page = limits->page_size - 1, end;

	if (m->last < m->first)
		return VIRTIO_IOMMU_S_INVAL;
	if ((m->first | m->gpa | (m->last + 1)) & in_page ||
	    m->last > limits->last_addr ||
	    __builtin_add_overflow(m->gpa, m->last - m->first, &end))
		return VIRTIO_IOMMU_S_RANGE;
	if (overlaps(m->first, m->last, limits->resv_first, limits->resv_last))
		return VIRTIO_IOMMU_S_INVAL;
	return VIRTIO_IOMMU_S_OK;
}

/* Endpoints that met nothing at these addresses must look again. */
static void appear(struct iommu *iommu, const struct iommu_domain *domain, uint64_t first,
		   uint64_t last)
{
	for_each_endpoint (e, &domain->endpoints)
		dma_invalidate_range(iommu->port[e], first, last);
}

uint8_t iommu_add_mapping(struct iommu *iommu, uint32_t id,
			  const struct dma_mapping *mapping)
{
	struct iommu_domain *domain = find_domain(iommu, id);
	uint8_t status = check_mapping(&iommu->limits, mapping);
	struct mapping *m;

	if (status != VIRTIO_IOMMU_S_OK)
		return status;
	if (!domain)
		return VIRTIO_IOMMU_S_NOENT;
	if (domain->bypass)
		return VIRTIO_IOMMU_S_INVAL;
	m = iommu->nr_mappings < iommu->limits.mappings ? malloc(sizeof(*m)) : NULL;
	if (!m)
		return VIRTIO_IOMMU_S_NOMEM;
	*m = (struct mapping){ .node = { .first = mapping->first, .last = mapping->last },
			       .gpa = mapping->gpa,
			       .read = mapping->read,
			       .write = mapping->write };
	if (!range_map_insert(&domain->mappings, &m->node)) {
		free(m);
		return VIRTIO_IOMMU_S_INVAL;
	}
	iommu->nr_mappings++;
	appear(iommu, domain, mapping->first, mapping->last);
	return VIRTIO_IOMMU_S_OK;
}

/* Would taking [first, last] out leave a part of a mapping behind? */
static bool splits(const struct iommu_domain *domain, uint64_t first, uint64_t last)
{
	const struct range_node *low = range_map_find(&domain->mappings, first);
	const struct range_node *high = range_map_find(&domain->mappings, last);

	return (low && low->first < first) || (high && high->last > last);
}

uint8_t iommu_remove_mappings(struct iommu *iommu, uint32_t id, uint64_t first,
			      uint64_t last, struct iommu_wait *wait)
{
	struct iommu_domain *domain = find_domain(iommu, id);
	struct range_node *node;

	*wait = (struct iommu_wait){ 0 };
	if (last < first)
		return VIRTIO_IOMMU_S_INVAL;
	if (!domain)
		return VIRTIO_IOMMU_S_NOENT;
	if (domain->bypass)
		return VIRTIO_IOMMU_S_INVAL;
	if (splits(domain, first, last))
		return VIRTIO_IOMMU_S_RANGE;
	if (!first && last >= iommu->limits.last_addr)
		remove_all_mappings(iommu, domain);
	while ((node = range_map_next(&domain->mappings, first)) && node->first <= last)
		remove_mapping(iommu, domain, mapping_of(node));
	wait->ports = domain->endpoints;
	take_effect(iommu, wait, first, last);
	return VIRTIO_IOMMU_S_OK;
}

/* --- waiting ------------------------------------------------------------------------------ */

/* A port that went away has nothing in flight. */
static uint64_t in_flight(const struct iommu *iommu, const struct iommu_wait *wait,
			  uint32_t endpoint)
{
	const struct dma_port *port = iommu->port[endpoint];

	return port ? dma_held_before(port, wait->first, wait->last, wait->epoch) : 0;
}

uint64_t iommu_waiting(const struct iommu *iommu, const struct iommu_wait *wait)
{
	uint64_t nr = 0;

	for_each_endpoint (e, &wait->ports)
		nr += in_flight(iommu, wait, e);
	return nr;
}

bool iommu_waited_for(const struct iommu_wait *wait, const struct dma_port *port,
		      const struct dma_hold *hold)
{
	return set_next(&wait->ports, port->endpoint) == port->endpoint &&
	       hold->epoch < wait->epoch &&
	       dma_hold_touches(hold, wait->first, wait->last);
}

void iommu_settle(struct iommu *iommu, const struct iommu_wait *wait)
{
	for_each_endpoint (e, &wait->ports)
		if (in_flight(iommu, wait, e) && iommu->port[e]->settle)
			iommu->port[e]->settle(iommu->port[e]);
}

/* --- self-check --------------------------------------------------------------------------- */

static bool verify_domain(const struct iommu *iommu, const struct iommu_domain *domain)
{
	bool any = false;

	for (uint32_t e = 0; e < IOMMU_ENDPOINTS; e++) {
		bool here = iommu->attached[e] == domain;

		if (here != (set_next(&domain->endpoints, e) == e))
			return false;
		any |= here;
	}
	return any && range_map_verify(&domain->mappings) &&
	       !(domain->bypass && domain->mappings.nr);
}

bool iommu_verify(const struct iommu *iommu)
{
	const struct iommu_domain *domain;
	uint64_t mappings = 0, domains = 0;

	for (uint64_t id = 0; (domain = domain_of(range_map_next(&iommu->domains, id)));
	     id = domain->node.last + 1) {
		if (!verify_domain(iommu, domain))
			return false;
		mappings += domain->mappings.nr;
		domains++;
	}
	for (uint32_t e = 0; e < IOMMU_ENDPOINTS; e++)
		if (iommu->attached[e] && !iommu->port[e])
			return false;
	return range_map_verify(&iommu->domains) && domains == iommu->domains.nr &&
	       mappings == iommu->nr_mappings;
}

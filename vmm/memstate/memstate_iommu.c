/* SPDX-License-Identifier: MIT */
/* The domains of an IOMMU, as the guest's driver keeps them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/memstate/memstate_kernel.h"
#include "vmm/util/array.h"

struct reading {
	struct memstate_view *view;
	const struct memstate_iommu *d;
	struct iommu_state *state;
	size_t ranges; /* of all domains so far */
};

/* --- domains -------------------------------------------------------------------------------- */

static int read_range(const struct reading *r, uint64_t node, struct iommu_range *range)
{
	const struct memstate_iommu *d = r->d;
	uint64_t va = node - d->node_offset, end = 0, flags = 0;
	const struct memstate_want in_node[] = { { &d->start, &range->start },
						 { &d->end, &end } };
	const struct memstate_want in_mapping[] = { { &d->phys, &range->phys },
						    { &d->flags, &flags } };
	int ret = memstate_fields(r->view, node, in_node, 2, "an IOMMU mapping");

	if (!ret)
		ret = memstate_fields(r->view, va, in_mapping, 2, "an IOMMU mapping");
	if (ret)
		return ret;
	if (end <= range->start)
		return memstate_bad(r->view, "IOMMU mapping at %#llx: %#llx to %#llx",
				    (unsigned long long)va,
				    (unsigned long long)range->start,
				    (unsigned long long)end);
	range->size = end - range->start;
	range->flags = (uint32_t)flags;
	return 0;
}

/* Addresses only ascend, so a list that leads in a circle is found out at once. */
static int read_ranges(struct reading *r, struct iommu_domain_state *domain)
{
	uint64_t node = 0, tail = domain->va + r->d->tail_offset, end = 0;
	int ret = memstate_field(r->view, domain->va, &r->d->first, 0, &node,
				 "an IOMMU domain");

	while (!ret && node && node != tail) {
		struct iommu_range range = { 0 }, *more;

		ret = read_range(r, node, &range);
		if (ret)
			return ret;
		if (range.start < end || r->ranges++ == KERNEL_RANGES_MAX)
			return memstate_bad(r->view,
					    "IOMMU mapping %#llx: overlaps the one "
					    "before it, or is one too many",
					    (unsigned long long)range.start);
		end = range.start + range.size;
		more = array_append(domain->range, &domain->nr, &range, sizeof(range));
		if (!more)
			return -ENOMEM;
		domain->range = more;
		ret = memstate_field(r->view, node, &r->d->next, 0, &node,
				     "an IOMMU domain");
	}
	return ret;
}

static int read_domain(struct reading *r, uint64_t va)
{
	struct iommu_domain_state domain = { .va = va }, *more;
	uint64_t id = 0;
	int ret =
		memstate_field(r->view, va, &r->d->domain_id, 0, &id, "an IOMMU domain");

	if (ret)
		return ret;
	domain.id = (uint32_t)id;
	more = array_append(r->state->domain, &r->state->nr_domains, &domain,
			    sizeof(domain));
	if (!more)
		return -ENOMEM;
	r->state->domain = more;
	return read_ranges(r, &more[r->state->nr_domains - 1]);
}

/* --- devices -------------------------------------------------------------------------------- */

static int read_endpoint(struct reading *r, uint64_t va)
{
	const struct memstate_iommu *d = r->d;
	struct iommu_endpoint_state endpoint = { 0 }, *more;
	uint64_t id = 0, device = 0, name = 0;
	const struct memstate_want want[] = { { &d->endpoint_id, &id },
					      { &d->endpoint_domain, &endpoint.domain },
					      { &d->endpoint_device, &device } };
	int ret = memstate_fields(r->view, va, want, 3, "a device behind the IOMMU");

	if (!ret && device)
		ret = memstate_field(r->view, device, &d->device_name, 0, &name,
				     "a device");
	if (!ret && name)
		ret = memstate_read_string(r->view, name, endpoint.device,
					   sizeof(endpoint.device), "a device's name");
	if (ret)
		return ret;
	endpoint.id = (uint32_t)id;
	more = array_append(r->state->endpoint, &r->state->nr_endpoints, &endpoint,
			    sizeof(endpoint));
	if (!more)
		return -ENOMEM;
	r->state->endpoint = more;
	return 0;
}

/* --- lists ---------------------------------------------------------------------------------- */

static int walk(struct reading *r, uint64_t head, const struct memstate_field *next,
		int (*one)(struct reading *r, uint64_t va))
{
	unsigned int n = 0;
	uint64_t node;
	int ret = memstate_read_pointer(r->view, head, &node, "a list of the IOMMU's");

	while (!ret && node && node != head) {
		if (n++ == KERNEL_DOMAINS_MAX)
			return memstate_bad(r->view,
					    "a list of the IOMMU's does not end after %u",
					    KERNEL_DOMAINS_MAX);
		ret = one(r, node - next->offset);
		if (!ret)
			ret = memstate_field(r->view, node - next->offset, next, 0, &node,
					     "a list of the IOMMU's");
	}
	return ret;
}

int memstate_read_iommu(struct memstate_view *view, const struct memstate_kernel *kernel,
			struct iommu_state *iommu)
{
	struct iommu_state new = { 0 };
	struct reading r = { view, &kernel->iommu, &new, 0 };
	uint64_t va = 0;
	int ret = 0;

	memstate_refresh(view);
	if (r.d->pointer_va)
		ret = memstate_read_pointer(view, r.d->pointer_va, &va, "the IOMMU");
	if (!ret && va)
		ret = walk(&r, va + r.d->domains, &r.d->domain_node, read_domain);
	if (!ret && va)
		ret = walk(&r, va + r.d->endpoints, &r.d->endpoint_node, read_endpoint);
	if (ret) {
		iommu_state_free(&new);
		return ret;
	}
	iommu_state_free(iommu);
	*iommu = new;
	return 0;
}

void iommu_state_free(struct iommu_state *iommu)
{
	size_t i;

	for (i = 0; i < iommu->nr_domains; i++)
		free(iommu->domain[i].range);
	free(iommu->domain);
	free(iommu->endpoint);
	*iommu = (struct iommu_state){ 0 };
}

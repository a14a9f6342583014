/* SPDX-License-Identifier: MIT */
/* What devices hold, and who holds memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "vmm/inspect/inspect.h"

typedef unsigned long long ull;

/* --- dma -------------------------------------------------------------------------------- */

static void print_mapping(const struct inspect *in, const struct live_mapping *m)
{
	char caller[128];

	inspect_return(in, m->caller, caller, sizeof(caller));
	printf("%s %s P=%llx D=%llx L=%llx %s %s\n", m->device, live_mapping_kind(m),
	       (ull)m->phys, (ull)m->addr, (ull)m->size, live_mapping_dir(m), caller);
}

static json_t *mapping_json(const struct inspect *in, const struct live_mapping *m)
{
	char caller[128];

	inspect_return(in, m->caller, caller, sizeof(caller));
	return json_pack("{s:s, s:i, s:s, s:I, s:I, s:I, s:s, s:s}", "device", m->device,
			 "endpoint", (int)m->endpoint, "kind", live_mapping_kind(m),
			 "phys", (json_int_t)m->phys, "addr", (json_int_t)m->addr,
			 "bytes", (json_int_t)m->size, "dir", live_mapping_dir(m),
			 "caller", caller);
}

static void print_dma(const struct inspect *in, const struct dma_state *dma,
		      const struct live_mappings *mappings)
{
	size_t i;

	printf("%llu streaming mappings of %llu bytes, %llu coherent buffers of %llu "
	       "bytes, %llu mappings refused so far\n",
	       (ull)dma->mappings, (ull)dma->mapped_bytes, (ull)dma->coherent,
	       (ull)dma->coherent_bytes, (ull)dma->refused);
	if (!mappings->kept)
		printf("This guest keeps no books of them one by one: start it with "
		       "dma_debug=on.\n");
	if (mappings->lost)
		printf("%llu mappings found no room in its books.\n",
		       (ull)mappings->lost);
	for (i = 0; i < mappings->nr; i++)
		print_mapping(in, &mappings->mapping[i]);
}

static json_t *dma_json(const struct inspect *in, const struct dma_state *dma,
			const struct live_mappings *mappings)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < mappings->nr; i++)
		json_array_append_new(list, mapping_json(in, &mappings->mapping[i]));
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:o}", "mappings",
		(json_int_t)dma->mappings, "mapped_bytes", (json_int_t)dma->mapped_bytes,
		"coherent", (json_int_t)dma->coherent, "coherent_bytes",
		(json_int_t)dma->coherent_bytes, "refused", (json_int_t)dma->refused,
		"kept", mappings->kept, "lost", (json_int_t)mappings->lost, "live", list);
}

static int show_dma(struct inspect *in, struct error *err)
{
	struct live_mappings mappings = { 0 };
	struct dma_state dma;
	int ret = memstate_read_dma(&in->view.state, &dma);

	(void)err;
	if (!ret)
		ret = memstate_read_mappings(&in->view.state, &mappings);
	if (ret)
		return ret;
	if (in->wants_json)
		in->json = dma_json(in, &dma, &mappings);
	else
		print_dma(in, &dma, &mappings);
	free(mappings.mapping);
	return 0;
}

/* --- iommu ------------------------------------------------------------------------------ */

static void print_range(const struct iommu_range *r)
{
	printf("  %#018llx-%#018llx -> %#llx %c%c%s\n", (ull)r->start,
	       (ull)r->start + r->size - 1, (ull)r->phys, r->flags & 1 ? 'r' : '-',
	       r->flags & 2 ? 'w' : '-', r->flags & 4 ? " mmio" : "");
}

static void print_domain(const struct iommu_state *iommu,
			 const struct iommu_domain_state *d)
{
	size_t i;

	printf("domain %u:", d->id);
	for (i = 0; i < iommu->nr_endpoints; i++)
		if (iommu->endpoint[i].domain == d->va)
			printf(" %s", iommu->endpoint[i].device);
	printf(", %zu mappings\n", d->nr);
	for (i = 0; i < d->nr; i++)
		print_range(&d->range[i]);
}

static void print_iommu(const struct iommu_state *iommu)
{
	size_t i;

	if (!iommu->nr_domains && !iommu->nr_endpoints)
		printf("no IOMMU: devices use physical addresses\n");
	for (i = 0; i < iommu->nr_domains; i++)
		print_domain(iommu, &iommu->domain[i]);
	for (i = 0; i < iommu->nr_endpoints; i++)
		if (!iommu->endpoint[i].domain)
			printf("in no domain: %s\n", iommu->endpoint[i].device);
}

static json_t *domain_json(const struct iommu_state *iommu,
			   const struct iommu_domain_state *d)
{
	json_t *devices = json_array(), *ranges = json_array();
	size_t i;

	for (i = 0; i < iommu->nr_endpoints; i++)
		if (iommu->endpoint[i].domain == d->va)
			json_array_append_new(devices,
					      json_string(iommu->endpoint[i].device));
	for (i = 0; i < d->nr; i++)
		json_array_append_new(ranges,
				      json_pack("{s:I, s:I, s:I, s:i}", "start",
						(json_int_t)d->range[i].start, "bytes",
						(json_int_t)d->range[i].size, "phys",
						(json_int_t)d->range[i].phys, "flags",
						(int)d->range[i].flags));
	return json_pack("{s:I, s:o, s:o}", "id", (json_int_t)d->id, "devices", devices,
			 "mappings", ranges);
}

static int show_iommu(struct inspect *in, struct error *err)
{
	struct iommu_state iommu = { 0 };
	size_t i;
	int ret;

	if (!in->has_kernel)
		return error_set(err, ENODATA, "%s: this guest does not tell of IOMMUs",
				 in->view.name);
	ret = memstate_read_iommu(&in->view.state, &in->kernel, &iommu);
	if (ret)
		return ret;
	if (in->wants_json)
		in->json = json_array();
	else
		print_iommu(&iommu);
	for (i = 0; in->json && i < iommu.nr_domains; i++)
		json_array_append_new(in->json, domain_json(&iommu, &iommu.domain[i]));
	iommu_state_free(&iommu);
	return 0;
}

/* --- top-callers ------------------------------------------------------------------------ */

static void print_site(const struct inspect *in, const struct alloc_site_state *s)
{
	char caller[128];

	inspect_symbol(in, s->ip, caller, sizeof(caller));
	if (s->ip)
		printf("%12llu %8llu func:%s\n", (ull)s->bytes, (ull)s->calls, caller);
	else
		printf("%12llu %8llu (sites beyond the table)\n", (ull)s->bytes,
		       (ull)s->calls);
}

static json_t *site_json(const struct inspect *in, const struct alloc_site_state *s)
{
	char caller[128];

	inspect_symbol(in, s->ip, caller, sizeof(caller));
	return json_pack("{s:s, s:I, s:I, s:I}", "caller", s->ip ? caller : "", "bytes",
			 (json_int_t)s->bytes, "calls", (json_int_t)s->calls, "total",
			 (json_int_t)s->total);
}

static int top_callers(struct inspect *in, struct error *err)
{
	struct alloc_sites_state sites = { 0 };
	int ret = memstate_read_sites(&in->view.state, &sites);
	size_t i;

	if (!ret && !sites.kept)
		return error_set(err, ENODATA,
				 "%s: this guest keeps no books of call sites: start it "
				 "with alloc_profile=on",
				 in->view.name);
	if (ret)
		return ret;
	inspect_begin_list(
		in, "allocinfo - version: 1.0\n#     <size>  <calls> <tag info>\n");
	for (i = 0; i < sites.nr; i++)
		if (in->json)
			json_array_append_new(in->json, site_json(in, &sites.site[i]));
		else
			print_site(in, &sites.site[i]);
	free(sites.site);
	return 0;
}

const struct question inspect_dma_questions[] = {
	{ "dma", NULL, false, "what devices hold mapped, and who mapped it", show_dma },
	{ "iommu", NULL, false, "domains, their devices and mappings", show_iommu },
	{ "top-callers", NULL, false, "which calls hold the most memory", top_callers },
	{ NULL, NULL, false, NULL, NULL },
};

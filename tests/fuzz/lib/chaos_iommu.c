/* SPDX-License-Identifier: MIT */
/*
 * The IOMMU before the device: rings are reached at an offset that no input guesses, the
 * arena by pages of the window, nothing else is mapped.  `may` follows the mappings.
 */
#include <string.h>

#include "tests/fuzz/lib/chaos.h"

#define DOMAIN	    1u
#define RING_OFFSET 0x7ab3c1d20000ull

static void map(struct chaos *c, uint64_t iova, uint64_t gpa, uint64_t len, bool read,
		bool write)
{
	const struct dma_mapping mapping = { iova, iova + len - 1, gpa, read, write };

	iommu_add_mapping(&c->iommu, DOMAIN, &mapping);
}

static void map_rings(struct chaos *c, bool write)
{
	map(c, CHAOS_RINGS + RING_OFFSET, CHAOS_RINGS, CHAOS_ARENA - CHAOS_RINGS, true,
	    write);
}

static void map_page(struct chaos *c, unsigned int at, uint8_t page, bool read,
		     bool write)
{
	struct chaos_mapping *m = &c->mapping[at];

	if (m->live)
		return;
	*m = (struct chaos_mapping){ true, write, page };
	if (write)
		memset(c->may + page * CHAOS_PAGE, 0xff, CHAOS_PAGE);
	map(c, CHAOS_WINDOW + at * CHAOS_PAGE, CHAOS_ARENA + page * CHAOS_PAGE,
	    CHAOS_PAGE, read, write);
}

static bool page_writable(const struct chaos *c, uint8_t page)
{
	for (unsigned int i = 0; i < CHAOS_IOVA_PAGES; i++)
		if (c->mapping[i].live && c->mapping[i].write &&
		    c->mapping[i].page == page)
			return true;
	return false;
}

/* From now on the device leaves the page alone. */
static void freeze(struct chaos *c, uint8_t page)
{
	if (page_writable(c, page))
		return;
	memcpy(c->shadow + page * CHAOS_PAGE,
	       machine_at(c->m, CHAOS_ARENA + page * CHAOS_PAGE, CHAOS_PAGE), CHAOS_PAGE);
	memset(c->may + page * CHAOS_PAGE, 0, CHAOS_PAGE);
}

static void complete(struct chaos *c, const struct iommu_wait *wait)
{
	iommu_settle(&c->iommu, wait);
	FUZZ_CHECK(!iommu_waiting(&c->iommu, wait));
}

static void unmap_page(struct chaos *c, unsigned int at)
{
	uint64_t iova = CHAOS_WINDOW + at * CHAOS_PAGE;
	struct iommu_wait wait;

	if (iommu_remove_mappings(&c->iommu, DOMAIN, iova, iova + CHAOS_PAGE - 1, &wait))
		return;
	complete(c, &wait);
	c->mapping[at].live = false;
	freeze(c, c->mapping[at].page);
}

static void forget_all(struct chaos *c)
{
	for (unsigned int i = 0; i < CHAOS_IOVA_PAGES; i++)
		c->mapping[i].live = false;
	for (unsigned int p = 0; p < CHAOS_PAGES; p++)
		freeze(c, (uint8_t)p);
}

static void attach(struct chaos *c)
{
	struct iommu_wait wait;

	FUZZ_CHECK(!iommu_attach(&c->iommu, DOMAIN, CHAOS_DEVFN, false, &wait));
	complete(c, &wait);
}

static void detach(struct chaos *c)
{
	struct iommu_wait wait;

	if (iommu_detach(&c->iommu, DOMAIN, CHAOS_DEVFN, &wait))
		return;
	complete(c, &wait);
	forget_all(c);
}

static void unmap_rings(struct chaos *c)
{
	struct iommu_wait wait;

	if (!iommu_remove_mappings(&c->iommu, DOMAIN, RING_OFFSET,
				   RING_OFFSET + CHAOS_ARENA - 1, &wait))
		complete(c, &wait);
}

void chaos_put_behind(struct chaos *c)
{
	static const struct iommu_limits limits = { .page_size = CHAOS_PAGE,
						    .last_addr = 0xffffffffffffull,
						    .last_domain = 3,
						    .mappings = CHAOS_IOVA_PAGES + 1 };

	c->behind = true;
	c->ring_offset = RING_OFFSET;
	iommu_init(&c->iommu, &limits, false);
	FUZZ_CHECK(!iommu_adopt(&c->iommu, &c->m->pci.dev[CHAOS_DEVFN]->dma));
	attach(c);
	map_rings(c, true);
	for (unsigned int i = 0; i < CHAOS_PAGES; i++)
		map_page(c, i, (uint8_t)i, true, true);
}

void chaos_iommu(struct chaos *c)
{
	uint8_t what = fuzz_u8(&c->in), at = fuzz_u8(&c->in);

	if (!c->behind)
		return;
	switch (what % 8) {
	case 0:
		detach(c);
		break;
	case 1:
		attach(c);
		map_rings(c, true);
		break;
	case 2:
		unmap_rings(c);
		break;
	case 3:
		map_rings(c, at & 1);
		break;
	case 4 ... 5:
		unmap_page(c, at % CHAOS_IOVA_PAGES);
		break;
	default:
		map_page(c, at % CHAOS_IOVA_PAGES, at / 8 % CHAOS_PAGES, what & 8,
			 what & 16);
		break;
	}
	FUZZ_CHECK(iommu_verify(&c->iommu));
}

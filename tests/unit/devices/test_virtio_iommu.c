/* SPDX-License-Identifier: MIT */
/*
 * The IOMMU as its driver meets it: every request and every status, faults, bypass, limits;
 * and the hostile table.
 */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "devices/util.h"
#include "devices/virtio/virtio_pci.h"
#include "tests/unit/devices/mock_hostile.h"
#include "tests/unit/devices/mock_iommu.h"
#include "tests/unit/devices/mock_model.h"

#define CLIENT	PCI_DEVFN(2, 0)
#define CLIENT2 PCI_DEVFN(3, 0)
#define PAGE	4096ull
#define IOVA	0x7f0000000ull
#define TAIL	((uint32_t)sizeof(struct virtio_iommu_req_tail))

static struct viommu v;
static struct machine *m;

static void plug(bool bypass, uint64_t max_mappings)
{
	const struct virtio_iommu_params params = { .name = "iommu0",
						    .boot_bypass = bypass,
						    .max_mappings = max_mappings };

	viommu_plug(&v, m, &params);
}

static int setup(void **state)
{
	(void)state;
	m = machine_new();
	plug(false, 0);
	mock_model_plug(m, CLIENT);
	mock_model_plug(m, CLIENT2);
	viommu_adopt(&v, CLIENT);
	viommu_adopt(&v, CLIENT2);
	viommu_start(&v, DRV_ALL_FEATURES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_free(m);
	return 0;
}

/* --- what the device says of itself ------------------------------------------------------- */

static void configuration(void **state)
{
	struct virtio_iommu_config config;
	uint8_t bytes[sizeof(config)] = { 0 };

	(void)state;
	assert_int_equal(v.d.config_len, sizeof(config));
	for (unsigned int i = 0; i < sizeof(config); i++)
		bytes[i] = (uint8_t)machine_read(m, v.d.config + i, 1);
	memcpy(&config, bytes, sizeof(config));
	assert_true(config.page_size_mask == ~0xfffull);
	assert_int_equal(config.input_range.start, 0);
	assert_true(config.input_range.end == 0xffffffffffff);
	assert_int_equal(config.domain_range.start, 0);
	assert_int_equal(config.domain_range.end, 0xffff);
	assert_int_equal(config.probe_size, VIRTIO_IOMMU_PROBE_SIZE);
	assert_int_equal(config.bypass, 0);
	assert_int_equal(machine_config_read(m, VIOMMU_DEVFN, PCI_VENDOR_ID, 4),
			 0x10571af4);
	/* Neither the old bypass nor MMIO mappings. */
	assert_int_equal(v.d.offered & 0x7f, 0x57);
}

/* --- requests and their statuses ---------------------------------------------------------- */

static void attach_statuses(void **state)
{
	struct virtio_iommu_req_attach req = { .head.type = VIRTIO_IOMMU_T_ATTACH,
					       .domain = 7,
					       .endpoint = CLIENT };

	(void)state;
	assert_int_equal(viommu_attach(&v, 7, CLIENT, 2), VIRTIO_IOMMU_S_INVAL);
	assert_int_equal(viommu_attach(&v, 7, CLIENT, 1u << 31), VIRTIO_IOMMU_S_INVAL);
	for (unsigned int i = 0; i < sizeof(req.reserved); i++) {
		req.reserved[i] = 0x80;
		assert_int_equal(viommu_call(&v, &req, sizeof(req) - TAIL, TAIL),
				 VIRTIO_IOMMU_S_INVAL);
		req.reserved[i] = 0;
	}
	/* The head's reserved bytes mean nothing. */
	req.head.reserved[1] = 5;
	assert_int_equal(viommu_call(&v, &req, sizeof(req) - TAIL, TAIL),
			 VIRTIO_IOMMU_S_OK);
	assert_int_equal(v.used, TAIL);
	assert_int_equal(viommu_attach(&v, 7, 0, 0), VIRTIO_IOMMU_S_NOENT);
	assert_int_equal(viommu_attach(&v, 7, VIOMMU_DEVFN, 0), VIRTIO_IOMMU_S_NOENT);
	assert_int_equal(viommu_attach(&v, 7, CLIENT | 1u << 16, 0),
			 VIRTIO_IOMMU_S_NOENT);
	assert_int_equal(viommu_attach(&v, 0x10000, CLIENT, 0), VIRTIO_IOMMU_S_RANGE);
	assert_int_equal(viommu_attach(&v, 0xffff, CLIENT, 0), VIRTIO_IOMMU_S_OK);
	/* A domain is a bypass domain or it is not. */
	assert_int_equal(viommu_attach(&v, 7, CLIENT, VIRTIO_IOMMU_ATTACH_F_BYPASS),
			 VIRTIO_IOMMU_S_OK);
	assert_int_equal(viommu_attach(&v, 7, CLIENT2, 0), VIRTIO_IOMMU_S_INVAL);
	assert_int_equal(viommu_attach(&v, 7, CLIENT2, VIRTIO_IOMMU_ATTACH_F_BYPASS),
			 VIRTIO_IOMMU_S_OK);
	assert_int_equal(viommu_map(&v, 7, 0, PAGE - 1, 0, VIOMMU_RW),
			 VIRTIO_IOMMU_S_INVAL);
	assert_int_equal(viommu_unmap(&v, 7, 0, PAGE - 1), VIRTIO_IOMMU_S_INVAL);
	assert_int_equal(viommu_stat(&v, "domains"), 1);
}

static void detach_statuses(void **state)
{
	struct virtio_iommu_req_detach req = { .head.type = VIRTIO_IOMMU_T_DETACH,
					       .domain = 1,
					       .endpoint = CLIENT,
					       .reserved = { 1, 2, 3 } };

	(void)state;
	assert_int_equal(viommu_detach(&v, 1, CLIENT), VIRTIO_IOMMU_S_INVAL);
	assert_int_equal(viommu_attach(&v, 1, CLIENT, 0), VIRTIO_IOMMU_S_OK);
	assert_int_equal(viommu_attach(&v, 2, CLIENT2, 0), VIRTIO_IOMMU_S_OK);
	assert_int_equal(viommu_detach(&v, 2, CLIENT), VIRTIO_IOMMU_S_INVAL);
	assert_int_equal(viommu_detach(&v, 1, 0x40), VIRTIO_IOMMU_S_NOENT);
	assert_int_equal(viommu_map(&v, 1, 0, PAGE - 1, 0, VIOMMU_RW), VIRTIO_IOMMU_S_OK);
	assert_int_equal(viommu_call(&v, &req, sizeof(req) - TAIL, TAIL),
			 VIRTIO_IOMMU_S_OK);
	/* The domain is gone with its mappings. */
	assert_int_equal(viommu_stat(&v, "mappings"), 0);
	assert_int_equal(viommu_map(&v, 1, 0, PAGE - 1, 0, VIOMMU_RW),
			 VIRTIO_IOMMU_S_NOENT);
	assert_int_equal(viommu_unmap(&v, 1, 0, PAGE - 1), VIRTIO_IOMMU_S_NOENT);
}

struct map_case {
	uint64_t first, last, phys;
	uint32_t flags;
	uint8_t status;
};

static void map_statuses(void **state)
{
	static const struct map_case cases[] = {
		{ 0x1001, 0x1fff, 0, VIOMMU_RW, VIRTIO_IOMMU_S_RANGE },
		{ 0x1000, 0x1ffe, 0, VIOMMU_RW, VIRTIO_IOMMU_S_RANGE },
		{ 0x1000, 0x1fff, 8, VIOMMU_RW, VIRTIO_IOMMU_S_RANGE },
		{ 0x1000, 0x0fff, 0, VIOMMU_RW, VIRTIO_IOMMU_S_INVAL },
		{ 0x3000, 0x1fff, 0, VIOMMU_RW, VIRTIO_IOMMU_S_INVAL },
		{ 0x1000, 0x1fff, 0, 4, VIRTIO_IOMMU_S_INVAL }, /* MMIO */
		{ 0x1000, 0x1fff, 0, 0x80000001, VIRTIO_IOMMU_S_INVAL },
		{ 0, ~0ull, 0, VIOMMU_RW, VIRTIO_IOMMU_S_RANGE },
		{ 1ull << 48, (1ull << 48) + 0xfff, 0, VIOMMU_RW, VIRTIO_IOMMU_S_RANGE },
		{ (1ull << 48) - PAGE, (1ull << 48) - 1, 0, 1, VIRTIO_IOMMU_S_OK },
		{ 0x1000, 0x2fff, -0x1000ull, VIOMMU_RW, VIRTIO_IOMMU_S_RANGE },
		{ 0x1000, 0x1fff, -0x1000ull, VIOMMU_RW, VIRTIO_IOMMU_S_OK },
		{ 0x1000, 0x1fff, 0x5000, VIOMMU_RW, VIRTIO_IOMMU_S_INVAL },
		{ 0, 0x8fff, 0x5000, VIOMMU_RW, VIRTIO_IOMMU_S_INVAL },
		{ 0x2000, 0x8fff, 0x5000, 0, VIRTIO_IOMMU_S_OK },
		/* The window of MSIs, to the page. */
		{ 0xfedff000, 0xfee00fff, 0, VIOMMU_RW, VIRTIO_IOMMU_S_INVAL },
		{ 0xfee80000, 0xfee80fff, 0, VIOMMU_RW, VIRTIO_IOMMU_S_INVAL },
		{ 0xfeeff000, 0xfef00fff, 0, VIOMMU_RW, VIRTIO_IOMMU_S_INVAL },
		{ 0x10000, 0xffffffff, 0, VIOMMU_RW, VIRTIO_IOMMU_S_INVAL },
		{ 0xfedff000, 0xfedfffff, 0, VIOMMU_RW, VIRTIO_IOMMU_S_OK },
		{ 0xfef00000, 0xfef00fff, 0, VIOMMU_RW, VIRTIO_IOMMU_S_OK },
	};
	unsigned int good = 0;

	(void)state;
	assert_int_equal(viommu_map(&v, 1, 0x1000, 0x1fff, 0, VIOMMU_RW),
			 VIRTIO_IOMMU_S_NOENT);
	assert_int_equal(viommu_attach(&v, 1, CLIENT, 0), VIRTIO_IOMMU_S_OK);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct map_case *c = &cases[i];

		assert_int_equal(viommu_map(&v, 1, c->first, c->last, c->phys, c->flags),
				 c->status);
		good += c->status == VIRTIO_IOMMU_S_OK;
		assert_int_equal(viommu_stat(&v, "mappings"), good);
	}
}

/* The seven sequences of the specification, 5.13.6.6, in pages. */
static const struct {
	uint64_t map[2][2]; /* pages: first, last */
	unsigned int nr;
	uint64_t unmap[2];
	uint8_t status;
	unsigned int left;
} unmap_cases[] = {
	{ { { 0 } }, 0, { 0, 4 }, VIRTIO_IOMMU_S_OK, 0 },
	{ { { 0, 9 } }, 1, { 0, 9 }, VIRTIO_IOMMU_S_OK, 0 },
	{ { { 0, 4 }, { 5, 9 } }, 2, { 0, 9 }, VIRTIO_IOMMU_S_OK, 0 },
	{ { { 0, 9 } }, 1, { 0, 4 }, VIRTIO_IOMMU_S_RANGE, 1 },
	{ { { 0, 4 }, { 5, 9 } }, 2, { 0, 4 }, VIRTIO_IOMMU_S_OK, 1 },
	{ { { 0, 4 } }, 1, { 0, 9 }, VIRTIO_IOMMU_S_OK, 0 },
	{ { { 0, 4 }, { 10, 14 } }, 2, { 0, 14 }, VIRTIO_IOMMU_S_OK, 0 },
	/* Split at the high end: nothing goes, the whole one below neither. */
	{ { { 0, 4 }, { 10, 14 } }, 2, { 0, 12 }, VIRTIO_IOMMU_S_RANGE, 2 },
	{ { { 0, 4 }, { 10, 14 } }, 2, { 12, 30 }, VIRTIO_IOMMU_S_RANGE, 2 },
	{ { { 0, 9 } }, 1, { 3, 5 }, VIRTIO_IOMMU_S_RANGE, 1 },
};

static void unmap_statuses(void **state)
{
	struct virtio_iommu_req_unmap req = { .head.type = VIRTIO_IOMMU_T_UNMAP,
					      .domain = 1,
					      .virt_end = ~0ull,
					      .reserved = { 0, 0, 0, 1 } };

	(void)state;
	assert_int_equal(viommu_attach(&v, 1, CLIENT, 0), VIRTIO_IOMMU_S_OK);
	for (unsigned int i = 0; i < ARRAY_SIZE(unmap_cases); i++) {
		for (unsigned int k = 0; k < unmap_cases[i].nr; k++)
			assert_int_equal(
				viommu_map(&v, 1, unmap_cases[i].map[k][0] * PAGE,
					   unmap_cases[i].map[k][1] * PAGE + PAGE - 1, 0,
					   VIOMMU_RW),
				VIRTIO_IOMMU_S_OK);
		assert_int_equal(viommu_unmap(&v, 1, unmap_cases[i].unmap[0] * PAGE,
					      unmap_cases[i].unmap[1] * PAGE + PAGE - 1),
				 unmap_cases[i].status);
		assert_int_equal(viommu_stat(&v, "mappings"), unmap_cases[i].left);
		assert_int_equal(viommu_unmap(&v, 1, 0, ~0ull), VIRTIO_IOMMU_S_OK);
		assert_int_equal(viommu_stat(&v, "mappings"), 0);
	}
	assert_int_equal(viommu_unmap(&v, 1, 5, 4), VIRTIO_IOMMU_S_INVAL);
	assert_int_equal(viommu_call(&v, &req, sizeof(req) - TAIL, TAIL),
			 VIRTIO_IOMMU_S_INVAL);
}

static void probe_statuses(void **state)
{
	const struct virtio_iommu_req_probe bad = { .head.type = VIRTIO_IOMMU_T_PROBE,
						    .endpoint = 0x50 };
	struct virtio_iommu_req_probe req = { .head.type = VIRTIO_IOMMU_T_PROBE,
					      .endpoint = CLIENT,
					      .reserved = { 9 } };
	uint8_t zero[VIRTIO_IOMMU_PROBE_SIZE] = { 0 };
	struct virtio_iommu_probe_resv_mem msi;
	const uint8_t *in;
	unsigned int slot;

	(void)state;
	slot = viommu_submit(&v, &req, sizeof(req), VIRTIO_IOMMU_PROBE_SIZE + TAIL);
	assert_true(viommu_done(&v));
	assert_int_equal(v.used, VIRTIO_IOMMU_PROBE_SIZE + TAIL);
	in = machine_at(m, v.in + slot * 512, v.used);
	memcpy(&msi, in, sizeof(msi));
	assert_int_equal(msi.head.type, VIRTIO_IOMMU_PROBE_T_RESV_MEM);
	assert_int_equal(msi.head.length, 20);
	assert_int_equal(msi.subtype, VIRTIO_IOMMU_RESV_MEM_T_MSI);
	assert_int_equal(msi.start, 0xfee00000);
	assert_int_equal(msi.end, 0xfeefffff);
	assert_memory_equal(in + sizeof(msi), zero, sizeof(zero) - sizeof(msi));
	assert_memory_equal(in + VIRTIO_IOMMU_PROBE_SIZE, zero, TAIL);

	slot = viommu_submit(&v, &bad, sizeof(bad), VIRTIO_IOMMU_PROBE_SIZE + TAIL);
	assert_true(viommu_done(&v));
	in = machine_at(m, v.in + slot * 512, v.used);
	assert_memory_equal(in, zero, sizeof(zero));
	assert_int_equal(in[VIRTIO_IOMMU_PROBE_SIZE], VIRTIO_IOMMU_S_NOENT);
	/* A shorter list gets no property, only the status at its end. */
	slot = viommu_submit(&v, &req, sizeof(req), 100 + TAIL);
	assert_true(viommu_done(&v));
	assert_int_equal(v.used, 100 + TAIL);
	in = machine_at(m, v.in + slot * 512, v.used);
	assert_memory_equal(in, zero, 100);
	assert_int_equal(in[100], VIRTIO_IOMMU_S_INVAL);
}

/* What cannot be taken apart comes back untouched. */
static void requests_given_back(void **state)
{
	union {
		struct virtio_iommu_req_head head;
		uint8_t bytes[80];
	} req = { .head.type = 0 };
	static const struct {
		uint8_t type;
		uint32_t len, in_len;
	} cases[] = {
		{ 0, 36, TAIL },
		{ 6, 36, TAIL },
		{ 255, 36, TAIL },
		{ VIRTIO_IOMMU_T_ATTACH,
		  sizeof(struct virtio_iommu_req_attach) - TAIL - 1, TAIL },
		{ VIRTIO_IOMMU_T_DETACH, 4, TAIL },
		{ VIRTIO_IOMMU_T_MAP, sizeof(struct virtio_iommu_req_map) - TAIL - 1,
		  TAIL },
		{ VIRTIO_IOMMU_T_UNMAP, sizeof(struct virtio_iommu_req_unmap) - TAIL - 1,
		  TAIL },
		{ VIRTIO_IOMMU_T_PROBE, sizeof(struct virtio_iommu_req_probe) - 1, 260 },
		{ VIRTIO_IOMMU_T_ATTACH, 3, TAIL },
		{ VIRTIO_IOMMU_T_ATTACH, 20, TAIL - 1 },
		{ VIRTIO_IOMMU_T_PROBE, sizeof(struct virtio_iommu_req_probe), 0 },
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		req.head.type = cases[i].type;
		assert_int_equal(viommu_call(&v, &req, cases[i].len, cases[i].in_len),
				 VIOMMU_NO_STATUS);
		assert_int_equal(v.used, 0);
	}
	assert_int_equal(viommu_stat(&v, "refused"), ARRAY_SIZE(cases));
	assert_int_equal(viommu_attach(&v, 1, CLIENT, 0), VIRTIO_IOMMU_S_OK);
}

/* Requests of features that were not accepted do not exist. */
static void features_not_accepted(void **state)
{
	const struct virtio_iommu_req_probe probe = { .head.type = VIRTIO_IOMMU_T_PROBE,
						      .endpoint = CLIENT };

	(void)state;
	v.req.last_used = v.ev.last_used = 0;
	viommu_start(&v, DRV_FEATURES);
	assert_int_equal(viommu_attach(&v, 1, CLIENT, VIRTIO_IOMMU_ATTACH_F_BYPASS),
			 VIRTIO_IOMMU_S_INVAL);
	assert_int_equal(viommu_attach(&v, 1, CLIENT, 0), VIRTIO_IOMMU_S_OK);
	assert_int_equal(viommu_map(&v, 1, 0, PAGE - 1, 0, VIOMMU_RW), VIOMMU_NO_STATUS);
	assert_int_equal(viommu_unmap(&v, 1, 0, PAGE - 1), VIOMMU_NO_STATUS);
	assert_int_equal(viommu_call(&v, &probe, sizeof(probe), 260), VIOMMU_NO_STATUS);
	machine_write(m, v.d.config + offsetof(struct virtio_iommu_config, bypass), 1, 1);
	assert_int_equal(
		machine_read(m, v.d.config + offsetof(struct virtio_iommu_config, bypass),
			     1),
		0);
}

/* 35: memory is bounded by a limit on mappings, and domains need endpoints. */
/* A request is answered when the guest's write returns: no event loop in between.  The
 * other queue has its doorbell. */
static void answers_are_prompt(void **state)
{
	const struct virtio_iommu_req_attach req = { .head.type = VIRTIO_IOMMU_T_ATTACH,
						     .domain = 1,
						     .endpoint = CLIENT };
	unsigned int slot = viommu_offer(&v, &req, sizeof(req) - TAIL, TAIL);

	(void)state;
	assert_false(mock_host_ring(&m->mh, v.req.bell, 2));
	assert_int_equal(viommu_status(&v, slot), VIOMMU_NO_STATUS);
	machine_write(m, v.req.bell, 2, VIRTIO_IOMMU_REQUESTQ);
	assert_true(viommu_done(&v));
	assert_int_equal(viommu_status(&v, slot), VIRTIO_IOMMU_S_OK);
	assert_true(mock_host_ring(&m->mh, v.ev.bell, 2));
}

static void floods(void **state)
{
	(void)state;
	machine_free(m);
	m = machine_new();
	plug(false, 100);
	mock_model_plug(m, CLIENT);
	viommu_adopt(&v, CLIENT);
	viommu_start(&v, DRV_ALL_FEATURES);
	for (uint32_t id = 0; id < 2000; id++)
		assert_int_equal(viommu_attach(&v, id, CLIENT, id & 1),
				 VIRTIO_IOMMU_S_OK);
	assert_int_equal(viommu_stat(&v, "domains"), 1);
	assert_int_equal(viommu_attach(&v, 5000, CLIENT, 0), VIRTIO_IOMMU_S_OK);
	for (unsigned int i = 0; i < 300; i++)
		assert_int_equal(
			viommu_map(&v, 5000, i * PAGE, i * PAGE + PAGE - 1, 0, VIOMMU_RW),
			i < 100 ? VIRTIO_IOMMU_S_OK : VIRTIO_IOMMU_S_NOMEM);
	assert_int_equal(viommu_stat(&v, "mappings"), 100);
	assert_int_equal(viommu_unmap(&v, 5000, 0, PAGE - 1), VIRTIO_IOMMU_S_OK);
	assert_int_equal(viommu_map(&v, 5000, 0, PAGE - 1, 0, VIOMMU_RW),
			 VIRTIO_IOMMU_S_OK);
}

#define WORDS 12

/* Often nearly a good request, never far from one. */
static void random_words(uint64_t *words)
{
	unsigned int type = (unsigned int)rand() % 7;

	for (unsigned int k = 1; k < WORDS; k++)
		words[k] = (uint64_t)rand() % 8 * PAGE;
	words[2] -= rand() % 8 > 0; /* the end of a range */
	words[rand() % WORDS] -= rand() % 4 == 0;
	words[0] = type | (uint64_t)rand() % 3 << 32;
	if (type <= VIRTIO_IOMMU_T_DETACH && rand() % 4) {
		words[1] = rand() % 2 ? CLIENT : CLIENT2;
		words[2] = 0;
	}
	if (type == VIRTIO_IOMMU_T_UNMAP && rand() % 4)
		words[3] = 0; /* reserved */
	if (rand() % 4)
		words[4] = (uint64_t)rand() % 4; /* flags of a mapping */
	if (rand() % 8 == 0)
		words[rand() % WORDS] ^= 1ull << rand() % 64;
}

/* Requests of any type with any bytes in them, cut to any length: answered, or given back;
 * only their own memory changes; limits hold. */
static void random_requests(void **state)
{
	const struct mock_range may[] = { { v.in, VIOMMU_SLOTS * 512ull },
					  { v.out, VIOMMU_SLOTS * 512ull },
					  { v.req.desc, v.req.used - v.req.desc },
					  drvq_used_range(&v.req) };
	static const uint32_t in_lens[] = { 0, 3, TAIL, TAIL, TAIL, TAIL, 100, 260, 512 };
	uint64_t answered = 0, words[WORDS] = { 0 };
	uint64_t before = machine_hash(m, may, 4);

	(void)state;
	srand(11);
	for (unsigned int i = 0; i < 20000; i++) {
		uint8_t *bytes = (uint8_t *)words;
		uint32_t len = 1 + (uint32_t)rand() % sizeof(words);
		uint32_t in_len = in_lens[(unsigned int)rand() % ARRAY_SIZE(in_lens)];

		random_words(words);
		if (rand() % 4)
			len = sizeof(words);
		viommu_call(&v, bytes, len, in_len);
		assert_true(v.used == 0 || v.used <= in_len);
		answered += v.used > 0;
		assert_true(viommu_stat(&v, "domains") <= 2);
	}
	assert_true(machine_hash(m, may, 4) == before);
	assert_true(answered > 5000);
	assert_true(viommu_stat(&v, "maps") > 100);
	assert_true(viommu_stat(&v, "unmaps") > 100);
	assert_true(viommu_stat(&v, "attaches") > 100);
	assert_true(viommu_stat(&v, "detaches") > 100);
}

/* --- faults ------------------------------------------------------------------------------- */

/* 33, 34: one event for each access, at the first byte that was stopped. */
/* Mapped, but to no memory; bus mastering off. */
static void not_the_iommus_to_report(struct dma_port *p)
{
	uint8_t buf[1];

	viommu_map(&v, 1, IOVA + 4 * PAGE, IOVA + 5 * PAGE - 1, 0xd0000000, VIOMMU_RW);
	assert_int_equal(dma_read(p, IOVA + 4 * PAGE, buf, 1), -EFAULT);
	dma_set_enabled(p, false);
	assert_int_equal(dma_read(p, IOVA, buf, 1), -EFAULT);
}

static void faults_are_reported_once(void **state)
{
	struct dma_port *p = viommu_port(&v, CLIENT);
	struct virtio_iommu_fault event;
	uint8_t buf[3 * PAGE], model[2 * PAGE];

	(void)state;
	viommu_post_events(&v, 6);
	assert_int_equal(dma_read(p, IOVA, buf, 8), -EFAULT);
	viommu_expect_event(&v, VIRTIO_IOMMU_FAULT_R_DOMAIN, VIRTIO_IOMMU_FAULT_F_READ,
			    CLIENT, IOVA);
	viommu_attach(&v, 1, CLIENT, 0);
	viommu_map(&v, 1, IOVA, IOVA + PAGE - 1, 0x8000, VIOMMU_RW);
	viommu_map(&v, 1, IOVA + PAGE, IOVA + 2 * PAGE - 1, 0x4000,
		   VIRTIO_IOMMU_MAP_F_READ);
	memset(buf, 0x77, sizeof(buf));
	memset(model, 0x77, PAGE);
	memset(model + PAGE, 0, PAGE);
	/* Across the end of what is writable: up to there, and no further. */
	assert_int_equal(dma_write(p, IOVA, buf, 2 * PAGE), -EFAULT);
	viommu_expect_event(&v, VIRTIO_IOMMU_FAULT_R_MAPPING, VIRTIO_IOMMU_FAULT_F_WRITE,
			    CLIENT, IOVA + PAGE);
	assert_memory_equal(machine_at(m, 0x8000, PAGE), model, PAGE);
	assert_memory_equal(machine_at(m, 0x4000, PAGE), model + PAGE, PAGE);
	/* Across the end of what is mapped. */
	assert_int_equal(dma_read(p, IOVA, buf, 3 * PAGE), -EFAULT);
	viommu_expect_event(&v, VIRTIO_IOMMU_FAULT_R_MAPPING, VIRTIO_IOMMU_FAULT_F_READ,
			    CLIENT, IOVA + 2 * PAGE);
	assert_memory_equal(buf, model, 2 * PAGE);
	assert_int_equal(buf[2 * PAGE], 0x77);
	/* Another device reaches nothing of it. */
	assert_int_equal(dma_read(viommu_port(&v, CLIENT2), IOVA, buf, 1), -EFAULT);
	viommu_expect_event(&v, VIRTIO_IOMMU_FAULT_R_DOMAIN, VIRTIO_IOMMU_FAULT_F_READ,
			    CLIENT2, IOVA);
	not_the_iommus_to_report(p);
	assert_false(viommu_event(&v, &event));
	assert_int_equal(viommu_stat(&v, "events"), 4);
	assert_int_equal(viommu_stat(&v, "lost_events"), 0);
	assert_true(mock_host_fired_data(&m->mh, DRV_MSI_DATA(&v.d, 2)) > 0);
}

static void events_without_buffers(void **state)
{
	struct drv_seg small = { .len = 23, .write = true };
	struct dma_port *p = viommu_port(&v, CLIENT);
	struct virtio_iommu_fault event;
	struct vring_used_elem elem;
	uint8_t byte;

	(void)state;
	for (unsigned int i = 0; i < 5; i++)
		dma_read(p, IOVA, &byte, 1);
	assert_int_equal(viommu_stat(&v, "lost_events"), 5);
	/* One that is too small comes back empty, and the next is used. */
	small.addr = machine_alloc(m, 24, 8);
	drvq_add(&v.ev, &small, 1);
	viommu_post_events(&v, 1);
	assert_false(viommu_event(&v, &event)); /* what was lost stays lost */
	dma_write(p, IOVA + 9, &byte, 1);
	assert_true(drvq_get(&v.ev, &elem));
	assert_int_equal(elem.len, 0);
	viommu_expect_event(&v, VIRTIO_IOMMU_FAULT_R_DOMAIN, VIRTIO_IOMMU_FAULT_F_WRITE,
			    CLIENT, IOVA + 9);
	dma_read(p, IOVA, &byte, 1);
	assert_int_equal(viommu_stat(&v, "lost_events"), 6);
	assert_int_equal(viommu_stat(&v, "events"), 1);
	assert_int_equal(p->count.faults, 7);
}

static unsigned int looked; /* at buffers for events */

/* Another vCPU, in the midst of it: whatever came back is offered again. */
static void offer_again(struct dma_witness *w, struct dma_port *port,
			const struct dma_access *access)
{
	(void)w;
	(void)port;
	(void)access;
	if (looked++ < 10u * v.ev.size)
		drvq_avail(&v.ev)->idx = (uint16_t)(drvq_used(&v.ev)->idx + v.ev.size);
}

static void no_end(struct dma_witness *w, struct dma_port *port,
		   const struct dma_access *access)
{
	(void)w;
	(void)port;
	(void)access;
}

/* Buffers that are all too small, and never run out: the device does not look for ever. */
static void endless_small_buffers(void **state)
{
	struct dma_witness other = { .begin = offer_again, .end = no_end };
	struct vring_desc small = { .addr = machine_alloc(m, 24, 8),
				    .len = 23,
				    .flags = VRING_DESC_F_WRITE };
	uint64_t table = machine_alloc(m, sizeof(small), 16);
	uint8_t byte;

	(void)state;
	memcpy(machine_at(m, table, sizeof(small)), &small, sizeof(small));
	for (uint16_t i = 0; i < v.ev.size; i++) {
		drvq_set_desc(&v.ev, i, table, sizeof(small), VRING_DESC_F_INDIRECT, 0);
		drvq_avail(&v.ev)->ring[i] = i;
	}
	drvq_avail(&v.ev)->idx = v.ev.size;
	looked = 0;
	m->pci.dev[v.d.devfn]->dma.witness = &other;
	dma_read(viommu_port(&v, CLIENT), IOVA, &byte, 1);
	m->pci.dev[v.d.devfn]->dma.witness = NULL;
	assert_int_equal(looked, v.ev.size);
	assert_int_equal(viommu_stat(&v, "lost_events"), 1);
}

/* DMA into the window of MSIs is stopped; a device's own MSI is not DMA. */
static void the_msi_window(void **state)
{
	struct dma_port *p = viommu_port(&v, CLIENT);
	uint32_t word = 0x41;

	(void)state;
	viommu_post_events(&v, 2);
	viommu_attach(&v, 1, CLIENT, 0);
	assert_int_equal(dma_write(p, 0xfee00000, &word, 4), -EFAULT);
	viommu_expect_event(&v, VIRTIO_IOMMU_FAULT_R_MAPPING, VIRTIO_IOMMU_FAULT_F_WRITE,
			    CLIENT, 0xfee00000);
	viommu_attach(&v, 2, CLIENT, VIRTIO_IOMMU_ATTACH_F_BYPASS);
	assert_int_equal(dma_write(p, 0xfee00000, &word, 4), -EFAULT);
	assert_int_equal(viommu_stat(&v, "events"), 1);
}

/* --- bypass ------------------------------------------------------------------------------- */

static uint64_t bypass_register(void)
{
	return v.d.config + offsetof(struct virtio_iommu_config, bypass);
}

static void bypass(void **state)
{
	struct dma_port *p = viommu_port(&v, CLIENT);
	uint8_t byte;

	(void)state;
	assert_int_equal(dma_read(p, 0x8000, &byte, 1), -EFAULT);
	machine_write(m, bypass_register(), 1, 2);
	machine_write(m, bypass_register(), 1, 0xff);
	machine_write(m, bypass_register(), 2, 1);
	assert_int_equal(machine_read(m, bypass_register(), 1), 0);
	machine_write(m, bypass_register(), 1, 1);
	assert_int_equal(machine_read(m, bypass_register(), 1), 1);
	assert_int_equal(dma_read(p, 0x8000, &byte, 1), 0);
	/* Only 0 and 1, only this byte, only whole. */
	machine_write(m, bypass_register(), 1, 0x80);
	machine_write(m, bypass_register(), 2, 0);
	machine_write(m, bypass_register() - 1, 2, 0);
	machine_write(m, v.d.config, 8, 0);
	assert_int_equal(machine_read(m, bypass_register(), 1), 1);
	assert_true(machine_read(m, v.d.config, 8) == ~0xfffull);
	/* Attached: its domain decides. */
	viommu_attach(&v, 1, CLIENT, 0);
	assert_int_equal(dma_read(p, 0x8000, &byte, 1), -EFAULT);
	viommu_detach(&v, 1, CLIENT);
	assert_int_equal(dma_read(p, 0x8000, &byte, 1), 0);
	/* A driver's reset leaves it alone, the machine's does not. */
	drv_reset(&v.d);
	assert_int_equal(machine_read(m, bypass_register(), 1), 1);
	assert_int_equal(dma_read(p, 0x8000, &byte, 1), 0);
	device_reset_all(&m->devices);
	dma_set_enabled(p, true);
	assert_int_equal(dma_read(p, 0x8000, &byte, 1), -EFAULT);
	assert_int_equal(pci_assign(&m->pci), 0);
	v.req.last_used = v.ev.last_used = 0;
	viommu_start(&v, DRV_ALL_FEATURES);
	assert_int_equal(machine_read(m, bypass_register(), 1), 0);
	viommu_attach(&v, 1, CLIENT, VIRTIO_IOMMU_ATTACH_F_BYPASS);
	assert_int_equal(dma_read(p, 0x8000, &byte, 1), 0);
	viommu_detach(&v, 1, CLIENT);
	assert_int_equal(dma_read(p, 0x8000, &byte, 1), -EFAULT);
}

/* Boot bypass on: a guest that knows nothing of the IOMMU has working devices. */
static void boot_bypass(void **state)
{
	uint8_t byte;

	(void)state;
	machine_free(m);
	m = machine_new();
	plug(true, 0);
	mock_model_plug(m, CLIENT);
	viommu_adopt(&v, CLIENT);
	assert_int_equal(dma_read(viommu_port(&v, CLIENT), 0x8000, &byte, 1), 0);
	viommu_start(&v, DRV_ALL_FEATURES);
	assert_int_equal(machine_read(m, bypass_register(), 1), 1);
	machine_write(m, bypass_register(), 1, 0);
	assert_int_equal(dma_read(viommu_port(&v, CLIENT), 0x8000, &byte, 1), -EFAULT);
	device_reset_all(&m->devices);
	assert_int_equal(dma_read(viommu_port(&v, CLIENT), 0x8000, &byte, 1), 0);
}

/* --- the IOMMU itself and a hostile driver ------------------------------------------------ */

static void plug_target(struct machine *machine)
{
	const struct virtio_iommu_params params = { .name = "iommu0",
						    .boot_bypass = true };
	struct virtio_dev *vd;

	assert_int_equal(virtio_iommu_create(&params, &vd), 0);
	assert_int_equal(virtio_pci_plug(&machine->pci, HOSTILE_DEVFN, vd, NULL), 0);
	mock_model_plug(machine, CLIENT2);
	assert_int_equal(virtio_iommu_adopt(vd, machine->pci.dev[CLIENT2]), 0);
	assert_int_equal(pci_assign(&machine->pci), 0);
}

static unsigned int probe_request(struct drv *d, struct drv_seg *segs)
{
	const struct virtio_iommu_req_probe req = { .head.type = VIRTIO_IOMMU_T_PROBE,
						    .endpoint = CLIENT2 };
	uint64_t at = machine_alloc(d->m, 512, 64);

	memcpy(machine_at(d->m, at, sizeof(req)), &req, sizeof(req));
	segs[0] = (struct drv_seg){ at, sizeof(req), false };
	segs[1] = (struct drv_seg){ at + 128, VIRTIO_IOMMU_PROBE_SIZE + TAIL, true };
	return 2;
}

static bool probe_succeeded(struct drv *d, const struct drv_seg *segs, unsigned int n,
			    uint32_t used_len)
{
	const uint8_t *in = ram_at(&d->m->ram, segs[n - 1].addr, segs[n - 1].len);

	return used_len == VIRTIO_IOMMU_PROBE_SIZE + TAIL && in &&
	       in[0] == VIRTIO_IOMMU_PROBE_T_RESV_MEM &&
	       in[VIRTIO_IOMMU_PROBE_SIZE] == VIRTIO_IOMMU_S_OK;
}

static void hostile_driver(void **state)
{
	static const struct hostile_target target = { .name = "iommu",
						      .plug = plug_target,
						      .never_behind = true,
						      .features = VIRTIO_FEATURE(
							      VIRTIO_IOMMU_F_PROBE),
						      .request = probe_request,
						      .succeeded = probe_succeeded };

	(void)state;
	hostile_run(&target);
}

#define WITH(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(configuration),
		WITH(attach_statuses),
		WITH(detach_statuses),
		WITH(map_statuses),
		WITH(unmap_statuses),
		WITH(probe_statuses),
		WITH(requests_given_back),
		WITH(features_not_accepted),
		WITH(answers_are_prompt),
		WITH(floods),
		WITH(random_requests),
		WITH(faults_are_reported_once),
		WITH(events_without_buffers),
		WITH(endless_small_buffers),
		WITH(the_msi_window),
		WITH(bypass),
		WITH(boot_bypass),
		cmocka_unit_test(hostile_driver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

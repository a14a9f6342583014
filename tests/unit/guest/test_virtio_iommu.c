/* SPDX-License-Identifier: MIT */
/*
 * The guest's driver of virtio-iommu, seen from the device: the bytes of each request (virtio
 * 1.2, section 5.13.6), what comes of each status, the queue of faults, and a device that
 * does not answer.  The driver stays once it has a device, so the tests come in this order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <abi/virtio_iommu.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/fault-inject.h>
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/page_debug.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <guest/acpi.h>
#include <guest/machine.h>
#include <guest/viommu.h>
#include "tests/host/host.h"
#include "tests/unit/guest/mock_virtio.h"

#define FUNCTIONS  3U
#define FIRST_BDF  0x10U /* 00:02.0; the IOMMU says FIRST_ID to it */
#define FIRST_ID   0x777U
#define PROBE_SIZE 64U
#define REQUESTS   64U
#define LONGEST	   72U /* a PROBE, without its answer */
#define PATIENCE   (10 * NSEC_PER_SEC)
#define IOVA	   0x12345000UL
#define MANY	   20U /* more than the queue takes */

static struct mock_virtio m;
static struct pci_dev function[FUNCTIONS]; /* two devices and a bridge */
static u64 now;

static struct {
	u8 bytes[LONGEST];
	u32 len; /* of the readable part */
} request[REQUESTS];
static unsigned int nr_requests; /* since forget_requests() */
static u8 status; /* of answers to `refused` */
static u8 refused; /* a request type; 0: none */
static const struct virtio_iommu_fault *fault; /* to be reported once */
static u32 fault_len;
static void (*has_queues)(void);

/* --- the machine --------------------------------------------------------------------------- */

struct pci_dev *pci_get_device(u32 vendor, u32 device, struct pci_dev *from)
{
	struct pci_dev *next = from ? from + 1 : function;

	assert_true(vendor == PCI_ANY_ID && device == PCI_ANY_ID);
	return next < function + FUNCTIONS ? next : NULL;
}

const struct acpi_facts *machine_acpi(void)
{
	static const struct acpi_facts facts = {
		.viot_maps = 1,
		.viot = { { FIRST_BDF, FIRST_BDF + 0x20, FIRST_ID, 0 } },
	};

	return &facts;
}

/* Whoever looks at the clock waits: the device works meanwhile. */
u64 ktime_get_ns(void)
{
	now += NSEC_PER_MSEC;
	mock_virtio_work(&m);
	return now;
}

void timer_setup(struct timer_list *timer, void (*fn)(struct timer_list *),
		 unsigned int flags)
{
	(void)flags;
	timer->function = fn;
}

int mod_timer(struct timer_list *timer, unsigned long expires)
{
	(void)timer;
	(void)expires;
	return 0;
}

/* --- the device ------------------------------------------------------------------------------ */

static const struct virtio_iommu_probe_resv_mem reserved = {
	.head = { VIRTIO_IOMMU_PROBE_T_RESV_MEM,
		  sizeof(reserved) - sizeof(reserved.head) },
	.subtype = VIRTIO_IOMMU_RESV_MEM_T_RESERVED,
	.start = 0xa0000,
	.end = 0xbffff,
};

static int answer(const struct mock_chain *c)
{
	const struct vring_desc *out = &c->seg[0], *in = &c->seg[1];
	bool probe = *(u8 *)mock_virtio_at(out) == VIRTIO_IOMMU_T_PROBE;
	u8 *to = mock_virtio_at(in);

	assert_int_equal(c->n, 2);
	assert_false(out->flags & VRING_DESC_F_WRITE);
	assert_true(in->flags & VRING_DESC_F_WRITE);
	assert_true(out->len <= LONGEST && nr_requests < REQUESTS);
	assert_int_equal(in->len, probe ? PROBE_SIZE + 4 : 4);
	memcpy(request[nr_requests].bytes, mock_virtio_at(out), out->len);
	request[nr_requests].len = out->len;
	memset(to, 0, in->len);
	if (probe)
		memcpy(to, &reserved, sizeof(reserved));
	if (refused && request[nr_requests].bytes[0] == refused)
		to[in->len - 4] = status;
	nr_requests++;
	return (int)in->len;
}

static int report(const struct mock_chain *c)
{
	assert_int_equal(c->n, 1);
	assert_int_equal(c->seg[0].len, 24);
	assert_true(c->seg[0].flags & VRING_DESC_F_WRITE);
	if (!fault)
		return MOCK_KEEPS;
	memcpy(mock_virtio_at(&c->seg[0]), fault, sizeof(*fault));
	fault = NULL;
	return (int)fault_len;
}

static int serve(struct mock_virtio *dev, const struct mock_chain *c)
{
	(void)dev;
	return c->queue == VIRTIO_IOMMU_EVENTQ ? report(c) : answer(c);
}

/* --- what the device was asked ---------------------------------------------------------------- */

static void forget_requests(void)
{
	nr_requests = 0;
	refused = 0;
}

static u8 *put(u8 *at, u64 value, unsigned int bytes)
{
	for (; bytes--; value >>= 8)
		*at++ = (u8)value;
	return at;
}

static void expect_bytes(unsigned int i, const u8 *bytes, const u8 *end)
{
	assert_true(i < nr_requests);
	assert_int_equal(request[i].len, end - bytes);
	assert_memory_equal(request[i].bytes, bytes, request[i].len);
}

/* By the letter: type and three zeroes, then the fields. */
static void expect_attach(unsigned int i, u32 domain, u32 endpoint)
{
	u8 want[LONGEST], *at = put(want, 1, 4);

	at = put(at, domain, 4);
	at = put(at, endpoint, 4);
	expect_bytes(i, want, put(at, 0, 8));
}

static void expect_map(unsigned int i, u32 domain, u64 first, u64 last, u64 phys,
		       u32 flags)
{
	u8 want[LONGEST], *at = put(want, 3, 4);

	at = put(at, domain, 4);
	at = put(at, first, 8);
	at = put(at, last, 8);
	at = put(at, phys, 8);
	expect_bytes(i, want, put(at, flags, 4));
}

static void expect_unmap(unsigned int i, u32 domain, u64 first, u64 last)
{
	u8 want[LONGEST], *at = put(want, 4, 4);

	at = put(at, domain, 4);
	at = put(at, first, 8);
	at = put(at, last, 8);
	expect_bytes(i, want, put(at, 0, 4));
}

static void expect_probe(unsigned int i, u32 endpoint)
{
	u8 want[LONGEST] = { 5 };

	put(want + 4, endpoint, 4);
	expect_bytes(i, want, want + LONGEST);
}

/* The number of the domain that an ATTACH was about. */
static u32 domain_of(unsigned int i)
{
	u32 domain;

	assert_int_equal(request[i].bytes[0], VIRTIO_IOMMU_T_ATTACH);
	memcpy(&domain, request[i].bytes + 4, sizeof(domain));
	return domain;
}

/* --- devices that are not taken ----------------------------------------------------------------- */

static const struct virtio_iommu_config good = {
	.page_size_mask = ~0xfffULL,
	.input_range = { 0, ~0ULL },
	.domain_range = { 5, 100 },
	.probe_size = PROBE_SIZE,
	.bypass = 1,
};

static bool plug(const struct virtio_iommu_config *config, u64 features)
{
	m = (struct mock_virtio){ .vdev.id = VIRTIO_ID_IOMMU, .serve = serve };
	m.with = features;
	m.has_queues = has_queues;
	memcpy(m.config, config, sizeof(*config));
	forget_requests();
	mock_virtio_plug(&m);
	m.mute = true; /* the driver looks for itself */
	return m.vdev.driver;
}

#define FEATURES                                       \
	(VIRTIO_FEATURE(VIRTIO_IOMMU_F_INPUT_RANGE) |  \
	 VIRTIO_FEATURE(VIRTIO_IOMMU_F_DOMAIN_RANGE) | \
	 VIRTIO_FEATURE(VIRTIO_IOMMU_F_MAP_UNMAP) |    \
	 VIRTIO_FEATURE(VIRTIO_IOMMU_F_PROBE) |        \
	 VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS_CONFIG))

static void expect_refused(const struct virtio_iommu_config *config, u64 features)
{
	assert_false(plug(config, features));
	assert_int_equal(nr_requests, 0);
	mock_virtio_unplug(&m);
	assert_int_equal(atomic_long_read(&m.bus.dma.mappings), 0);
	assert_int_equal(atomic_long_read(&m.bus.dma.coherent), 0);
}

static void a_device_that_makes_no_sense(void **state)
{
	struct virtio_iommu_config config = good;

	(void)state;
	expect_refused(&config, FEATURES & ~VIRTIO_FEATURE(VIRTIO_IOMMU_F_MAP_UNMAP));
	config.page_size_mask = 0;
	expect_refused(&config, FEATURES);
	config.page_size_mask = 0x10000; /* larger than our pages */
	expect_refused(&config, FEATURES);
	config = good;
	config.input_range = (struct virtio_iommu_range_64){ 0x2000, 0x1000 };
	expect_refused(&config, FEATURES);
	config = good;
	config.domain_range = (struct virtio_iommu_range_32){ 2, 1 };
	expect_refused(&config, FEATURES);
	config = good;
	config.probe_size = ~0U;
	expect_refused(&config, FEATURES);
}

static struct fault_attr no_pages = { .probability = 100 };

static void run_out(void)
{
	fail_page_alloc_set(&no_pages);
}

/* Room for requests, or then for events, cannot be had: nothing of the device is left. */
static void no_memory_for_the_queues(void **state)
{
	(void)state;
	for (int pages = 0; pages < 2; pages++) {
		no_pages.interval = 1;
		atomic_set(&no_pages.times, -1);
		atomic_set(&no_pages.space, pages + 1); /* the last one fails */
		has_queues = run_out;
		expect_refused(&good, FEATURES);
		has_queues = NULL;
		fail_page_alloc_set(NULL);
		assert_int_equal(m.nr_queues, 0);
	}
	host_log_clear();
}

/* --- one that is taken ---------------------------------------------------------------------------- */

static struct device *dev(unsigned int i)
{
	return &function[i].dev;
}

static u32 own_domain; /* of the first device */

static void devices_get_domains_of_their_own(void **state)
{
	struct iommu_resv_region *r;
	LIST_HEAD(regions);
	unsigned int found = 0;

	(void)state;
	for (unsigned int i = 0; i < FUNCTIONS; i++) {
		function[i].dev.endpoint = FIRST_BDF + 8 * i;
		function[i].dev.name = "function";
		function[i].dev.dma_mask = &function[i].dma_mask;
		function[i].dma_mask = DMA_BIT_MASK(64);
		function[i].dev.coherent_dma_mask = DMA_BIT_MASK(64);
	}
	function[1].class = 0x060400;
	assert_true(plug(&good, FEATURES));
	assert_int_equal(nr_requests, 4);
	expect_probe(0, FIRST_ID);
	own_domain = domain_of(1);
	assert_in_range(own_domain, 5, 100);
	expect_attach(1, own_domain, FIRST_ID);
	expect_probe(2, FIRST_ID + 16);
	assert_int_not_equal(domain_of(3), own_domain);
	expect_attach(3, domain_of(3), FIRST_ID + 16);
	assert_int_equal(m.config[36], 0); /* nobody passes untranslated any more */
	assert_true(viommu_translates(dev(0)) && !viommu_translates(dev(1)));

	iommu_get_resv_regions(dev(0), &regions);
	list_for_each_entry (r, &regions, list) {
		found += r->start == 0xa0000 && r->length == 0x20000 &&
			 r->type == IOMMU_RESV_RESERVED;
	}
	iommu_put_resv_regions(&regions);
	assert_int_equal(found, 1);
}

static void requests_to_the_letter(void **state)
{
	struct iommu_domain *domain = iommu_domain_alloc(dev(0));
	u32 id;

	(void)state;
	forget_requests();
	/* Before somebody is in the domain the device has not heard of it. */
	assert_int_equal(iommu_map(domain, IOVA, 0x7000, 0x2000, IOMMU_READ, GFP_KERNEL),
			 0);
	assert_int_equal(nr_requests, 0);
	assert_int_equal(iommu_attach_device(domain, dev(0)), 0);
	id = domain_of(0);
	expect_attach(0, id, FIRST_ID);
	expect_map(1, id, IOVA, IOVA + 0x1fff, 0x7000, 1);
	assert_int_equal(iommu_map(domain, 0x1000, 0xfffff000, 0x1000,
				   IOMMU_READ | IOMMU_WRITE, GFP_KERNEL),
			 0);
	expect_map(2, id, 0x1000, 0x1fff, 0xfffff000, 3);
	assert_int_equal(iommu_iova_to_phys(domain, IOVA + 0x1234), 0x8234);
	assert_int_equal(iommu_unmap(domain, IOVA, 0x2000), 0x2000);
	expect_unmap(3, id, IOVA, IOVA + 0x1fff);
	assert_int_equal(iommu_unmap(domain, IOVA, 0x2000), 0);
	assert_int_equal(nr_requests, 4); /* nothing was there */
	iommu_detach_device(domain, dev(0));
	expect_attach(nr_requests - 1, own_domain, FIRST_ID);
	iommu_domain_free(domain);
}

static void what_the_dma_api_sends(void **state)
{
	char *p = kmalloc(4096, GFP_KERNEL);
	dma_addr_t dma;

	(void)state;
	forget_requests();
	dma = dma_map_single(dev(0), p + 8, 100, DMA_FROM_DEVICE);
	assert_false(dma_mapping_error(dev(0), dma));
	expect_map(0, own_domain, dma & PAGE_MASK, dma | ~PAGE_MASK, virt_to_phys(p), 2);
	dma_unmap_single(dev(0), dma, 100, DMA_FROM_DEVICE);
	expect_unmap(1, own_domain, dma & PAGE_MASK, dma | ~PAGE_MASK);
	assert_int_equal(nr_requests, 2);
	assert_int_equal(iommu_dma_verify(dev(0)), 0);
	kfree(p);
}

/* More requests than there is room for: the device is told of many at once. */
static void a_long_list(void **state)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev(0));
	struct viommu_stats before, after;
	struct scatterlist sg[MANY];

	(void)state;
	forget_requests();
	sg_init_table(sg, MANY);
	for (unsigned int i = 0; i < MANY; i++)
		sg_set_page(&sg[i], pfn_to_page(100 + 2 * i), PAGE_SIZE, 0);
	viommu_get_stats(dev(0), &before);
	assert_int_equal(iommu_map_sg(domain, IOVA, sg, MANY, IOMMU_WRITE, GFP_KERNEL),
			 MANY * PAGE_SIZE);
	viommu_get_stats(dev(0), &after);
	for (unsigned int i = 0; i < MANY; i++)
		expect_map(i, own_domain, IOVA + i * PAGE_SIZE,
			   IOVA + i * PAGE_SIZE + PAGE_SIZE - 1,
			   (100 + 2 * i) * PAGE_SIZE, 2);
	assert_int_equal(after.requests - before.requests, MANY);
	assert_true(after.waits - before.waits < MANY);
	assert_int_equal(iommu_unmap(domain, IOVA, MANY * PAGE_SIZE), MANY * PAGE_SIZE);
	expect_unmap(MANY, own_domain, IOVA, IOVA + MANY * PAGE_SIZE - 1);
}

/* --- answers that are no --------------------------------------------------------------------------- */

static const struct {
	u8 status;
	int err;
} statuses[] = {
	{ 1, -EIO },	{ 2, -EOPNOTSUPP },   { 3, -EIO },    { 4, -EINVAL },
	{ 5, -ERANGE }, { 6, -ENOENT },	      { 7, -EFAULT }, { 8, -ENOMEM },
	{ 99, -EIO },	{ 255, -EOPNOTSUPP },
};

static void each_status_is_an_error(void **state)
{
	struct iommu_domain *own = iommu_get_domain_for_dev(dev(0));
	struct iommu_domain *other = iommu_domain_alloc(dev(0));
	struct viommu_stats stats;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(statuses); i++) {
		forget_requests();
		status = statuses[i].status;
		refused = VIRTIO_IOMMU_T_MAP;
		assert_int_equal(
			iommu_map(own, IOVA, 0, PAGE_SIZE, IOMMU_READ, GFP_KERNEL),
			statuses[i].err);
		assert_int_equal(iommu_iova_to_phys(own, IOVA), 0);
		refused = VIRTIO_IOMMU_T_ATTACH;
		assert_int_equal(iommu_attach_device(other, dev(0)), statuses[i].err);
		assert_ptr_equal(iommu_get_domain_for_dev(dev(0)), own);
	}
	forget_requests();
	iommu_domain_free(other);
	viommu_get_stats(dev(0), &stats);
	assert_int_equal(stats.refused, 2 * ARRAY_SIZE(statuses));
	assert_int_equal(stats.mappings, 0);
	host_log_clear();
}

/* A list whose mapping fails in the middle leaves nothing. */
static void a_refused_list_leaves_nothing(void **state)
{
	char *p = kmalloc(4096, GFP_KERNEL);
	dma_addr_t dma;

	(void)state;
	forget_requests();
	refused = VIRTIO_IOMMU_T_MAP;
	status = VIRTIO_IOMMU_S_NOMEM;
	dma = dma_map_single(dev(0), p, 64, DMA_TO_DEVICE);
	assert_true(dma_mapping_error(dev(0), dma));
	assert_int_equal(iommu_dma_verify(dev(0)), 0);
	assert_int_equal(atomic_long_read(&dev(0)->dma.mappings), 0);
	forget_requests();
	host_log_clear();
	kfree(p);
}

static void bypass_may_be_fixed(void **state)
{
	(void)state;
	assert_int_equal(viommu_set_bypass(dev(0), true), 0);
	assert_int_equal(m.config[36], 1);
	m.fixed = true;
	assert_int_equal(viommu_set_bypass(dev(0), false), -EIO);
	m.fixed = false;
	assert_int_equal(viommu_set_bypass(dev(0), false), 0);
	assert_int_equal(viommu_set_bypass(dev(1), false), -ENODEV);
}

/* --- faults ------------------------------------------------------------------------------------------ */

static struct {
	unsigned int n;
	struct device *dev;
	unsigned long iova;
	int flags;
} seen;

static int on_fault(struct iommu_domain *domain, struct device *device,
		    unsigned long iova, int flags, void *token)
{
	assert_ptr_equal(token, &seen);
	assert_ptr_equal(domain, iommu_get_domain_for_dev(device));
	seen.n++;
	seen.dev = device;
	seen.iova = iova;
	seen.flags = flags;
	return 0;
}

static void tell(const struct virtio_iommu_fault *f, u32 len)
{
	fault = f;
	fault_len = len;
	m.mute = false; /* by an interrupt */
	mock_virtio_work(&m);
	m.mute = true;
	assert_null(fault);
}

static void faults_reach_the_domain(void **state)
{
	struct virtio_iommu_fault f = {
		.reason = VIRTIO_IOMMU_FAULT_R_MAPPING,
		.flags = VIRTIO_IOMMU_FAULT_F_WRITE | VIRTIO_IOMMU_FAULT_F_ADDRESS,
		.endpoint = FIRST_ID + 16,
		.address = 0xdead000,
	};
	struct viommu_stats before, after;

	(void)state;
	iommu_set_fault_handler(iommu_get_domain_for_dev(dev(2)), on_fault, &seen);
	viommu_get_stats(dev(0), &before);
	/* More than there is room for at once: it is lent again each time. */
	for (unsigned int i = 1; i <= 3 * MOCK_RING; i++) {
		f.address += PAGE_SIZE;
		tell(&f, sizeof(f));
		assert_int_equal(seen.n, i);
		assert_ptr_equal(seen.dev, dev(2));
		assert_int_equal(seen.iova, f.address);
		assert_int_equal(seen.flags, IOMMU_FAULT_WRITE);
	}
	f.flags = VIRTIO_IOMMU_FAULT_F_READ;
	tell(&f, sizeof(f));
	assert_int_equal(seen.iova, 0); /* it did not say where */
	assert_int_equal(seen.flags, IOMMU_FAULT_READ);
	seen.n = 0;
	tell(&f, sizeof(f) - 1); /* not all there: of nobody */
	f.endpoint = 1;
	tell(&f, sizeof(f));
	assert_int_equal(seen.n, 0);
	viommu_get_stats(dev(0), &after);
	assert_int_equal(after.events - before.events, 3 * MOCK_RING + 3);
	iommu_set_fault_handler(iommu_get_domain_for_dev(dev(2)), NULL, NULL);
	host_log_clear();
}

/* --- silence ----------------------------------------------------------------------------------------- */

/* Late answers are waited for; then patience ends, and with it the device. */
static void a_device_that_does_not_answer(void **state)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev(0));
	u64 start = now;
	dma_addr_t dma;
	char *p = kmalloc(4096, GFP_KERNEL);

	(void)state;
	forget_requests();
	m.silent = true;
	assert_int_equal(iommu_map(domain, IOVA, 0, PAGE_SIZE, IOMMU_READ, GFP_KERNEL),
			 -EIO);
	assert_in_range(now - start, PATIENCE, 2 * PATIENCE);
	assert_int_equal(iommu_iova_to_phys(domain, IOVA), 0);
	/* From then on all fails, and at once. */
	m.silent = false;
	start = now;
	assert_int_equal(iommu_map(domain, IOVA, 0, PAGE_SIZE, IOMMU_READ, GFP_KERNEL),
			 -EIO);
	dma = dma_map_single(dev(0), p, 64, DMA_TO_DEVICE);
	assert_true(dma_mapping_error(dev(0), dma));
	assert_true(now - start < NSEC_PER_SEC);
	assert_int_equal(nr_requests, 0);
	host_log_clear();
	kfree(p);
}

static int start_kernel(void **state)
{
	(void)state;
	host_mm_init(64UL << 20);
	return virtio_iommu_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_that_makes_no_sense),
		cmocka_unit_test(no_memory_for_the_queues),
		cmocka_unit_test(devices_get_domains_of_their_own),
		cmocka_unit_test(requests_to_the_letter),
		cmocka_unit_test(what_the_dma_api_sends),
		cmocka_unit_test(a_long_list),
		cmocka_unit_test(each_status_is_an_error),
		cmocka_unit_test(a_refused_list_leaves_nothing),
		cmocka_unit_test(bypass_may_be_fixed),
		cmocka_unit_test(faults_reach_the_domain),
		cmocka_unit_test(a_device_that_does_not_answer),
	};

	return cmocka_run_group_tests(tests, start_kernel, NULL);
}

/* SPDX-License-Identifier: MIT */
/* edu, register by register; its DMA, its mask, its MSI; what a hostile driver writes. */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <abi/edu.h>

#include "devices/edu.h"
#include "devices/util.h"
#include "tests/unit/devices/mock_iommu.h"
#include "tests/unit/devices/mock_pci.h"

#define EDU	 PCI_DEVFN(4, 0)
#define MSI_ADDR 0xfee01000u
#define MSI_DATA 0x4142u
#define TURNS	 20

static struct machine *m;
static uint64_t bar;
static unsigned int cap;

static unsigned int find_cap(uint8_t id)
{
	unsigned int at = machine_config_read(m, EDU, PCI_CAPABILITY_LIST, 1);

	while (at && machine_config_read(m, EDU, at, 1) != id)
		at = machine_config_read(m, EDU, at + 1, 1);
	return at;
}

static void start(unsigned int bits)
{
	const struct edu_params params = { .name = "edu0", .dma_bits = bits };

	m = machine_new();
	assert_int_equal(edu_plug(&m->pci, EDU, &params, NULL), 0);
	assert_int_equal(pci_assign(&m->pci), 0);
	machine_config_write(m, EDU, PCI_COMMAND, 2,
			     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	bar = machine_config_read(m, EDU, PCI_BASE_ADDRESS_0, 4) &
	      PCI_BASE_ADDRESS_MEM_MASK;
	cap = find_cap(PCI_CAP_ID_MSI);
}

static int setup(void **state)
{
	(void)state;
	start(0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_free(m);
	return 0;
}

static uint64_t get(unsigned int reg)
{
	return machine_read(m, bar + reg, 4);
}

static void put(unsigned int reg, uint64_t value)
{
	machine_write(m, bar + reg, 4, value);
}

static void put64(unsigned int reg, uint64_t value)
{
	machine_write(m, bar + reg, 8, value);
}

static void msi_on(void)
{
	machine_config_write(m, EDU, cap + PCI_MSI_ADDRESS_LO, 4, MSI_ADDR);
	machine_config_write(m, EDU, cap + PCI_MSI_DATA_64, 2, MSI_DATA);
	machine_config_write(m, EDU, cap + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
}

static unsigned int messages(void)
{
	return mock_host_fired_data(&m->mh, MSI_DATA);
}

static bool pin(void)
{
	return m->mh.line[PV_INTX_GSI + PCI_SLOT(EDU) % PV_INTX_GSIS];
}

/* Starts a command and lets the event loop do it: the result. */
static uint32_t dma(uint64_t src, uint64_t dst, uint64_t count, uint32_t cmd)
{
	put64(EDU_REG_DMA_SRC, src);
	put64(EDU_REG_DMA_DST, dst);
	put64(EDU_REG_DMA_COUNT, count);
	put(EDU_REG_DMA_CMD, cmd | EDU_DMA_RUN);
	assert_int_equal(get(EDU_REG_DMA_CMD), cmd | EDU_DMA_RUN);
	mock_host_run(&m->mh, TURNS);
	assert_int_equal(get(EDU_REG_DMA_CMD), cmd);
	return (uint32_t)get(EDU_REG_DMA_RESULT);
}

static uint32_t from_memory(uint64_t iova, uint64_t at, uint64_t count)
{
	return dma(iova, EDU_BUF_BASE + at, count, 0);
}

static uint32_t to_memory(uint64_t iova, uint64_t at, uint64_t count)
{
	return dma(EDU_BUF_BASE + at, iova, count, EDU_DMA_TO_MEMORY);
}

/* --- registers ---------------------------------------------------------------------------- */

static void identity(void **state)
{
	(void)state;
	assert_int_equal(machine_config_read(m, EDU, PCI_VENDOR_ID, 4), 0x11e81234);
	assert_int_equal(machine_config_read(m, EDU, PCI_REVISION_ID, 1), 0x10);
	assert_int_equal(get(EDU_REG_ID), 0x010000ed);
	put(EDU_REG_ID, 5);
	assert_int_equal(get(EDU_REG_ID), 0x010000ed);
	put(EDU_REG_LIVENESS, 0x12345678);
	assert_int_equal(get(EDU_REG_LIVENESS), 0xedcba987);
	/* Widths: 4 below the DMA registers, 4 or 8 from there; nothing else is answered. */
	assert_true(machine_read(m, bar + EDU_REG_ID, 8) == ~0ull);
	assert_int_equal(machine_read(m, bar + EDU_REG_ID, 2), 0xffff);
	assert_int_equal(machine_read(m, bar + EDU_REG_DMA_SRC, 1), 0xff);
	machine_write(m, bar + EDU_REG_LIVENESS, 8, 0);
	machine_write(m, bar + EDU_REG_LIVENESS, 1, 0);
	assert_int_equal(get(EDU_REG_LIVENESS), 0xedcba987);
	put64(EDU_REG_DMA_SRC, 0x1122334455667788);
	assert_true(machine_read(m, bar + EDU_REG_DMA_SRC, 8) == 0x1122334455667788);
	assert_int_equal(get(EDU_REG_DMA_SRC), 0x55667788);
	put(EDU_REG_DMA_SRC, 0x99);
	assert_int_equal(machine_read(m, bar + EDU_REG_DMA_SRC, 8), 0x99);
	for (unsigned int reg = 0; reg < 0x1000; reg += 4)
		if (reg == 0x0c || reg == 0x84 || reg == 0xa4 || reg > 0xa8)
			assert_int_equal(get(reg), 0xffffffff);
	assert_int_equal(get(EDU_BUF_BASE), 0xffffffff); /* the buffer is DMA's alone */
}

static uint32_t factorial(uint32_t n)
{
	put(EDU_REG_FACTORIAL, n);
	assert_true(get(EDU_REG_STATUS) & EDU_STATUS_COMPUTING);
	put(EDU_REG_FACTORIAL, 3); /* ignored meanwhile */
	mock_host_run(&m->mh, TURNS);
	assert_false(get(EDU_REG_STATUS) & EDU_STATUS_COMPUTING);
	return (uint32_t)get(EDU_REG_FACTORIAL);
}

static void factorials(void **state)
{
	(void)state;
	assert_int_equal(factorial(0), 1);
	assert_int_equal(factorial(1), 1);
	assert_int_equal(factorial(5), 120);
	assert_int_equal(factorial(12), 479001600);
	assert_int_equal(factorial(13), 1932053504); /* modulo 2^32 */
	assert_int_equal(factorial(34), 0);
	assert_int_equal(factorial(0xffffffff), 0);
	assert_int_equal(get(EDU_REG_IRQ_STATUS), 0);
	/* Only the interrupt bit of the status can be written. */
	put(EDU_REG_STATUS, 0xffffffff);
	assert_int_equal(get(EDU_REG_STATUS), EDU_STATUS_IRQ);
	factorial(4);
	assert_int_equal(get(EDU_REG_IRQ_STATUS), EDU_IRQ_FACTORIAL);
	assert_true(pin());
	put(EDU_REG_IRQ_ACK, EDU_IRQ_FACTORIAL);
	assert_false(pin());
	assert_int_equal(get(EDU_REG_IRQ_STATUS), 0);
}

/* --- interrupts --------------------------------------------------------------------------- */

static void pin_and_message(void **state)
{
	(void)state;
	assert_true(cap);
	put(EDU_REG_IRQ_RAISE, 0x30);
	assert_true(pin());
	put(EDU_REG_IRQ_ACK, 0x10);
	assert_true(pin());
	put(EDU_REG_IRQ_ACK, 0x20);
	assert_false(pin());
	put(EDU_REG_IRQ_RAISE, 0); /* nothing is raised */
	assert_false(pin());
	msi_on();
	put(EDU_REG_IRQ_RAISE, 1);
	put(EDU_REG_IRQ_RAISE, 2);
	assert_false(pin());
	assert_int_equal(messages(), 2);
	assert_int_equal(get(EDU_REG_IRQ_STATUS), 3);
	assert_int_equal(m->mh.msi[0].msg.addr, MSI_ADDR);
	/* A message that the guest changes is the next one sent. */
	machine_config_write(m, EDU, cap + PCI_MSI_DATA_64, 2, MSI_DATA + 1);
	put(EDU_REG_IRQ_RAISE, 1);
	assert_int_equal(mock_host_fired_data(&m->mh, MSI_DATA + 1), 3);
	/* Without bus mastering nothing is sent; with MSI off it is the pin again. */
	machine_config_write(m, EDU, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	put(EDU_REG_IRQ_RAISE, 1);
	assert_int_equal(mock_host_fired(&m->mh), 3);
	machine_config_write(m, EDU, cap + PCI_MSI_FLAGS, 2, 0);
	put(EDU_REG_IRQ_RAISE, 1);
	assert_true(pin());
	machine_config_write(m, EDU, PCI_COMMAND, 2,
			     PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE);
	assert_false(pin());
}

static void capability_is_guarded(void **state)
{
	(void)state;
	machine_config_write(m, EDU, cap + PCI_MSI_FLAGS, 2, 0xffff);
	assert_int_equal(machine_config_read(m, EDU, cap + PCI_MSI_FLAGS, 2),
			 PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_ENABLE);
	machine_config_write(m, EDU, cap + PCI_MSI_ADDRESS_LO, 4, 0xffffffff);
	assert_int_equal(machine_config_read(m, EDU, cap + PCI_MSI_ADDRESS_LO, 4),
			 0xfffffffc);
	machine_config_write(m, EDU, cap, 2, 0xffff);
	assert_int_equal(machine_config_read(m, EDU, cap, 1), PCI_CAP_ID_MSI);
	m->mh.fail_route = -EINVAL;
	put(EDU_REG_IRQ_RAISE, 1);
	assert_int_equal(mock_host_fired(&m->mh), 0);
	assert_int_equal(m->mh.reports, 1);
}

/* --- DMA ---------------------------------------------------------------------------------- */

static void there_and_back(void **state)
{
	uint64_t at = machine_alloc(m, 3 * EDU_BUF_SIZE, 4096);
	uint8_t *bytes = machine_at(m, at, 3 * EDU_BUF_SIZE);

	(void)state;
	msi_on();
	for (unsigned int i = 0; i < EDU_BUF_SIZE; i++)
		bytes[i] = (uint8_t)(i * 7 + (i >> 8));
	assert_int_equal(from_memory(at, 0, EDU_BUF_SIZE), EDU_DMA_R_OK);
	assert_int_equal(to_memory(at + EDU_BUF_SIZE, 0, EDU_BUF_SIZE), EDU_DMA_R_OK);
	assert_memory_equal(bytes, bytes + EDU_BUF_SIZE, EDU_BUF_SIZE);
	assert_int_equal(to_memory(at + 2 * EDU_BUF_SIZE + 5, 100, 50), EDU_DMA_R_OK);
	assert_memory_equal(bytes + 100, bytes + 2 * EDU_BUF_SIZE + 5, 50);
	assert_int_equal(bytes[2 * EDU_BUF_SIZE + 4] | bytes[2 * EDU_BUF_SIZE + 55], 0);
	assert_int_equal(messages(), 0);
	dma(at, EDU_BUF_BASE, 8, EDU_DMA_IRQ);
	assert_int_equal(messages(), 1);
	assert_int_equal(get(EDU_REG_IRQ_STATUS), EDU_IRQ_DMA);
}

/* 36: refused, nothing moved, no abort; who waits for the interrupt gets it. */
static void out_of_range(void **state)
{
	static const struct {
		uint64_t buf, count;
	} bad[] = {
		{ EDU_BUF_BASE, 0 },
		{ EDU_BUF_BASE, EDU_BUF_SIZE + 1 },
		{ EDU_BUF_BASE, ~0ull },
		{ EDU_BUF_BASE - 1, 1 },
		{ EDU_BUF_BASE - 1, 2 },
		{ EDU_BUF_BASE + 1, EDU_BUF_SIZE },
		{ EDU_BUF_BASE + EDU_BUF_SIZE, 1 },
		{ EDU_BUF_BASE + EDU_BUF_SIZE - 1, 2 },
		{ EDU_BUF_BASE + EDU_BUF_SIZE - 1, ~0ull },
		{ 0, 1 },
		{ ~0ull, 1 },
		{ ~0ull, EDU_BUF_BASE + 2 },
	};
	uint64_t at = machine_alloc(m, EDU_BUF_SIZE, 4096), before;

	(void)state;
	msi_on();
	before = machine_hash(m, NULL, 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(dma(at, bad[i].buf, bad[i].count, EDU_DMA_IRQ),
				 EDU_DMA_R_RANGE);
		assert_int_equal(dma(bad[i].buf, at, bad[i].count,
				     EDU_DMA_IRQ | EDU_DMA_TO_MEMORY),
				 EDU_DMA_R_RANGE);
		assert_int_equal(messages(), 2 * i + 2);
	}
	assert_true(machine_hash(m, NULL, 0) == before);
	assert_int_equal(m->pci.dev[EDU]->dma.count.faults, 0);
	assert_int_equal(from_memory(at, 0, 4), EDU_DMA_R_OK);
}

/* A second command while one runs is not taken, nor are its registers. */
static void busy(void **state)
{
	uint64_t at = machine_alloc(m, 64, 64);

	(void)state;
	memcpy(machine_at(m, at, 64), "0123456789abcdef", 16);
	put64(EDU_REG_DMA_SRC, at);
	put64(EDU_REG_DMA_DST, EDU_BUF_BASE);
	put64(EDU_REG_DMA_COUNT, 16);
	put(EDU_REG_DMA_CMD, EDU_DMA_RUN);
	put64(EDU_REG_DMA_SRC, 0);
	put64(EDU_REG_DMA_DST, 0);
	put64(EDU_REG_DMA_COUNT, ~0ull);
	put(EDU_REG_DMA_CMD, EDU_DMA_RUN | EDU_DMA_TO_MEMORY | EDU_DMA_IRQ);
	assert_int_equal(get(EDU_REG_DMA_CMD), EDU_DMA_RUN);
	assert_int_equal(get(EDU_REG_DMA_COUNT), 16);
	mock_host_run(&m->mh, TURNS);
	assert_int_equal(get(EDU_REG_DMA_RESULT), EDU_DMA_R_OK);
	assert_int_equal(get(EDU_REG_IRQ_STATUS), 0);
	assert_int_equal(to_memory(at + 32, 0, 16), EDU_DMA_R_OK);
	assert_memory_equal(machine_at(m, at + 32, 16), "0123456789abcdef", 16);
	/* Without RUN nothing starts. */
	put(EDU_REG_DMA_CMD, EDU_DMA_IRQ);
	assert_int_equal(get(EDU_REG_DMA_CMD), EDU_DMA_TO_MEMORY);
}

static void memory_out_of_reach(void **state)
{
	uint64_t before;

	(void)state;
	from_memory(0x8000, 0, EDU_BUF_SIZE);
	before = machine_hash(m, NULL, 0);
	assert_int_equal(to_memory(MOCK_LOW_SIZE - 8, 0, 16), EDU_DMA_R_FAULT);
	assert_int_equal(from_memory(PV_ECAM_BASE & 0xfffffff, 0, 4), EDU_DMA_R_OK);
	assert_int_equal(from_memory(bar & 0x0fffffff, 0, EDU_BUF_SIZE), EDU_DMA_R_OK);
	assert_true(machine_hash(m, NULL, 0) == before);
	assert_int_equal(m->pci.dev[EDU]->dma.count.faults, 1);
	machine_config_write(m, EDU, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(from_memory(0x8000, 0, 4), EDU_DMA_R_FAULT);
}

/* --- the mask ----------------------------------------------------------------------------- */

static void mask_of_28_bits(void **state)
{
	uint8_t *low = machine_at(m, 0, 64);

	(void)state;
	memcpy(machine_at(m, 0x20000, 64), "what lies below", 16);
	/* Above 256 MiB: cut, done, and said. */
	assert_int_equal(from_memory(0x10020000, 0, 16), EDU_DMA_R_MASKED);
	assert_int_equal(m->mh.reports, 1);
	assert_int_equal(to_memory(0x30000, 0, 16), EDU_DMA_R_OK);
	assert_memory_equal(machine_at(m, 0x30000, 16), "what lies below", 16);
	assert_int_equal(from_memory(~0ull, 0, 16),
			 EDU_DMA_R_MASKED | EDU_DMA_R_FAULT); /* no RAM at 256 MiB - 1 */
	assert_int_equal(low[0], 0);
	for (unsigned int i = 0; i < 100; i++)
		from_memory(0x10020000, 0, 16);
	assert_true(m->mh.reports < 20);
}

/* Across the end of the mask the addresses start again at 0. */
static void across_the_mask(void **state)
{
	(void)state;
	machine_free(m);
	start(16);
	memcpy(machine_at(m, 0xfff8, 8), "ABCDEFGH", 8);
	memcpy(machine_at(m, 0, 8), "abcdefgh", 8);
	assert_int_equal(from_memory(0xfff8, 0, 8), EDU_DMA_R_OK);
	assert_int_equal(from_memory(0xfffc, 0, 8), EDU_DMA_R_MASKED);
	assert_int_equal(to_memory(0x8000, 0, 8), EDU_DMA_R_OK);
	assert_memory_equal(machine_at(m, 0x8000, 8), "EFGHabcd", 8);
}

static void mask_of_all_bits(void **state)
{
	(void)state;
	machine_free(m);
	start(64);
	memcpy(machine_at(m, MOCK_HIGH_BASE + 16, 8), "far away", 8);
	assert_int_equal(from_memory(MOCK_HIGH_BASE + 16, 0, 8), EDU_DMA_R_OK);
	assert_int_equal(to_memory(0x8000, 0, 8), EDU_DMA_R_OK);
	assert_memory_equal(machine_at(m, 0x8000, 8), "far away", 8);
	assert_int_equal(from_memory(~0ull - 3, 0, 4), EDU_DMA_R_FAULT);
	assert_int_equal(from_memory(~0ull - 3, 0, 8),
			 EDU_DMA_R_MASKED | EDU_DMA_R_FAULT);
	assert_int_equal(edu_plug(&m->pci, PCI_DEVFN(5, 0),
				  &(struct edu_params){ "edu1", 65 }, NULL),
			 -EINVAL);
	assert_int_equal(edu_plug(&m->pci, EDU, &(struct edu_params){ "edu1", 1 }, NULL),
			 -EBUSY);
}

/* --- behind an IOMMU ---------------------------------------------------------------------- */

static void behind_an_iommu(void **state)
{
	const struct virtio_iommu_params params = { .name = "iommu0" };
	struct virtio_iommu_fault event;
	uint8_t zero[16] = { 0 };
	struct viommu v;

	(void)state;
	viommu_plug(&v, m, &params);
	viommu_adopt(&v, EDU);
	viommu_start(&v, DRV_ALL_FEATURES);
	bar = machine_config_read(m, EDU, PCI_BASE_ADDRESS_0, 4) &
	      PCI_BASE_ADDRESS_MEM_MASK;
	viommu_post_events(&v, 4);
	viommu_attach(&v, 1, EDU, 0);
	viommu_map(&v, 1, 0xffff000, 0xfffffff, MOCK_HIGH_BASE, VIOMMU_RW);
	memcpy(machine_at(m, MOCK_HIGH_BASE + 0xff8, 8), "at most!", 8);
	assert_int_equal(from_memory(0xffffff8, 0, 8), EDU_DMA_R_OK);
	assert_int_equal(to_memory(0xffff000, 0, 8), EDU_DMA_R_OK);
	assert_memory_equal(machine_at(m, MOCK_HIGH_BASE, 8), "at most!", 8);
	/* What is mapped moves, what comes behind faults, once. */
	assert_int_equal(to_memory(0xffffff8, 0, 16), EDU_DMA_R_MASKED | EDU_DMA_R_FAULT);
	assert_true(viommu_event(&v, &event));
	assert_int_equal(event.address, 0);
	assert_int_equal(event.endpoint, EDU);
	assert_false(viommu_event(&v, &event));
	assert_memory_equal(machine_at(m, MOCK_HIGH_BASE + 0xff8, 8), "at most!", 8);
	assert_memory_equal(machine_at(m, 0, 16), zero, 16);
}

/* --- pause and reset ---------------------------------------------------------------------- */

static void pause_finishes(void **state)
{
	struct device *device = &m->pci.dev[EDU]->device;
	uint64_t at = machine_alloc(m, 64, 64);

	(void)state;
	memcpy(machine_at(m, at, 16), "0123456789abcdef", 16);
	from_memory(at, 0, 16);
	put64(EDU_REG_DMA_SRC, EDU_BUF_BASE);
	put64(EDU_REG_DMA_DST, at + 32);
	put(EDU_REG_DMA_CMD, EDU_DMA_RUN | EDU_DMA_TO_MEMORY);
	device->ops->quiesce(device);
	device->ops->quiesce(device);
	assert_int_equal(get(EDU_REG_DMA_CMD), EDU_DMA_TO_MEMORY);
	assert_memory_equal(machine_at(m, at + 32, 16), "0123456789abcdef", 16);
	/* Paused, nothing starts; afterwards what was asked for meanwhile does. */
	put64(EDU_REG_DMA_DST, at + 48);
	put(EDU_REG_DMA_CMD, EDU_DMA_RUN | EDU_DMA_TO_MEMORY);
	mock_host_run(&m->mh, TURNS);
	device->ops->quiesce(device); /* paused it is already */
	assert_int_equal(*(uint8_t *)machine_at(m, at + 48, 1), 0);
	device->ops->resume(device);
	mock_host_run(&m->mh, TURNS);
	assert_memory_equal(machine_at(m, at + 48, 16), "0123456789abcdef", 16);
}

static void reset_forgets(void **state)
{
	struct device *device = &m->pci.dev[EDU]->device;
	uint64_t at = machine_alloc(m, 64, 64), before;

	(void)state;
	memcpy(machine_at(m, at, 16), "0123456789abcdef", 16);
	from_memory(at, 0, 16);
	put64(EDU_REG_DMA_SRC, EDU_BUF_BASE);
	put64(EDU_REG_DMA_DST, at + 32);
	put(EDU_REG_DMA_CMD, EDU_DMA_RUN | EDU_DMA_TO_MEMORY | EDU_DMA_IRQ);
	put(EDU_REG_FACTORIAL, 5);
	put(EDU_REG_IRQ_RAISE, 1);
	assert_true(pin());
	before = machine_hash(m, NULL, 0);
	device->ops->reset(device);
	assert_false(pin());
	mock_host_run(&m->mh, TURNS);
	assert_true(machine_hash(m, NULL, 0) == before);
	assert_int_equal(mock_host_fired(&m->mh), 0);
	assert_int_equal(pci_assign(&m->pci), 0);
	machine_config_write(m, EDU, PCI_COMMAND, 2,
			     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(get(EDU_REG_STATUS) | get(EDU_REG_DMA_CMD) |
				 get(EDU_REG_FACTORIAL) | get(EDU_REG_IRQ_STATUS),
			 0);
	/* The buffer is clear, too. */
	memset(machine_at(m, at, 16), 1, 16);
	assert_int_equal(to_memory(at, 0, 16), EDU_DMA_R_OK);
	assert_memory_equal(machine_at(m, at, 16), machine_at(m, at + 48, 16), 16);
}

/* --- anything ----------------------------------------------------------------------------- */

/* Random writes anywhere in the BAR: only the memory that a good command names changes. */
static void random_writes(void **state)
{
	/* What dst is given below, be it an I/O address or a place in the buffer. */
	const struct mock_range may[] = { { 0x100000, 0x100000 },
					  { EDU_BUF_BASE, 5000 + EDU_BUF_SIZE } };
	const struct dma_counters *count = &m->pci.dev[EDU]->dma.count;
	uint64_t before;

	(void)state;
	srand(9);
	before = machine_hash(m, may, 2);
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int reg =
			rand() % 4 ? EDU_REG_DMA_SRC + (unsigned int)rand() % 4 * 8
				   : (unsigned int)rand() % 48 * 4;
		uint64_t value = (uint64_t)rand() << rand() % 40 ^ (uint64_t)rand();

		if (reg == EDU_REG_DMA_DST && rand() % 4)
			value = may[0].gpa + value % (may[0].len - EDU_BUF_SIZE);
		else if (reg == EDU_REG_DMA_DST || (reg == EDU_REG_DMA_SRC && rand() % 2))
			value = EDU_BUF_BASE + value % 5000;
		else if (reg == EDU_REG_DMA_COUNT && rand() % 2)
			value %= 5000;
		else if (reg == EDU_REG_DMA_CMD)
			value %= 16;
		machine_write(m, bar + reg, rand() % 2 ? 4 : 8, value);
		if (rand() % 3 == 0)
			mock_host_run(&m->mh, TURNS);
	}
	assert_true(machine_hash(m, may, 2) == before);
	assert_true(count->writes > 10 && count->reads > 10 && count->faults > 10);
	mock_host_run(&m->mh, TURNS);
	assert_int_equal(from_memory(0x100000, 0, 16), EDU_DMA_R_OK);
}

#define WITH(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(identity),
		WITH(factorials),
		WITH(pin_and_message),
		WITH(capability_is_guarded),
		WITH(there_and_back),
		WITH(out_of_range),
		WITH(busy),
		WITH(memory_out_of_reach),
		WITH(mask_of_28_bits),
		WITH(across_the_mask),
		WITH(mask_of_all_bits),
		WITH(behind_an_iommu),
		WITH(pause_finishes),
		WITH(reset_forgets),
		WITH(random_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * edu, behind the IOMMU: its commands name the memory that they write to.  The variant is the
 * width of its DMA mask; the actions are accesses to its registers and all around them.
 */
#include <string.h>

#include <abi/edu.h>

#include "devices/edu.h"
#include "devices/util.h"
#include "tests/fuzz/lib/chaos.h"

static void plug(struct chaos *c, uint8_t variant)
{
	struct edu_params params = { .name = "edu", .dma_bits = variant % 65 };

	FUZZ_CHECK(!edu_plug(&c->m->pci, CHAOS_DEVFN, &params, NULL));
}

/* Its BAR is where the struct drv has a virtio device's common registers. */
static void start(struct chaos *c)
{
	struct machine *m = c->m;

	c->d = (struct drv){ .m = m, .devfn = CHAOS_DEVFN };
	c->d.common = machine_config_read(m, CHAOS_DEVFN, PCI_BASE_ADDRESS_0, 4) &
		      PCI_BASE_ADDRESS_MEM_MASK;
	machine_config_write(m, CHAOS_DEVFN, PCI_COMMAND, 2,
			     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	c->d.cfg_cap = drv_find_cap(&c->d, PCI_CAP_ID_MSI, 0);
	FUZZ_CHECK(c->d.common && c->d.cfg_cap);
}

static void put(struct chaos *c, unsigned int reg, uint64_t value, unsigned int size)
{
	machine_write(c->m, c->d.common + reg, size, value);
}

static uint64_t get(struct chaos *c, unsigned int reg, unsigned int size)
{
	return machine_read(c->m, c->d.common + reg, size);
}

static void any_access(struct chaos *c)
{
	static const uint8_t regs[] = { EDU_REG_ID,	    EDU_REG_LIVENESS,
					EDU_REG_FACTORIAL,  EDU_REG_STATUS,
					EDU_REG_IRQ_STATUS, EDU_REG_IRQ_RAISE,
					EDU_REG_IRQ_ACK,    EDU_REG_DMA_SRC,
					EDU_REG_DMA_DST,    EDU_REG_DMA_COUNT,
					EDU_REG_DMA_CMD,    EDU_REG_DMA_RESULT };
	uint8_t which = fuzz_u8(&c->in), how = fuzz_u8(&c->in);
	unsigned int reg = regs[which % ARRAY_SIZE(regs)], size = 1u << (how & 3);

	if (which >= 0xf0)
		reg = fuzz_u32(&c->in) % (EDU_BAR_SIZE + 16);
	if (how & 4)
		put(c, reg, fuzz_number(&c->in, size), size);
	else
		get(c, reg, size);
}

/* A transfer between its buffer and the arena. */
static void transfer(struct chaos *c)
{
	uint8_t how = fuzz_u8(&c->in);
	uint64_t buffer = EDU_BUF_BASE + fuzz_u16(&c->in) % (EDU_BUF_SIZE + 64);
	uint64_t memory = chaos_any_addr(c),
		 count = fuzz_u16(&c->in) % (EDU_BUF_SIZE + 64);
	bool out = how & EDU_DMA_TO_MEMORY;

	put(c, EDU_REG_DMA_SRC, out ? buffer : memory, 8);
	put(c, EDU_REG_DMA_DST, out ? memory : buffer, 8);
	put(c, EDU_REG_DMA_COUNT, count, 8);
	put(c, EDU_REG_DMA_CMD, EDU_DMA_RUN | (how & 6), 8);
}

static void configure(struct chaos *c)
{
	uint8_t at = fuzz_u8(&c->in), how = fuzz_u8(&c->in);

	if (how & 4)
		machine_config_write(c->m, CHAOS_DEVFN, at, 1u << how % 3,
				     fuzz_u32(&c->in));
	if (how & 8)
		machine_config_write(c->m, CHAOS_DEVFN, c->d.cfg_cap + 2, 2,
				     how >> 4 & 1);
	if (how & 32)
		machine_config_write(c->m, CHAOS_DEVFN, PCI_COMMAND, 2,
				     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void act(struct chaos *c)
{
	struct device *dev = &c->m->pci.dev[CHAOS_DEVFN]->device;

	switch (fuzz_u8(&c->in) % 10) {
	case 0 ... 2:
		any_access(c);
		break;
	case 3 ... 4:
		transfer(c);
		break;
	case 5:
		configure(c);
		break;
	case 6:
		chaos_iommu(c);
		break;
	case 7:
		if (fuzz_u8(&c->in) & 1)
			dev->ops->quiesce(dev);
		else
			dev->ops->resume(dev);
		break;
	case 8:
		device_reset_all(&c->m->devices);
		FUZZ_CHECK(!pci_assign(&c->m->pci));
		start(c);
		break;
	default:
		mock_host_run(&c->m->mh, 4);
		break;
	}
}

static void good(struct chaos *c)
{
	FUZZ_CHECK(get(c, EDU_REG_ID, 4) == EDU_ID_VALUE);
	put(c, EDU_REG_FACTORIAL, 5, 4);
	put(c, EDU_REG_DMA_SRC, EDU_BUF_BASE, 8);
	put(c, EDU_REG_DMA_DST, CHAOS_ARENA, 8);
	put(c, EDU_REG_DMA_COUNT, 8, 8);
	put(c, EDU_REG_DMA_CMD, EDU_DMA_RUN | EDU_DMA_TO_MEMORY, 8);
	FUZZ_CHECK(mock_host_run(&c->m->mh, 16));
	FUZZ_CHECK(get(c, EDU_REG_FACTORIAL, 4) == 120);
	FUZZ_CHECK(!(get(c, EDU_REG_DMA_CMD, 8) & EDU_DMA_RUN));
}

static const struct chaos_device device = { .name = "edu",
					    .plug = plug,
					    .start = start,
					    .act = act,
					    .good = good,
					    .always_behind = true };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	chaos_run(&device, data, size);
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	/* Flags, mask; a transfer of 64 bytes to memory, one back, a poll; 5!, its status. */
	const uint8_t all[] = { 0,
				(uint8_t)(n < 4 ? 28 : n),
				3,
				6,
				0,
				0,
				4,
				64,
				0,
				9,
				3,
				4,
				0,
				0,
				(uint8_t)(4 + n),
				64,
				0,
				(uint8_t)(n & 1 ? 6 : 9),
				4,
				0,
				9,
				0,
				3,
				6,
				0x80,
				0,
				0,
				0,
				0,
				2,
				6,
				5,
				0,
				0,
				0,
				9 };
	struct fuzz_out out = { buf, size };

	if (n > 7)
		return 0;
	fuzz_put_bytes(&out, all, sizeof(all) - n);
	return size - out.left;
}

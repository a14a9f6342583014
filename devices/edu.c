/* SPDX-License-Identifier: MIT */
/*
 * edu: registers, one computation, one transfer.  Both are started by a register write and
 * done by the event loop: the device wakes itself through an eventfd.
 */
#include "devices/edu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <abi/edu.h>

#include "devices/util.h"

#define EDU_REVISION 0x10

struct edu_dma {
	uint64_t src, dst, count, cmd;
	uint32_t result;
};

struct edu_stats {
	uint64_t factorials, commands, bytes;
	uint64_t refused, busy; /* commands out of range; register writes while one ran */
	uint64_t masked; /* commands with an address beyond the mask */
};

struct edu {
	struct pci_dev pci;
	struct host_watch work; /* readable: something has been started */
	bool watching, paused;
	uint64_t mask; /* of I/O addresses */
	uint32_t liveness, factorial, status, irq_status;
	struct edu_dma dma;
	struct edu_stats stats;
	struct host_limit reports;
	uint8_t buf[EDU_BUF_SIZE];
};

static struct edu *of(struct device *device)
{
	return container_of(device, struct edu, pci.device);
}

/* --- interrupts --------------------------------------------------------------------------- */

static void raise_irq(struct edu *e, uint32_t bits)
{
	e->irq_status |= bits;
	if (!e->irq_status)
		return;
	if (pci_msi_enabled(&e->pci))
		pci_msi_fire(&e->pci);
	else
		pci_intx(&e->pci, true);
}

static void acknowledge(struct edu *e, uint32_t bits)
{
	e->irq_status &= ~bits;
	if (!e->irq_status)
		pci_intx(&e->pci, false);
}

/* --- work --------------------------------------------------------------------------------- */

/* Modulo 2^32, where every n! from 34! on is 0. */
static uint32_t factorial(uint32_t n)
{
	uint32_t product = 1;

	for (uint32_t i = 2; i <= n && product; i++)
		product *= i;
	return product;
}

static void compute(struct edu *e)
{
	if (!(e->status & EDU_STATUS_COMPUTING))
		return;
	e->factorial = factorial(e->factorial);
	e->stats.factorials++;
	e->status &= ~EDU_STATUS_COMPUTING;
	if (e->status & EDU_STATUS_IRQ)
		raise_irq(e, EDU_IRQ_FACTORIAL);
}

/* The transfer's part of the buffer, or NULL when it is not all inside. */
static uint8_t *part_of_buffer(struct edu *e, uint64_t addr)
{
	uint64_t at = addr - EDU_BUF_BASE;

	if (!e->dma.count || at >= EDU_BUF_SIZE || e->dma.count > EDU_BUF_SIZE - at)
		return NULL;
	return e->buf + at;
}

/* Moves [iova, iova + count), each address cut to the mask. */
static int move(struct edu *e, uint64_t iova, uint8_t *buf, bool to_memory)
{
	uint64_t left = e->dma.count;

	while (left) {
		uint64_t at = iova & e->mask;
		uint64_t n = left - 1 <= e->mask - at ? left : e->mask - at + 1;
		int err = to_memory ? dma_write(&e->pci.dma, at, buf, n)
				    : dma_read(&e->pci.dma, at, buf, n);

		if (err)
			return err;
		iova += n;
		buf += n;
		left -= n;
		e->stats.bytes += n;
	}
	return 0;
}

static uint32_t check_mask(struct edu *e, uint64_t iova)
{
	uint64_t last = iova + (e->dma.count - 1);

	if (last >= iova && last <= e->mask)
		return 0;
	e->stats.masked++;
	if (host_limit_pass(&e->reports))
		host_report(e->pci.dma.host, HOST_WARN, e->pci.device.name,
			    "DMA of %" PRIu64 " bytes at 0x%" PRIx64
			    " passes the mask 0x%" PRIx64 ": addresses are cut to it",
			    e->dma.count, iova, e->mask);
	return EDU_DMA_R_MASKED;
}

static uint32_t run_command(struct edu *e)
{
	bool to_memory = e->dma.cmd & EDU_DMA_TO_MEMORY;
	uint64_t iova = to_memory ? e->dma.dst : e->dma.src;
	uint8_t *buf = part_of_buffer(e, to_memory ? e->dma.src : e->dma.dst);
	uint32_t masked;

	if (!buf) {
		e->stats.refused++;
		return EDU_DMA_R_RANGE;
	}
	masked = check_mask(e, iova);
	return masked | (move(e, iova, buf, to_memory) ? EDU_DMA_R_FAULT : EDU_DMA_R_OK);
}

static void transfer(struct edu *e)
{
	if (!(e->dma.cmd & EDU_DMA_RUN))
		return;
	e->stats.commands++;
	e->dma.result = run_command(e);
	e->dma.cmd &= ~(uint64_t)EDU_DMA_RUN;
	if (e->dma.cmd & EDU_DMA_IRQ)
		raise_irq(e, EDU_IRQ_DMA);
}

static void do_work(struct edu *e)
{
	compute(e);
	transfer(e);
}

static void worked(void *arg, uint32_t events)
{
	struct edu *e = arg;
	eventfd_t count;

	(void)events;
	eventfd_read(e->work.fd, &count);
	if (!e->paused)
		do_work(e);
}

static void start_work(const struct edu *e)
{
	eventfd_write(e->work.fd, 1);
}

/* --- registers ---------------------------------------------------------------------------- */

static bool good_width(uint64_t offset, unsigned int size)
{
	return size == 4 || (size == 8 && offset >= EDU_REG_DMA_SRC);
}

static uint64_t edu_read(void *arg, uint64_t offset, unsigned int size)
{
	const struct edu *e = arg;

	if (!good_width(offset, size))
		return ~0ull;
	switch (offset) {
	case EDU_REG_ID:
		return EDU_ID_VALUE;
	case EDU_REG_LIVENESS:
		return e->liveness;
	case EDU_REG_FACTORIAL:
		return e->factorial;
	case EDU_REG_STATUS:
		return e->status;
	case EDU_REG_IRQ_STATUS:
		return e->irq_status;
	case EDU_REG_DMA_SRC:
		return e->dma.src;
	case EDU_REG_DMA_DST:
		return e->dma.dst;
	case EDU_REG_DMA_COUNT:
		return e->dma.count;
	case EDU_REG_DMA_CMD:
		return e->dma.cmd;
	case EDU_REG_DMA_RESULT:
		return e->dma.result;
	default:
		return ~0ull;
	}
}

static void start_factorial(struct edu *e, uint32_t n)
{
	if (e->status & EDU_STATUS_COMPUTING)
		return;
	e->factorial = n;
	e->status |= EDU_STATUS_COMPUTING;
	start_work(e);
}

static void write_dma(struct edu *e, uint64_t offset, uint64_t value)
{
	if (e->dma.cmd & EDU_DMA_RUN) {
		e->stats.busy++;
		return;
	}
	switch (offset) {
	case EDU_REG_DMA_SRC:
		e->dma.src = value;
		break;
	case EDU_REG_DMA_DST:
		e->dma.dst = value;
		break;
	case EDU_REG_DMA_COUNT:
		e->dma.count = value;
		break;
	case EDU_REG_DMA_CMD:
		if (!(value & EDU_DMA_RUN))
			break;
		e->dma.cmd = value;
		start_work(e);
		break;
	default:
		break;
	}
}

static void edu_write(void *arg, uint64_t offset, unsigned int size, uint64_t value)
{
	struct edu *e = arg;

	if (!good_width(offset, size))
		return;
	switch (offset) {
	case EDU_REG_LIVENESS:
		e->liveness = ~(uint32_t)value;
		break;
	case EDU_REG_FACTORIAL:
		start_factorial(e, (uint32_t)value);
		break;
	case EDU_REG_STATUS:
		e->status = (e->status & EDU_STATUS_COMPUTING) | (value & EDU_STATUS_IRQ);
		break;
	case EDU_REG_IRQ_RAISE:
		raise_irq(e, (uint32_t)value);
		break;
	case EDU_REG_IRQ_ACK:
		acknowledge(e, (uint32_t)value);
		break;
	default:
		if (offset >= EDU_REG_DMA_SRC)
			write_dma(e, offset, value);
		break;
	}
}

static const struct bus_ops edu_bar_ops = { .read = edu_read, .write = edu_write };

/* --- life --------------------------------------------------------------------------------- */

static void edu_reset(struct device *device)
{
	struct edu *e = of(device);
	eventfd_t count;

	eventfd_read(e->work.fd, &count);
	e->liveness = 0;
	e->factorial = 0;
	e->status = 0;
	e->irq_status = 0;
	e->dma = (struct edu_dma){ 0 };
	for (unsigned int i = 0; i < EDU_BUF_SIZE; i++)
		e->buf[i] = 0;
	pci_dev_reset(&e->pci);
}

static void edu_quiesce(struct device *device)
{
	struct edu *e = of(device);

	if (!e->paused)
		do_work(e);
	e->paused = true;
}

static void edu_resume(struct device *device)
{
	of(device)->paused = false;
	start_work(of(device));
}

static void edu_stats(struct device *device, stat_fn fn, void *arg)
{
	const struct edu *e = of(device);

	pci_dma_stats(&e->pci, fn, arg);
	fn(arg, "factorials", e->stats.factorials);
	fn(arg, "commands", e->stats.commands);
	fn(arg, "bytes", e->stats.bytes);
	fn(arg, "refused", e->stats.refused);
	fn(arg, "busy", e->stats.busy);
	fn(arg, "masked", e->stats.masked);
}

static void edu_destroy(struct device *device)
{
	struct edu *e = of(device);

	if (e->watching)
		host_unwatch(e->pci.pci->host, &e->work);
	pci_unplug(&e->pci);
	if (e->work.fd >= 0)
		close(e->work.fd);
	free(e);
}

static const struct device_ops edu_device_ops = { .reset = edu_reset,
						  .quiesce = edu_quiesce,
						  .resume = edu_resume,
						  .stats = edu_stats,
						  .destroy = edu_destroy };

static const struct pci_ids edu_ids = {
	.vendor = EDU_PCI_VENDOR_ID,
	.device = EDU_PCI_DEVICE_ID,
	.subsystem_vendor = PCI_SUBVENDOR_ID_REDHAT_QUMRANET,
	.subsystem = 0x1100,
	.class_code = 0x00ff, /* unclassified */
	.revision = EDU_REVISION,
};

static int open_parts(struct edu *e, struct host *host)
{
	int err;

	e->work.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->work.fd < 0)
		return -errno;
	e->work.fn = worked;
	e->work.arg = e;
	err = host_watch(host, &e->work, EPOLLIN);
	e->watching = !err;
	return err;
}

int edu_plug(struct pci_host *pci, uint8_t devfn, const struct edu_params *params,
	     struct pci_dev **out)
{
	unsigned int bits = params->dma_bits ? params->dma_bits : EDU_DMA_BITS;
	struct edu *e;
	int err;

	if (bits > 64)
		return -EINVAL;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->mask = ~0ull >> (64 - bits);
	pci_dev_init(&e->pci, params->name, &edu_ids, NULL, &edu_device_ops);
	pci_add_bar(&e->pci, EDU_BAR, EDU_BAR_SIZE, PCI_BASE_ADDRESS_MEM_TYPE_32,
		    &edu_bar_ops, e);
	pci_add_msi(&e->pci);
	e->pci.config[PCI_INTERRUPT_PIN] = 1;
	err = pci_plug(pci, &e->pci, devfn);
	if (err) {
		free(e);
		return err;
	}
	err = open_parts(e, pci->host);
	if (err) {
		edu_destroy(&e->pci.device);
		return err;
	}
	if (out)
		*out = &e->pci;
	return 0;
}

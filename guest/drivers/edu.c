/* SPDX-License-Identifier: MIT */
/*
 * The driver of edu, ours and QEMU's.  It looks at the command register until a command is
 * over; QEMU's takes 100 ms for each.  Nothing is asked of the device that is outside its
 * buffer: QEMU's ends the machine over it.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <guest/edu.h>
#include <guest/patience.h>

#define PATIENCE     (5 * HZ)
#define NO_SUCH	     (~0U) /* what a register that does not exist reads as */
#define REGISTERS    4096U
#define LIVENESS_TRY 0x5a17c0deU

static struct pci_dev *edu; /* NULL: there is none, or it was given up */
static char *regs;
static DEFINE_MUTEX(lock); /* one command at a time */

struct device *edu_device(void)
{
	return edu ? &edu->dev : NULL;
}

/* What it still does reaches nobody. */
static int give_up(const char *why, int err)
{
	dev_err(&edu->dev, "edu %s: given up\n", why);
	pci_clear_master(edu);
	edu = NULL;
	return err;
}

/* All registers of a device that was unplugged read as ones; of one that is there, some. */
static bool is_gone(u32 value)
{
	return value == NO_SUCH && readl(regs + EDU_REG_ID) != EDU_ID_VALUE;
}

/* Waits until none of the bits is set. */
static int wait_clear(unsigned int reg, u32 bits)
{
	u64 end = ktime_get_ns() +
		  jiffies_to_msecs(io_patience(PATIENCE)) * (u64)NSEC_PER_MSEC;
	u32 value;

	while ((value = readl(regs + reg)) & bits) {
		if (is_gone(value))
			return give_up("is gone", -ENODEV);
		if (ktime_get_ns() > end)
			return give_up("does not answer", -ETIMEDOUT);
		msleep(1);
	}
	return 0;
}

static int result(void)
{
	u32 r = readl(regs + EDU_REG_DMA_RESULT);

	if (is_gone(r))
		return give_up("is gone", -ENODEV);
	if (r == NO_SUCH)
		return 0;
	if (r & EDU_DMA_R_MASKED)
		return -EREMOTEIO;
	return r == EDU_DMA_R_OK ? 0 : r == EDU_DMA_R_FAULT ? -EFAULT : -EINVAL;
}

static int transfer(u64 src, u64 dst, size_t len, u32 direction)
{
	int err;

	writeq(src, regs + EDU_REG_DMA_SRC);
	writeq(dst, regs + EDU_REG_DMA_DST);
	writeq(len, regs + EDU_REG_DMA_COUNT);
	dma_transfer_started(&edu->dev, 0, 0, 0, DMA_CALLER);
	writeq(EDU_DMA_RUN | direction, regs + EDU_REG_DMA_CMD);
	err = wait_clear(EDU_REG_DMA_CMD, EDU_DMA_RUN);
	return err ? err : result();
}

static int run(dma_addr_t addr, unsigned int offset, size_t len, bool to_memory)
{
	u64 place = EDU_BUF_BASE + (u64)offset;
	int err = -ENODEV;

	if (!len || offset >= EDU_BUF_SIZE || len > EDU_BUF_SIZE - offset)
		return -EINVAL;
	mutex_lock(&lock);
	if (edu)
		err = to_memory ? transfer(place, addr, len, EDU_DMA_TO_MEMORY)
				: transfer(addr, place, len, 0);
	mutex_unlock(&lock);
	return err;
}

int edu_read_memory(dma_addr_t from, unsigned int offset, size_t len)
{
	return run(from, offset, len, false);
}

int edu_write_memory(dma_addr_t to, unsigned int offset, size_t len)
{
	return run(to, offset, len, true);
}

static int copy(void *buf, unsigned int offset, size_t len, enum dma_data_direction dir)
{
	struct device *dev = edu_device();
	dma_addr_t dma;
	int err;

	if (!dev)
		return -ENODEV;
	dma = dma_map_single(dev, buf, len, dir);
	if (dma_mapping_error(dev, dma))
		return -EIO;
	err = run(dma, offset, len, dir == DMA_FROM_DEVICE);
	dma_unmap_single(dev, dma, len, dir);
	return err;
}

int edu_copy_in(const void *buf, unsigned int offset, size_t len)
{
	return copy((void *)(uintptr_t)buf, offset, len, DMA_TO_DEVICE);
}

int edu_copy_out(void *buf, unsigned int offset, size_t len)
{
	return copy(buf, offset, len, DMA_FROM_DEVICE);
}

int edu_factorial(u32 n, u32 *result_out)
{
	int err = -ENODEV;

	mutex_lock(&lock);
	if (edu) {
		writel(n, regs + EDU_REG_FACTORIAL);
		err = wait_clear(EDU_REG_STATUS, EDU_STATUS_COMPUTING);
		*result_out = readl(regs + EDU_REG_FACTORIAL);
		if (!err && is_gone(*result_out))
			err = give_up("is gone", -ENODEV);
	}
	mutex_unlock(&lock);
	return err;
}

/* --- taking it into use -------------------------------------------------------------------- */

static int check(void)
{
	if (readl(regs + EDU_REG_ID) != EDU_ID_VALUE)
		return -ENODEV;
	writel(LIVENESS_TRY, regs + EDU_REG_LIVENESS);
	return readl(regs + EDU_REG_LIVENESS) == ~LIVENESS_TRY ? 0 : -EIO;
}

static int probe(struct pci_dev *pci, const struct pci_device_id *id)
{
	int err;

	(void)id;
	if (edu)
		return -EBUSY;
	err = pci_enable_device(pci);
	if (!err)
		err = dma_set_mask_and_coherent(&pci->dev, DMA_BIT_MASK(EDU_DMA_BITS));
	if (err)
		return err;
	regs = pci_iomap(pci, EDU_BAR, REGISTERS);
	err = regs ? check() : -ENOMEM;
	if (err) {
		if (regs)
			pci_iounmap(pci, regs);
		pci_disable_device(pci);
		return err;
	}
	pci_set_master(pci);
	edu = pci;
	return 0;
}

static void remove(struct pci_dev *pci)
{
	mutex_lock(&lock);
	edu = NULL;
	pci_clear_master(pci);
	pci_iounmap(pci, regs);
	pci_disable_device(pci);
	mutex_unlock(&lock);
}

static const struct pci_device_id ids[] = {
	{ PCI_DEVICE(EDU_PCI_VENDOR_ID, EDU_PCI_DEVICE_ID) },
	{ 0 },
};

static struct pci_driver driver = {
	.name = "edu",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};

static int init(void)
{
	return pci_register_driver(&driver);
}
device_initcall(init);

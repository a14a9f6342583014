/* SPDX-License-Identifier: MIT */
/*
 * Devices that make mistakes on purpose (--inject), and their drivers: whatever goes wrong, a
 * request ends, in bounded time, with an error or with an answer that can be checked; and the
 * device works on, unless it is gone.  What a driver cannot see (a bit of a disk's data) is
 * for its user to see, who asks twice or compares with what he knows.  That nothing leaks is
 * in the runner's books, as for every experiment.
 *
 * Which mistakes are made is not told here: an answer that is wrong and passes fails the
 * trial, any other outcome is counted.  Best with io_timeout=100.
 */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/dma-mapping.h>
#include <linux/string.h>

#include <guest/blk.h>
#include <guest/dmacheck.h>
#include <guest/edu.h>
#include <guest/hvc.h>
#include <guest/patience.h>
#include <guest/rng.h>
#include <guest/xxhash.h>

#include "experiment.h"

#define CHAPTER CHAPTER_INJECT

#define REQUESTS 24U
#define TRIES	 12U /* until one succeeds at the end */
#define BYTES	 512U
#define USUAL	 (30 * HZ) /* the most patient driver */
#define RESET_MS 3000U /* for what follows when patience ends */

/* A device and a request whose answer can be judged. */
struct victim {
	struct device *(*device)(void); /* NULL: there is none, or none any more */
	/* 0: verified; -EBADMSG: it said so, but the answer is wrong; else what it said. */
	int (*request)(char *page, unsigned int i);
};

struct outcomes {
	unsigned int verified, errors, noticed;
	u64 slowest_ns;
};

/* Its configuration space does not answer. */
static bool is_gone(struct device *dev)
{
	u16 vendor = 0;

	pci_read_config_word(to_pci_dev(dev), PCI_VENDOR_ID, &vendor);
	return vendor == 0xffff;
}

static int one_request(const struct victim *v, char *page, unsigned int i,
		       struct outcomes *o)
{
	u64 start = ktime_get_ns(), ns;
	int err = v->request(page, i);

	ns = ktime_get_ns() - start;
	if (ns > o->slowest_ns)
		o->slowest_ns = ns;
	if (err == -EBADMSG)
		o->noticed++;
	else if (err)
		o->errors++;
	else
		o->verified++;
	return err;
}

/* After all that: does it work, or is it gone for good? */
static void expect_usable(struct trial *x, const struct victim *v, struct device *dev,
			  char *page, struct outcomes *o)
{
	int err = -EIO;

	for (unsigned int i = 0; i < TRIES && err; i++)
		err = one_request(v, page, i, o);
	if (is_gone(dev))
		expect(x, err && err != -EBADMSG, "a device that is gone answers");
	else
		expect(x, !err, "it does not work any more: %d", err);
	evidence(x, is_gone(dev) ? "gone" : "usable afterwards");
}

static void survive(struct trial *x, const struct victim *v)
{
	u64 limit =
		(jiffies_to_msecs(io_patience(USUAL)) * 2ULL + RESET_MS) * NSEC_PER_MSEC;
	char *page = (char *)__get_free_page(GFP_KERNEL);
	struct device *dev = v->device();
	struct outcomes o = { 0 };

	if (!dev) {
		skip(x, "this machine has no such device");
		goto out;
	}
	if (!expect(x, page, "no memory"))
		return;
	for (unsigned int i = 0; i < REQUESTS; i++)
		one_request(v, page, i, &o);
	expect_usable(x, v, dev, page, &o);
	expect(x, o.slowest_ns <= limit, "a request took %llu ms",
	       (unsigned long long)(o.slowest_ns / NSEC_PER_MSEC));
	evidence(x, "%u verified, %u errors, %u wrong and noticed", o.verified, o.errors,
		 o.noticed);
out:
	free_page((unsigned long)page);
}

/* --- the disk: the same bytes twice ------------------------------------------------------- */

static struct device *disk_device(void)
{
	return blk_get(0) ? blk_device(blk_get(0)) : NULL;
}

static int disk_request(char *page, unsigned int i)
{
	u64 hash;
	int err = blk_read(blk_get(0), i % 8, page, BYTES);

	if (err)
		return err;
	hash = xxh3_64(page, BYTES);
	memset(page, 0, BYTES);
	err = blk_read(blk_get(0), i % 8, page, BYTES);
	if (err)
		return err;
	return xxh3_64(page, BYTES) == hash ? 0 : -EBADMSG;
}

EXPERIMENT(inject_disk, "inject.disk",
	   "the disk's driver survives its mistakes, and two reads find a wrong bit",
	   .needs = NEEDS_FAULTS)
{
	static const struct victim disk = { disk_device, disk_request };

	survive(x, &disk);
}

/* --- the entropy device: all bytes, and none besides -------------------------------------- */

static int rng_request(char *page, unsigned int i)
{
	int err;

	(void)i;
	memset(page, 0, 2 * BYTES);
	err = rng_read(page, BYTES);
	if (err)
		return err;
	return memchr_inv(page + BYTES - 64, 0, 64) && !memchr_inv(page + BYTES, 0, BYTES)
		       ? 0
		       : -EBADMSG;
}

EXPERIMENT(inject_rng, "inject.rng", "the entropy device's driver survives its mistakes",
	   .needs = NEEDS_FAULTS)
{
	static const struct victim rng = { rng_device, rng_request };

	survive(x, &rng);
}

/* --- the console -------------------------------------------------------------------------- */

static int console_request(char *page, unsigned int i)
{
	static const char line[] = "# inject.console: a line\n";
	ssize_t n;

	(void)page;
	(void)i;
	n = hvc_write(line, sizeof(line) - 1);
	return n < 0 ? (int)n : n == sizeof(line) - 1 ? 0 : -EBADMSG;
}

EXPERIMENT(inject_console, "inject.console", "the console's driver survives its mistakes",
	   .needs = NEEDS_FAULTS)
{
	static const struct victim console = { hvc_device, console_request };

	survive(x, &console);
}

/* --- dmacheck: its hash is the CPU's ------------------------------------------------------ */

static int dmacheck_try(char *page, unsigned int i)
{
	struct device *dev = dmacheck_device();
	dma_addr_t dma;
	u64 hash, seen;
	int err;

	if (!dev)
		return -ENODEV;
	memset(page, (int)i + 1, BYTES);
	hash = xxh3_64(page, BYTES);
	dma = dma_map_single(dev, page, BYTES, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, dma))
		return -EIO;
	err = dmacheck_hash(dma, BYTES, &seen);
	dma_unmap_single(dev, dma, BYTES, DMA_TO_DEVICE);
	if (err)
		return err;
	return seen == hash ? 0 : -EBADMSG;
}

EXPERIMENT(inject_dmacheck, "inject.dmacheck",
	   "dmacheck's driver survives its mistakes, and a wrong hash is none",
	   .needs = NEEDS_FAULTS)
{
	static const struct victim dmacheck = { dmacheck_device, dmacheck_try };

	survive(x, &dmacheck);
}

/* --- edu: what went in comes out ---------------------------------------------------------- */

static int edu_request(char *page, unsigned int i)
{
	char *back = page + BYTES;
	int err;

	memset(page, (int)i + 1, BYTES);
	memset(back, 0, BYTES);
	err = edu_copy_in(page, 0, BYTES);
	if (!err)
		err = edu_copy_out(back, 0, BYTES);
	if (err)
		return err;
	return memcmp(page, back, BYTES) != 0 ? -EBADMSG : 0;
}

EXPERIMENT(inject_edu, "inject.edu",
	   "edu's driver survives its mistakes, and what comes back wrong is noticed",
	   .needs = NEEDS_FAULTS)
{
	static const struct victim edu = { edu_device, edu_request };

	survive(x, &edu);
}

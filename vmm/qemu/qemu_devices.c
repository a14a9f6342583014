/* SPDX-License-Identifier: MIT */
/*
 * -device.  The board has its random numbers, its serial port and its virtio console
 * always; a -device for one of these gives it its place on the bus, or its character
 * device (qemu_consoles.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <abi/platform.h>

#include "vmm/qemu/qemu_line.h"

#define EDU_BITS 28 /* of addresses, as in QEMU */

/* --- places on the bus -------------------------------------------------------------------- */

static int parse_slot(const char *addr, unsigned int *slot)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(addr, &end, 16);
	if (errno || end == addr ||
	    (*end && strcmp(end, ".0") != 0 && strcmp(end, ".0x0") != 0) || !value ||
	    value > PV_BALLOON_SLOT)
		return -EINVAL;
	*slot = (unsigned int)value;
	return 0;
}

/* Takes bus and addr.  Slot 0: the device gets the next free one. */
int qemu_take_slot(struct qemu_line *line, struct qemu_opts *opts, unsigned int *slot,
		   struct error *err)
{
	static const struct qemu_harmless harmless[] = {
		{ "multifunction", "off", "a device is one function" },
		{ NULL, NULL, NULL },
	};
	const char *bus = qemu_opts_take(opts, "bus");
	const char *addr = qemu_opts_take(opts, "addr");

	qemu_opts_take_harmless(opts, harmless);
	*slot = 0;
	if (bus && strcmp(bus, "pci.0") != 0 && strcmp(bus, "pci") != 0)
		return qemu_refuse(
			opts, err,
			"bus=%.60s: there is one bus, pci.0; in the domain XML: "
			"<controller type='pci' model='pci-root'/> and no other",
			bus);
	if (!addr)
		return 0;
	if (parse_slot(addr, slot))
		return qemu_refuse(
			opts, err,
			"addr=%.60s: a slot from 0x1 to 0x1f, function 0; in the "
			"domain XML: <address type='pci' slot=.. function='0x0'/>",
			addr);
	if (line->slots & 1u << *slot)
		return qemu_refuse(opts, err, "addr=%.60s: two devices want that slot",
				   addr);
	line->slots |= 1u << *slot;
	return 0;
}

/* Before or behind the IOMMU: whether there is one only shows at the end. */
static int take_place(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	bool given = json_object_get(opts->values, "iommu_platform"), behind;
	int ret = qemu_opts_take_bool(opts, "iommu_platform", false, &behind, err);

	if (ret || !given)
		return ret;
	if (!behind && strcmp(opts->kind, "virtio-balloon-pci") != 0)
		line->beside_iommu = true;
	else if (behind && !strcmp(opts->kind, "virtio-balloon-pci"))
		return qemu_refuse(opts, err,
				   "iommu_platform=on: it is never behind an IOMMU; in "
				   "the domain XML: <memballoon> without <driver "
				   "iommu='on'/>");
	else if (behind)
		line->behind_iommu = true;
	return 0;
}

/* What every virtio device is here: modern, split rings, MSI-X. */
int qemu_take_virtio(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	static const struct qemu_harmless harmless[] = {
		{ "disable-legacy", "on", "devices are modern only" },
		{ "disable-modern", "off", "devices are modern only" },
		{ "packed", "off", "rings are split" },
		{ "ats", "off", "there is none" },
		{ "event_idx", "on", "it is offered" },
		{ "ioeventfd", "on", "it is used" },
		{ NULL, NULL, NULL },
	};

	qemu_opts_take_harmless(opts, harmless);
	return take_place(line, opts, err);
}

/* --- devices ------------------------------------------------------------------------------ */

/* What QEMU does unless told otherwise: a full host is no error of the guest's disk. */
static int take_policy(struct qemu_opts *opts, const char *name,
		       enum virtio_blk_policy otherwise, enum virtio_blk_policy *policy,
		       struct error *err)
{
	static const char *const names[] = {
		[VIRTIO_BLK_REPORT] = "report",
		[VIRTIO_BLK_WAIT_ENOSPC] = "enospc",
		[VIRTIO_BLK_WAIT] = "stop",
	};
	const char *word = qemu_opts_take(opts, name);
	size_t i;

	*policy = otherwise;
	if (!word || !strcmp(word, "auto"))
		return 0;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*policy = (enum virtio_blk_policy)i;
		if (!strcmp(word, names[i]))
			return 0;
	}
	return qemu_refuse(opts, err,
			   "%s=%.60s: an error is reported, or the guest waits (stop, "
			   "enospc); in the domain XML: <driver error_policy='report'>",
			   name, word);
}

static int take_policies(struct qemu_opts *opts, struct disk_config *disk,
			 struct error *err)
{
	int ret = take_policy(opts, "werror", VIRTIO_BLK_WAIT_ENOSPC, &disk->write_errors,
			      err);

	return ret ? ret
		   : take_policy(opts, "rerror", VIRTIO_BLK_REPORT, &disk->read_errors,
				 err);
}

static int take_disk(struct qemu_line *line, struct qemu_opts *opts,
		     struct disk_config *disk, struct error *err)
{
	static const struct qemu_harmless harmless[] = {
		{ "bootindex", NULL, "a kernel is given: no disk is booted from" },
		{ "scsi", "off", "there are no SCSI commands" },
		{ NULL, NULL, NULL },
	};
	const char *drive = qemu_opts_take(opts, "drive");
	struct qemu_node *node = qemu_find_node(line, drive);
	bool write_cache;
	int ret = qemu_opts_take_bool(opts, "write-cache", true, &write_cache, err);

	qemu_opts_take_harmless(opts, harmless);
	if (!ret)
		ret = take_policies(opts, disk, err);
	if (ret)
		return ret;
	if (!node || node->used)
		return qemu_refuse(opts, err, "drive=%.60s: no such free -blockdev",
				   drive ? drive : "");
	node->used = true;
	disk->path = node->path;
	disk->readonly = node->readonly;
	disk->node = node->name;
	disk->storage_node = node->storage;
	disk->write_through = !write_cache;
	disk->direct = node->direct;
	disk->no_flush = node->no_flush;
	disk->id = qemu_opts_take(opts, "id");
	disk->serial = qemu_opts_take(opts, "serial");
	return 0;
}

static int add_disk(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	struct disk_config *disk = &line->machine.disks[line->machine.nr_disks];
	int ret;

	if (line->machine.nr_disks == DISKS_MAX)
		return qemu_refuse(opts, err, "one disk too many; give at most %d",
				   DISKS_MAX);
	*disk = (struct disk_config){ .path = NULL };
	ret = take_disk(line, opts, disk, err);
	if (!ret)
		ret = qemu_take_virtio(line, opts, err);
	if (!ret)
		ret = qemu_take_slot(line, opts, &disk->slot, err);
	line->machine.nr_disks += !ret;
	return ret;
}

static int add_rng(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	const char *id = qemu_opts_take(opts, "rng");
	struct qemu_object *o = qemu_find_object(line, id, QEMU_RNG);
	int ret;

	if (!o || o->used || line->machine.rng_slot)
		return qemu_refuse(opts, err,
				   "rng=%.60s: there is one such device, on a free "
				   "rng-random; in the domain XML: one <rng>",
				   id ? id : "");
	o->used = true;
	qemu_opts_take(opts, "id");
	ret = qemu_take_virtio(line, opts, err);
	return ret ? ret : qemu_take_slot(line, opts, &line->machine.rng_slot, err);
}

static int add_balloon(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	struct balloon_config *b = &line->machine.balloon;
	int ret;

	if (b->present)
		return qemu_refuse(opts, err, "there can be one");
	b->present = true;
	b->id = qemu_opts_take(opts, "id");
	ret = qemu_opts_take_bool(opts, "deflate-on-oom", false, &b->deflate_on_oom, err);
	if (!ret)
		ret = qemu_opts_take_bool(opts, "free-page-reporting", false,
					  &b->reporting, err);
	if (!ret)
		ret = qemu_take_virtio(line, opts, err);
	return ret ? ret : qemu_take_slot(line, opts, &b->slot, err);
}

static int add_iommu(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	unsigned int slot;
	int ret;

	if (line->machine.iommu)
		return qemu_refuse(opts, err, "there can be one");
	qemu_opts_take(opts, "id");
	ret = qemu_opts_take_bool(opts, "boot-bypass", true, &line->machine.boot_bypass,
				  err);
	if (!ret)
		ret = qemu_take_virtio(line, opts, err);
	if (!ret)
		ret = qemu_take_slot(line, opts, &slot, err);
	if (ret)
		return ret;
	if (slot && slot != PV_IOMMU_SLOT)
		return qemu_refuse(opts, err, "its slot is 0x%x", PV_IOMMU_SLOT);
	line->machine.iommu = true;
	if (!slot && line->slots & 1u << PV_IOMMU_SLOT)
		return qemu_refuse(opts, err, "another device has its slot, 0x%x",
				   PV_IOMMU_SLOT);
	line->slots |= 1u << PV_IOMMU_SLOT;
	return 0;
}

static int add_edu(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	unsigned long long mask;
	int ret;

	qemu_opts_take(opts, "id");
	ret = qemu_opts_take_number(opts, "dma_mask", (1ull << EDU_BITS) - 1, &mask, err);
	if (ret)
		return ret;
	if (!mask || mask & (mask + 1) || line->machine.edu_bits)
		return qemu_refuse(opts, err,
				   "there can be one, with a mask such as 0xfffffff");
	line->machine.edu_bits = 64 - (unsigned int)__builtin_clzll(mask);
	return qemu_take_slot(line, opts, &line->machine.edu_slot, err);
}

/* The port is there always: this says where. */
static int add_panic_port(struct qemu_line *line, struct qemu_opts *opts,
			  struct error *err)
{
	unsigned long long port;
	int ret = qemu_opts_take_number(opts, "ioport", PV_PANIC_PORT, &port, err);

	(void)line;
	qemu_opts_take(opts, "id");
	if (!ret && port != PV_PANIC_PORT)
		return qemu_refuse(opts, err,
				   "ioport=%#llx: it stands at %#x; in the domain XML: "
				   "<panic model='isa'/> without <address>",
				   port, PV_PANIC_PORT);
	return ret;
}

/* --- all of them -------------------------------------------------------------------------- */

int qemu_device(struct qemu_line *line, struct qemu_opts *opts, struct error *err)
{
	static const struct {
		const char *driver;
		qemu_apply *add;
	} drivers[] = {
		{ "virtio-blk-pci", add_disk },
		{ "virtio-rng-pci", add_rng },
		{ "virtio-balloon-pci", add_balloon },
		{ "virtio-iommu-pci", add_iommu },
		{ "virtio-serial-pci", qemu_serial_bus },
		{ "virtconsole", qemu_virtconsole },
		{ "isa-serial", qemu_serial },
		{ "edu", add_edu },
		{ "pvpanic", add_panic_port },
	};
	const char *driver = qemu_opts_take_kind(opts, "driver"), *element;
	size_t i;

	for (i = 0; driver && i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (!strcmp(driver, drivers[i].driver))
			return drivers[i].add(line, opts, err);
	element = qemu_element("-device", driver, NULL);
	return qemu_refuse(opts, err, "there is no such device%s%s",
			   element ? "; in the domain XML: " : "",
			   element ? element : "");
}

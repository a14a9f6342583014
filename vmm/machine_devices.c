/* SPDX-License-Identifier: MIT */
/*
 * The devices of a machine: what every PC has, then on PCI from slot 2 up the disks in the
 * order of the configuration, rng, console and dmacheck.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "devices/dmacheck.h"
#include "devices/virtio_blk.h"
#include "devices/virtio_pci.h"
#include "devices/virtio_rng.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/units.h"

#define FIRST_SLOT	2
#define DISK_QUEUES_MAX 8

/* --- disks ------------------------------------------------------------------------------ */

static int disk_error(const struct disk_config *disk, int error, struct error *err)
{
	const char *path = disk->path;

	switch (error) {
	case -EISDIR:
		return error_set(err, EISDIR,
				 "--disk %s: is a directory; name a disk image", path);
	case -ENOTBLK:
		return error_set(
			err, ENOTBLK,
			"--disk %s: is neither a file nor a block device; name a "
			"disk image",
			path);
	case -ENODATA:
		return error_set(
			err, ENODATA,
			"--disk %s: is empty; give it a size, e.g. truncate -s 64M",
			path);
	case -EBUSY:
		return error_set(
			err, EBUSY,
			"--disk %s: another machine has it; end that one, or give it "
			"to both with ,ro",
			path);
	case -ENOENT:
		return error_set(
			err, ENOENT,
			"--disk %s: there is no such file; make it, e.g. truncate -s "
			"64M",
			path);
	case -EACCES:
	case -EPERM:
	case -EROFS:
		return error_set(err, -error, "--disk %s: %s; change its permissions%s",
				 path, strerror(-error),
				 disk->readonly ? "" : " or add ,ro");
	default:
		return error_set(err, -error, "--disk %s: %s", path, strerror(-error));
	}
}

int machine_open_disks(struct machine *m, struct error *err)
{
	unsigned int i;

	for (i = 0; i < m->config.nr_disks; i++) {
		const struct disk_config *disk = &m->config.disks[i];
		struct block_config config = { .path = disk->path,
					       .read_only = disk->readonly };
		int ret = block_backend_open(&config, &m->disks[i]);

		if (ret)
			return disk_error(disk, ret, err);
		if (block_size(m->disks[i]) % 512)
			log_line(
				"--disk %s: its last bytes are no whole sector, the guest "
				"does not see them",
				disk->path);
		log_step("disk %s: %llu MiB, %s", disk->path,
			 mib(block_size(m->disks[i])), block_engine_name(m->disks[i]));
	}
	return 0;
}

void machine_close_disks(struct machine *m)
{
	unsigned int i;

	for (i = 0; i < m->config.nr_disks; i++)
		if (m->disks[i])
			block_backend_close(m->disks[i]);
}

/* --- consoles --------------------------------------------------------------------------- */

static void com1_output(void *ctx, const void *bytes, size_t count)
{
	struct machine *m = ctx;

	console_output(&m->com1_port, bytes, count);
}

static void com1_room(void *ctx)
{
	struct machine *m = ctx;

	console_room(&m->com1_port);
}

static size_t com1_feed(void *device, const void *bytes, size_t count)
{
	return serial_receive(device, bytes, count);
}

static size_t vconsole_output(void *ctx, const void *bytes, size_t count)
{
	struct machine *m = ctx;

	console_output(&m->vconsole_port, bytes, count);
	return count;
}

static void vconsole_room(void *ctx)
{
	struct machine *m = ctx;

	console_room(&m->vconsole_port);
}

static size_t vconsole_feed(void *device, const void *bytes, size_t count)
{
	return virtio_console_receive(device, bytes, count);
}

static void console_quit(void *ctx)
{
	static const struct outcome quit = { .reason = END_QUIT };

	machine_end(ctx, &quit);
}

static void console_gone(void *ctx, int error)
{
	struct outcome gone = { .reason = END_CONSOLE, .code = (uint64_t)error };

	machine_end(ctx, &gone);
}

static void console_resized(void *ctx)
{
	struct machine *m = ctx;
	uint16_t cols, rows;

	console_size(&m->console, &cols, &rows);
	virtio_console_resize(m->vconsole, cols, rows);
}

static int open_console(struct machine *m, struct error *err)
{
	struct console_events events = {
		.quit = console_quit,
		.gone = console_gone,
		.resized = console_resized,
		.ctx = m,
		.give_up_fd = { m->signal_fd, m->hurry_fd },
	};
	int ret = console_open(&m->console, m->config.console, &m->loop, &events, err);

	m->com1_port.console = m->vconsole_port.console = &m->console;
	m->com1_port.feed = com1_feed;
	m->vconsole_port.feed = vconsole_feed;
	if (!ret && m->config.console == CONSOLE_PTY)
		log_line("the console is %s", m->console.pty_path);
	return ret;
}

/* --- the machine ------------------------------------------------------------------------ */

static int add_board(struct machine *m)
{
	struct serial_config com1 = {
		.name = "com1",
		.port = PV_COM1_PORT,
		.gsi = PV_COM1_IRQ,
		.output = com1_output,
		.input_room = com1_room,
		.ctx = m,
	};
	int ret = legacy_create(&m->host, &m->pio, &m->devices, &m->legacy);

	if (!ret)
		ret = serial_create(&com1, &m->host, &m->pio, &m->devices, &m->com1);
	m->com1_port.device = m->com1;
	return ret ? ret
		   : pci_host_init(&m->pci, &m->host, &m->pio, &m->mmio, &m->mem.ram,
				   &m->devices);
}

/* Puts vd into the next slot; it is the machine's or gone afterwards. */
static int plug(struct machine *m, unsigned int *slot, struct virtio_dev *vd)
{
	int ret = virtio_pci_plug(&m->pci, PCI_DEVFN(*slot, 0), vd, NULL);

	if (ret)
		virtio_destroy(vd);
	(*slot)++;
	return ret;
}

static int add_disk(struct machine *m, unsigned int i, unsigned int *slot)
{
	unsigned int cpus = m->config.cpus;
	struct virtio_blk_config_in config = {
		.name = m->disk_names[i],
		.backend = m->disks[i],
		.serial = m->disk_names[i],
		.nr_queues = cpus < DISK_QUEUES_MAX ? cpus : DISK_QUEUES_MAX,
	};
	struct virtio_dev *vd;
	int ret;

	snprintf(m->disk_names[i], sizeof(m->disk_names[i]), "disk%u", i);
	ret = virtio_blk_create(&config, &vd);
	if (ret)
		return ret;
	m->disks[i] = NULL;
	return plug(m, slot, vd);
}

static int add_vconsole(struct machine *m, unsigned int *slot)
{
	struct virtio_console_config_in config = {
		.name = "console0",
		.output = vconsole_output,
		.input_room = vconsole_room,
		.ctx = m,
	};
	int ret;

	console_size(&m->console, &config.cols, &config.rows);
	ret = virtio_console_create(&config, &m->vconsole);
	if (ret)
		return ret;
	m->vconsole_port.device = m->vconsole;
	return plug(m, slot, virtio_console_dev(m->vconsole));
}

static int add_rng(struct machine *m, unsigned int *slot)
{
	struct virtio_rng_config config = { .name = "rng0" };
	struct virtio_dev *vd;
	int ret = virtio_rng_create(&config, &vd);

	return ret ? ret : plug(m, slot, vd);
}

static int add_dmacheck(struct machine *m, unsigned int *slot)
{
	struct dmacheck_params params = { .name = "dmacheck0" };
	struct virtio_dev *vd;
	int ret = dmacheck_create(&params, &vd);

	return ret ? ret : plug(m, slot, vd);
}

static int add_all(struct machine *m)
{
	unsigned int slot = FIRST_SLOT, i;
	int ret = add_board(m);

	for (i = 0; i < m->config.nr_disks && !ret; i++)
		ret = add_disk(m, i, &slot);
	if (!ret)
		ret = add_rng(m, &slot);
	if (!ret)
		ret = add_vconsole(m, &slot);
	if (!ret)
		ret = add_dmacheck(m, &slot);
	return ret ? ret : pci_assign(&m->pci);
}

int machine_add_devices(struct machine *m, struct error *err)
{
	int ret = open_console(m, err);

	if (ret)
		return ret;
	ret = add_all(m);
	if (ret)
		return error_set(err, -ret, "the devices cannot be made (%s)",
				 strerror(-ret));
	log_step("devices: %u disks, rng, console, dmacheck", m->config.nr_disks);
	return 0;
}

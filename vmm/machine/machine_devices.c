/* SPDX-License-Identifier: MIT */
/*
 * The devices of a machine: what every PC has, then on PCI from PV_FIRST_SLOT up the disks in
 * the order of the configuration, rng, console, dmacheck and edu; an IOMMU, which has all of
 * these behind it, and a balloon, in slots of their own.  Where the configuration names
 * slots, the devices without one stand between.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "devices/dmacheck/dmacheck.h"
#include "devices/edu.h"
#include "devices/blk/virtio_blk.h"
#include "devices/iommu/virtio_iommu.h"
#include "devices/virtio/virtio_pci.h"
#include "devices/virtio_rng.h"
#include "vmm/util/log.h"
#include "vmm/machine/machine.h"
#include "vmm/util/units.h"

#define DISK_QUEUES_MAX 8
#define PCI_SLOTS_END	32u

/* --- disks ------------------------------------------------------------------------------ */

/* What to do about it, where the error's own text does not say. */
static const struct {
	int error;
	const char *text;
} disk_errors[] = {
	{ EISDIR, "is a directory; name a disk image" },
	{ ENOTBLK, "is neither a file nor a block device; name a disk image" },
	{ ENODATA, "is empty; give it a size, e.g. truncate -s 64M" },
	{ EBUSY, "another machine has it; end that one, or give it to both with ,ro" },
	{ EDOM, "its size is no multiple of the host's blocks, which cache=none needs; "
		"round it up with truncate, or use cache=writeback" },
	{ ENOENT, "there is no such file; make it, e.g. truncate -s 64M" },
};

static int disk_error(const struct disk_config *disk, int error, struct error *err)
{
	const char *path = disk->path;

	for (size_t i = 0; i < sizeof(disk_errors) / sizeof(disk_errors[0]); i++)
		if (disk_errors[i].error == -error)
			return error_set(err, -error, "--disk %s: %s", path,
					 disk_errors[i].text);
	if (error == -EACCES || error == -EPERM || error == -EROFS)
		return error_set(err, -error, "--disk %s: %s; change its permissions%s",
				 path, strerror(-error),
				 disk->readonly ? "" : " or add ,ro");
	if (error == -EINVAL && disk->direct)
		return error_set(err, EINVAL,
				 "--disk %s: its file system always uses the page cache; "
				 "use cache=writeback instead of cache=none",
				 path);
	return error_set(err, -error, "--disk %s: %s", path, strerror(-error));
}

int machine_open_disks(struct machine *m, struct error *err)
{
	unsigned int i;

	for (i = 0; i < m->config.nr_disks; i++) {
		const struct disk_config *disk = &m->config.disks[i];
		struct block_config config = { .path = disk->path,
					       .read_only = disk->readonly,
					       .direct = disk->direct };
		int ret = block_backend_open(&config, &m->disks[i]);

		if (ret)
			return disk_error(disk, ret, err);
		if (block_size(m->disks[i]) % 512)
			log_line(
				"--disk %s: its last bytes are no whole sector, the guest "
				"does not see them",
				disk->path);
		m->disk_sizes[i] = block_size(m->disks[i]);
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

/* The host failed a request: with the lock held, on any thread. */
static void on_disk_error(void *ctx, enum block_op op, int error, bool waits)
{
	struct machine_disk_error *e = ctx;
	bool reading = op == BLOCK_READ;

	if (waits) {
		e->reading = reading;
		e->error = error;
		e->told = false;
		atomic_store(&e->m->disk_waits, true);
	} else {
		e->reported[reading] = error;
		atomic_store(&e->m->disk_reported, true);
	}
	eventfd_write(e->m->wake_fd, 1);
}

/* Those that drivers got, and nobody else yet. */
void machine_tell_disk_reports(struct machine *m)
{
	struct control_event event = { .kind = CONTROL_EVENT_IO_ERROR,
				       .after = CONTROL_IS_TOLD };
	unsigned int i;

	for (i = 0; i < 2 * m->config.nr_disks; i++) {
		event.disk = i / 2;
		event.reading = i % 2;
		pthread_mutex_lock(&m->lock);
		event.error = m->disk_errors[event.disk].reported[event.reading];
		m->disk_errors[event.disk].reported[event.reading] = 0;
		pthread_mutex_unlock(&m->lock);
		if (event.error)
			control_tell(&m->control, &event);
	}
}

/* The errors that nobody was told yet. */
static void tell_disk_errors(struct machine *m)
{
	struct control_event event = { .kind = CONTROL_EVENT_IO_ERROR,
				       .after = CONTROL_STAYS };
	bool fresh;

	for (event.disk = 0; event.disk < m->config.nr_disks; event.disk++) {
		struct machine_disk_error *e = &m->disk_errors[event.disk];

		pthread_mutex_lock(&m->lock);
		fresh = e->error && !e->told;
		event.reading = e->reading;
		event.error = e->error;
		e->told = true;
		pthread_mutex_unlock(&m->lock);
		if (!fresh)
			continue;
		log_line("disk %s: %s; the guest waits until it is told to continue",
			 m->config.disks[event.disk].path, strerror(-event.error));
		control_tell(&m->control, &event);
	}
}

void machine_pause_for_disk(struct machine *m)
{
	bool ran = !m->paused;

	if (ran)
		machine_pause(m);
	m->disk_failed = true;
	tell_disk_errors(m);
	if (ran)
		machine_tell(m, CONTROL_EVENT_STOP);
}

void machine_forget_disk_errors(struct machine *m)
{
	unsigned int i;

	for (i = 0; i < m->config.nr_disks; i++)
		m->disk_errors[i].error = 0;
	m->disk_failed = false;
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

	console_size(m->vconsole_port.console, &cols, &rows);
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
	bool two = m->config.two_consoles;
	int ret = console_open(&m->console, &m->config.console, &m->loop, &events, err);

	if (!ret && two)
		ret = console_open(&m->second_console, &m->config.vconsole, &m->loop,
				   &events, err);
	m->com1_port.console = &m->console;
	m->vconsole_port.console = two ? &m->second_console : &m->console;
	m->com1_port.feed = com1_feed;
	m->vconsole_port.feed = vconsole_feed;
	sweep_add(&m->sweep, m->console.socket_path);
	sweep_add(&m->sweep, m->second_console.socket_path);
	if (!ret && m->config.console.kind == CONSOLE_PTY)
		log_line("the console is %s", m->console.pty_path);
	if (!ret && two && m->config.vconsole.kind == CONSOLE_PTY)
		log_line("the virtio console is %s", m->second_console.pty_path);
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

static int put_behind_iommu(struct machine *m, struct pci_dev *dev)
{
	return m->iommu ? virtio_iommu_adopt(m->iommu, dev) : 0;
}

/* Bits of the slots that the configuration gives away. */
static uint32_t wanted_slots(const struct machine_config *config)
{
	uint32_t slots = 1u << config->rng_slot | 1u << config->vconsole_slot |
			 1u << config->edu_slot | 1u << config->balloon.slot;
	unsigned int i;

	for (i = 0; i < config->nr_disks; i++)
		slots |= 1u << config->disks[i].slot;
	return slots | 1u << PV_IOMMU_SLOT | 1u << PV_BALLOON_SLOT;
}

/* The slot that is wanted, or the next free one; PCI_SLOTS_END: none is left. */
static unsigned int choose_slot(uint32_t *taken, unsigned int wanted)
{
	unsigned int slot = PV_FIRST_SLOT;

	if (wanted)
		return wanted;
	while (slot < PCI_SLOTS_END && *taken & 1u << slot)
		slot++;
	if (slot < PCI_SLOTS_END)
		*taken |= 1u << slot;
	return slot;
}

/* Puts vd into its slot; it is the machine's or gone afterwards. */
static int plug(struct machine *m, unsigned int slot, struct virtio_dev *vd)
{
	struct pci_dev *dev;
	int ret = slot < PCI_SLOTS_END
			  ? virtio_pci_plug(&m->pci, PCI_DEVFN(slot, 0), vd, &dev)
			  : -ENOSPC;

	if (!ret)
		return put_behind_iommu(m, dev);
	virtio_destroy(vd);
	return ret;
}

static int add_iommu(struct machine *m)
{
	struct virtio_iommu_params params = { .name = "iommu0",
					      .boot_bypass = m->config.boot_bypass };
	struct virtio_dev *vd;
	int ret = virtio_iommu_create(&params, &vd);

	if (ret)
		return ret;
	ret = virtio_pci_plug(&m->pci, PCI_DEVFN(PV_IOMMU_SLOT, 0), vd, NULL);
	if (ret)
		virtio_destroy(vd);
	else
		m->iommu = vd;
	return ret;
}

static int add_disk(struct machine *m, unsigned int i, uint32_t *taken)
{
	const struct disk_config *disk = &m->config.disks[i];
	unsigned int cpus = m->config.cpus;
	struct virtio_blk_config_in config = {
		.name = m->disk_names[i],
		.backend = m->disks[i],
		.serial = disk->serial ? disk->serial : m->disk_names[i],
		.nr_queues = cpus < DISK_QUEUES_MAX ? cpus : DISK_QUEUES_MAX,
		.write_through = disk->write_through,
		.no_flush = disk->no_flush,
		.read_errors = disk->read_errors,
		.write_errors = disk->write_errors,
		.failed = on_disk_error,
		.ctx = &m->disk_errors[i],
	};
	struct virtio_dev *vd;
	int ret;

	snprintf(m->disk_names[i], sizeof(m->disk_names[i]), "disk%u", i);
	m->disk_errors[i].m = m;
	ret = virtio_blk_create(&config, &vd);
	if (ret)
		return ret;
	m->disks[i] = NULL;
	m->disk_devices[i] = vd;
	return plug(m, choose_slot(taken, disk->slot), vd);
}

static int add_vconsole(struct machine *m, uint32_t *taken)
{
	struct virtio_console_config_in config = {
		.name = "console0",
		.output = vconsole_output,
		.input_room = vconsole_room,
		.ctx = m,
	};
	int ret;

	console_size(m->vconsole_port.console, &config.cols, &config.rows);
	ret = virtio_console_create(&config, &m->vconsole);
	if (ret)
		return ret;
	m->vconsole_port.device = m->vconsole;
	return plug(m, choose_slot(taken, m->config.vconsole_slot),
		    virtio_console_dev(m->vconsole));
}

static int add_rng(struct machine *m, uint32_t *taken)
{
	struct virtio_rng_config config = { .name = "rng0" };
	struct virtio_dev *vd;
	int ret = virtio_rng_create(&config, &vd);

	return ret ? ret : plug(m, choose_slot(taken, m->config.rng_slot), vd);
}

static int add_dmacheck(struct machine *m, uint32_t *taken)
{
	struct dmacheck_params params = { .name = "dmacheck0" };
	struct virtio_dev *vd;
	int ret = dmacheck_create(&params, &vd);

	return ret ? ret : plug(m, choose_slot(taken, 0), vd);
}

static int add_edu(struct machine *m, uint32_t *taken)
{
	struct edu_params params = { .name = "edu0", .dma_bits = m->config.edu_bits };
	struct pci_dev *dev;
	unsigned int slot = choose_slot(taken, m->config.edu_slot);
	int ret = slot < PCI_SLOTS_END
			  ? edu_plug(&m->pci, PCI_DEVFN(slot, 0), &params, &dev)
			  : -ENOSPC;

	return ret ? ret : put_behind_iommu(m, dev);
}

static int balloon_give_back(void *ctx, void *host, uint64_t len)
{
	const struct machine *m = ctx;

	return memory_give_back(&m->mem, host, len);
}

/* On any thread; who wants to know is told by the main one. */
static void balloon_changed(void *ctx, uint32_t actual)
{
	struct machine *m = ctx;

	(void)actual;
	atomic_store(&m->balloon_changed, true);
	eventfd_write(m->wake_fd, 1);
}

static int add_balloon(struct machine *m)
{
	const struct balloon_config *wanted = &m->config.balloon;
	struct virtio_balloon_config_in config = {
		.name = "balloon0",
		.target = (uint32_t)(wanted->target >> VIRTIO_BALLOON_PFN_SHIFT),
		.deflate_on_oom = wanted->deflate_on_oom,
		.reporting = wanted->reporting,
		.unit = memory_unit(&m->mem),
		.give_back = balloon_give_back,
		.changed = balloon_changed,
		.ctx = m,
	};
	struct virtio_balloon *balloon;
	int ret = virtio_balloon_create(&config, &balloon);

	if (ret)
		return ret;
	ret = virtio_pci_plug(&m->pci,
			      PCI_DEVFN(wanted->slot ? wanted->slot : PV_BALLOON_SLOT, 0),
			      virtio_balloon_dev(balloon), NULL);
	if (ret)
		virtio_destroy(virtio_balloon_dev(balloon));
	else
		m->balloon = balloon;
	/* Makes its timer, which a confined thread could not. */
	return ret ? ret : virtio_balloon_poll_stats(balloon, 0);
}

static int add_all(struct machine *m)
{
	uint32_t taken = wanted_slots(&m->config);
	unsigned int i;
	int ret = add_board(m);

	if (!ret && m->config.iommu)
		ret = add_iommu(m);
	for (i = 0; i < m->config.nr_disks && !ret; i++)
		ret = add_disk(m, i, &taken);
	if (!ret)
		ret = add_rng(m, &taken);
	if (!ret)
		ret = add_vconsole(m, &taken);
	if (!ret)
		ret = add_dmacheck(m, &taken);
	if (!ret && m->config.edu_bits)
		ret = add_edu(m, &taken);
	if (!ret && m->config.balloon.present)
		ret = add_balloon(m);
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
	log_step("devices: %u disks, rng, console, dmacheck%s%s%s", m->config.nr_disks,
		 m->config.edu_bits ? ", edu" : "", m->balloon ? ", balloon" : "",
		 m->config.iommu ? ", IOMMU" : "");
	return 0;
}

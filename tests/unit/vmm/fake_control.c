/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/vmm/fake_control.h"
#include "vmm/dump/dump.h"

static struct fake_control *of(struct control *c)
{
	return (struct fake_control *)((char *)c -
				       offsetof(struct fake_control, control));
}

static void tell(struct fake_control *fake, enum control_event_kind kind,
		 enum control_cause cause)
{
	struct control_event event = { .kind = kind, .cause = cause };

	control_tell(&fake->control, &event);
}

static int refused(const struct fake_control *fake, struct error *err)
{
	return fake->refuse ? error_set(err, EIO, "it is refused") : 0;
}

static enum control_status status(struct control *c)
{
	return of(c)->status;
}

static int stop(struct control *c, struct error *err)
{
	struct fake_control *fake = of(c);

	fake->stops++;
	if (refused(fake, err) || fake->status != CONTROL_RUNNING)
		return fake->refuse ? -EIO : 0;
	fake->status = CONTROL_PAUSED;
	tell(fake, CONTROL_EVENT_STOP, CONTROL_BY_NONE);
	return 0;
}

static int cont(struct control *c, struct error *err)
{
	struct fake_control *fake = of(c);

	fake->conts++;
	if (refused(fake, err) || fake->status == CONTROL_RUNNING)
		return fake->refuse ? -EIO : 0;
	fake->status = CONTROL_RUNNING;
	tell(fake, CONTROL_EVENT_RESUME, CONTROL_BY_NONE);
	return 0;
}

static int reset(struct control *c, struct error *err)
{
	struct fake_control *fake = of(c);

	fake->resets++;
	if (!fake->refuse)
		tell(fake, CONTROL_EVENT_RESET, CONTROL_BY_REQUEST);
	return refused(fake, err);
}

static int powerdown(struct control *c, struct error *err)
{
	struct fake_control *fake = of(c);

	fake->powerdowns++;
	if (!fake->refuse)
		tell(fake, CONTROL_EVENT_POWERDOWN, CONTROL_BY_NONE);
	return refused(fake, err);
}

static void get_actions(struct control *c, struct control_actions *actions)
{
	*actions = of(c)->actions;
}

static void set_actions(struct control *c, const struct control_actions *actions)
{
	of(c)->actions = *actions;
}

static int nmi(struct control *c, struct error *err)
{
	of(c)->nmis++;
	return refused(of(c), err);
}

static void quit(struct control *c)
{
	of(c)->quits++;
}

static void facts(struct control *c, struct control_facts *facts)
{
	*facts = (struct control_facts){
		.name = "fake",
		.mem_size = 256ull << 20,
		.cpus = 2,
		.max_cpus = 64,
		.disks = 2,
		.chardevs = 1,
		.uuid = of(c)->uuid,
		.kvm = !of(c)->without_kvm,
		.confined = of(c)->confined,
	};
}

static int thread_id(struct control *c, unsigned int i)
{
	(void)c;
	return 1000 + (int)i;
}

static void chardev(struct control *c, unsigned int i, struct control_chardev *chardev)
{
	(void)c;
	(void)i;
	*chardev = (struct control_chardev){ "serial0", "pty:/dev/pts/7" };
}

static void disk(struct control *c, unsigned int i, struct control_disk *disk)
{
	if (of(c)->managed) {
		*disk = (struct control_disk){
			.id = i ? "disk1" : "disk0",
			.managed = i ? "virtio-disk1" : "virtio-disk0",
			.node = i ? "libvirt-1-format" : "libvirt-2-format",
			.storage_node = i ? "libvirt-1-storage" : "libvirt-2-storage",
			.path = "/a.img",
			.waits = !of(c)->reports,
			.size = 1 << 20,
		};
		return;
	}
	/* The second one's path is no UTF-8. */
	*disk = (struct control_disk){
		.id = i ? "disk1" : "disk0",
		.path = i ? "/b\xff" : "/a.img",
		.readonly = i,
		.writeback = !i,
		.direct = i,
		.waits = true,
		.error = i ? of(c)->disk_error : 0,
		.size = 1 << 20,
		.read = { .operations = 5, .errors = 1, .bytes = 4096, .ns = 77 },
	};
}

static void counters(struct control *c, control_count_fn fn, void *arg)
{
	(void)c;
	fn(arg, "vcpu0", "io", 7);
	fn(arg, "vcpu0", "mmio", 1);
	fn(arg, "vcpu1", "io", 2);
	fn(arg, "rng", "dma.written_bytes", 1ull << 40);
}

static bool balloon(struct control *c, struct control_balloon *b)
{
	const struct fake_control *fake = of(c);
	unsigned int i;

	*b = (struct control_balloon){ .id = fake->managed ? "balloon0" : "balloon",
				       .actual = fake->balloon_bytes,
				       .last_update = fake->balloon_interval ? 1 : 0,
				       .interval = fake->balloon_interval };
	for (i = 0; i < CONTROL_BALLOON_STATS; i++)
		b->stats[i] = fake->balloon_interval ? i : UINT64_MAX;
	return fake->balloon_bytes;
}

static void set_balloon(struct control *c, uint64_t bytes)
{
	of(c)->balloon_bytes = bytes;
}

static int poll_balloon(struct control *c, uint32_t seconds, struct error *err)
{
	of(c)->balloon_interval = seconds;
	return refused(of(c), err);
}

static int registers(struct control *c, unsigned int i, char *buf, size_t size,
		     struct error *err)
{
	snprintf(buf, size, "CPU#%u\r\n", i);
	return refused(of(c), err);
}

static int read_cpus(struct control *c, struct dump_cpu *cpus, struct error *err)
{
	memset(cpus, 0, 2 * sizeof(*cpus));
	cpus[1].regs.rip = 0xffffffff80100000;
	cpus[1].sregs.cr3 = 0x1000;
	cpus[1].sregs.gs.selector = 0x23;
	return refused(of(c), err);
}

static int dump(struct control *c, const struct control_dump *dump, struct error *err)
{
	struct fake_control *fake = of(c);

	fake->dumps++;
	fake->dump = *dump;
	return write(dump->fd, "x", 1) == 1
		       ? refused(fake, err)
		       : error_set(err, errno, "%s", strerror(errno));
}

void fake_control_init(struct fake_control *fake)
{
	static const struct control_ops ops = {
		.status = status,
		.stop = stop,
		.cont = cont,
		.reset = reset,
		.powerdown = powerdown,
		.actions = get_actions,
		.set_actions = set_actions,
		.nmi = nmi,
		.quit = quit,
		.facts = facts,
		.thread_id = thread_id,
		.chardev = chardev,
		.disk = disk,
		.counters = counters,
		.balloon = balloon,
		.set_balloon = set_balloon,
		.poll_balloon = poll_balloon,
		.registers = registers,
		.read_cpus = read_cpus,
		.dump = dump,
	};

	*fake = (struct fake_control){ .control.ops = &ops, .status = CONTROL_PRELAUNCH };
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "vmm/cli/run.h"
#include "vmm/trace/trace_event.h"

void run_options_init(struct run_options *options)
{
	*options = (struct run_options){ .report = NULL };
	machine_config_init(&options->machine);
}

static int set_mem(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;
	unsigned long long size = 0;
	int ret = parse_size(value, &size);

	if (ret == -ERANGE)
		return error_set(err, ERANGE,
				 "--mem %s: too large to count; give e.g. 256M", value);
	if (ret)
		return error_set(err, EINVAL,
				 "--mem %s: not a size; give e.g. 256M or 4G", value);
	o->machine.mem_size = size;
	return 0;
}

static int set_mem_backend(void *target, const char *value, struct error *err)
{
	static const char *const names[] = {
		[MEMORY_PRIVATE] = "private",
		[MEMORY_SHARED] = "shared",
		[MEMORY_HUGETLB] = "hugetlb",
	};
	struct run_options *o = target;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value, names[i])) {
			o->machine.mem_backend = (enum memory_backend)i;
			return 0;
		}
	}
	return error_set(err, EINVAL,
			 "--mem-backend %s: unknown; give private, shared or hugetlb",
			 value);
}

/* One word behind the size; false: there is no such. */
static bool set_balloon_word(struct balloon_config *balloon, const char *word)
{
	if (!strcmp(word, "deflate-on-oom=on"))
		balloon->deflate_on_oom = true;
	else if (!strcmp(word, "deflate-on-oom=off"))
		balloon->deflate_on_oom = false;
	else if (!strcmp(word, "reporting=on"))
		balloon->reporting = true;
	else if (!strcmp(word, "reporting=off"))
		balloon->reporting = false;
	else
		return false;
	return true;
}

/* SIZE[,WORD]...: cut at the commas in place, argv is ours. */
static int set_balloon(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;
	struct balloon_config *balloon = &o->machine.balloon;
	char *comma = strchr(value, ','), *word;
	unsigned long long size;

	*balloon = (struct balloon_config){ .present = true,
					    .deflate_on_oom = true,
					    .reporting = true };
	while (comma) {
		*comma = '\0';
		word = comma + 1;
		comma = strchr(word, ',');
		if (comma)
			*comma = '\0';
		if (!set_balloon_word(balloon, word))
			return error_set(err, EINVAL,
					 "--balloon: %s: unknown; give "
					 "deflate-on-oom=off or reporting=off",
					 word);
	}
	if (parse_size(value, &size))
		return error_set(err, EINVAL,
				 "--balloon %s: not a size; give e.g. 64M, or 0", value);
	balloon->target = size;
	return 0;
}

static int set_cpus(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;

	if (parse_count(value, &o->machine.cpus))
		return error_set(err, EINVAL, "--cpus %s: not a number; give e.g. 2",
				 value);
	return 0;
}

/* The words behind a disk's path. */
static const struct disk_word {
	const char *word;
	bool readonly, direct, write_through, no_flush;
} disk_words[] = {
	{ "ro", true, false, false, false },
	{ "cache=writeback", false, false, false, false },
	{ "cache=none", false, true, false, false },
	{ "cache=writethrough", false, false, true, false },
	{ "cache=directsync", false, true, true, false },
	{ "cache=unsafe", false, false, false, true },
};

/* Takes the last word off; false: it is none, but belongs to the path. */
static bool take_disk_word(const char *value, struct disk_config *disk)
{
	char *comma = strrchr(value, ',');
	size_t i;

	for (i = 0; comma && i < sizeof(disk_words) / sizeof(disk_words[0]); i++) {
		const struct disk_word *w = &disk_words[i];

		if (strcmp(comma + 1, w->word) != 0)
			continue;
		*comma = '\0';
		disk->readonly |= w->readonly;
		disk->direct |= w->direct;
		disk->write_through |= w->write_through;
		disk->no_flush |= w->no_flush;
		return true;
	}
	return false;
}

/* FILE[,ro][,cache=MODE]: the path is cut off in place, argv is ours. */
static int add_disk(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;
	struct disk_config *disk = &o->machine.disks[o->machine.nr_disks];
	const char *comma;

	if (o->machine.nr_disks == DISKS_MAX)
		return error_set(err, EINVAL, "--disk %s: one too many; give at most %d",
				 value, DISKS_MAX);
	*disk = (struct disk_config){ .path = value };
	while (take_disk_word(value, disk))
		;
	comma = strrchr(value, ',');
	if (comma && !strncmp(comma, ",cache=", 7))
		return error_set(err, EINVAL,
				 "--disk %s: unknown; give cache=writeback, none, "
				 "writethrough, directsync or unsafe",
				 comma + 1);
	if (!*value)
		return error_set(err, EINVAL, "--disk: no file; give --disk FILE[,ro]");
	o->machine.nr_disks++;
	return 0;
}

static int set_console(void *target, const char *value, struct error *err)
{
	static const struct {
		const char *word; /* up to its colon a path follows */
		enum console_kind kind;
	} kinds[] = {
		{ "stdio", CONSOLE_STDIO },  { "pty", CONSOLE_PTY },
		{ "none", CONSOLE_NONE },    { "file:", CONSOLE_FILE },
		{ "unix:", CONSOLE_SOCKET },
	};
	struct console_config *console = &((struct run_options *)target)->machine.console;
	size_t i, n;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		bool path = strchr(kinds[i].word, ':');

		n = strlen(kinds[i].word) + !path;
		if (strncmp(value, kinds[i].word, n) != 0 || (path && !value[n]))
			continue;
		*console = (struct console_config){ .kind = kinds[i].kind,
						    .path = path ? value + n : NULL };
		return 0;
	}
	return error_set(err, EINVAL,
			 "--console %s: unknown; give stdio, pty, none, file:PATH or "
			 "unix:PATH",
			 value);
}

static int set_iommu(void *target, const char *value, struct error *err)
{
	static const struct {
		const char *name;
		bool iommu, bypass;
	} kinds[] = {
		{ "off", false, true },
		{ "virtio", true, true },
		{ "virtio,boot-bypass=on", true, true },
		{ "virtio,boot-bypass=off", true, false },
	};
	struct run_options *o = target;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(value, kinds[i].name) != 0)
			continue;
		o->machine.iommu = kinds[i].iommu;
		o->machine.boot_bypass = kinds[i].bypass;
		return 0;
	}
	return error_set(err, EINVAL,
			 "--iommu %s: unknown; give off, virtio or "
			 "virtio,boot-bypass=off",
			 value);
}

static int set_edu(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;
	unsigned int bits;

	if (parse_count(value, &bits) || bits < 1 || bits > 64)
		return error_set(err, EINVAL,
				 "--edu %s: not a number of bits; give 1 to 64, 28 as in "
				 "QEMU",
				 value);
	o->machine.edu_bits = bits;
	return 0;
}

static int set_trace(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;
	struct error why;

	if (trace_parse_events(value, o->machine.trace, &why))
		return error_set(err, EINVAL, "--trace %s", why.text);
	return 0;
}

static int set_dma_check(void *target, const char *value, struct error *err)
{
	static const char *const names[] = {
		[DMA_CHECK_OFF] = "off",
		[DMA_CHECK_ON] = "on",
		[DMA_CHECK_HASH] = "hash",
	};
	struct run_options *o = target;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value ? value : "on", names[i])) {
			o->machine.dma_check = (enum dma_check_mode)i;
			return 0;
		}
	}
	return error_set(err, EINVAL, "--dma-check=%s: unknown; give on, hash or off",
			 value);
}

static int add_inject(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;

	if (o->machine.nr_inject == INJECT_MAX)
		return error_set(err, EINVAL,
				 "--inject %s: one too many; give at most %d", value,
				 INJECT_MAX);
	return inject_parse(value, &o->machine.inject[o->machine.nr_inject++], err);
}

static int set_no_reboot(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;

	(void)value;
	(void)err;
	o->machine.reboot = false;
	return 0;
}

static int set_uuid(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;

	if (!uuid_ok(value))
		return error_set(err, EINVAL,
				 "--uuid %s: not a UUID; give one as uuidgen makes it",
				 value);
	o->machine.uuid = value;
	return 0;
}

static int add_qmp(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;

	if (o->machine.nr_qmp == QMP_MAX)
		return error_set(err, EINVAL, "--qmp %s: one too many; give at most %d",
				 value, QMP_MAX);
	o->machine.qmp[o->machine.nr_qmp++] = value;
	return 0;
}

static int set_sandbox(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;

	o->machine.sandbox = !strcmp(value, "on");
	if (!o->machine.sandbox && strcmp(value, "off") != 0)
		return error_set(err, EINVAL, "--sandbox %s: unknown; give on or off",
				 value);
	return 0;
}

/* --on-panic core[=FILE]: what is named without a file is made here. */
static int set_on_panic(void *target, const char *value, struct error *err)
{
	struct machine_config *m = &((struct run_options *)target)->machine;

	if (!strcmp(value, "core"))
		m->panic_core = "pagevisor.core";
	else if (!strncmp(value, "core=", 5) && value[5])
		m->panic_core = value + 5;
	else
		return error_set(err, EINVAL,
				 "--on-panic %s: not understood; give core or core=FILE",
				 value);
	return 0;
}

static int set_perf_map(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;

	if (value && !*value)
		return error_set(err, EINVAL,
				 "--perf-map=: no folder; give --perf-map=DIR");
	o->perf_map = value ? value : ".";
	return 0;
}

/* FILE[,hz=N]: cut off in place, argv is ours. */
static int set_profile(void *target, const char *value, struct error *err)
{
	struct run_options *o = target;
	char *suffix = strrchr(value, ',');
	unsigned int hz = PROFILE_HZ;

	if (suffix && !strncmp(suffix, ",hz=", 4)) {
		if (parse_count(suffix + 4, &hz) || hz < 1 || hz > PROFILE_HZ_MAX)
			return error_set(err, EINVAL,
					 "--profile: %s: not a rate; give hz=1 to hz=%d",
					 suffix + 1, PROFILE_HZ_MAX);
		*suffix = '\0';
	}
	if (!*value)
		return error_set(err, EINVAL,
				 "--profile: no file; give --profile FILE[,hz=N]");
	o->profile = value;
	o->machine.profile_hz = hz;
	return 0;
}

const struct option run_option_table[] = {
	{ "mem", 0, "SIZE",
	  "Memory of the guest, in whole MiB: a number with K, M, G or T. Default 256M. The "
	  "host gives it as the guest touches it, so it may exceed what the host has, up to "
	  "16 times the host's memory and swap, 64G in any case.",
	  set_mem, 0 },
	{ "mem-backend", 0, "KIND",
	  "What backs the guest's memory: private (default), anonymous memory with huge pages "
	  "where the host has them to spare; shared, a memfd; hugetlb, huge pages of the "
	  "host's pool (vm.nr_hugepages), which are reserved at the start.",
	  set_mem_backend, 0 },
	{ "cpus", 0, "N", "Virtual processors. Default 1.", set_cpus, 0 },
	{ "disk", 0, "FILE[,ro][,cache=MODE]",
	  "A disk: a file or block device as a virtio block device, read-only with ,ro. May "
	  "be given several times; the first is the first on the bus. MODE is writeback "
	  "(default: through the host's page cache, durable when flushed), none (past the "
	  "page cache), writethrough or directsync (the same two, and each write is durable "
	  "when it completes), or unsafe (flushes do nothing).",
	  add_disk, 0 },
	{ "initrd", 0, "FILE", "An initial RAM disk for the kernel.",
	  OPTION_TO(struct run_options, machine.initrd) },
	{ "append", 0, "STRING", "The kernel's command line.",
	  OPTION_TO(struct run_options, machine.cmdline) },
	{ "console", 0, "KIND",
	  "Where the guest's console leads: stdio (default), pty (a new pseudo-terminal, "
	  "whose name is printed), file:PATH (output only), unix:PATH (a socket there, for "
	  "one client at a time) or none. The guest does not wait for who reads a "
	  "pseudo-terminal or a socket: what finds no room there is lost.",
	  set_console, 0 },
	{ "iommu", 0, "KIND",
	  "virtio puts every device but the balloon behind a virtio IOMMU; off (default) does "
	  "not. Until the guest's driver says otherwise devices reach all of memory; with "
	  "virtio,boot-bypass=off they reach nothing.",
	  set_iommu, 0 },
	{ "balloon", 0, "SIZE[,OPTION]",
	  "Adds a virtio memory balloon, which shall take SIZE from the guest at first, 0 for "
	  "nothing. The guest may take pages back before it runs out of memory, unless "
	  "deflate-on-oom=off, and tells what memory it does not use, unless reporting=off. "
	  "The balloon is never behind an IOMMU.",
	  set_balloon, 0 },
	{ "edu", 0, "BITS",
	  "Adds QEMU's teaching device edu, whose DMA addresses have BITS bits: 28 in QEMU.",
	  set_edu, 0 },
	{ "dma-check", 0, "[=MODE]",
	  "Judge each access of a device, and each call of the guest's DMA API, against the "
	  "mappings that are live, and report what is wrong with the call chains concerned. "
	  "MODE is on (also without =MODE), off (default), or hash: on, and the bytes of each "
	  "mapped buffer are hashed when it changes hands, which finds a CPU that writes to "
	  "what is the device's, and costs the guest an exit for each map, unmap and sync. A "
	  "finding makes the exit status 1, unless the guest had announced it; what it announced, "
	  "and what is still mapped at the end, is told with -v. Only a guest that publishes its "
	  "calls is judged (include/abi/dma_check.h).",
	  set_dma_check, 0 },
	{ "name", 0, "NAME",
	  "Name of the machine: up to 64 letters, digits and -_.+@. It can be controlled under "
	  "it, see pagevisor ctl and pagevisor list.",
	  OPTION_TO(struct run_options, machine.name) },
	{ "uuid", 0, "UUID", "What QMP's query-uuid answers, and pagevisor list shows.",
	  set_uuid, 0 },
	{ "qmp", 0, "WHERE",
	  "Serve QEMU's machine protocol: unix:PATH makes a socket there, fd=N takes an "
	  "inherited socket, one that listens or one that is connected. May be given up to "
	  "three times.",
	  add_qmp, 0 },
	{ "paused", 0, NULL,
	  "Do not start the guest before it is told so: pagevisor ctl NAME cont, or QMP's "
	  "cont.",
	  OPTION_TO(struct run_options, machine.paused) },
	{ "trace", 0, "GLOB,...[,chain]",
	  "Switch memory events of the guest on, by Linux's names (kmem:kmalloc, kmem:*), and "
	  "raise a probe for each, for perf and bpftrace; pagevisor trace --help lists the "
	  "events. Without exits: the guest writes them into its memory.",
	  set_trace, 0 },
	{ "gdb", 0, "WHERE[,wait]",
	  "Let gdb come in, with its command target remote, at tcp:127.0.0.1:PORT (with port 0 "
	  "one is chosen, and printed) or unix:PATH. Each vCPU is a thread of it. The guest "
	  "stands while gdb looks at it, and goes on when gdb leaves; with ,wait it does not "
	  "start before gdb lets it. build/guest/guest.debug has the guest's symbols and types, "
	  "guest/gdb.py commands for its memory.",
	  OPTION_TO(struct run_options, machine.gdb) },
	{ "no-shutdown", 0, NULL,
	  "Keep the machine when its guest has ended, stopped, until it is reset or quit; a "
	  "signal ends it, too. The exit status is still that of the guest's end.",
	  OPTION_TO(struct run_options, machine.stays) },
	{ "inject", 0, "DEVICE:KIND[,every=N][,seed=S]",
	  "Let a device make a mistake at every N-th opportunity (default 8), to see that its "
	  "driver survives it. DEVICE is a name of the report: disk0, rng0, console0, "
	  "dmacheck0, edu0, iommu0. KIND is short (fewer bytes than asked for), flip (one bit "
	  "of what it wrote is inverted), late (a completion waits up to half a second), "
	  "reorder (a completion is overtaken by the next), lost (an interrupt is not sent), "
	  "spurious (one is sent for nothing), error (a request fails), or gone (the device is "
	  "unplugged without a word). What is random of it comes from the seed S (default 1). "
	  "The report counts what happened; -v tells each. May be given several times.",
	  add_inject, 0 },
	{ "no-reboot", 0, NULL,
	  "A reset by the guest ends the run, with status 1 as it did not finish.",
	  set_no_reboot, 0 },
	{ "sandbox", 0, "on|off",
	  "Confine the monitor while the guest runs (default): no privileges, no new files, and "
	  "no system calls but those that pagevisor sandbox lists. A thread that tries another "
	  "one ends the run with status 1 and a line that names both.",
	  set_sandbox, 0 },
	{ "on-panic", 0, "core[=FILE]",
	  "When the guest panics or crashes, write an ELF core of it to FILE "
	  "(pagevisor.core), as pagevisor core does. FILE is made at the start, and gone "
	  "again when the guest ended otherwise; an older core in it stays until there is "
	  "a new one.",
	  set_on_panic, 0 },
	{ "report", 0, "FILE", "Write a report of the whole run to FILE, as JSON.",
	  OPTION_TO(struct run_options, report) },
	{ "perf-map", 0, "[=DIR]",
	  "Write the guest's symbols to DIR/guest.kallsyms and DIR/guest.modules (default: this "
	  "folder), as perf wants them: perf kvm --guest --guestkallsyms=DIR/guest.kallsyms "
	  "--guestmodules=DIR/guest.modules record or report.",
	  set_perf_map, 0 },
	{ "profile", 0, "FILE[,hz=N]",
	  "Write to FILE where the guest spent its time: folded stacks, as flamegraph.pl takes "
	  "them. Each vCPU that works is stopped N times (default 97) in a second of its own "
	  "processor time, and its call chain read from its stack by frame pointers; the guest "
	  "is not asked, and a halted vCPU not woken. With --report the report has the profile, "
	  "too, and pagevisor report draws it.",
	  set_profile, 0 },
	{ "verbose", 'v', NULL, "Say each step on standard error.",
	  OPTION_TO(struct run_options, verbose) },
	{ .name = NULL },
};

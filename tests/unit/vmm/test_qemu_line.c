/* SPDX-License-Identifier: MIT */
/* QEMU's command line: what libvirt writes is understood, all else refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/qemu/qemu_line.h"

#define ARGS_MAX 96

static const char memory[] =
	"{\"qom-type\":\"memory-backend-memfd\",\"id\":\"pc.ram\",\"share\":true,"
	"\"size\":134217728}";
static const char storage[] =
	"{\"driver\":\"file\",\"filename\":\"/disk\",\"node-name\":\"libvirt-1-storage\","
	"\"auto-read-only\":true,\"discard\":\"unmap\"}";
static const char format[] =
	"{\"node-name\":\"libvirt-1-format\",\"read-only\":true,\"driver\":\"raw\","
	"\"cache\":{\"direct\":false,\"no-flush\":true},\"file\":\"libvirt-1-storage\"}";
static const char disk[] =
	"virtio-blk-pci,bus=pci.0,addr=0x5,drive=libvirt-1-format,id=virtio-disk0,"
	"bootindex=1,write-cache=off,serial=a,,b";

/* What libvirt 9.0 writes for a domain with a disk, a console, a balloon and an rng. */
static const char *const whole[] = {
	"pagevisor-system-x86_64",
	"-name",
	"guest=pv,debug-threads=on",
	"-S",
	"-object",
	"secret,id=masterKey0,format=raw,file=/var/lib/master-key.aes",
	"-machine",
	"pc-i440fx-7.2,usb=off,dump-guest-core=off,memory-backend=pc.ram",
	"-accel",
	"kvm",
	"-m",
	"size=131072k",
	"-object",
	memory,
	"-overcommit",
	"mem-lock=off",
	"-smp",
	"2,sockets=2,cores=1,threads=1",
	"-uuid",
	"6bb50ab1-def2-499c-863a-e51ccaa98088",
	"-display",
	"none",
	"-no-user-config",
	"-nodefaults",
	"-chardev",
	"socket,id=charmonitor,fd=26,server=on,wait=off",
	"-mon",
	"chardev=charmonitor,id=monitor,mode=control",
	"-rtc",
	"base=utc",
	"-no-shutdown",
	"-boot",
	"strict=on",
	"-kernel",
	"/guest,elf",
	"-append",
	"a=1,2 b",
	"-blockdev",
	storage,
	"-blockdev",
	format,
	"-device",
	disk,
	"-chardev",
	"pty,id=charserial0",
	"-device",
	"isa-serial,chardev=charserial0,id=serial0,index=0",
	"-audiodev",
	"{\"id\":\"audio1\",\"driver\":\"none\"}",
	"-device",
	"virtio-balloon-pci,id=balloon0,bus=pci.0,addr=0x2,free-page-reporting=on",
	"-object",
	"rng-random,id=objrng0,filename=/dev/urandom",
	"-device",
	"virtio-rng-pci,rng=objrng0,id=rng0,bus=pci.0,addr=0x3",
	"-device",
	"pvpanic,ioport=1285",
	"-sandbox",
	"on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
	"-msg",
	"timestamp=on",
};
#define WHOLE (sizeof(whole) / sizeof(whole[0]))

static int parse(struct qemu_line *line, const char *const *words, size_t count,
		 struct error *err)
{
	char *argv[ARGS_MAX + 1] = { NULL };
	size_t i;

	for (i = 0; i < count; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	err->text[0] = '\0';
	return qemu_line_parse(line, (int)count, argv, err);
}

static void what_libvirt_writes_is_a_machine(void **state)
{
	struct qemu_line *line = calloc(1, sizeof(*line));
	const struct machine_config *m = &line->machine;
	struct error err;

	(void)state;
	assert_int_equal(parse(line, whole, WHOLE, &err), 0);
	assert_string_equal(m->title, "pv");
	assert_true(m->paused && m->stays && m->reboot && m->sandbox);
	assert_int_equal(m->mem_size, 128 << 20);
	assert_int_equal(m->mem_backend, MEMORY_SHARED);
	assert_int_equal(m->cpus, 2);
	assert_string_equal(m->kernel, "/guest,elf");
	assert_string_equal(m->cmdline, "a=1,2 b");
	assert_int_equal(m->nr_qmp, 1);
	assert_string_equal(m->qmp[0], "fd=26");
	assert_int_equal(m->nr_disks, 1);
	assert_string_equal(m->disks[0].path, "/disk");
	assert_string_equal(m->disks[0].serial, "a,b");
	assert_string_equal(m->disks[0].id, "virtio-disk0");
	assert_string_equal(m->disks[0].node, "libvirt-1-format");
	assert_string_equal(m->disks[0].storage_node, "libvirt-1-storage");
	assert_int_equal(m->disks[0].slot, 5);
	assert_true(m->disks[0].readonly && m->disks[0].write_through);
	assert_int_equal(m->console.kind, CONSOLE_PTY);
	assert_string_equal(m->console.id, "charserial0");
	assert_true(m->balloon.present && m->balloon.reporting);
	assert_int_equal(m->balloon.slot, 2);
	assert_int_equal(m->rng_slot, 3);
	qemu_line_fini(line);
	free(line);
}

/* Behind a line that is good: what makes it bad, and the words that must be said. */
static const struct {
	const char *option, *value, *said;
} unknown[] = {
	{ "-frobnicate", NULL, "-frobnicate: this emulator has no such option" },
	{ "stray", NULL, "stray: this emulator has no such option" },
	{ "-m", NULL, "-m: needs a value" },
	{ "-no-acpi", NULL, "<features><acpi/>" },
	{ "-netdev", "user,id=n", "<interface>" },
	{ "-device", "e1000,id=n", "<interface>" },
	{ "-device", "virtio-rng-pci,rng=objrng0", "one <rng>" },
	{ "-device", "virtio-balloon-pci,id=b,addr=0x4", "there can be one" },
	{ "-device", "edu,addr=0x5", "two devices want that slot" },
	{ "-device", "pvpanic,ioport=1286", "it stands at 0x505" },
	{ "-device", "edu,addr=0x20", "a slot from 0x1 to 0x1f" },
	{ "-device", "edu,addr=0x4.1", "function 0" },
	{ "-device", "edu,bus=pcie.1", "there is one bus" },
	{ "-device", "edu,dma_mask=5", "a mask such as" },
	{ "-device", "edu,colour=red", "colour=red is not possible here" },
	{ "-device", "virtio-iommu-pci,id=i", "<memballoon>" },
	{ "-device", "virtio-blk-pci,drive=libvirt-1-format", "no such free" },
	{ "-chardev", "pty,id=charserial0", "an id of its own" },
	{ "-chardev", "pty,id=more", "-chardev more: nothing uses it" },
	{ "-chardev", "vc,id=more", "<serial type='pty'>" },
	{ "-chardev", "socket,id=s,path=/s,server=on,wait=off", "nothing uses it" },
	{ "-chardev", "socket,id=s,path=/s", "<source mode='bind'>" },
	{ "-chardev", "socket,id=s,server=on,wait=off", "<source mode='bind'" },
	{ "-chardev", "socket,id=s,path=/a,,b,server=on,wait=off", "with a comma" },
	{ "-chardev", "socket,id=s,fd=x,server=on,wait=off", "fd=x is no number" },
	{ "-chardev", "file,id=f", "needs a path" },
	{ "-device", "isa-serial,chardev=charserial0,id=serial1", "a second one" },
	{ "-device", "virtconsole,chardev=charmonitor", "no such free -chardev" },
	{ "-add-fd", "set=1", "needs an fd and a set" },
	{ "-add-fd", "fd=3", "needs an fd and a set" },
	{ "-device", "virtio-blk-pci,drive=none,werror=ignore",
	  "werror=ignore: an error" },
	{ "-blockdev", "{\"driver\":\"qcow2\",\"node-name\":\"q\"}", "raw files" },
	{ "-blockdev", "{\"driver\":", "not a JSON object" },
	{ "-blockdev", "[]", "-blockdev []: needs a node-name" },
	{ "-blockdev", "driver=file,node-name=f", "names no file" },
	{ "-object", "iothread,id=i", "<iothreads>" },
	{ "-object", "secret,id=other,data=x", "<secret>" },
	{ "-object", "rng-random,id=r,filename=/etc/shadow", "/dev/urandom" },
	{ "-smp", "2,maxcpus=4", "<vcpu>" },
	{ "-smp", "4,threads=2,cores=2,sockets=1", "threads='1'" },
	{ "-smp", "4,cores=3", "<topology>" },
	{ "-m", "size=128M,slots=2,maxmem=4G", "<maxMemory>" },
	{ "-machine", "q35", "there is no such machine" },
	{ "-machine", "pc,usb=on", "usb=on is not possible here" },
	{ "-accel", "tcg", "<domain type='kvm'>" },
	{ "-cpu", "EPYC", "<cpu mode='host-passthrough'/>" },
	{ "-uuid", "123", "is no UUID" },
	{ "-rtc", "base=localtime", "<clock offset='utc'/>" },
	{ "-sandbox", "on,spawn=allow", "spawn=allow" },
	{ "-name", "guest=a,guest=b", "given twice" },
	{ "-device", "virtio-serial-pci,iommu_platform=on",
	  "iommu_platform=on: there is no virtio-iommu-pci" },
	{ "-object", "memory-backend-memfd,id=x,hugetlb=on,hugetlbsize=1073741824",
	  "huge pages are of 2 MiB" },
	{ "-object", "memory-backend-memfd,id=x,prealloc=on",
	  "<allocation mode='immediate'/>" },
};

static void what_is_unknown_is_refused_by_name(void **state)
{
	struct qemu_line *line = calloc(1, sizeof(*line));
	const char *words[ARGS_MAX];
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		memcpy(words, whole, sizeof(whole));
		words[WHOLE] = unknown[i].option;
		words[WHOLE + 1] = unknown[i].value;
		if (!parse(line, words, WHOLE + 1 + !!unknown[i].value, &err))
			fail_msg("%s %s is taken", unknown[i].option, unknown[i].value);
		if (!strstr(err.text, unknown[i].said))
			fail_msg("'%s' does not say '%s'", err.text, unknown[i].said);
		assert_null(strchr(err.text, '\n'));
		qemu_line_fini(line);
	}
	free(line);
}

/* No line, however broken, does more than to be refused with a line. */
static void broken_lines_are_refused(void **state)
{
	struct qemu_line *line = calloc(1, sizeof(*line));
	static const char bytes[] = ",=={}\"[]:x0 \\-.";
	char texts[WHOLE][256];
	const char *words[WHOLE];
	struct error err;
	unsigned int round, seed = 1;
	size_t i;

	(void)state;
	for (round = 0; round < 3000; round++) {
		for (i = 0; i < WHOLE; i++) {
			strcpy(texts[i], whole[i]);
			words[i] = texts[i];
		}
		i = 1 + (size_t)rand_r(&seed) % (WHOLE - 1);
		if (*texts[i])
			texts[i][(size_t)rand_r(&seed) % strlen(texts[i])] =
				bytes[(size_t)rand_r(&seed) % sizeof(bytes)];
		i = round % 3 ? WHOLE : (size_t)rand_r(&seed) % WHOLE;
		if (parse(line, words, i, &err))
			assert_true(err.text[0] && !strchr(err.text, '\n'));
		qemu_line_fini(line);
	}
	free(line);
}

/* Parses the line of a machine with these words behind it. */
static struct qemu_line *parse_with(const char *const *more, size_t count)
{
	struct qemu_line *line = calloc(1, sizeof(*line));
	const char *words[ARGS_MAX];
	struct error err;

	memcpy(words, whole, sizeof(whole));
	memcpy(words + WHOLE, more, count * sizeof(*more));
	if (parse(line, words, WHOLE + count, &err))
		fail_msg("refused: %s", err.text);
	return line;
}

static void free_line(struct qemu_line *line)
{
	qemu_line_fini(line);
	free(line);
}

/* Each of libvirt's cache modes, as it writes them. */
static void cache_modes(void **state)
{
	static const struct {
		const char *cache, *device;
		bool direct, no_flush, through;
	} rows[] = {
		{ "", "", false, false, false },
		{ ",\"cache\":{\"direct\":true,\"no-flush\":false}", ",write-cache=on",
		  true, false, false }, /* none */
		{ ",\"cache\":{\"direct\":true,\"no-flush\":false}", ",write-cache=off",
		  true, false, true }, /* directsync */
		{ ",\"cache\":{\"direct\":false,\"no-flush\":false}", ",write-cache=off",
		  false, false, true }, /* writethrough */
		{ ",\"cache\":{\"direct\":false,\"no-flush\":false}", ",write-cache=on",
		  false, false, false }, /* writeback */
		{ ",\"cache\":{\"direct\":false,\"no-flush\":true}", ",write-cache=on",
		  false, true, false }, /* unsafe */
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char file[256], raw[256], device[128];
		const char *const words[] = { "-blockdev", file,      "-blockdev",
					      raw,	   "-device", device };
		const struct disk_config *d;
		struct qemu_line *line;

		snprintf(
			file, sizeof(file),
			"{\"driver\":\"file\",\"filename\":\"/b\",\"node-name\":\"s\"%s}",
			rows[i].cache);
		snprintf(raw, sizeof(raw),
			 "{\"node-name\":\"f\",\"driver\":\"raw\",\"file\":\"s\"%s}",
			 rows[i].cache);
		snprintf(device, sizeof(device), "virtio-blk-pci,drive=f,id=b%s",
			 rows[i].device);
		line = parse_with(words, sizeof(words) / sizeof(words[0]));
		d = &line->machine.disks[1];
		assert_int_equal(d->direct, rows[i].direct);
		assert_int_equal(d->no_flush, rows[i].no_flush);
		assert_int_equal(d->write_through, rows[i].through);
		assert_int_equal(d->write_errors, VIRTIO_BLK_WAIT_ENOSPC);
		assert_int_equal(d->read_errors, VIRTIO_BLK_REPORT);
		free_line(line);
	}
}

static void what_errors_do(void **state)
{
	static const struct {
		const char *words;
		enum virtio_blk_policy writes, reads;
	} rows[] = {
		{ "werror=report", VIRTIO_BLK_REPORT, VIRTIO_BLK_REPORT },
		{ "werror=stop,rerror=stop", VIRTIO_BLK_WAIT, VIRTIO_BLK_WAIT },
		{ "werror=enospc,rerror=report", VIRTIO_BLK_WAIT_ENOSPC,
		  VIRTIO_BLK_REPORT },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char device[128];
		const char *const words[] = { "-blockdev",
					      "driver=file,node-name=n,filename=/b",
					      "-device", device };
		const struct disk_config *d;
		struct qemu_line *line;

		snprintf(device, sizeof(device), "virtio-blk-pci,drive=n,%s",
			 rows[i].words);
		line = parse_with(words, sizeof(words) / sizeof(words[0]));
		d = &line->machine.disks[1];
		assert_int_equal(d->write_errors, rows[i].writes);
		assert_int_equal(d->read_errors, rows[i].reads);
		free_line(line);
	}
}

/* The serial port is a pty; the virtio console another thing, or the same. */
static void two_consoles(void **state)
{
	static const char bus[] =
		"virtio-serial-pci,id=virtio-serial0,bus=pci.0,addr=0x6";
	static const char console[] =
		"virtconsole,bus=virtio-serial0.0,chardev=charconsole1,id=console1";
	static const char *const socket_words[] = {
		"-device",  bus,
		"-chardev", "socket,id=charconsole1,fd=9,server=on,wait=off",
		"-device",  console,
	};
	static const char *const path_words[] = {
		"-chardev",
		"socket,id=charconsole1,path=/run/c,server=on,wait=off",
		"-device",
		console,
	};
	static const char *const file_words[] = {
		"-add-fd",  "set=0,fd=27,opaque=serial1-source",
		"-chardev", "file,id=charconsole1,path=/dev/fdset/0,append=on",
		"-device",  console,
	};
	static const char *const same_words[] = {
		"-device",
		"virtconsole,chardev=charserial0,id=console1",
	};
	struct qemu_line *line;

	(void)state;
	line = parse_with(socket_words, 6);
	assert_true(line->machine.two_consoles);
	assert_int_equal(line->machine.console.kind, CONSOLE_PTY);
	assert_int_equal(line->machine.vconsole.kind, CONSOLE_SOCKET);
	assert_null(line->machine.vconsole.path);
	assert_int_equal(line->machine.vconsole.inherited, 9);
	assert_string_equal(line->machine.vconsole.id, "charconsole1");
	assert_int_equal(line->machine.vconsole_slot, 6);
	free_line(line);
	line = parse_with(path_words, 4);
	assert_string_equal(line->machine.vconsole.path, "/run/c");
	free_line(line);
	line = parse_with(file_words, 6);
	assert_int_equal(line->machine.vconsole.kind, CONSOLE_FILE);
	assert_null(line->machine.vconsole.path);
	assert_int_equal(line->machine.vconsole.inherited, 27);
	assert_true(line->machine.vconsole.append);
	free_line(line);
	line = parse_with(same_words, 2);
	assert_false(line->machine.two_consoles);
	free_line(line);
}

/* A machine of so many MiB with this -object as its memory, and more words. */
static int parse_small(struct qemu_line *line, const char *object, const char *more,
		       const char *iommu, struct error *err)
{
	const char *const words[] = {
		"x",  "-kernel", "/k",	    "-machine", "pagevisor,memory-backend=m",
		"-m", "64",	 "-object", object,	"-device",
		more, "-device", iommu
	};

	return parse(line, words, sizeof(words) / sizeof(words[0]) - (iommu ? 0 : 2),
		     err);
}

/* As libvirt writes <memoryBacking>'s sources. */
static void kinds_of_memory(void **state)
{
	static const struct {
		const char *object;
		enum memory_backend backend;
	} rows[] = {
		{ "memory-backend-ram,id=m,size=67108864", MEMORY_PRIVATE },
		{ "memory-backend-memfd,id=m,size=67108864", MEMORY_SHARED },
		{ "memory-backend-memfd,id=m,share=on,size=67108864", MEMORY_SHARED },
		{ "memory-backend-memfd,id=m,hugetlb=on,hugetlbsize=2097152,prealloc=on,"
		  "size=67108864",
		  MEMORY_HUGETLB },
	};
	struct qemu_line *line = calloc(1, sizeof(*line));
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (parse_small(line, rows[i].object, "edu", NULL, &err))
			fail_msg("%s: %s", rows[i].object, err.text);
		assert_int_equal(line->machine.mem_backend, rows[i].backend);
		qemu_line_fini(line);
	}
	free(line);
}

/* What is said of one device's place, whichever comes first. */
static void places_beside_the_iommu(void **state)
{
	static const char ram[] = "memory-backend-ram,id=m,size=67108864";
	static const struct {
		const char *device, *said; /* "": it can be */
	} rows[] = {
		{ "virtio-serial-pci,iommu_platform=on", "" },
		{ "virtio-serial-pci", "" },
		{ "virtio-serial-pci,iommu_platform=off", "but the balloon behind it" },
		{ "virtio-balloon-pci,addr=0x1f,iommu_platform=off", "" },
		{ "virtio-balloon-pci,addr=0x1f,iommu_platform=on", "never behind" },
	};
	struct qemu_line *line = calloc(1, sizeof(*line));
	struct error err;
	size_t i;
	int last, ret;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (last = 0; last < 2; last++) {
			ret = parse_small(
				line, ram, last ? "virtio-iommu-pci" : rows[i].device,
				last ? rows[i].device : "virtio-iommu-pci", &err);
			if (!ret != !*rows[i].said)
				fail_msg("%s: %s", rows[i].device,
					 ret ? err.text : "taken");
			if (ret && !strstr(err.text, rows[i].said))
				fail_msg("'%s' does not say '%s'", err.text,
					 rows[i].said);
			qemu_line_fini(line);
		}
	free(line);
}

static void a_probe_needs_no_kernel(void **state)
{
	static const char *const probe[] = { "x",
					     "-S",
					     "-no-user-config",
					     "-nodefaults",
					     "-nographic",
					     "-machine",
					     "none,accel=kvm:tcg",
					     "-qmp",
					     "unix:/s,server=on,wait=off",
					     "-pidfile",
					     "/p",
					     "-daemonize" };
	struct qemu_line *line = calloc(1, sizeof(*line));
	struct error err;

	(void)state;
	assert_int_equal(parse(line, probe, sizeof(probe) / sizeof(probe[0]), &err), 0);
	assert_true(line->probe && line->daemonize);
	assert_string_equal(line->pidfile, "/p");
	assert_string_equal(line->machine.qmp[0], "unix:/s,server=on,wait=off");
	qemu_line_fini(line);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_libvirt_writes_is_a_machine),
		cmocka_unit_test(what_is_unknown_is_refused_by_name),
		cmocka_unit_test(broken_lines_are_refused),
		cmocka_unit_test(cache_modes),
		cmocka_unit_test(what_errors_do),
		cmocka_unit_test(two_consoles),
		cmocka_unit_test(kinds_of_memory),
		cmocka_unit_test(places_beside_the_iommu),
		cmocka_unit_test(a_probe_needs_no_kernel),
	};

	return cmocka_run_group_tests_name("QEMU's command line", tests, NULL, NULL);
}

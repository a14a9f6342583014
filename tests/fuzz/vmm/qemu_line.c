/* SPDX-License-Identifier: MIT */
/*
 * QEMU's command line: the input is the words behind pagevisor-system-x86_64, one a line.
 * What is refused has one line that says why; what is accepted is a machine that can be.
 */
#include <string.h>

#include "tests/fuzz/lib/fuzz.h"
#include "tests/fuzz/lib/words.h"
#include "vmm/qemu/qemu_line.h"

static bool is_node(const struct qemu_line *line, const char *path)
{
	for (unsigned int i = 0; i < line->nr_nodes; i++)
		if (line->nodes[i].path && !strcmp(line->nodes[i].path, path))
			return true;
	return false;
}

static void check_line(const struct qemu_line *line)
{
	const struct machine_config *config = &line->machine;
	struct error err = { "" };
	int ret;

	FUZZ_CHECK(line->nr_nodes <= QEMU_NODES_MAX);
	FUZZ_CHECK(line->nr_chardevs <= QEMU_CHARDEVS_MAX);
	FUZZ_CHECK(line->nr_objects <= QEMU_OBJECTS_MAX);
	FUZZ_CHECK(line->nr_options <= QEMU_OPTIONS_MAX);
	FUZZ_CHECK(config->nr_disks <= DISKS_MAX);
	for (unsigned int i = 0; i < config->nr_disks; i++)
		FUZZ_CHECK(is_node(line, config->disks[i].path));
	ret = machine_config_check(config, &err);
	if (ret)
		fuzz_check_refusal(ret, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char program[] = "pagevisor-system-x86_64";
	static struct qemu_line line;
	struct error err = { "" };
	struct fuzz_words words;
	int ret;

	if (!fuzz_words_cut(&words, program, data, size))
		return 0;
	ret = qemu_line_parse(&line, words.argc, words.argv, &err);
	if (ret)
		fuzz_check_refusal(ret, &err);
	else
		check_line(&line);
	qemu_line_fini(&line);
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	static const char *const text[] = {
		"-name\nguest=pv,debug-threads=on\n-S\n-machine\n"
		"pc-i440fx-7.2,usb=off,dump-guest-core=off,memory-backend=pc.ram\n-accel\nkvm\n"
		"-m\nsize=131072k\n-object\n{\"qom-type\":\"memory-backend-memfd\","
		"\"id\":\"pc.ram\",\"share\":true,\"size\":134217728}\n-smp\n"
		"2,sockets=2,cores=1,threads=1\n-uuid\n6bb50ab1-def2-499c-863a-e51ccaa98088\n"
		"-display\nnone\n-no-user-config\n-nodefaults\n-chardev\n"
		"socket,id=charmonitor,fd=26,server=on,wait=off\n-mon\n"
		"chardev=charmonitor,id=monitor,mode=control\n-kernel\n/g\n-append\na=1,2 b",
		"-kernel\n/g\n-blockdev\n{\"driver\":\"file\",\"filename\":\"/disk\","
		"\"node-name\":\"s\",\"auto-read-only\":true}\n-blockdev\n{\"node-name\":\"f\","
		"\"read-only\":true,\"driver\":\"raw\",\"cache\":{\"direct\":false,"
		"\"no-flush\":true},\"file\":\"s\"}\n-device\nvirtio-blk-pci,bus=pci.0,"
		"addr=0x5,drive=f,id=d,bootindex=1,write-cache=off,serial=a,,b",
		"-kernel\n/g\n-chardev\npty,id=c\n-device\n"
		"isa-serial,chardev=c,id=serial0,index=0\n-device\n"
		"{\"driver\":\"virtio-balloon-pci\",\"id\":\"balloon0\",\"bus\":\"pci.0\","
		"\"addr\":\"0x4\"}\n-object\n{\"qom-type\":\"rng-random\",\"id\":\"r\","
		"\"filename\":\"/dev/urandom\"}\n-device\nvirtio-rng-pci,rng=r,id=rng0",
		"-machine\nnone,accel=kvm:tcg\n-qmp\nunix:/p,server=on,wait=off\n-pidfile\n/q\n"
		"-daemonize",
		"-add-fd\nset=0,fd=31,opaque=x\n-chardev\nfile,id=c,path=/dev/fdset/0,append=on\n"
		"-device\nvirtio-serial-pci,id=v\n-device\nvirtconsole,chardev=c",
		"-m\n8388608T\n-smp\n99999999999999999999",
		"-device\n{\"a\":{\"b\":[[[1]]]}}",
	};
	struct fuzz_out out = { buf, size };

	if (n >= sizeof(text) / sizeof(text[0]))
		return 0;
	fuzz_put_bytes(&out, text[n], strlen(text[n]));
	return size - out.left;
}

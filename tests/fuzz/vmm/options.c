/* SPDX-License-Identifier: MIT */
/*
 * The command line: the input is the words behind `pagevisor run`, one a line.  What is
 * refused has one line that says why; what is accepted makes a configuration.
 */
#include <errno.h>
#include <string.h>

#include "tests/fuzz/lib/fuzz.h"
#include "vmm/cli/run.h"

#define WORDS_MAX 40
#define TEXT_MAX  4096

/* Cuts text at its newlines.  argv[0] is the command's name. */
static int cut(char *text, char **argv)
{
	static char name[] = "run";
	int argc = 0;

	argv[argc++] = name;
	while (text && argc < WORDS_MAX) {
		char *end = strchr(text, '\n');

		if (end)
			*end++ = '\0';
		argv[argc++] = text;
		text = end;
	}
	argv[argc] = NULL;
	return argc;
}

static void check_refusal(int ret, const struct error *err)
{
	FUZZ_CHECK(ret < 0);
	FUZZ_CHECK(err->text[0]);
	FUZZ_CHECK(memchr(err->text, '\0', sizeof(err->text)));
}

static void check_config(const struct machine_config *config)
{
	struct error err = { "" };
	int ret = machine_config_check(config, &err);

	FUZZ_CHECK(config->nr_disks <= DISKS_MAX);
	FUZZ_CHECK(config->cmdline);
	if (ret) {
		check_refusal(ret, &err);
		return;
	}
	FUZZ_CHECK(config->mem_size && config->mem_size % MEM_ALIGN == 0);
	FUZZ_CHECK(config->cpus);
	FUZZ_CHECK(strlen(config->cmdline) < CMDLINE_MAX);
	for (unsigned int i = 0; i < config->nr_disks; i++)
		FUZZ_CHECK(config->disks[i].path[0]);
}

/* The same text as a number. */
static void check_numbers(const char *text)
{
	unsigned long long size;
	unsigned int count;

	if (!parse_count(text, &count)) {
		FUZZ_CHECK(text[0] >= '0' && text[0] <= '9');
		FUZZ_CHECK(!parse_size(text, &size) && size == count);
	}
	if (!parse_size(text, &size))
		FUZZ_CHECK(text[0] >= '0' && text[0] <= '9');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run_options options;
	struct error err = { "" };
	char text[TEXT_MAX + 1], *argv[WORDS_MAX + 1];
	struct parsed parsed;
	int ret, argc;

	if (size > TEXT_MAX)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	argc = cut(text, argv);
	check_numbers(argv[argc - 1]);
	run_options_init(&options);
	ret = command_parse(&run_command, argc, argv, &options, &parsed, &err);
	if (ret)
		check_refusal(ret, &err);
	else if (!parsed.help)
		check_config(&options.machine);
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	static const char *const text[] = {
		"--mem\n256M\n--cpus\n2\n--disk\nd.img,ro\n--disk=e.img\nguest.elf",
		"guest.elf\n--append\nexperiments=*\n--console\npty\n--iommu\nvirtio",
		"--iommu=virtio,boot-bypass=off\n--edu\n28\n--dma-check=hash\n--dma-check\nk",
		"--no-reboot\n--report\nr.json\n-v\n--initrd\ni\n--\n--kernel",
		"--inject\ndisk0:short,every=3,seed=1\n--sandbox=off\n--inject=rng0:gone",
		"--help",
		"--mem=18446744073709551615T\nk",
		"4G",
		"17",
	};
	struct fuzz_out out = { buf, size };

	if (n > sizeof(text) / sizeof(text[0]))
		return 0;
	if (n < sizeof(text) / sizeof(text[0]))
		fuzz_put_bytes(&out, text[n], strlen(text[n]));
	else
		for (unsigned int i = 0; i <= DISKS_MAX; i++)
			fuzz_put_bytes(&out, "--disk=a\n", 9);
	return size - out.left;
}

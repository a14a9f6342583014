/* SPDX-License-Identifier: MIT */
/*
 * The command line: the input is the words behind `pagevisor run`, one a line.  What is
 * refused has one line that says why; what is accepted makes a configuration.
 */
#include <errno.h>
#include <string.h>

#include "tests/fuzz/lib/fuzz.h"
#include "tests/fuzz/lib/words.h"
#include "vmm/cli/run.h"

static void check_config(const struct machine_config *config)
{
	struct error err = { "" };
	int ret = machine_config_check(config, &err);

	FUZZ_CHECK(config->nr_disks <= DISKS_MAX);
	FUZZ_CHECK(config->cmdline);
	if (ret) {
		fuzz_check_refusal(ret, &err);
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
	static char program[] = "run";
	struct run_options options;
	struct error err = { "" };
	struct fuzz_words words;
	struct parsed parsed;
	int ret;

	if (!fuzz_words_cut(&words, program, data, size))
		return 0;
	check_numbers(words.argv[words.argc - 1]);
	run_options_init(&options);
	ret = command_parse(&run_command, words.argc, words.argv, &options, &parsed,
			    &err);
	if (ret)
		fuzz_check_refusal(ret, &err);
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

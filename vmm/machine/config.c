/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/sysinfo.h>

#include <abi/platform.h>

#include "vmm/machine/config.h"
#include "vmm/util/units.h"

/*
 * Guest memory is taken from the host only when touched, so it may exceed what the host
 * has; far beyond that it is a slip of the finger.  64 GiB are allowed on any host, and
 * none has room for more than fits below the window of 64-bit BARs.
 */
#define MEM_OVERCOMMIT	 16
#define MEM_ALWAYS_GIVEN (64ull << 30)
#define MEM_ROOM	 (PV_MMIO64_BASE - PV_RAM_HIGH_BASE + PV_RAM_LOW_LIMIT)

bool uuid_ok(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i;

	for (i = 0; i < sizeof(form); i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)text[i])
				   : text[i] != form[i])
			return false;
	return true;
}

void machine_config_init(struct machine_config *config)
{
	*config = (struct machine_config){
		.mem_size = MEM_DEFAULT,
		.cpus = 1,
		.cmdline = "",
		.boot_bypass = true,
		.sandbox = true,
		.reboot = true,
	};
}

uint64_t machine_mem_limit(void)
{
	struct sysinfo info;
	uint64_t limit;

	if (sysinfo(&info))
		return MEM_ALWAYS_GIVEN;
	limit = ((uint64_t)info.totalram + info.totalswap) * info.mem_unit *
		MEM_OVERCOMMIT;
	if (limit < MEM_ALWAYS_GIVEN)
		limit = MEM_ALWAYS_GIVEN;
	return limit < MEM_ROOM ? limit : MEM_ROOM;
}

static int check_mem(uint64_t size, struct error *err)
{
	uint64_t limit = machine_mem_limit();

	if (!size)
		return error_set(err, EINVAL,
				 "--mem 0: a guest needs memory; give e.g. 256M");
	if (size % MEM_ALIGN)
		return error_set(err, EINVAL,
				 "--mem %llu: not a whole number of MiB; give e.g. %lluM",
				 (unsigned long long)size, mib_up(size));
	if (size > limit)
		return error_set(
			err, ENOMEM,
			"--mem %lluM: more than this host can give; give at most %lluM",
			mib(size), mib(limit));
	return 0;
}

static int check_balloon(const struct machine_config *config, struct error *err)
{
	if (config->balloon.target > config->mem_size)
		return error_set(err, EINVAL,
				 "--balloon %lluM: the guest has only %lluM; give less",
				 mib_up(config->balloon.target), mib(config->mem_size));
	return 0;
}

int machine_config_check(const struct machine_config *config, struct error *err)
{
	int ret = check_mem(config->mem_size, err);
	if (ret)
		return ret;
	ret = check_balloon(config, err);
	if (ret)
		return ret;
	if (!config->cpus)
		return error_set(
			err, EINVAL,
			"--cpus 0: a guest needs at least one vCPU; give 1 or more");
	if (strlen(config->cmdline) >= CMDLINE_MAX)
		return error_set(err, E2BIG,
				 "--append: %zu bytes are too many; shorten it to %d",
				 strlen(config->cmdline), CMDLINE_MAX - 1);
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/boot/acpi.h"
#include "vmm/boot/boot.h"
#include "vmm/boot/pvh.h"
#include "vmm/util/units.h"

#define PAGE_BYTES 4096ull

static int open_initrd(struct boot *boot, struct error *err)
{
	const char *path = boot->initrd_path;
	struct stat st;

	/* O_NONBLOCK: naming a FIFO must not hang. */
	boot->initrd_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (boot->initrd_fd < 0 || fstat(boot->initrd_fd, &st))
		return error_set(err, errno,
				 "--initrd %s: %s; name an image that can be read", path,
				 strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(
			err, EINVAL,
			"--initrd %s: is not a regular file; name an initrd image", path);
	if (!st.st_size)
		return error_set(err, EINVAL,
				 "--initrd %s: is empty; leave it out or build it", path);
	boot->initrd_size = (uint64_t)st.st_size;
	return 0;
}

/* As high as it goes below 4 GiB, out of the way of what a kernel does low down. */
static int place_initrd(struct boot *boot, const struct guest_memory *mem,
			struct error *err)
{
	uint64_t end = memory_low_end(mem), lowest = kernel_low_end(&boot->kernel);

	if (boot->initrd_size > end || end - boot->initrd_size < lowest + PAGE_BYTES)
		return error_set(
			err, ENOMEM,
			"--mem %lluM: too small for initrd %s of %llu MiB beside the "
			"kernel; give more",
			mib(mem->size), boot->initrd_path, mib_up(boot->initrd_size));
	boot->initrd_gpa = (end - boot->initrd_size) & ~(PAGE_BYTES - 1);
	return 0;
}

int boot_open(struct boot *boot, const struct machine_config *config,
	      const struct guest_memory *mem, struct error *err)
{
	int ret;

	*boot = (struct boot){
		.initrd_path = config->initrd,
		.initrd_fd = -1,
		.cmdline = config->cmdline,
		.acpi = { .cpus = config->cpus, .iommu = config->iommu },
	};
	ret = kernel_open(&boot->kernel, config->kernel, err);
	if (!ret)
		ret = kernel_check_fit(&boot->kernel, mem, err);
	if (!ret && config->initrd)
		ret = open_initrd(boot, err);
	if (!ret && config->initrd)
		ret = place_initrd(boot, mem, err);
	if (ret)
		boot_close(boot);
	return ret;
}

void boot_close(struct boot *boot)
{
	kernel_close(&boot->kernel);
	if (boot->initrd_fd >= 0)
		close(boot->initrd_fd);
	boot->initrd_fd = -1;
}

static int load_initrd(const struct boot *boot, const struct guest_memory *mem,
		       struct error *err)
{
	void *to = ram_at(&mem->ram, boot->initrd_gpa, boot->initrd_size);

	if (read_exactly(boot->initrd_fd, to, boot->initrd_size, 0))
		return error_set(err, EIO,
				 "--initrd %s: changed or failed while it was read",
				 boot->initrd_path);
	return 0;
}

int boot_load(const struct boot *boot, const struct guest_memory *mem,
	      uint32_t *start_info, struct error *err)
{
	struct pvh_boot pvh = {
		.cmdline = boot->cmdline,
		.rsdp_gpa = acpi_write_tables(&mem->ram, &boot->acpi),
		.initrd_gpa = boot->initrd_gpa,
		.initrd_size = boot->initrd_size,
	};
	int ret = kernel_load(&boot->kernel, mem, err);

	if (!ret && boot->initrd_size)
		ret = load_initrd(boot, mem, err);
	*start_info = (uint32_t)pvh_write_start_info(mem, &pvh);
	return ret;
}

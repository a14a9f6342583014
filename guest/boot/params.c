/* SPDX-License-Identifier: MIT */
/* The command line, applied: every early_param() of the image, and those of mm/. */
#include <linux/bootmem.h>
#include <linux/cma.h>
#include <linux/kernel.h>
#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/iova.h>
#include <linux/memblock.h>
#include <linux/page_debug.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/swiotlb.h>
#include <guest/boot.h>
#include <guest/cmdline.h>
#include <guest/machine.h>
#include <mm/highmem.h>
#include <mm/slab_info.h>

extern const struct kernel_param __start_param[], __stop_param[];

static int set_slub_debug(char *value)
{
	return slab_debug_setup(value ? value : "");
}
early_param("slub_debug", set_slub_debug);

static int set_failslab(char *value)
{
	return failslab_setup(value ? value : "");
}
early_param("failslab", set_failslab);

static int set_fail_page_alloc(char *value)
{
	return fail_page_alloc_setup(value ? value : "");
}
early_param("fail_page_alloc", set_fail_page_alloc);

static int set_page_poison(char *value)
{
	return page_poison_setup(value ? value : "");
}
early_param("page_poison", set_page_poison);

static int set_page_owner(char *value)
{
	return page_owner_setup(value ? value : "");
}
early_param("page_owner", set_page_owner);

static int set_mem(char *value)
{
	char *end;
	unsigned long long limit = value ? memparse(value, &end) : 0;

	if (!limit || *end)
		return -EINVAL;
	memblock_mem_limit_remove_map(limit);
	return 0;
}
early_param("mem", set_mem);

static int set_bootmem(char *value)
{
	return bootmem_setup(value ? value : "");
}
early_param("bootmem", set_bootmem);

static int set_cma(char *value)
{
	return cma_setup(value ? value : "");
}
early_param("cma", set_cma);

static int set_highmem(char *value)
{
	return highmem_setup(value);
}
early_param("highmem", set_highmem);

static int set_iommu_strict(char *value)
{
	bool strict = value && value[0] == '1';

	if (!value || (value[0] != '0' && value[0] != '1') || value[1])
		return -EINVAL;
	iommu_set_dma_strict(strict);
	return 0;
}
early_param("iommu.strict", set_iommu_strict);

static int set_fail_iova(char *value)
{
	return fail_iova_setup(value ? value : "");
}
early_param("fail_iova", set_fail_iova);

static int set_swiotlb(char *value)
{
	return swiotlb_setup(value ? value : "");
}
early_param("swiotlb", set_swiotlb);

static int set_fail_swiotlb(char *value)
{
	return fail_swiotlb_setup(value ? value : "");
}
early_param("fail_swiotlb", set_fail_swiotlb);

static void report(const char *name, const char *value, int error)
{
	pr_warn("command line: %s%s%s: %s\n", name, value ? "=" : "", value ? value : "",
		error ? "refused" : "unknown parameter, ignored");
}

void params_parse(void)
{
	/* Values stay alive: they point into this copy. */
	static char words[COMMAND_LINE_SIZE];

	strscpy(words, boot_command_line(), sizeof(words));
	cmdline_parse(words, __start_param, __stop_param, report);
}

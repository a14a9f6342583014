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

SETUP_PARAM("slub_debug", slab_debug_setup, "");
SETUP_PARAM("failslab", failslab_setup, "");
SETUP_PARAM("fail_page_alloc", fail_page_alloc_setup, "");
SETUP_PARAM("page_poison", page_poison_setup, "");
SETUP_PARAM("page_owner", page_owner_setup, "");
SETUP_PARAM("bootmem", bootmem_setup, "");
SETUP_PARAM("cma", cma_setup, "");
SETUP_PARAM("highmem", highmem_setup, NULL);
SETUP_PARAM("fail_iova", fail_iova_setup, "");
SETUP_PARAM("swiotlb", swiotlb_setup, "");
SETUP_PARAM("fail_swiotlb", fail_swiotlb_setup, "");

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

static int set_iommu_strict(char *value)
{
	bool strict = value && value[0] == '1';

	if (!value || (value[0] != '0' && value[0] != '1') || value[1])
		return -EINVAL;
	iommu_set_dma_strict(strict);
	return 0;
}
early_param("iommu.strict", set_iommu_strict);

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

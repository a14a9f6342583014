/* SPDX-License-Identifier: MIT */
/* The debugging of memory that the command line switches on. */
#include <linux/alloc_profile.h>
#include <linux/init.h>
#include <linux/kfence.h>
#include <linux/kmsan-checks.h>
#include <linux/page_debug.h>
#include <mm/dma_debug.h>
#include <mm/trace.h>

static int set_kfence_sample_interval(char *value)
{
	return kfence_setup(value);
}
early_param("kfence.sample_interval", set_kfence_sample_interval);

static int set_init_on_alloc(char *value)
{
	return init_on_alloc_setup(value);
}
early_param("init_on_alloc", set_init_on_alloc);

static int set_init_on_free(char *value)
{
	return init_on_free_setup(value);
}
early_param("init_on_free", set_init_on_free);

static int set_kmsan(char *value)
{
	return kmsan_setup(value);
}
early_param("kmsan", set_kmsan);

static int set_alloc_profile(char *value)
{
	return alloc_profile_setup(value);
}
early_param("alloc_profile", set_alloc_profile);

static int set_dma_debug(char *value)
{
	return dma_debug_setup(value);
}
early_param("dma_debug", set_dma_debug);

static int set_trace(char *value)
{
	return trace_setup(value);
}
early_param("trace", set_trace);

static int set_trace_buf_size(char *value)
{
	return trace_buf_size_setup(value);
}
early_param("trace_buf_size", set_trace_buf_size);

device_initcall(kfence_init);

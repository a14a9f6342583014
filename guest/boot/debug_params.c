/* SPDX-License-Identifier: MIT */
/* The debugging of memory that the command line switches on. */
#include <linux/alloc_profile.h>
#include <linux/init.h>
#include <linux/kfence.h>
#include <linux/kmsan-checks.h>
#include <linux/page_debug.h>
#include <guest/cmdline.h>
#include <mm/dma_debug.h>
#include <mm/trace.h>

SETUP_PARAM("kfence.sample_interval", kfence_setup, NULL);
SETUP_PARAM("init_on_alloc", init_on_alloc_setup, NULL);
SETUP_PARAM("init_on_free", init_on_free_setup, NULL);
SETUP_PARAM("kmsan", kmsan_setup, NULL);
SETUP_PARAM("alloc_profile", alloc_profile_setup, NULL);
SETUP_PARAM("dma_debug", dma_debug_setup, NULL);
SETUP_PARAM("trace", trace_setup, NULL);
SETUP_PARAM("trace_buf_size", trace_buf_size_setup, NULL);

device_initcall(kfence_init);

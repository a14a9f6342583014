/* SPDX-License-Identifier: MIT */
/*
 * What memory events are like, beside Linux's own: the table below has for each event the
 * fields of its `format` file (type and name, in order, "common_" ones left out) and the
 * text that it prints, as 6.17 has them; where the guest's are not the same, the reason
 * stands there.  The lab compares those that its own kernel has (integration/lib/lab_guests).
 * Then what events say, in words and in the kernel's layout.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "vmm/trace/trace_format.h"

static const struct trace_setting setting = {
	.guest = "it",
	.pages_va = 0xffffea0000000000,
	.page_bytes = 64,
	.block_order = 10,
};

/* --- Linux's own ------------------------------------------------------------------------- */

static const struct {
	unsigned int id;
	const char *name, *fields, *text;
	const char *more_fields, *more_text; /* the guest's, behind those */
} kernel[] = {
	{ TRACE_MM_PAGE_ALLOC, "kmem:mm_page_alloc",
	  "unsigned long pfn;unsigned int order;unsigned long gfp_flags;int migratetype;",
	  "page=%p pfn=0x%lx order=%d migratetype=%d gfp_flags=%s", "", "" },
	{ TRACE_MM_PAGE_FREE, "kmem:mm_page_free",
	  "unsigned long pfn;unsigned int order;", "page=%p pfn=0x%lx order=%d", "", "" },
	{ TRACE_MM_PAGE_ALLOC_EXTFRAG, "kmem:mm_page_alloc_extfrag",
	  "unsigned long pfn;int alloc_order;int fallback_order;int alloc_migratetype;"
	  "int fallback_migratetype;int change_ownership;",
	  "page=%p pfn=0x%lx alloc_order=%d fallback_order=%d pageblock_order=%d "
	  "alloc_migratetype=%d fallback_migratetype=%d fragmenting=%d "
	  "change_ownership=%d",
	  "", "" },
	{ TRACE_KMALLOC, "kmem:kmalloc",
	  "unsigned long call_site;const void * ptr;size_t bytes_req;size_t bytes_alloc;"
	  "unsigned long gfp_flags;int node;",
	  "call_site=%pS ptr=%p bytes_req=%zu bytes_alloc=%zu gfp_flags=%s node=%d "
	  "accounted=%s",
	  "", "" },
	{ TRACE_KFREE, "kmem:kfree", "unsigned long call_site;const void * ptr;",
	  "call_site=%pS ptr=%p", "", "" },
	/* Linux names the cache where an object is freed alone. */
	{ TRACE_KMEM_CACHE_ALLOC, "kmem:kmem_cache_alloc",
	  "unsigned long call_site;const void * ptr;size_t bytes_req;size_t bytes_alloc;"
	  "unsigned long gfp_flags;int node;bool accounted;",
	  "call_site=%pS ptr=%p bytes_req=%zu bytes_alloc=%zu gfp_flags=%s node=%d "
	  "accounted=%s",
	  "__data_loc char[] name;", " name=%s" },
	{ TRACE_KMEM_CACHE_FREE, "kmem:kmem_cache_free",
	  "unsigned long call_site;const void * ptr;__data_loc char[] name;",
	  "call_site=%pS ptr=%p name=%s", "", "" },
	{ TRACE_ALLOC_VMAP_AREA, "vmalloc:alloc_vmap_area",
	  "unsigned long addr;unsigned long size;unsigned long align;"
	  "unsigned long vstart;unsigned long vend;int failed;",
	  "va_start: %lu size=%lu align=%lu vstart=0x%lx vend=0x%lx failed=%d", "", "" },
	{ TRACE_PURGE_VMAP_AREA_LAZY, "vmalloc:purge_vmap_area_lazy",
	  "unsigned long start;unsigned long end;unsigned int npurged;",
	  "start=0x%lx end=0x%lx num_purged=%u", "", "" },
	{ TRACE_FREE_VMAP_AREA_NOFLUSH, "vmalloc:free_vmap_area_noflush",
	  "unsigned long va_start;unsigned long nr_lazy;unsigned long nr_lazy_max;",
	  "va_start=0x%lx nr_lazy=%lu nr_lazy_max=%lu", "", "" },
	{ TRACE_DIRECT_RECLAIM_BEGIN, "vmscan:mm_vmscan_direct_reclaim_begin",
	  "int order;unsigned long gfp_flags;", "order=%d gfp_flags=%s", "", "" },
	{ TRACE_DIRECT_RECLAIM_END, "vmscan:mm_vmscan_direct_reclaim_end",
	  "unsigned long nr_reclaimed;", "nr_reclaimed=%lu", "", "" },
	{ TRACE_KSWAPD_WAKE, "vmscan:mm_vmscan_kswapd_wake", "int nid;int zid;int order;",
	  "nid=%d order=%d", "", "" },
	{ TRACE_KSWAPD_SLEEP, "vmscan:mm_vmscan_kswapd_sleep", "int nid;", "nid=%d", "",
	  "" },
	{ TRACE_DMA_MAP_PAGE, "dma:dma_map_page",
	  "__data_loc char[] device;u64 phys_addr;u64 dma_addr;size_t size;"
	  "enum dma_data_direction dir;unsigned long attrs;",
	  "%s dir=%s dma_addr=%llx size=%zu phys_addr=%llx attrs=%s", "", "" },
	{ TRACE_DMA_UNMAP_PAGE, "dma:dma_unmap_page",
	  "__data_loc char[] device;u64 addr;size_t size;enum dma_data_direction dir;"
	  "unsigned long attrs;",
	  "%s dir=%s dma_addr=%llx size=%zu attrs=%s", "", "" },
	{ TRACE_DMA_ALLOC, "dma:dma_alloc",
	  "__data_loc char[] device;void * virt_addr;u64 dma_addr;size_t size;gfp_t flags;"
	  "enum dma_data_direction dir;unsigned long attrs;",
	  "%s dir=%s dma_addr=%llx size=%zu virt_addr=%p flags=%s attrs=%s", "", "" },
	{ TRACE_DMA_FREE, "dma:dma_free",
	  "__data_loc char[] device;void * virt_addr;u64 dma_addr;size_t size;"
	  "enum dma_data_direction dir;unsigned long attrs;",
	  "%s dir=%s dma_addr=%llx size=%zu virt_addr=%p attrs=%s", "", "" },
	{ TRACE_DMA_MAP_SG, "dma:dma_map_sg",
	  "__data_loc char[] device;int full_nents;int full_ents;bool truncated;"
	  "__data_loc u64[] phys_addrs;__data_loc u64[] dma_addrs;"
	  "__data_loc unsigned int[] lengths;enum dma_data_direction dir;"
	  "unsigned long attrs;",
	  "%s dir=%s nents=%d/%d ents=%d/%d%s dma_addrs=%s sizes=%s phys_addrs=%s "
	  "attrs=%s",
	  "", "" },
	{ TRACE_DMA_UNMAP_SG, "dma:dma_unmap_sg",
	  "__data_loc char[] device;__data_loc u64[] addrs;enum dma_data_direction dir;"
	  "unsigned long attrs;",
	  "%s dir=%s phys_addrs=%s attrs=%s", "", "" },
};

/* "TYPE NAME;" of each field line; the common ones, which end with an empty line, are not. */
static void fields_of(const char *format, char *out, size_t size)
{
	const char *p = strstr(format, "\n\n"), *end;
	size_t at = 0;

	assert_non_null(p);
	out[0] = '\0';
	while ((p = strstr(p, "\tfield:"))) {
		p += strlen("\tfield:");
		end = strchr(p, ';');
		at += (size_t)snprintf(out + at, size - at, "%.*s;", (int)(end - p), p);
		p = end;
	}
}

static void names_fields_and_texts_are_the_kernels(void **state)
{
	static char format[TRACE_FORMAT_MAX];
	char fields[1024], expected[1024], name[80];

	(void)state;
	assert_int_equal(sizeof(kernel) / sizeof(kernel[0]), TRACE_IDS - 1);
	for (unsigned int i = 0; i < TRACE_IDS - 1; i++) {
		const struct trace_kind *kind = &trace_kinds[kernel[i].id];

		snprintf(name, sizeof(name), "%s:%s", kind->system, kind->name);
		assert_string_equal(name, kernel[i].name);
		trace_format(kernel[i].id, &setting, format);
		fields_of(format, fields, sizeof(fields));
		snprintf(expected, sizeof(expected), "%s%s", kernel[i].fields,
			 kernel[i].more_fields);
		assert_string_equal(fields, expected);
		snprintf(expected, sizeof(expected), "\nprint fmt: \"%s%s\", ",
			 kernel[i].text, kernel[i].more_text);
		assert_non_null(strstr(format, expected));
	}
}

/* --- descriptions in themselves ---------------------------------------------------------- */

static unsigned int count(const char *text, char c, bool at_top_only)
{
	unsigned int n = 0, depth = 0;
	bool quoted = false;

	for (; *text; text++) {
		quoted ^= *text == '"';
		depth += !quoted && *text == '(';
		depth -= !quoted && *text == ')';
		n += *text == c && !(at_top_only && (quoted || depth));
	}
	assert_int_equal(depth, 0);
	return n;
}

/* Offsets ascend, nothing overlaps, each is aligned; and the text has what it prints. */
static void descriptions_are_sound(void **state)
{
	static char format[TRACE_FORMAT_MAX];

	(void)state;
	for (unsigned int id = 1; id < TRACE_IDS; id++) {
		unsigned long end = 0, offset, size;
		const char *p = format, *print;

		trace_format(id, &setting, format);
		assert_true(strlen(format) < sizeof(format) - 512);
		while ((p = strstr(p, "\toffset:"))) {
			offset = strtoul(p + strlen("\toffset:"), NULL, 10);
			p = strstr(p, "\tsize:");
			assert_non_null(p);
			size = strtoul(p + strlen("\tsize:"), NULL, 10);
			assert_true(offset >= end);
			assert_int_equal(offset % size, 0);
			end = offset + size;
		}
		print = strstr(format, "print fmt: ");
		assert_int_equal(count(print, ',', true), count(print, '%', false));
		assert_in_range(trace_conversions(&trace_kinds[id]), 1, TRACE_SHOWN_MAX);
	}
}

/* --- events in words --------------------------------------------------------------------- */

static const struct trace_segment three[] = { { 0x1000, 0x9000, 10, 0 },
					      { 0x2000, 0xa000, 20, 0 },
					      { 0x3000, 0, 0, 0 },
					      { 0, 0, 0, 0 } };
static struct trace_event event;
static struct trace_values values;
static const struct trace_entry entry = { &event, &values, 0, 0 };

static void make(unsigned int id, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		 uint64_t a4)
{
	struct trace_names names = { .state = NULL };

	event = (struct trace_event){ .id = id,
				      .site = 0xffffffff80101234,
				      .arg = { a0, a1, a2, a3, a4 },
				      .nr_segments = id >= TRACE_DMA_MAP_SG ? 4 : 0,
				      .segments = three };
	trace_values(&event, &names, &values);
}

static void say(unsigned int id, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		uint64_t a4, const char *expected)
{
	static char text[TRACE_TEXT_MAX];

	make(id, a0, a1, a2, a3, a4);
	trace_describe(&entry, &setting, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void events_in_words(void **state)
{
	const uint64_t rubbish = 0xdeadbeefull << 32; /* upper halves mean nothing */

	(void)state;
	say(TRACE_MM_PAGE_ALLOC, 0, rubbish | 3, rubbish | 0xcc8, 9, 9,
	    "page=(nil) pfn=0x0 order=3 migratetype=1 "
	    "gfp_flags=GFP_KERNEL|__GFP_MOVABLE");
	say(TRACE_KMALLOC, 0x1000, 100, 128, rubbish | 0xcc0, 9,
	    "call_site=0xffffffff80101234 ptr=0x1000 bytes_req=100 bytes_alloc=128 "
	    "gfp_flags=GFP_KERNEL node=0 accounted=false");
	say(TRACE_KMALLOC, 0, 1, 8, 0x1002dc1, 9,
	    "call_site=0xffffffff80101234 ptr=(nil) bytes_req=1 bytes_alloc=8 "
	    "gfp_flags=GFP_KERNEL|GFP_DMA|__GFP_NOWARN|__GFP_ZERO|0x1000000 node=0 "
	    "accounted=false");
	say(TRACE_DIRECT_RECLAIM_BEGIN, 2, 0, 9, 9, 9, "order=2 gfp_flags=none");
	say(TRACE_KFREE, 0x1000, 9, 9, 9, 9, "call_site=0xffffffff80101234 ptr=0x1000");
	say(TRACE_KMEM_CACHE_ALLOC, 0x1000, 100 | 128ull << 32, 5, rubbish | 0xcc0, 9,
	    "call_site=0xffffffff80101234 ptr=0x1000 bytes_req=100 bytes_alloc=128 "
	    "gfp_flags=GFP_KERNEL node=0 accounted=false name=?");
	say(TRACE_ALLOC_VMAP_AREA, 0x9000, 8192, 4096, 0x1000, 0x9000,
	    "va_start: 36864 size=8192 align=4096 vstart=0x1000 vend=0x9000 failed=1");
	say(TRACE_KSWAPD_WAKE, 0, 1 | 2ull << 32, 9, 9, 9, "nid=0 order=2");
}

static void mappings_in_words(void **state)
{
	const uint64_t device = 0x18;

	(void)state;
	say(TRACE_DMA_MAP_PAGE, device | 1ull << 32, 0x2000, 0x3000, 200, 0x20,
	    "0000:00:03.0 dir=TO_DEVICE dma_addr=3000 size=200 phys_addr=2000 "
	    "attrs=SKIP_CPU_SYNC");
	say(TRACE_DMA_UNMAP_PAGE, device | 2ull << 32, 0, 0x3000, 200, 0x10120,
	    "0000:00:03.0 dir=FROM_DEVICE dma_addr=3000 size=200 "
	    "attrs=SKIP_CPU_SYNC|NO_WARN|0x10000");
	say(TRACE_DMA_ALLOC, device, 0xffff888000001000, 0x1000, 100,
	    0xcc0 | 0x100ull << 32,
	    "0000:00:03.0 dir=BIDIRECTIONAL dma_addr=1000 size=100 "
	    "virt_addr=0xffff888000001000 flags=GFP_KERNEL attrs=NO_WARN");
	say(TRACE_DMA_FREE, device | 7ull << 32, 0xffff888000001000, 0x1000, 100, 9,
	    "0000:00:03.0 dir=0x7 dma_addr=1000 size=100 virt_addr=0xffff888000001000 "
	    "attrs=");
	say(TRACE_DMA_MAP_SG, device | 2ull << 32, 3 | 2ull << 32, 0, 30, 2,
	    "0000:00:03.0 dir=FROM_DEVICE nents=3/3 ents=2/2 dma_addrs={0x9000,0xa000} "
	    "sizes={0xa,0x14} phys_addrs={0x1000,0x2000,0x3000} attrs=");
	say(TRACE_DMA_MAP_SG, device | 2ull << 32, 9 | 1ull << 32, 0, 30, 2,
	    "0000:00:03.0 dir=FROM_DEVICE nents=4/9 ents=1/1 [TRUNCATED] "
	    "dma_addrs={0x9000} sizes={0xa} phys_addrs={0x1000,0x2000,0x3000,0x0} attrs=");
	say(TRACE_DMA_UNMAP_SG, device | 2ull << 32, 2, 0x20, 30, 1,
	    "0000:00:03.0 dir=FROM_DEVICE phys_addrs={0x1000,0x2000} "
	    "attrs=SKIP_CPU_SYNC");
}

/* --- events as bytes --------------------------------------------------------------------- */

static uint64_t at(const uint8_t *raw, size_t offset, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, raw + offset, size);
	return value;
}

/* A list: its string and its arrays lie behind the fields, which tell where. */
static void a_list_as_bytes(void **state)
{
	static uint8_t raw[TRACE_RAW_MAX];
	uint64_t location;
	size_t n;

	(void)state;
	make(TRACE_DMA_MAP_SG, 0x18 | 2ull << 32, 3 | 2ull << 32, 0x20, 30, 2);
	n = trace_lay_out(&entry, 77, raw);
	assert_int_equal(at(raw, 0, 2), trace_tracepoint(TRACE_DMA_MAP_SG));
	assert_int_equal(at(raw, 4, 4), 77);
	location = at(raw, 8, 4);
	assert_int_equal(location >> 16, sizeof("0000:00:03.0"));
	assert_string_equal((char *)raw + (location & 0xffff), "0000:00:03.0");
	assert_int_equal(at(raw, 12, 4), 3);
	assert_int_equal(at(raw, 16, 4), 2);
	assert_int_equal(at(raw, 20, 1), 0);
	location = at(raw, 24, 4);
	assert_int_equal(location >> 16, 24);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(at(raw, (location & 0xffff) + 8 * i, 8),
				 three[i].phys_addr);
	location = at(raw, 32, 4);
	assert_int_equal(location >> 16, 8);
	assert_int_equal(at(raw, location & 0xffff, 4), 10);
	assert_int_equal(at(raw, (location & 0xffff) + 4, 4), 20);
	assert_int_equal(at(raw, 36, 4), 2);
	assert_int_equal(at(raw, 40, 8), 0x20);
	assert_true((location & 0xffff) + 8 <= n);
}

/* The longest there is, of a guest that says more than it told. */
static void the_longest_event_fits(void **state)
{
	static struct trace_segment many[TRACE_SEGMENTS_MAX];
	static uint8_t raw[TRACE_RAW_MAX];
	static char text[TRACE_TEXT_MAX];

	(void)state;
	memset(many, 0xff, sizeof(many));
	make(TRACE_DMA_MAP_SG, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, 64);
	event.segments = many;
	event.nr_segments = TRACE_SEGMENTS_MAX;
	trace_values(&event, &(struct trace_names){ .state = NULL }, &values);
	assert_int_equal(values.value[4], TRACE_SEGMENTS_MAX);
	assert_true(trace_lay_out(&entry, 1, raw) < sizeof(raw) - 1024);
	trace_describe(&entry, &setting, text, sizeof(text));
	assert_true(strlen(text) < sizeof(text) - 1024);
	assert_non_null(strstr(text, "nents=128/-1 ents=128/-1 [TRUNCATED] "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_fields_and_texts_are_the_kernels),
		cmocka_unit_test(descriptions_are_sound),
		cmocka_unit_test(events_in_words),
		cmocka_unit_test(mappings_in_words),
		cmocka_unit_test(a_list_as_bytes),
		cmocka_unit_test(the_longest_event_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

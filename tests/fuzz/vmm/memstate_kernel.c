/* SPDX-License-Identifier: MIT */
/*
 * The reader of what a guest publishes beside its memory.  The guest is that of the unit
 * tests (tests/unit/vmm/kernel_image.h); the input is a list of changes to it:
 *
 *	offset		2 bytes	in struct kernel_parts
 *	kind		1 byte	copy 1, 2, 4 or 8 bytes that follow, add one to what is there,
 *				or put the address of another offset (2 bytes) there
 *
 * What is read must make sense, or be refused with a line.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/lib/fuzz.h"
#include "tests/unit/vmm/kernel_image.h"
#include "vmm/memstate/memstate_books.h"
#include "vmm/memstate/memstate_kernel.h"

#define CHANGES_MAX 64

static struct image image;
static struct kernel_parts *parts;

static size_t any_offset(struct fuzz *f)
{
	return fuzz_u16(f) % (sizeof(*parts) - 8);
}

static void change_one(struct fuzz *f)
{
	uint8_t *at = (uint8_t *)parts + any_offset(f);
	uint8_t kind = fuzz_u8(f) % 6;
	uint64_t value = 0;
	size_t n = kind < 4 ? 1ul << kind : 8;

	memcpy(&value, at, n);
	if (kind < 4)
		value = fuzz_number(f, (unsigned int)n);
	else
		value = kind == 4 ? value + 1
				  : image_va(&image, (uint8_t *)parts + any_offset(f));
	memcpy(at, &value, n);
}

static void refused(int ret, const struct memstate_view *view)
{
	FUZZ_CHECK(!ret || view->err.text[0]);
}

static void look_at_threads(struct memstate_view *view, const struct memstate_kernel *k)
{
	struct thread_states t = { 0 };
	uint64_t gpa;

	refused(memstate_read_threads(view, k, NULL, 0, &t), view);
	for (size_t i = 0; i < t.nr; i++) {
		FUZZ_CHECK(memchr(t.thread[i].name, 0, MEMSTATE_NAME_MAX));
		FUZZ_CHECK(memchr(t.thread[i].state, 0, sizeof(t.thread[i].state)));
		FUZZ_CHECK(t.thread[i].depth <= KERNEL_CHAIN_MAX);
		FUZZ_CHECK(t.thread[i].on_cpu < MEMSTATE_CPUS_MAX);
		FUZZ_CHECK(memstate_read_page_table(view, k, &t.thread[i], &gpa) ||
			   gpa <= IMAGE_SIZE - 4096);
	}
	free(t.thread);
}

static void look_at_names(struct memstate_view *view, const struct memstate_kernel *k)
{
	struct symbols s = { 0 };
	char *text = NULL;

	refused(memstate_read_symbols(view, k, &s), view);
	for (size_t i = 0; i < s.nr; i++)
		FUZZ_CHECK(s.symbol[i].start < s.symbol[i].end &&
			   strlen(s.symbol[i].name) + 1);
	symbols_free(&s);
	refused(memstate_read_log(view, k, &text), view);
	FUZZ_CHECK(!text || strlen(text) <= KERNEL_LOG_MAX);
	free(text);
}

static void look_at_books(struct memstate_view *view)
{
	struct live_mappings m = { 0 };
	struct alloc_sites_state s = { 0 };
	struct frame_owner o = { 0 };

	refused(memstate_read_mappings(view, &m), view);
	for (size_t i = 0; i < m.nr; i++)
		FUZZ_CHECK(m.mapping[i].size &&
			   m.mapping[i].addr <= UINT64_MAX - m.mapping[i].size);
	free(m.mapping);
	refused(memstate_read_sites(view, &s), view);
	free(s.site);
	refused(memstate_read_owner(view, 10, &o), view);
	FUZZ_CHECK(o.alloc.depth <= OWNER_DEPTH_MAX && o.free.depth <= OWNER_DEPTH_MAX);
}

static void look_at_iommu(struct memstate_view *view, const struct memstate_kernel *k)
{
	struct iommu_state i = { 0 };

	refused(memstate_read_iommu(view, k, &i), view);
	for (size_t d = 0; d < i.nr_domains; d++)
		for (size_t r = 1; r < i.domain[d].nr; r++)
			FUZZ_CHECK(i.domain[d].range[r].start -
					   i.domain[d].range[r - 1].start >=
				   i.domain[d].range[r - 1].size);
	iommu_state_free(&i);
}

static void look(void)
{
	struct memstate_view view;
	struct memstate_kernel kernel;

	if (memstate_open(&view, &image.ram, IMAGE_TABLE))
		return;
	look_at_books(&view);
	if (memstate_read_kernel(&view, &kernel))
		return;
	look_at_threads(&view, &kernel);
	look_at_names(&view, &kernel);
	look_at_iommu(&view, &kernel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	unsigned int nr;

	if (!image.bytes)
		image_make(&image);
	parts = kernel_image_add(&image);
	for (nr = 0; f.left && nr < CHANGES_MAX; nr++)
		change_one(&f);
	look();
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	struct fuzz_out out = { buf, size };

	if (n > 60)
		return 0;
	/* A wild number, a step or an address everywhere. */
	fuzz_put(&out, n * (sizeof(struct kernel_parts) / 64), 2);
	fuzz_put(&out, 3 + n % 3, 1);
	fuzz_put(&out, n % 2 ? ~0ull >> n : 0x100 + n, 8);
	return size - out.left;
}

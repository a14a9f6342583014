/* SPDX-License-Identifier: MIT */
/* vmalloc memory for processes; the process is a table of what was inserted where. */
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/vma.h>
#include "vmap_test.h"

#define USER_START 0x10000000UL
#define USER_PAGES 32

static struct {
	struct page *page[USER_PAGES];
	unsigned int fail_in; /* of the insertions to come, this one fails; 0: none */
} process;

static struct vm_area_struct vma;

int vm_insert_page(struct vm_area_struct *area, unsigned long addr, struct page *page)
{
	unsigned long at = (addr - USER_START) / PAGE_SIZE;

	assert_ptr_equal(area, &vma);
	assert_in_range(addr, area->vm_start, area->vm_end - 1);
	assert_true(PAGE_ALIGNED(addr));
	if (process.fail_in && --process.fail_in == 0)
		return -ENOMEM;
	if (process.page[at])
		return -EBUSY;
	get_page(page);
	process.page[at] = page;
	return 0;
}

static void unmap_process(void)
{
	for (unsigned int i = 0; i < USER_PAGES; i++)
		if (process.page[i])
			put_page(process.page[i]);
	memset(&process, 0, sizeof(process));
}

static int set_up(void **state)
{
	memset(&process, 0, sizeof(process));
	vma = (struct vm_area_struct){
		.vm_start = USER_START,
		.vm_end = USER_START + USER_PAGES * PAGE_SIZE,
		.vm_flags = VM_READ | VM_WRITE | VM_SHARED,
	};
	return vmap_set_up(state);
}

#define user_test(f) cmocka_unit_test_setup_teardown(f, set_up, vmap_tear_down)

static unsigned int mapped(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < USER_PAGES; i++)
		n += process.page[i] != NULL;
	return n;
}

static void pages_are_zero_where_they_were_dirty(void **state)
{
	unsigned long size = USER_PAGES * PAGE_SIZE;
	unsigned char *p = vmalloc(size);
	struct vmalloc_info info;
	unsigned long cursor = 0;

	(void)state;
	memset(p, 0x5a, size);
	vfree(p);
	p = vmalloc_user(size);
	assert_null(memchr_inv(p, 0, size));
	cursor = (unsigned long)p;
	assert_true(vmalloc_info_next(&cursor, &info));
	assert_int_equal(info.flags, VM_ALLOC | VM_USERMAP);
	vfree(p);
	p = vmalloc_32_user(size);
	assert_null(memchr_inv(p, 0, size));
	vfree(p);
	assert_null(vmalloc_user(0));
}

static void the_process_gets_the_same_pages(void **state)
{
	char *p = vmalloc_user(USER_PAGES * PAGE_SIZE);

	(void)state;
	assert_int_equal(remap_vmalloc_range(&vma, p, 0), 0);
	for (unsigned int i = 0; i < USER_PAGES; i++) {
		assert_ptr_equal(process.page[i], vmalloc_to_page(p + i * PAGE_SIZE));
		assert_int_equal(page_count(process.page[i]), 2);
	}
	assert_int_equal(remap_vmalloc_range(&vma, p, 0), -EBUSY);
	unmap_process();
	assert_int_equal(page_count(vmalloc_to_page(p)), 1);
	vfree(p);
}

/* The kernel frees first: the process keeps the pages, and its last unmapping ends them. */
static void pages_outlive_the_area(void **state)
{
	unsigned long before = (drain_all_pages(), nr_free_pages()), held;
	char *p = vmalloc_user(USER_PAGES * PAGE_SIZE);

	(void)state;
	p[5 * PAGE_SIZE] = 7;
	assert_int_equal(remap_vmalloc_range(&vma, p, 0), 0);
	vfree(p);
	assert_true(platform_probe_faults((unsigned long)p));
	drain_all_pages();
	held = before - nr_free_pages();
	assert_true(held >= USER_PAGES);
	assert_int_equal(page_count(process.page[5]), 1);
	assert_int_equal(*(char *)page_address(process.page[5]), 7);
	unmap_process();
	drain_all_pages();
	assert_int_equal(before - nr_free_pages(), held - USER_PAGES);
}

static void a_part_may_be_shown(void **state)
{
	char *p = vmalloc_user(USER_PAGES * PAGE_SIZE);

	(void)state;
	vma.vm_end = USER_START + 8 * PAGE_SIZE;
	assert_int_equal(remap_vmalloc_range(&vma, p, 24), 0);
	assert_int_equal(mapped(), 8);
	assert_ptr_equal(process.page[0], vmalloc_to_page(p + 24 * PAGE_SIZE));
	unmap_process();
	assert_int_equal(remap_vmalloc_range_partial(&vma, USER_START + 2 * PAGE_SIZE, p,
						     3, 2 * PAGE_SIZE + 1),
			 0);
	assert_int_equal(mapped(), 3);
	assert_ptr_equal(process.page[2], vmalloc_to_page(p + 3 * PAGE_SIZE));
	unmap_process();
	vfree(p);
}

static void nothing_else_is_shown(void **state)
{
	char *p = vmalloc_user(USER_PAGES * PAGE_SIZE), *v = vmalloc(64 * PAGE_SIZE);
	unsigned long page = __get_free_page(GFP_KERNEL);

	(void)state;
	assert_int_equal(remap_vmalloc_range(&vma, p, 1), -EINVAL);
	assert_int_equal(remap_vmalloc_range(&vma, p, ~0UL), -EINVAL);
	assert_int_equal(remap_vmalloc_range(&vma, p + PAGE_SIZE, 0), -EINVAL);
	assert_int_equal(remap_vmalloc_range(&vma, v, 0), -EINVAL);
	assert_int_equal(remap_vmalloc_range(&vma, (void *)page, 0), -EINVAL);
	assert_int_equal(remap_vmalloc_range_partial(&vma, USER_START, p, 0, 0), -EINVAL);
	assert_int_equal(remap_vmalloc_range_partial(&vma, USER_START, p, 0, ~0UL),
			 -EINVAL);
	assert_int_equal(remap_vmalloc_range_partial(&vma, USER_START + 1, p, 0, 1),
			 -EINVAL);
	assert_int_equal(
		remap_vmalloc_range_partial(&vma, USER_START - PAGE_SIZE, p, 0, 1),
		-EINVAL);
	assert_int_equal(remap_vmalloc_range_partial(&vma, vma.vm_end - PAGE_SIZE, p, 0,
						     PAGE_SIZE + 1),
			 -EINVAL);
	vfree(p);
	assert_int_equal(remap_vmalloc_range(&vma, p, 0), -EINVAL);
	assert_int_equal(mapped(), 0);
	/* The same addresses again, for the kernel alone. */
	vm_unmap_aliases();
	p = vmalloc(USER_PAGES * PAGE_SIZE);
	assert_int_equal(remap_vmalloc_range(&vma, p, 0), -EINVAL);
	vfree(p);
	vfree(v);
	free_page(page);
}

static void insertion_may_fail_at_any_page(void **state)
{
	char *p = vmalloc_user(USER_PAGES * PAGE_SIZE);

	(void)state;
	for (unsigned int n = 1; n <= USER_PAGES; n++) {
		process.fail_in = n;
		assert_int_equal(remap_vmalloc_range(&vma, p, 0), -ENOMEM);
		assert_int_equal(mapped(), n - 1);
		unmap_process();
		for (unsigned int i = 0; i < USER_PAGES; i++)
			assert_int_equal(page_count(vmalloc_to_page(p + i * PAGE_SIZE)),
					 1);
		vmap_check();
	}
	vfree(p);
}

/* A kept area of vmalloc_user serves vmalloc next: what it was is forgotten. */
static void reuse_forgets_the_user(void **state)
{
	char *p = vmalloc_user(PAGE_SIZE), *q;

	(void)state;
	vfree(p);
	vfree(vmalloc(33UL << 20));
	q = vmalloc(PAGE_SIZE);
	assert_ptr_equal(q, p);
	vma.vm_end = USER_START + PAGE_SIZE;
	assert_int_equal(remap_vmalloc_range(&vma, q, 0), -EINVAL);
	vfree(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		user_test(pages_are_zero_where_they_were_dirty),
		user_test(the_process_gets_the_same_pages),
		user_test(pages_outlive_the_area),
		user_test(a_part_may_be_shown),
		user_test(nothing_else_is_shown),
		user_test(insertion_may_fail_at_any_page),
		user_test(reuse_forgets_the_user),
	};

	return cmocka_run_group_tests_name("vmalloc_user", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * A program into an empty address space: its segments, the page of results, a stack with
 * the arguments on it as the System V ABI wants them (AMD64 supplement, 3.4.1).
 *
 * The programs stand in the kernel image: guest/user/user.mk makes the table.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vma.h>

#include "elf.h"
#include "guest/user/include/pagevisor.h"
#include "process.h"

struct program {
	const char *name;
	const char *file, *end; /* an ELF file */
};
extern const struct program user_programs[], user_programs_end[];

const struct program *program_find(const char *name)
{
	for (const struct program *p = user_programs; p != user_programs_end; p++)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

static unsigned long vm_flags_of(unsigned int elf_flags)
{
	return (elf_flags & ELF_READ ? VM_READ : 0) |
	       (elf_flags & ELF_WRITE ? VM_WRITE : 0) |
	       (elf_flags & ELF_EXEC ? VM_EXEC : 0);
}

static int load_segment(struct mm_struct *mm, const char *file,
			const struct elf_segment *s)
{
	unsigned long start = ALIGN_DOWN(s->addr, PAGE_SIZE);
	const struct mapping map = {
		.addr = start,
		.size = ALIGN(s->addr + s->size, PAGE_SIZE) - start,
		.flags = VM_READ | VM_WRITE,
		.fixed = true,
	};
	long err = mm_map(mm, &map);

	if (err < 0)
		return (int)err;
	if (copy_to_user((void *)s->addr, file + s->offset, s->file_size))
		return -EFAULT;
	return mm_protect(mm, map.addr, map.size, vm_flags_of(s->flags));
}

/* The page that is shared with whoever started the program, and with its children. */
static int map_results(struct mm_struct *mm, struct page *page)
{
	struct area *area = area_create(mm, VM_READ | VM_WRITE | VM_SHARED);
	int err;

	if (!area)
		return -ENOMEM;
	mutex_lock(&mm->lock);
	err = area_insert(mm, area, RESULTS_ADDRESS, RESULTS_ADDRESS + PAGE_SIZE);
	if (err)
		area_free(area);
	else
		err = vm_insert_page(&area->vma, RESULTS_ADDRESS, page);
	mutex_unlock(&mm->lock);
	return err;
}

/* The words at the stack pointer: argc, argv[] with its end, no environment, no auxiliary
 * vector (type and value 0). */
#define STACK_WORDS (1 + PROCESS_ARGS + 1 + 1 + 1 + 2)

static int push_arguments(const struct start *start, unsigned long *rsp)
{
	unsigned long text = TASK_SIZE - ALIGN(start->used, 16);
	unsigned long words[STACK_WORDS] = { start->argc };
	const char *arg = start->text;

	for (unsigned int i = 0; i < start->argc; i++) {
		words[1 + i] = text + (unsigned long)(arg - start->text);
		arg += strlen(arg) + 1;
	}
	*rsp = ALIGN_DOWN(text - sizeof(words), 16);
	if (copy_to_user((void *)text, start->text, start->used) ||
	    copy_to_user((void *)*rsp, words, sizeof(words)))
		return -EFAULT;
	return 0;
}

static int make_stack(struct mm_struct *mm, const struct start *start, unsigned long *rsp)
{
	const struct mapping map = {
		.addr = TASK_SIZE - PAGE_SIZE,
		.size = PAGE_SIZE,
		.flags = VM_READ | VM_WRITE | VM_GROWSDOWN,
		.fixed = true,
	};
	long err = mm_map(mm, &map);

	return err < 0 ? (int)err : push_arguments(start, rsp);
}

int program_load(const struct start *start, struct pt_regs *regs)
{
	const struct program *program = start->program;
	struct process *me = current_process();
	struct elf_image image;
	unsigned long rsp = 0;
	int err;

	err = elf_parse(program->file, (size_t)(program->end - program->file), MMAP_MIN,
			MMAP_TOP, &image);
	for (unsigned int i = 0; !err && i < image.segments; i++)
		err = load_segment(me->mm, program->file, &image.segment[i]);
	if (!err)
		err = map_results(me->mm, me->results);
	if (!err)
		err = make_stack(me->mm, start, &rsp);
	if (err)
		return err;
	me->mm->brk_start = me->mm->brk = ALIGN(image.end, PAGE_SIZE);
	user_regs(regs, image.entry, rsp);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Frames of processes can be elsewhere: compaction and contiguous areas may move them while
 * the process runs (<linux/migrate.h>).
 *
 * A frame can move while exactly one entry of one address space maps it: its home, kept in
 * private (the space) and index (the address).  fork() makes it a frame of two, and it stays
 * where it is until one of them is its only holder again and writes to it.  Homes change
 * under the lock of the space.
 *
 * Who wants to move a frame comes from the other side, without any lock, and maybe with the
 * lock of a space that he allocates for.  So the way from a frame to its space is guarded by
 * a lock of its own, which also counts those who came that way: the space's memory stays
 * until they have left; and the space's lock is only tried.
 *
 * While a frame moves, its entry is empty: a process that runs into that waits in its page
 * fault for the lock, and finds the entry filled.
 */
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <asm/cpu.h>
#include <asm/pagetable.h>

#include "mm.h"

/* Guards mm->refs, and from frame to space: PG_movable goes only with it held. */
static DEFINE_SPINLOCK(lock);

void mm_get(struct mm_struct *mm)
{
	spin_lock(&lock);
	mm->refs++;
	spin_unlock(&lock);
}

void mm_put(struct mm_struct *mm)
{
	bool last;

	spin_lock(&lock);
	last = !--mm->refs;
	spin_unlock(&lock);
	if (!last)
		return;
	free_page((unsigned long)mm->pgd);
	kfree(mm);
}

/* --- the processor's memory of an entry ------------------------------------------------------ */

struct flush {
	const struct mm_struct *mm;
	unsigned long addr;
};

static void flush_here(void *info)
{
	const struct flush *f = info;

	if (read_cr3() == __pa(f->mm->pgd))
		invlpg(f->addr);
}

/* The CPU that runs the process forgets a changed entry.  One that takes the space into use
 * from now on sees the change: mm_use(). */
static void flush(const struct mm_struct *mm, unsigned long addr)
{
	struct flush f = { mm, addr };
	int cpu;

	smp_mb();
	cpu = READ_ONCE(mm->cpu);
	if (cpu >= 0)
		smp_call_function_single((unsigned int)cpu, flush_here, &f, 1);
}

/* --- for the migration ----------------------------------------------------------------------- */

static bool isolate(struct page *page)
{
	return PageMovable(page);
}

static void putback(struct page *page)
{
	(void)page; /* it never left its place */
}

/* The space where the frame is at home, with a reference; NULL: it was given up. */
static struct mm_struct *get_home(const struct page *page)
{
	struct mm_struct *mm = NULL;

	spin_lock(&lock);
	if (PageMovable(page)) {
		mm = (struct mm_struct *)page->private;
		mm->refs++;
	}
	spin_unlock(&lock);
	return mm;
}

/* The space's lock is held. */
static int move(struct mm_struct *mm, struct page *dst, struct page *src)
{
	unsigned long addr = src->index;
	u64 *entry, old;

	if (!PageMovable(src) || page_in_use(src))
		return -EAGAIN;
	entry = pt_find(mm, addr);
	if (WARN_ON(!entry || pte_page(*entry) != src))
		return -EINVAL;
	old = *entry;
	WRITE_ONCE(*entry, 0);
	flush(mm, addr);
	copy_highpage(dst, src);
	dst->index = addr; /* it may have changed since the migration copied it */
	WRITE_ONCE(*entry, (old & ~PTE_ADDRESS) | page_to_phys(dst));
	return 0;
}

static int migrate(struct page *dst, struct page *src, enum migrate_mode mode)
{
	struct mm_struct *mm = get_home(src);
	int err = -EAGAIN;

	(void)mode;
	if (!mm)
		return err;
	if (mutex_trylock(&mm->lock)) {
		err = move(mm, dst, src);
		mutex_unlock(&mm->lock);
	}
	mm_put(mm);
	return err;
}

static const struct movable_operations frame_ops = {
	.isolate_page = isolate,
	.migrate_page = migrate,
	.putback_page = putback,
};

/* --- for the space; its lock is held ---------------------------------------------------------- */

void frame_settle(struct page *page, struct mm_struct *mm, unsigned long addr)
{
	page->private = (unsigned long)mm;
	page->index = addr;
	if (!PageMovable(page))
		__SetPageMovable(page, &frame_ops);
}

void frame_unsettle(struct page *page)
{
	if (!frame_is_settled(page))
		return;
	spin_lock(&lock);
	__ClearPageMovable(page);
	spin_unlock(&lock);
}

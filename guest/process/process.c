/* SPDX-License-Identifier: MIT */
/* The life of processes: process.h. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <asm/apic.h>
#include <asm/traps.h>
#include <guest/sched.h>
#include <mm/platform.h>

#include "guest/user/include/pagevisor.h"
#include "process.h"

DEFINE_SPINLOCK(processes_lock);
LIST_HEAD(processes);
static LIST_HEAD(dead_orphans); /* off the other list; the same lock */

struct process *current_process(void)
{
	return current->process;
}

/* Unless it was killed before it ever ran. */
static void __noreturn go_to_user(const struct pt_regs *regs)
{
	local_irq_disable();
	process_leave_kernel();
	return_to_user(regs);
}

/* --- beginning ------------------------------------------------------------------------------ */

static int create_parts(struct process *p, const char *name, int (*first)(void *process))
{
	p->mm = mm_create();
	if (!p->mm)
		return -ENOMEM;
	p->task = kthread_create(first, p, "%s", name);
	if (IS_ERR(p->task))
		return (int)PTR_ERR(p->task);
	task_get(p->task);
	p->task->process = p;
	p->task->mm = p->mm;
	return 0;
}

struct process *process_create(struct page *results, const char *name,
			       int (*first)(void *process))
{
	struct process *p = kzalloc(sizeof(*p), GFP_KERNEL);
	int err;

	if (!p)
		return ERR_PTR(-ENOMEM);
	init_waitqueue_head(&p->changed);
	err = create_parts(p, name, first);
	if (err) {
		if (p->mm)
			mm_destroy(p->mm);
		kfree(p);
		return ERR_PTR(err);
	}
	if (results) {
		get_page(results);
		p->results = results;
	}
	p->first = p;
	p->members = 1;
	return p;
}

static void free_process(struct process *p)
{
	for (int i = 0; i < PROCESS_FILES; i++)
		if (p->files[i])
			file_put(p->files[i]);
	if (p->results)
		user_page_put(p->results);
	kfree(p);
}

void process_discard(struct process *p)
{
	/* A thread that never ran is stopped without running. */
	p->task->mm = NULL;
	task_put(p->task);
	kthread_stop(p->task);
	mm_destroy(p->mm);
	free_process(p);
}

void process_launch(struct process *p, struct process *parent)
{
	spin_lock(&processes_lock);
	p->parent = parent;
	list_add_tail(&p->node, &processes);
	spin_unlock(&processes_lock);
	wake_up_process(p->task);
}

/* --- the end -------------------------------------------------------------------------------- */

/* The address space, of the process that runs. */
static void drop_mm(struct process *me)
{
	struct mm_struct *mm = me->mm;

	preempt_disable();
	current->mm = NULL;
	mm_use(NULL, mm);
	preempt_enable();
	me->last_usage = mm->usage;
	spin_lock(&processes_lock);
	me->mm = NULL;
	me->frees = true;
	spin_unlock(&processes_lock);
	mm_destroy(mm);
	spin_lock(&processes_lock);
	me->frees = false;
	spin_unlock(&processes_lock);
}

static void leave_family(struct process *first)
{
	spin_lock(&processes_lock);
	first->members--;
	spin_unlock(&processes_lock);
}

/* The thread of a dead process is gone, too; its memory can be counted as free. */
static void reap(struct process *p)
{
	task_join(p->task);
	leave_family(p->first);
	free_process(p);
}

static void reap_orphans(void)
{
	struct process *p;

	for (;;) {
		spin_lock(&processes_lock);
		p = list_first_entry_or_null(&dead_orphans, struct process, node);
		if (p)
			list_del(&p->node);
		spin_unlock(&processes_lock);
		if (!p)
			return;
		reap(p);
	}
}

/* Children nobody will wait for: those that have ended are orphans that have. */
static void abandon_children(struct process *me)
{
	struct process *p = NULL, *next;

	spin_lock(&processes_lock);
	list_for_each_entry_safe (p, next, &processes, node) {
		if (p->parent != me)
			continue;
		p->parent = NULL;
		p->orphan = true;
		if (p->ended)
			list_move(&p->node, &dead_orphans);
	}
	spin_unlock(&processes_lock);
}

void process_exit(int status)
{
	struct process *me = current_process();

	drop_mm(me);
	abandon_children(me);
	reap_orphans();
	/* Until `ended` is seen nobody can free us; under the lock no parent can go. */
	spin_lock(&processes_lock);
	me->status = status;
	me->ended = true;
	if (me->orphan)
		list_move(&me->node, &dead_orphans);
	if (me->parent)
		wake_up_all(&me->parent->changed);
	wake_up_all(&me->changed);
	wake_up_all(&me->first->changed);
	spin_unlock(&processes_lock);
	kthread_exit(status);
}

void process_kill(struct process *p, unsigned int why)
{
	WRITE_ONCE(p->killed, why);
	wake_up_process(p->task);
	/* Into the kernel, when it is just in user mode on another CPU. */
	apic_send(READ_ONCE(p->task->cpu), VECTOR_RESCHEDULE);
}

void process_leave_kernel(void)
{
	struct process *me = current_process();
	unsigned int why = READ_ONCE(me->killed);

	if (likely(!why))
		return;
	local_irq_enable();
	process_exit(PROCESS_KILLED + (int)why);
}

/* --- fork, wait, pause ---------------------------------------------------------------------- */

static int child_main(void *process)
{
	struct process *me = process;
	struct pt_regs regs = me->regs;

	go_to_user(&regs);
}

static bool join_family(struct process *first)
{
	bool room;

	spin_lock(&processes_lock);
	room = first->members < FAMILY_MAX;
	first->members += room;
	spin_unlock(&processes_lock);
	return room;
}

/* A copy of me that does not run yet. */
static struct process *copy_process(struct process *me)
{
	struct process *child =
		process_create(me->results, task_name(current), child_main);

	if (IS_ERR(child))
		return child;
	child->first = me->first;
	if (mm_copy(child->mm, me->mm)) {
		process_discard(child);
		return ERR_PTR(-ENOMEM);
	}
	return child;
}

long process_fork(const struct pt_regs *regs)
{
	struct process *me = current_process(), *child;
	int pid;

	reap_orphans();
	if (!join_family(me->first))
		return -EAGAIN;
	child = copy_process(me);
	if (IS_ERR(child)) {
		leave_family(me->first);
		return PTR_ERR(child);
	}
	for (int i = 0; i < PROCESS_FILES; i++) {
		child->files[i] = me->files[i];
		if (child->files[i])
			file_get(child->files[i]);
	}
	child->regs = *regs;
	child->regs.rax = 0;
	pid = process_pid(child);
	process_launch(child, me);
	return pid;
}

/* An ended child of me, off the list, or NULL; *any: there are such children at all. */
static struct process *take_child(const struct process *me, int pid, bool *any)
{
	struct process *p = NULL, *found = NULL;

	*any = false;
	spin_lock(&processes_lock);
	list_for_each_entry (p, &processes, node) {
		if (p->parent != me || (pid != -1 && process_pid(p) != pid))
			continue;
		*any = true;
		if (!p->ended)
			continue;
		found = p;
		list_del(&p->node);
		break;
	}
	spin_unlock(&processes_lock);
	return found;
}

long process_wait_child(int pid, int *status, bool block)
{
	struct process *me = current_process(), *child = NULL;
	bool any;

	if (block)
		wait_event_killable(me->changed,
				    (child = take_child(me, pid, &any)) || !any);
	else
		child = take_child(me, pid, &any);
	if (!child)
		return any ? 0 : -ECHILD;
	pid = process_pid(child);
	*status = child->status & PROCESS_KILLED ? child->status & 0x7f
						 : child->status << 8;
	reap(child);
	return pid;
}

void process_pause(void)
{
	struct process *me = current_process();

	WRITE_ONCE(me->resumed, false);
	WRITE_ONCE(me->paused, true);
	wake_up_all(&me->changed);
	wait_event_killable(me->changed, READ_ONCE(me->resumed));
	WRITE_ONCE(me->paused, false);
}

/* --- for kernel code ------------------------------------------------------------------------ */

static int first_main(void *process)
{
	struct process *me = process;
	struct pt_regs regs;
	int err = program_load(&me->start, &regs);

	if (err) {
		pr_warn("%s[%d]: the program does not load: %d\n", task_name(current),
			process_pid(me), err);
		process_exit(127);
	}
	go_to_user(&regs);
}

static int add_argument(struct start *start, const char *text)
{
	size_t size = strlen(text) + 1;

	if (start->argc > PROCESS_ARGS || size > sizeof(start->text) - start->used)
		return -E2BIG;
	memcpy(start->text + start->used, text, size);
	start->used += size;
	start->argc++;
	return 0;
}

static int prepare_start(struct start *start, const char *program,
			 const char *const *args)
{
	int err = add_argument(start, program);

	start->program = program_find(program);
	if (!start->program)
		return -ENOENT;
	for (; !err && args && *args; args++)
		err = add_argument(start, *args);
	return err;
}

struct process *process_start(const char *program, const char *const *args)
{
	struct page *results;
	struct process *p;
	int err;

	if (!process_supported())
		return ERR_PTR(-EOPNOTSUPP);
	/* The kernel reads it by its address in the direct map. */
	results = user_page_alloc(GFP_USER);
	p = results ? process_create(results, program, first_main) : ERR_PTR(-ENOMEM);
	if (results)
		user_page_put(results);
	if (IS_ERR(p))
		return p;
	err = prepare_start(&p->start, program, args);
	if (err) {
		process_discard(p);
		return ERR_PTR(err);
	}
	process_launch(p, NULL);
	return p;
}

bool process_wait_pause(struct process *p)
{
	wait_event(p->changed, READ_ONCE(p->paused) || READ_ONCE(p->ended));
	return !READ_ONCE(p->ended);
}

void process_resume(struct process *p)
{
	/* Not paused for who waits next, even before it has woken up. */
	WRITE_ONCE(p->paused, false);
	WRITE_ONCE(p->resumed, true);
	wake_up_all(&p->changed);
}

bool process_has_ended(const struct process *p)
{
	return READ_ONCE(p->ended);
}

int process_wait(struct process *p)
{
	wait_event(p->changed, READ_ONCE(p->ended));
	return p->status;
}

/* Kills all that live of a family; true when there are only the first and the dead. */
static bool end_family(struct process *first)
{
	struct process *p = NULL;
	bool over = true;

	spin_lock(&processes_lock);
	list_for_each_entry (p, &processes, node) {
		if (p->first != first || p->ended)
			continue;
		over = false;
		if (!p->killed)
			process_kill(p, KILLED_MEMORY);
	}
	spin_unlock(&processes_lock);
	return over;
}

void process_put(struct process *p)
{
	/* It has ended: all others are, or become, orphans. */
	wait_event(p->changed, end_family(p));
	reap_orphans();
	/* What others reap at the moment. */
	while (READ_ONCE(p->members) > 1)
		schedule_timeout_uninterruptible(1);
	spin_lock(&processes_lock);
	list_del(&p->node);
	spin_unlock(&processes_lock);
	reap(p);
}

int process_pid(const struct process *p)
{
	return task_pid(p->task);
}

const volatile u64 *process_results(const struct process *p)
{
	return page_address(p->results);
}

void process_tell(struct process *p, unsigned int word, u64 value)
{
	u64 *words = page_address(p->results);

	WRITE_ONCE(words[word], value);
}

/* Its address space with a reference; NULL: it is gone. */
static struct mm_struct *get_mm(struct process *p)
{
	struct mm_struct *mm;

	spin_lock(&processes_lock);
	mm = p->mm;
	if (mm)
		mm_get(mm);
	spin_unlock(&processes_lock);
	return mm;
}

struct page *process_pin(struct process *p, unsigned long addr)
{
	struct mm_struct *mm = get_mm(p);
	struct page *page = NULL;
	const u64 *entry;

	if (!mm)
		return NULL;
	mutex_lock(&mm->lock);
	entry = pt_find(mm, addr);
	if (entry && pte_mapped(*entry) && !(*entry & PTE_SPECIAL)) {
		page = pte_page(*entry);
		get_page(page);
	}
	mutex_unlock(&mm->lock);
	mm_put(mm);
	return page;
}

phys_addr_t process_translate(struct process *p, unsigned long addr)
{
	struct mm_struct *mm = get_mm(p);
	phys_addr_t pa = PHYS_ADDR_MAX;
	const u64 *entry;

	if (!mm)
		return pa;
	mutex_lock(&mm->lock);
	entry = pt_find(mm, addr);
	if (entry && pte_mapped(*entry))
		pa = page_to_phys(pte_page(*entry)) + addr % PAGE_SIZE;
	mutex_unlock(&mm->lock);
	mm_put(mm);
	return pa;
}

void process_usage(struct process *p, struct process_usage *usage)
{
	spin_lock(&processes_lock);
	*usage = p->mm ? p->mm->usage : p->last_usage;
	spin_unlock(&processes_lock);
}

const char *process_verify(struct process *p)
{
	struct mm_struct *mm = get_mm(p);
	const char *fault = mm ? mm_fault_found(mm) : NULL;

	if (mm)
		mm_put(mm);
	return fault;
}

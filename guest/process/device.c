/* SPDX-License-Identifier: MIT */
/* Character devices that processes open by name, and their open files. */
#include <linux/err.h>
#include <linux/miscdevice.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "process.h"

static DEFINE_SPINLOCK(lock); /* guards the list, and users from 0 upwards */
static LIST_HEAD(devices);

static struct miscdevice *find(const char *name)
{
	struct miscdevice *misc;

	list_for_each_entry (misc, &devices, list)
		if (!strcmp(misc->name, name))
			return misc;
	return NULL;
}

int misc_register(struct miscdevice *misc)
{
	int err = -EEXIST;

	if (!misc->name || !misc->fops)
		return -EINVAL;
	spin_lock(&lock);
	if (!find(misc->name)) {
		misc->users = 0;
		list_add_tail(&misc->list, &devices);
		err = 0;
	}
	spin_unlock(&lock);
	return err;
}

int misc_deregister(struct miscdevice *misc)
{
	int err = -EBUSY;

	spin_lock(&lock);
	if (!__atomic_load_n(&misc->users, __ATOMIC_ACQUIRE)) {
		list_del(&misc->list);
		err = 0;
	}
	spin_unlock(&lock);
	return err;
}

#define DEV "/dev/"

struct file *file_open(const char *path)
{
	struct file *file = kzalloc(sizeof(*file), GFP_KERNEL);
	struct miscdevice *misc = NULL;

	if (!file)
		return ERR_PTR(-ENOMEM);
	spin_lock(&lock);
	if (!strncmp(path, DEV, strlen(DEV)))
		misc = find(path + strlen(DEV));
	if (misc)
		__atomic_add_fetch(&misc->users, 1, __ATOMIC_RELAXED);
	spin_unlock(&lock);
	if (!misc) {
		kfree(file);
		return ERR_PTR(-ENOENT);
	}
	file->refs = 1;
	file->f_op = misc->fops;
	file->private_data = misc;
	return file;
}

void file_get(struct file *file)
{
	__atomic_add_fetch(&file->refs, 1, __ATOMIC_RELAXED);
}

void file_put(struct file *file)
{
	struct miscdevice *misc = file->private_data;

	if (__atomic_sub_fetch(&file->refs, 1, __ATOMIC_ACQ_REL))
		return;
	kfree(file);
	__atomic_sub_fetch(&misc->users, 1, __ATOMIC_RELEASE);
}

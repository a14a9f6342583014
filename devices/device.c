/* SPDX-License-Identifier: MIT */
#include "devices/device.h"

#include <stddef.h>
#include <string.h>

void device_add(struct device_list *list, struct device *dev)
{
	struct device **link = &list->first;

	while (*link)
		link = &(*link)->next;
	dev->next = NULL;
	*link = dev;
}

void device_remove(struct device_list *list, struct device *dev)
{
	struct device **link = &list->first;

	while (*link && *link != dev)
		link = &(*link)->next;
	if (*link)
		*link = dev->next;
}

struct device *device_find(const struct device_list *list, const char *name)
{
	struct device *dev = list->first;

	while (dev && strcmp(dev->name, name) != 0)
		dev = dev->next;
	return dev;
}

void device_reset_all(const struct device_list *list)
{
	for (struct device *dev = list->first; dev; dev = dev->next)
		if (dev->ops->reset)
			dev->ops->reset(dev);
}

void device_quiesce_all(const struct device_list *list)
{
	for (struct device *dev = list->first; dev; dev = dev->next)
		if (dev->ops->quiesce)
			dev->ops->quiesce(dev);
}

void device_resume_all(const struct device_list *list)
{
	for (struct device *dev = list->first; dev; dev = dev->next)
		if (dev->ops->resume)
			dev->ops->resume(dev);
}

void device_destroy_all(struct device_list *list)
{
	while (list->first) {
		struct device **link = &list->first;
		struct device *last;

		while ((*link)->next)
			link = &(*link)->next;
		last = *link;
		*link = NULL;
		if (last->ops->destroy)
			last->ops->destroy(last);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * What every device of a machine answers to, whatever bus it stands on.  Control, reports
 * and snapshots reach devices only through this.
 */
#ifndef DEVICES_DEVICE_H
#define DEVICES_DEVICE_H

#include <stdint.h>

struct device;

/* Receives one number of a device's statistics. */
typedef void (*stat_fn)(void *arg, const char *name, uint64_t value);

/* Each may be called at any time, with requests in flight; any op may be NULL. */
struct device_ops {
	/* Back to the state after power-on.  When it returns nothing of the old requests
	 * moves any more: no DMA, no interrupt. */
	void (*reset)(struct device *dev);
	/* Stops what is in flight, or finishes it where that is soon done, and starts nothing
	 * new: when it returns, guest memory is left alone and the state may be read.
	 * Pausing twice is pausing once. */
	void (*quiesce)(struct device *dev);
	/* Goes on after quiesce, with what the guest asked for meanwhile. */
	void (*resume)(struct device *dev);
	void (*stats)(struct device *dev, stat_fn fn, void *arg);
	/* Frees the device.  The guest is gone or the device was taken off its bus. */
	void (*destroy)(struct device *dev);
};

struct device {
	const char *name; /* "disk0", "console": in reports; outlives the device */
	const struct device_ops *ops;
	struct device *next; /* in the machine's list */
};

/* The devices of a machine in the order they were added; zeroed is empty. */
struct device_list {
	struct device *first;
};

void device_add(struct device_list *list, struct device *dev);
void device_remove(struct device_list *list, struct device *dev);
struct device *device_find(const struct device_list *list, const char *name);

void device_reset_all(const struct device_list *list);
void device_quiesce_all(const struct device_list *list);
void device_resume_all(const struct device_list *list);
/* Destroys the last added first; the list is empty then. */
void device_destroy_all(struct device_list *list);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * virtio devices and queues as their drivers see them (include/linux/virtio.h).
 *
 * The queue maps buffers for the device and unmaps them when they come back: a driver adds
 * memory of the direct map, the DMA API does the rest.  Calls on one queue are serialised by
 * its driver; a callback runs in the queue's interrupt.
 */
#ifndef _LINUX_VIRTIO_H
#define _LINUX_VIRTIO_H

#include <abi/virtio.h>
#include <linux/device.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/scatterlist.h>

struct virtio_config_ops;
struct virtio_driver;
struct virtio_device;

struct virtqueue {
	struct virtio_device *vdev;
	void (*callback)(struct virtqueue *vq); /* something was used; NULL: never */
	const char *name;
	unsigned int index;
	unsigned int num_free; /* descriptors */
	unsigned int num_max;
	void *priv; /* the driver's */
};

struct virtio_device_id {
	u32 device; /* VIRTIO_ID_*; 0 ends a table */
};

struct virtio_device {
	struct device dev; /* dev.parent does the DMA */
	u32 id; /* VIRTIO_ID_* */
	u64 features; /* negotiated */
	const struct virtio_config_ops *config;
	struct virtio_driver *driver;
	struct list_head node; /* of all virtio devices */
	void *priv; /* the driver's */
	char name[12]; /* virtio0 */
};

#define to_virtio_dev(d) container_of(d, struct virtio_device, dev)

struct virtio_driver {
	const char *name;
	const struct virtio_device_id *id_table;
	const unsigned int *feature_table; /* bit numbers the driver understands */
	unsigned int feature_table_size;
	/* 0, or a negative errno: the device is marked FAILED and left alone. */
	int (*probe)(struct virtio_device *vdev);
	void (*remove)(struct virtio_device *vdev);
	void (*config_changed)(struct virtio_device *vdev);
	struct list_head node; /* of all drivers */
};

int register_virtio_driver(struct virtio_driver *driver);
void unregister_virtio_driver(struct virtio_driver *driver);
/* Registers it when the kernel starts: all that the end of a driver's file has to say. */
#define module_virtio_driver(driver)                      \
	static int driver##_init(void)                    \
	{                                                 \
		return register_virtio_driver(&(driver)); \
	}                                                 \
	device_initcall(driver##_init)

/* From the transport: a device was found, or goes. */
int register_virtio_device(struct virtio_device *vdev);
void unregister_virtio_device(struct virtio_device *vdev);

/*
 * Offers buffers to the device: out lists it reads, then in lists it writes.  `data` names
 * the request; virtqueue_get_buf() gives it back.  0; -ENOSPC the queue is full, -ENOMEM,
 * -EIO the queue is broken or a buffer cannot be mapped.
 */
int virtqueue_add_sgs(struct virtqueue *vq, struct scatterlist *sgs[], unsigned int out,
		      unsigned int in, void *data, gfp_t gfp);
int virtqueue_add_outbuf(struct virtqueue *vq, struct scatterlist *sg, unsigned int n,
			 void *data, gfp_t gfp);
int virtqueue_add_inbuf(struct virtqueue *vq, struct scatterlist *sg, unsigned int n,
			void *data, gfp_t gfp);
/* The same for memory that is mapped already: of list i, nents[i] entries by their
 * sg_dma_address and sg_dma_len. */
int virtqueue_add_sgs_premapped(struct virtqueue *vq, struct scatterlist *sgs[],
				const unsigned int nents[], unsigned int out,
				unsigned int in, void *data, gfp_t gfp);

/* Tells the device of what was added, unless it said that it looks by itself. */
bool virtqueue_kick(struct virtqueue *vq);
bool virtqueue_kick_prepare(struct virtqueue *vq);
bool virtqueue_notify(struct virtqueue *vq);

/* A request the device is done with, and how many bytes it wrote; NULL: none now. */
void *virtqueue_get_buf(struct virtqueue *vq, unsigned int *len);

void virtqueue_disable_cb(struct virtqueue *vq);
/* False when something was used meanwhile: look again. */
bool virtqueue_enable_cb(struct virtqueue *vq);

/* After a reset: requests the device never finished, one after the other. */
void *virtqueue_detach_unused_buf(struct virtqueue *vq);
/*
 * Makes the device let go of all requests of this queue, gives each to recycle(), and takes
 * the queue into use again, empty.  Nobody adds meanwhile.  Sleeps.
 *
 * Negative errno: -EOPNOTSUPP without VIRTIO_F_RING_RESET, -EIO when the device must be reset
 * whole, -ETIMEDOUT when it does not even reset the queue.  What was not recycled is the
 * device's then, until virtio_reset_device().
 */
int virtqueue_reset(struct virtqueue *vq,
		    void (*recycle)(struct virtqueue *vq, void *data));
unsigned int virtqueue_get_vring_size(const struct virtqueue *vq);
bool virtqueue_is_broken(const struct virtqueue *vq);

#endif

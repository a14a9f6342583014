/* SPDX-License-Identifier: MIT */
/* Features, configuration space and queues of a device (include/linux/virtio_config.h). */
#ifndef _LINUX_VIRTIO_CONFIG_H
#define _LINUX_VIRTIO_CONFIG_H

#include <linux/bug.h>
#include <linux/err.h>
#include <linux/virtio.h>

typedef void vq_callback_t(struct virtqueue *vq);

/* What a transport does; the PCI transport is the only one. */
struct virtio_config_ops {
	void (*get)(struct virtio_device *vdev, unsigned int offset, void *buf,
		    unsigned int len);
	void (*set)(struct virtio_device *vdev, unsigned int offset, const void *buf,
		    unsigned int len);
	u32 (*generation)(struct virtio_device *vdev);
	u8 (*get_status)(struct virtio_device *vdev);
	void (*set_status)(struct virtio_device *vdev, u8 status);
	/* Returns once the device says that it is reset; -ETIMEDOUT if it never does: then it
	 * was cut off memory.  Either way it holds no buffer any more. */
	int (*reset)(struct virtio_device *vdev);
	int (*find_vqs)(struct virtio_device *vdev, unsigned int n,
			struct virtqueue *vqs[], vq_callback_t *callbacks[],
			const char *const names[]);
	void (*del_vqs)(struct virtio_device *vdev);
	u64 (*get_features)(struct virtio_device *vdev);
	/* Offers vdev->features; 0, or -EINVAL when the device refuses them. */
	int (*finalize_features)(struct virtio_device *vdev);
	/* Resets one queue (VIRTIO_F_RING_RESET): no request of it is in flight afterwards. */
	int (*reset_vq)(struct virtqueue *vq);
	/* Takes it into use again. */
	int (*enable_vq)(struct virtqueue *vq);
	unsigned int (*num_queues)(struct virtio_device *vdev);
};

static inline bool virtio_has_feature(const struct virtio_device *vdev, unsigned int bit)
{
	return vdev->features & VIRTIO_FEATURE(bit);
}

/* Bytes of the configuration, read until no change came in between. */
void virtio_cread_bytes(struct virtio_device *vdev, unsigned int offset, void *buf,
			unsigned int len);
#define virtio_cread(vdev, structure, member, ptr)                 \
	virtio_cread_bytes(vdev, offsetof(structure, member), ptr, \
			   (unsigned int)sizeof(((structure *)0)->member))

static inline int virtio_find_vqs(struct virtio_device *vdev, unsigned int n,
				  struct virtqueue *vqs[], vq_callback_t *callbacks[],
				  const char *const names[])
{
	return vdev->config->find_vqs(vdev, n, vqs, callbacks, names);
}

/* NULL or an ERR_PTR: use IS_ERR. */
static inline struct virtqueue *virtio_find_single_vq(struct virtio_device *vdev,
						      vq_callback_t *callback,
						      const char *name)
{
	struct virtqueue *vq;
	int err = virtio_find_vqs(vdev, 1, &vq, &callback, &name);

	return err ? ERR_PTR(err) : vq;
}

/* Queues are set up: the driver can use them (DRIVER_OK). */
void virtio_device_ready(struct virtio_device *vdev);
/* Stops the device for good: reset, no interrupt any more. */
void virtio_reset_device(struct virtio_device *vdev);

#endif

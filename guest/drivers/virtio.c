/* SPDX-License-Identifier: MIT */
/* The virtio bus: devices, drivers, and how one takes the other into use (virtio 1.2, 3.1). */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/mutex.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>

static LIST_HEAD(devices); /* both guarded by lock */
static LIST_HEAD(drivers);
static DEFINE_MUTEX(lock);
static unsigned int device_count;

/* What every driver can deal with: the ring and the transport see to it. */
#define COMMON_FEATURES                                                                 \
	(VIRTIO_FEATURE(VIRTIO_RING_F_INDIRECT_DESC) |                                  \
	 VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX) | VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | \
	 VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) | VIRTIO_FEATURE(VIRTIO_F_RING_RESET))

static void add_status(struct virtio_device *vdev, u8 bit)
{
	vdev->config->set_status(vdev, vdev->config->get_status(vdev) | bit);
}

static bool handles(const struct virtio_driver *driver, u32 id)
{
	for (const struct virtio_device_id *i = driver->id_table; i->device; i++)
		if (i->device == id)
			return true;
	return false;
}

static u64 driver_features(const struct virtio_driver *driver)
{
	u64 features = COMMON_FEATURES;

	for (unsigned int i = 0; i < driver->feature_table_size; i++)
		features |= VIRTIO_FEATURE(driver->feature_table[i]);
	return features;
}

static int negotiate(struct virtio_device *vdev, const struct virtio_driver *driver)
{
	int err;

	vdev->features = vdev->config->get_features(vdev) & driver_features(driver);
	if (!virtio_has_feature(vdev, VIRTIO_F_VERSION_1))
		return -ENODEV;
	err = vdev->config->finalize_features(vdev);
	if (err)
		return err;
	add_status(vdev, VIRTIO_CONFIG_S_FEATURES_OK);
	return vdev->config->get_status(vdev) & VIRTIO_CONFIG_S_FEATURES_OK ? 0 : -EINVAL;
}

static int take(struct virtio_device *vdev, struct virtio_driver *driver)
{
	int err = vdev->config->reset(vdev);

	if (err)
		return err;
	add_status(vdev, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	add_status(vdev, VIRTIO_CONFIG_S_DRIVER);
	err = negotiate(vdev, driver);
	return err ? err : driver->probe(vdev);
}

static void offer(struct virtio_device *vdev, struct virtio_driver *driver)
{
	int err;

	if (vdev->driver || !handles(driver, vdev->id))
		return;
	vdev->driver = driver;
	err = take(vdev, driver);
	if (err) {
		dev_err(&vdev->dev, "%s cannot use it: %d\n", driver->name, err);
		add_status(vdev, VIRTIO_CONFIG_S_FAILED);
		vdev->driver = NULL;
		dma_driver_released(vdev->dev.parent);
		return;
	}
	if (!(vdev->config->get_status(vdev) & VIRTIO_CONFIG_S_DRIVER_OK))
		virtio_device_ready(vdev);
}

int register_virtio_driver(struct virtio_driver *driver)
{
	struct virtio_device *vdev;

	mutex_lock(&lock);
	list_add_tail(&driver->node, &drivers);
	list_for_each_entry (vdev, &devices, node) {
		offer(vdev, driver);
	}
	mutex_unlock(&lock);
	return 0;
}

static void release(struct virtio_device *vdev)
{
	if (!vdev->driver)
		return;
	if (vdev->driver->remove)
		vdev->driver->remove(vdev);
	vdev->driver = NULL;
	dma_driver_released(vdev->dev.parent);
}

void unregister_virtio_driver(struct virtio_driver *driver)
{
	struct virtio_device *vdev;

	mutex_lock(&lock);
	list_for_each_entry (vdev, &devices, node) {
		if (vdev->driver == driver)
			release(vdev);
	}
	list_del(&driver->node);
	mutex_unlock(&lock);
}

int register_virtio_device(struct virtio_device *vdev)
{
	struct virtio_driver *driver;

	mutex_lock(&lock);
	scnprintf(vdev->name, sizeof(vdev->name), "virtio%u", device_count++);
	vdev->dev.name = vdev->name;
	list_add_tail(&vdev->node, &devices);
	list_for_each_entry (driver, &drivers, node) {
		offer(vdev, driver);
	}
	mutex_unlock(&lock);
	return 0;
}

void unregister_virtio_device(struct virtio_device *vdev)
{
	mutex_lock(&lock);
	release(vdev);
	list_del(&vdev->node);
	mutex_unlock(&lock);
}

void virtio_device_ready(struct virtio_device *vdev)
{
	add_status(vdev, VIRTIO_CONFIG_S_DRIVER_OK);
}

void virtio_reset_device(struct virtio_device *vdev)
{
	int err = vdev->config->reset(vdev);

	if (err)
		dev_err(&vdev->dev, "does not reset: %d\n", err);
}

/* A configuration that changes all the time is read as it was at the last try. */
#define GENERATION_TRIES 100

void virtio_cread_bytes(struct virtio_device *vdev, unsigned int offset, void *buf,
			unsigned int len)
{
	u32 before;
	int tries = 0;

	do {
		before = vdev->config->generation(vdev);
		vdev->config->get(vdev, offset, buf, len);
	} while (vdev->config->generation(vdev) != before && ++tries < GENERATION_TRIES);
}

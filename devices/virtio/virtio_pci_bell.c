/* SPDX-License-Identifier: MIT */
/*
 * Doorbells: an eventfd for each queue.  Where the host can ring it straight from the
 * guest's write, the queue is served by the event loop; where it cannot, or shall not
 * because the model wants it prompt, the write arrives in the BAR and the queue is served at
 * once.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "devices/probe.h"
#include "devices/virtio/virtio_pci_regs.h"

static void rung(void *arg, uint32_t events)
{
	struct virtio_pci_queue *pq = arg;
	struct virtio_pci *vp = pq->vp;
	eventfd_t count;

	(void)events;
	if (eventfd_read(pq->bell.fd, &count) != 0)
		return;
	PROBE(doorbell, vp->vd->name, (unsigned int)(pq - vp->queue), count);
	virtio_notify(vp->vd, (unsigned int)(pq - vp->queue));
}

bool virtio_pci_ring_bell(struct virtio_pci *vp, unsigned int i)
{
	return vp->queue[i].belled && eventfd_write(vp->queue[i].bell.fd, 1) == 0;
}

static uint64_t bell_address(const struct virtio_pci *vp, unsigned int index)
{
	return vp->pci.bar[VIRTIO_PCI_BAR_REGS].range.base + VIRTIO_PCI_REGS_NOTIFY +
	       index * VIRTIO_PCI_NOTIFY_STEP;
}

/*
 * A host pays for each doorbell added or removed, so one is added when its queue is enabled
 * and stays, whatever the driver resets, until the BAR moves.  Rung for a queue that is off
 * it means nothing.
 */
void virtio_pci_add_bell(struct virtio_pci *vp, unsigned int i)
{
	struct virtio_pci_queue *pq = &vp->queue[i];

	if (vp->vd->model->prompt_queues >> i & 1)
		return;
	if (pq->belled && !pq->rings && vp->pci.bar[VIRTIO_PCI_BAR_REGS].mapped)
		pq->rings = !host_doorbell_add(vp->vd->host, bell_address(vp, i), 0,
					       pq->bell.fd);
}

void virtio_pci_move_bells(struct virtio_pci *vp, bool mapped)
{
	for (unsigned int i = 0; i < vp->vd->nr_queues; i++) {
		struct virtio_pci_queue *pq = &vp->queue[i];

		if (!mapped && pq->rings)
			host_doorbell_del(vp->vd->host, bell_address(vp, i), 0,
					  pq->bell.fd);
		if (!mapped)
			pq->rings = false;
		else if (vp->vd->queue[i].enabled)
			virtio_pci_add_bell(vp, i);
	}
}

int virtio_pci_open_bells(struct virtio_pci *vp, struct host *host)
{
	for (unsigned int i = 0; i < vp->vd->nr_queues; i++) {
		struct virtio_pci_queue *pq = &vp->queue[i];

		*pq = (struct virtio_pci_queue){ .vp = vp,
						 .vector = VIRTIO_MSI_NO_VECTOR };
		pq->bell =
			(struct host_watch){ .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
					     .fn = rung,
					     .arg = pq };
		if (pq->bell.fd < 0)
			return -errno;
		pq->belled = host_watch(host, &pq->bell, EPOLLIN) == 0;
	}
	return 0;
}

void virtio_pci_close_bells(struct virtio_pci *vp, struct host *host)
{
	for (unsigned int i = 0; i < vp->vd->nr_queues; i++) {
		struct virtio_pci_queue *pq = &vp->queue[i];

		if (pq->belled)
			host_unwatch(host, &pq->bell);
		if (pq->vp && pq->bell.fd >= 0)
			close(pq->bell.fd);
		*pq = (struct virtio_pci_queue){ 0 };
	}
}

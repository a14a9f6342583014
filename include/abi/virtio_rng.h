/* SPDX-License-Identifier: MIT */
/*
 * virtio entropy device (virtio 1.2, section 5.4): one queue of writable buffers, which the
 * device fills with random bytes, all or part; no configuration, no feature bits.
 */
#ifndef ABI_VIRTIO_RNG_H
#define ABI_VIRTIO_RNG_H

#define VIRTIO_RNG_REQUESTQ 0

#endif

/* SPDX-License-Identifier: MIT */
/*
 * virtio console (virtio 1.2, section 5.3): queue 0 receives (device to driver), queue 1
 * transmits; no MULTIPORT, so there are no others.
 */
#ifndef ABI_VIRTIO_CONSOLE_H
#define ABI_VIRTIO_CONSOLE_H

#include <abi/types.h>

#define VIRTIO_CONSOLE_F_SIZE	     0 /* cols and rows are valid */
#define VIRTIO_CONSOLE_F_MULTIPORT   1
#define VIRTIO_CONSOLE_F_EMERG_WRITE 2 /* writing emerg_wr prints a byte at once */

#define VIRTIO_CONSOLE_RXQ 0
#define VIRTIO_CONSOLE_TXQ 1

struct virtio_console_config {
	le16 cols;
	le16 rows;
	le32 max_nr_ports;
	le32 emerg_wr;
};
_Static_assert(sizeof(struct virtio_console_config) == 12, "virtio 1.2, 5.3.4");

#endif

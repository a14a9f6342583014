/* SPDX-License-Identifier: MIT */
/* The edu device of <abi/edu.h>. */
#ifndef DEVICES_EDU_H
#define DEVICES_EDU_H

#include "devices/pci/pci.h"

struct edu_params {
	const char *name;
	unsigned int dma_bits; /* of an I/O address, 1 to 64; 0: EDU_DMA_BITS */
};

/* Makes one and plugs it at devfn; the machine's device list owns it then.  *out, when not
 * NULL, is its function.  0; -EINVAL: dma_bits; -ENOMEM; or what pci_plug says. */
int edu_plug(struct pci_host *pci, uint8_t devfn, const struct edu_params *params,
	     struct pci_dev **out);

#endif

/* SPDX-License-Identifier: MIT */
/* Inside the PCI code. */
#ifndef GUEST_PCI_H
#define GUEST_PCI_H

struct pci_dev;

/* Chooses how configuration space is reached; before the first access. */
void pci_config_init(void);
/* Finds out the BARs that firmware assigned. */
void pci_read_bars(struct pci_dev *dev);

#endif

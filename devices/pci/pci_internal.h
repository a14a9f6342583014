/* SPDX-License-Identifier: MIT */
/* What the files of the PCI bus share. */
#ifndef DEVICES_PCI_INTERNAL_H
#define DEVICES_PCI_INTERNAL_H

#include "devices/pci/pci.h"

uint16_t pci_get16(const uint8_t *bytes, unsigned int offset);
uint32_t pci_get32(const uint8_t *bytes, unsigned int offset);
void pci_put16(uint8_t *bytes, unsigned int offset, uint16_t value);
void pci_put32(uint8_t *bytes, unsigned int offset, uint32_t value);

/* Puts every BAR of every function where its registers say, or off its bus. */
void pci_update_bars(struct pci_host *pci);
void pci_remove_bars(struct pci_dev *dev);

/* Bus mastering, function mask or enable changed: sends what is pending and may go. */
void pci_msix_update(struct pci_dev *dev);
int pci_msix_plug(struct pci_dev *dev);
void pci_msix_unplug(struct pci_dev *dev);
void pci_msix_reset(struct pci_dev *dev);

/* The guest wrote the capability: the host hears of it when the vector is sent. */
void pci_msi_changed(struct pci_dev *dev);
int pci_msi_plug(struct pci_dev *dev);
void pci_msi_unplug(struct pci_dev *dev);

/* Drives the line of the function's pin as its wish, INTX_DISABLE, MSI and MSI-X have it. */
void pci_intx_update(struct pci_dev *dev);

#endif

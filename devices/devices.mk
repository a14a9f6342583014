# devices/: device models, a library without KVM.  A device that is one file stands here; a
# folder holds what is more:
#   dma/	the only way to guest memory: translated, bounds-checked, witnessed
#   virtio/	rings, features, the PCI transport
#   pci/	host bridge, configuration space, BARs, MSI and MSI-X
#   blk/	virtio-blk and what it reads from
#   iommu/	virtio-iommu and its domains
#   balloon/, dmacheck/	a device each
#   inject/	faults on request
#   legacy/	UART, clock chip, power management, exit, panic and reset ports
DEVICES_SRC  := $(sort $(shell find devices -name '*.c'))
DEVICES_LIBS := -luring -lxxhash
$(eval $(call static_lib,host,libdevices,$(DEVICES_SRC)))
$(eval $(call static_lib,san,libdevices,$(DEVICES_SRC)))

# devices/: device models, a library without KVM.
DEVICES_SRC  := $(sort $(shell find devices -name '*.c'))
DEVICES_LIBS := -luring -lxxhash
$(eval $(call static_lib,host,libdevices,$(DEVICES_SRC)))
$(eval $(call static_lib,san,libdevices,$(DEVICES_SRC)))

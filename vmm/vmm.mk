# vmm/: the monitor itself.  All but main.c is a library, so that tests can link it.
VMM_SRC	 := $(filter-out vmm/main.c,$(sort $(shell find vmm -name '*.c')))
VMM_LIBS := -ljansson -lpthread
$(eval $(call static_lib,host,libvmm,$(VMM_SRC)))
$(eval $(call static_lib,san,libvmm,$(VMM_SRC)))

$(B)/pagevisor: $(B)/host/vmm/main.o $(B)/host/libvmm.a $(B)/host/libdevices.a
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^ $(DEVICES_LIBS) $(VMM_LIBS)

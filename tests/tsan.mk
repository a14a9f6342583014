# tsan: the monitor under ThreadSanitizer, which knows no fences but in atomic accesses.
CFLAGS_tsan := $(filter-out -O2,$(BASE)) -O1 -fno-omit-frame-pointer -fsanitize=thread -Wno-tsan
$(eval $(call host_rules,tsan))
$(eval $(call static_lib,tsan,libvmm,$(VMM_SRC)))
$(eval $(call static_lib,tsan,libdevices,$(DEVICES_SRC)))

$(B)/tsan/pagevisor: $(B)/tsan/vmm/main.o $(B)/tsan/libvmm.a $(B)/tsan/libdevices.a
	$(call say,LD,$@)
	$(Q)$(CC) -fsanitize=thread -o $@ $^ $(DEVICES_LIBS) $(VMM_LIBS)

.PHONY: tsan
tsan: all images $(B)/tsan/pagevisor
	$(Q)tests/lab/with-kvm tests/tsan $(B)
#: make tsan       guests on a monitor under ThreadSanitizer, looked at and stopped meanwhile

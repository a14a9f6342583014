# images/: the disks that guests are given.
DISK	:= $(B)/disk.img
SCRATCH := $(B)/scratch.img

.PHONY: images
images: $(DISK) $(SCRATCH)

# 1 MiB, the same on every machine, no two sectors alike: wrong bytes cannot hash right.
$(DISK):
	$(call say,DISK,$@)
	@mkdir -p $(@D)
	$(Q)seq 1 200000 | head -c 1048576 >$@

# 1 MiB to write to: the guest leaves it as blank as it found it.
$(SCRATCH):
	$(call say,DISK,$@)
	@mkdir -p $(@D)
	$(Q)truncate -s 1M $@

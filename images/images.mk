# images/: the disks that guests are given.
DISK := $(B)/disk.img

.PHONY: images
images: $(DISK)

# 1 MiB, the same on every machine, no two sectors alike: wrong bytes cannot hash right.
$(DISK):
	$(call say,DISK,$@)
	@mkdir -p $(@D)
	$(Q)seq 1 200000 | head -c 1048576 >$@

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

# Domain XML for libvirt: the templates of images/libvirt with the paths of this build.
LIBVIRT_XML := $(patsubst images/libvirt/%.xml.in,$(B)/libvirt/%.xml,$(wildcard images/libvirt/*.xml.in))
$(B)/libvirt/%.xml: images/libvirt/%.xml.in
	$(call say,XML,$@)
	@mkdir -p $(@D)
	$(Q)sed 's|@B@|$(abspath $(B))|g' $< >$@

.PHONY: libvirt-xml
libvirt-xml: all images $(LIBVIRT_XML)
	@echo "now: virsh define $(B)/libvirt/pagevisor.xml"
#: make libvirt-xml  domain XML for pagevisor and stock QEMU: build/libvirt/*.xml

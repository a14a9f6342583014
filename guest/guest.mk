# guest/: the guest kernel, build/guest.elf: guest/ and mm/ compiled freestanding, with
# general-purpose instructions only, linked twice: the second link embeds the table of
# function names that the first one yields (guest/symbols.awk).
include guest/user/user.mk
GUEST_SRC := $(sort $(shell find guest -path guest/user -prune -o -name '*.c' -print)) $(MM_SRC)
GUEST_ASM := $(sort $(shell find guest -path guest/user -prune -o -name '*.S' -print))
GUEST_OBJ := $(call objs,guest,$(GUEST_SRC) $(GUEST_ASM)) $(B)/guest/programs.o

# On the host <asm/platform.h> is the one of tests/host, so ours comes last there.
CFLAGS_guest   := -ffreestanding -idirafter guest/include
CPPFLAGS_guest := $(BASE) $(INC_guest) -march=x86-64 -mgeneral-regs-only -mprfchw -mno-red-zone \
	-mcmodel=kernel -fno-pic -fno-pie -fno-stack-protector -fno-omit-frame-pointer \
	-fno-optimize-sibling-calls -fno-asynchronous-unwind-tables \
	-fcf-protection=none -fno-tree-loop-distribute-patterns
CPPFLAGS_gcc   := -ffile-prefix-map=$(CURDIR)/=
LDFLAGS_guest  := -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack \
	-Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments -Wl,--fatal-warnings

$(B)/guest/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_guest) $(CPPFLAGS_guest) $(CPPFLAGS_gcc) $(DEP) -c $< -o $@
$(B)/guest/%.o: %.S
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_guest) $(CPPFLAGS_guest) $(CPPFLAGS_gcc) -D__ASSEMBLY__ $(DEP) \
		-c $< -o $@

# The one file that includes a system header.
$(B)/guest/guest/lib/xxhash.o: CPPFLAGS_gcc += -isystem guest/lib/xxhash

# guest_link OUTPUT,OBJECTS
guest_link = $(CC) $(LDFLAGS_guest) -T guest/guest.lds -o $(1) $(2)

$(B)/guest/symbols.S: guest/guest.lds guest/symbols.awk $(GUEST_OBJ)
	$(call say,LD,$(B)/guest/pass1.elf)
	$(Q)$(call guest_link,$(B)/guest/pass1.elf,$(GUEST_OBJ))
	$(Q)nm -n --defined-only $(B)/guest/pass1.elf | awk -f guest/symbols.awk >$@
$(B)/guest/symbols.o: $(B)/guest/symbols.S
	$(Q)$(CC) -c $< -o $@
$(B)/guest/guest.debug: $(B)/guest/symbols.o
	$(call say,LD,$@)
	$(Q)$(call guest_link,$@,$(GUEST_OBJ) $(B)/guest/symbols.o)
$(B)/guest.elf: $(B)/guest/guest.debug
	$(call say,STRIP,$@)
	$(Q)objcopy --strip-debug $< $@

# The parts that know no machine are tested on the host (mm/mm.mk has more of them).  What
# libc has as well gets another name there, so that the tests compare the two.
GUEST_PURE  := guest/kernel/cmdline.c guest/kernel/symbols.c guest/drivers/acpi.c \
	       guest/experiments/ktap.c guest/process/elf.c \
	       $(addprefix guest/drivers/,virtio.c virtio_ring.c virtio_blk.c virtio_rng.c \
		virtio_console.c dmacheck.c patience.c balloon_list.c virtio_iommu.c \
		viommu_queue.c viommu_domain.c) $(USER_PURE)
GUEST_NAMES := memcpy memmove memset memcmp memchr strlen strcmp strncmp strchr strstr \
	       vsnprintf snprintf
GUEST_TESTS := $(basename $(wildcard tests/unit/guest/test_*.c))
define guest_test_rules
$(eval $(call static_lib,$(1),libguest,$(GUEST_PURE)))
$(B)/$(1)/guest/%.o: HOSTDEF += $(foreach n,$(GUEST_NAMES),-D$(n)=guest_$(n)) \
	-fno-tree-loop-distribute-patterns
$(B)/$(1)/guest/user/%.o: HOSTDEF += $(USER_RENAMED)
$(GUEST_TESTS:tests/unit/%=$(B)/$(1)/tests/%): $(B)/$(1)/libguest.a
endef
$(eval $(call guest_test_rules,host))
$(eval $(call guest_test_rules,san))

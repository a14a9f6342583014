# tests/: every tests/unit/ROOM/test_NAME.c is one cmocka program, built plain (host) and
# with AddressSanitizer and UBSan (san); tests/integration/*.sh drive the real binaries.
# All of them speak TAP to tests/runner, which counts.
UNIT_SRC   := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_MOCKS := $(sort $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*/*.c)))
unit_bin   = $(patsubst tests/unit/%.c,$(B)/$(1)/tests/%,$(UNIT_SRC))
INTEGRATION := $(sort $(wildcard tests/integration/*.sh))
UNIT_LIBS  := -lcmocka $(DEVICES_LIBS) $(VMM_LIBS)

define unit_rules
$(eval $(call static_lib,$(1),libmocks,$(UNIT_MOCKS)))
$(B)/$(1)/tests/%: $(B)/$(1)/tests/unit/%.o $(B)/$(1)/libmocks.a $(B)/$(1)/libvmm.a $(B)/$(1)/libdevices.a $(B)/$(1)/libmm.a
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$(Q)$$(CC) $(2) -o $$@ $$(filter %.o,$$^) -Wl,--start-group $$(filter %.a,$$^) \
		-Wl,--end-group $$(UNIT_LIBS)
endef
$(eval $(call unit_rules,host,))
$(eval $(call unit_rules,san,$(SAN_LD)))

# The hostile guest, which knows devices by include/abi/ alone.
HOSTILE_SRC := $(sort $(wildcard tests/hostile/*.c)) tests/hostile/start.S
CFLAGS_hostile := $(BASE) -ffreestanding -fno-builtin -fno-stack-protector -fno-pie \
	-fno-tree-loop-distribute-patterns -fcf-protection=none -march=x86-64 -mgeneral-regs-only \
	-mno-red-zone
$(B)/hostile.elf: $(HOSTILE_SRC) $(wildcard tests/hostile/*.h include/abi/*.h)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_hostile) $(INC_hostile) -nostdlib -static -no-pie -Wl,--build-id=none,-N \
		-Wl,--no-warn-rwx-segments,-Ttext=0x100000,-e,start -o $@ tests/hostile/start.S \
		$(filter-out %.S,$(HOSTILE_SRC))
test: $(B)/hostile.elf

.PHONY: test unit
.SECONDARY:
UNIT_BIN := $(call unit_bin,host) $(call unit_bin,san)
unit: $(UNIT_BIN)
	$(Q)tests/runner $(UNIT_BIN)

test: all images $(UNIT_BIN)
	$(Q)B=$(B) tests/runner $(UNIT_BIN) $(FUZZ_REPLAY) $(INTEGRATION)

#: make unit       the unit tests alone, plain and under the sanitizers
#: make test       every test; the last line counts them

# A terminal, for integration/top.sh.
$(B)/pty: tests/integration/terminal/pty.c
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -D_GNU_SOURCE -o $@ $< -lutil
test: $(B)/pty

# Programs over libvirt's C API, for integration/libvirt.sh.
LIBVIRT_TESTS := $(B)/libvirt/verbs $(B)/libvirt/policies
$(LIBVIRT_TESTS): $(B)/libvirt/%: tests/integration/libvirt/%.c $(addprefix tests/integration/libvirt/domain.,c h)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -D_GNU_SOURCE -o $@ $< $(filter %domain.c,$^) -lvirt -lvirt-qemu -lcmocka -lpthread
test: $(LIBVIRT_TESTS) libvirt-xml

# fuzz: every tests/fuzz/ROOM/NAME.c is one target, built by clang with libFuzzer for `make
# fuzz`, and by gcc with a plain main() that replays tests/fuzz/corpus/NAME for `make test`.
FUZZ_SRC   := $(sort $(wildcard tests/fuzz/devices/*.c tests/fuzz/vmm/*.c tests/fuzz/guest/*.c))
FUZZ_NAMES := $(basename $(notdir $(FUZZ_SRC)))
FUZZ_LIB   := $(filter-out tests/fuzz/lib/replay.c,$(sort $(wildcard tests/fuzz/lib/*.c)))
FUZZ_MOCKS := $(filter tests/unit/devices/% tests/unit/vmm/%,$(UNIT_MOCKS))
FUZZ_LIBS  := libtargets libmocks libvmm libdevices
INC_lib	   := $(INC_vmm)

# What is tested is measured; what tests is not: its comparisons are many and say nothing.
CFLAGS_fuzz := $(BASE) -fno-omit-frame-pointer -fsanitize=address,undefined \
	       -fno-sanitize-recover=undefined -Wno-gnu-variable-sized-type-not-at-end
FUZZ_TRACED := $(addprefix $(B)/fuzz/,devices/% vmm/% guest/%)
$(FUZZ_TRACED): CFLAGS_fuzz += -fsanitize=fuzzer-no-link
FUZZ_LD := -fsanitize=fuzzer,address,undefined
$(B)/fuzz/%: CC = $(CLANG)
$(eval $(call host_rules,fuzz))
$(eval $(call static_lib,fuzz,libtargets,$(FUZZ_LIB)))
$(eval $(call static_lib,fuzz,libmocks,$(FUZZ_MOCKS)))
$(eval $(call static_lib,fuzz,libvmm,$(VMM_SRC)))
$(eval $(call static_lib,fuzz,libdevices,$(DEVICES_SRC)))
$(eval $(call static_lib,fuzz,libguest,guest/drivers/acpi.c))
$(eval $(call static_lib,san,libtargets,$(FUZZ_LIB)))

# fuzz_link FLAGS: one target from its objects and libraries.
define fuzz_link
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(1) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) \
		-Wl,--end-group $(UNIT_LIBS)
endef
define fuzz_target
$(B)/fuzz/bin/$(basename $(notdir $(1))): $(call objs,fuzz,$(1)) \
		$(FUZZ_LIBS:%=$(B)/fuzz/%.a) $(B)/fuzz/libguest.a
	$$(call fuzz_link,$$(FUZZ_LD))
$(B)/san/fuzz/$(basename $(notdir $(1))): $(call objs,san,$(1) tests/fuzz/lib/replay.c) \
		$(FUZZ_LIBS:%=$(B)/san/%.a) $(B)/san/libguest.a $(B)/san/libmm.a
	$$(call fuzz_link,$$(SAN_LD))
endef
$(foreach s,$(FUZZ_SRC),$(eval $(call fuzz_target,$(s))))

FUZZ_BIN    := $(FUZZ_NAMES:%=$(B)/fuzz/bin/%)
FUZZ_REPLAY := $(FUZZ_NAMES:%=$(B)/san/fuzz/%)
FUZZ_SECONDS ?= 60
test: $(FUZZ_REPLAY)

.PHONY: fuzz fuzz-keep
fuzz fuzz-keep: $(FUZZ_BIN) $(FUZZ_REPLAY)
	$(Q)B=$(B) tests/fuzz/$(if $(filter fuzz,$@),run $(FUZZ_SECONDS),keep) $(FUZZ_NAMES)
#: make fuzz       fuzz each target for FUZZ_SECONDS (60); status 1 on a finding
#: make fuzz-keep  what it found new goes, minimised, into tests/fuzz/corpus

# pagevisor: `make run` and `make test` do all their own set-up.
#
# Each room of the house has its own fragment (mm/mm.mk, devices/devices.mk, ...), which
# names its sources and what is made of them.  This file holds what they share: flags,
# the object rules, packages, and the goals a person types.  `make help` lists those.
#
#   B=DIR   where everything made goes (default: build)
#   V=1     print each command
#   -j1     one after the other; else as many at once as there are processors

B	?= build
V	?= 0
VERSION	:= 0.1.0

MAKEFLAGS += --no-builtin-rules -j$(shell nproc)
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all
SHELL	:= /bin/bash

ifeq ($(origin CC),default)
CC	:= gcc
endif
CLANG	?= clang
Q	:= $(if $(filter 1,$(V)),,@)
say	= $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' $(1) $(2))

WARN	:= -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	   -Wold-style-definition -Wvla -Wwrite-strings -Wpointer-arith -Wundef
BASE	:= -std=gnu11 -g -O2 -fno-strict-aliasing -fno-common $(WARN)

# What each room may include is its include path: the rooms' walls, checked by the compiler.
INC_mm		:= -Iinclude/api -Iinclude -I.
INC_guest	:= -Iguest/include -Iinclude/api -Iinclude -I.
INC_devices	:= -Iinclude -I.
INC_vmm		:= -Iinclude -I.
INC_hostile	:= -Iinclude -I.

# room SOURCE: the room whose include path a source gets.  tests/unit/mm/x.c builds as mm
# (tests/fuzz/vmm/x.c as vmm), as do the host platform and the benchmarks.
room = $(if $(filter tests/unit/% tests/fuzz/%,$(1)),$(word 3,$(subst /, ,$(1))),$(if \
	$(filter tests/host/% tests/bench/%,$(1)),mm,$(if \
	$(filter tests/hostile/%,$(1)),hostile,$(firstword $(subst /, ,$(1))))))
# objs VARIANT,SOURCES: the objects of these sources in a variant (guest, host, san).
objs = $(addprefix $(B)/$(1)/,$(addsuffix .o,$(basename $(2))))

# With -MMD the headers of guest/include would be left out: -idirafter makes them system's.
DEP	= -MD -MP
HOSTDEF	:= -D_GNU_SOURCE -DPAGEVISOR_VERSION='"$(VERSION)"'
HOSTMM	:= -Itests/host/include
CFLAGS_host := $(BASE) -fno-omit-frame-pointer -momit-leaf-frame-pointer -fstack-protector-strong
CFLAGS_san  := $(BASE) -fno-omit-frame-pointer -fsanitize=address,undefined \
	       -fno-sanitize-recover=undefined
SAN_LD	:= -fsanitize=address,undefined

# On the host, mm/ and its tests take their <asm/platform.h> from tests/host/include.
hostinc = $(if $(filter mm guest,$(call room,$(1))),$(HOSTMM) $(INC_mm),$(INC_$(call room,$(1))))

define host_rules
$(B)/$(1)/%.o: %.c
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$(Q)$$(CC) $$(CFLAGS_$(1)) $$(CFLAGS_$$(call room,$$<)) $$(HOSTDEF) $$(call hostinc,$$<) $$(DEP) -c $$< -o $$@
endef
$(eval $(call host_rules,host))
$(eval $(call host_rules,san))

# static_lib VARIANT,NAME,SOURCES
define static_lib
$(B)/$(1)/$(2).a: $$(call objs,$(1),$(3))
	$$(call say,AR,$$@)
	@rm -f $$@
	$(Q)ar rcs $$@ $$^
endef

include mm/mm.mk devices/devices.mk vmm/vmm.mk guest/guest.mk images/images.mk tests/tests.mk tests/fuzz.mk tests/lint.mk tests/bench.mk tests/tsan.mk

.PHONY: all run clean help deps-build deps-lab deps-test deps-lint deps-bench
all: $(B)/pagevisor $(B)/guest.elf

# --- packages -------------------------------------------------------------------------
# deps-GOAL: everything listed in .packages for GOAL and the goals below it is installed.
NEEDS_build := build
NEEDS_lab   := build|lab
NEEDS_test  := build|lab|test
NEEDS_lint  := build|lab|test|lint
NEEDS_bench := build|lab|test|bench
NEEDS_bench-guest := $(NEEDS_bench)
NEEDS_fuzz  := $(NEEDS_lint)
NEEDS_fuzz-keep := $(NEEDS_lint)
deps-build deps-lab deps-test deps-lint deps-bench: deps-%:
	@tests/install-packages '$(NEEDS_$*)'

# Nothing is compiled before the packages it needs are there.
ifneq ($(filter-out clean help deps-%,$(or $(MAKECMDGOALS),all)),)
ifndef NODEPS
$(if $(shell tests/install-packages '$(or $(NEEDS_$(firstword $(filter test lint bench bench-guest fuzz fuzz-keep,$(MAKECMDGOALS)))),build)' >&2 || echo no),$(error packages are missing, see the line above))
endif
endif

# What the experiments of boot memory and of contiguous areas need; tests/integration reads
# it here, so that it tests what `make run` does.
RUN_APPEND ?= bootmem=16M mem=240M cma=32M
RUN_OPTIONS ?= --dma-check=hash
run: all images
	$(Q)tests/lab/with-kvm $(B)/pagevisor run --mem 256M --cpus 2 --disk $(DISK),ro --disk $(SCRATCH) \
		$(RUN_OPTIONS) --append '$(RUN_APPEND)' $(B)/guest.elf

clean:
	rm -rf $(B)

help:
	@sed -n 's/^#: //p' $(MAKEFILE_LIST)
#: make            build/pagevisor and build/guest.elf
#: make run        boot the guest and print its verdicts
#: make clean      remove everything made

-include $(shell find $(B) -name '*.d' 2>/dev/null)

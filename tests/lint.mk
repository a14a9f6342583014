# lint: formatting, clang's warnings, clang-tidy, cppcheck, shellcheck; all clean or it fails.
# Each source leaves a stamp, so a second run checks only what changed.
LINT_C	   := $(shell git ls-files '*.c' 2>/dev/null)
LINT_H	   := $(shell git ls-files '*.h' 2>/dev/null)
LINT_SH	   := $(shell git grep -lE '^\#!/bin/(ba)?sh' 2>/dev/null)
# A module of a stock Linux compiles against that kernel only (make bench-guest does).
LINT_STAMP := $(patsubst %.c,$(B)/lint/%.ok,$(filter-out tests/bench/linux-module/%,$(LINT_C)))

# Guest code is judged as guest code, all other as the host sees it.
lint_flags = $(filter-out -Werror -fno-tree-loop-distribute-patterns,$(if $(filter guest/user/%,$(1)),$(CFLAGS_user),$(if $(filter guest/%,$(1)),$(CFLAGS_guest) $(CPPFLAGS_guest), \
	$(CFLAGS_host) $(CFLAGS_$(call room,$(1))) $(HOSTDEF) $(call hostinc,$(1))))) \
	-Werror -Wno-gnu-variable-sized-type-not-at-end

$(B)/lint/%.ok: %.c .clang-tidy .clang-format
	$(call say,LINT,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) -fsyntax-only $(call lint_flags,$<) $<
	$(Q)clang-tidy --quiet $< -- $(call lint_flags,$<) 2>$@.log || { cat $@.log; exit 1; }
	@touch $@

# Each by itself, so that `make -k lint` says all that there is to say.
.PHONY: lint lint-format lint-cppcheck lint-shell
lint-format:
	$(Q)clang-format --dry-run -Werror $(LINT_C) $(LINT_H)
lint-cppcheck:
	$(Q)cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 -j 2 \
		--enable=warning,performance,portability --suppress=missingInclude \
		--include=tests/cppcheck.h -Iinclude mm guest devices vmm tests
lint-shell:
	$(Q)shellcheck $(LINT_SH)
lint: $(LINT_STAMP) lint-format lint-cppcheck lint-shell
	@echo "lint: $(words $(LINT_C) $(LINT_H)) files clean"
#: make lint       clang-format, clang, clang-tidy, cppcheck, shellcheck

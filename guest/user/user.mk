# guest/user/: programs that run in the guest as processes, and their C library.  Each
# programs/NAME.c is one static ELF file; all of them stand in the kernel image, in the
# table that guest/process/exec.c searches.
USER_LIB     := $(sort $(wildcard guest/user/lib/*.c guest/user/lib/*.S))
USER_PROGRAM := $(sort $(wildcard guest/user/programs/*.c))
USER_NAMES   := $(basename $(notdir $(USER_PROGRAM)))
USER_ELF     := $(USER_NAMES:%=$(B)/user/%.elf)

# General registers only: the kernel keeps no others for a process.
CFLAGS_user  := $(BASE) -Iguest/user/include -ffreestanding -fno-builtin -march=x86-64 \
	-mgeneral-regs-only -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections
LDFLAGS_user := -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack -Wl,--gc-sections \
	-Wl,-z,max-page-size=4096 -Wl,-z,separate-code -Wl,--fatal-warnings -Wl,-s

# The parts of the library that know no kernel are tested on the host, where libc has their
# names.
USER_PURE    := $(addprefix guest/user/lib/,malloc.c malloc_info.c memalign.c bins.c pool.c)
USER_RENAMED := -Iguest/user/include $(foreach n,malloc free calloc realloc reallocarray \
	aligned_alloc memalign posix_memalign malloc_usable_size \
	mallopt malloc_trim mallinfo2 malloc_stats malloc_verify sbrk mmap munmap mremap madvise \
	printf abort errno,-D$(n)=user_$(n))

$(B)/user/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_user) $(CPPFLAGS_gcc) $(DEP) -c $< -o $@
$(B)/user/%.o: %.S
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_user) $(DEP) -c $< -o $@
$(B)/user/libc.a: $(call objs,user,$(USER_LIB))
	$(Q)rm -f $@ && ar rcs $@ $^
$(USER_ELF): $(B)/user/%.elf: $(B)/user/guest/user/programs/%.o $(B)/user/libc.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_user) -Wl,-e,_start -Wl,-u,_start -o $@ $^

# struct program of guest/process/exec.c: name, file, end of file.
$(B)/guest/programs.S: $(USER_ELF) guest/user/user.mk
	@mkdir -p $(@D)
	$(Q){ echo '.section .rodata'; echo '.balign 8'; echo '.globl user_programs, user_programs_end'; \
	echo 'user_programs:'; \
	for n in $(USER_NAMES); do echo ".quad name_$$n, file_$$n, end_$$n"; done; \
	echo 'user_programs_end:'; \
	for n in $(USER_NAMES); do printf 'name_%s: .asciz "%s"\n.balign 16\nfile_%s: .incbin "%s"\nend_%s:\n' \
		$$n $$n $$n $(B)/user/$$n.elf $$n; done; \
	echo '.section .note.GNU-stack, "", @progbits'; } >$@
$(B)/guest/programs.o: $(B)/guest/programs.S
	$(Q)$(CC) -c $< -o $@

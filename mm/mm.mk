# mm/: the memory subsystem.  Built into the guest by guest/guest.mk, and here into a host
# library together with the host platform (tests/host; wait queues, locks and formatting are
# the guest's), for tests and benchmarks.
MM_SRC	  := $(sort $(shell find mm -name '*.c'))
MM_HOST	  := $(sort $(shell find tests/host -name '*.c')) guest/kernel/wait.c \
	     guest/kernel/lock.c guest/lib/string.c guest/lib/vsprintf.c guest/lib/number.c
CFLAGS_mm := -ffreestanding -mprfchw
# Loops must not become calls of memset/memcpy that the context did not ask for.
$(eval $(call static_lib,host,libmm,$(MM_SRC) $(MM_HOST)))
$(eval $(call static_lib,san,libmm,$(MM_SRC) $(MM_HOST)))

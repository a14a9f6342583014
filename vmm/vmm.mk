# vmm/: the monitor itself, a folder a subject:
#   kvm/	the kernel's interface: VM, vCPUs, memory slots, interrupts, clock
#   boot/	what a guest finds at its start: loader, PVH, ACPI tables
#   machine/	a whole machine from its configuration, its event loop, and what can be asked of it
#   cli/	commands, options, help, terminal, the run-time directory
#   qemu/	QEMU's command line, as libvirt writes it
#   qmp/	QEMU's control protocol
#   dma_check/	judges each device access by what the guest's DMA API published
#   map/	guest memory as a picture, of one moment or of many
#   top/	a guest live, on a terminal or as text
#   memstate/	the guest's published memory state, read with suspicion
#   dump/	ELF cores
#   inspect/	looking into a machine, or a core, from another process
#   trace/	memory events of a guest, and static probes
#   gdb/	gdb's remote protocol, break- and watchpoints
#   profile/	a sampling profiler of the guest
#   report/	the JSON and the page of a run, its pictures
#   sandbox/	what the monitor denies itself
#   util/	errors, log, units, symbols, processes
# All but main.c is a library, so that tests can link it.
VMM_SRC	 := $(filter-out vmm/main.c,$(sort $(shell find vmm -name '*.c')))
# Archives, so that who does not look at a terminal does not wait for their libraries.
CURSES	 := -l:libncursesw.a -l:libtinfo.a
VMM_LIBS := -ljansson -lseccomp $(CURSES) -lm -lpthread
$(eval $(call static_lib,host,libvmm,$(VMM_SRC)))
$(eval $(call static_lib,san,libvmm,$(VMM_SRC)))

$(B)/pagevisor: $(B)/host/vmm/main.o $(B)/host/libvmm.a $(B)/host/libdevices.a
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^ $(DEVICES_LIBS) $(VMM_LIBS)

# The same program under the name that makes it read QEMU's command line.
$(B)/pagevisor-system-x86_64: $(B)/pagevisor
	$(Q)ln -sf pagevisor $@
all: $(B)/pagevisor-system-x86_64

# The man page comes from the tables that the help comes from.
$(B)/pagevisor.1: $(B)/pagevisor
	$(call say,MAN,$@)
	$(Q)$< --man >$@

# The guest of the tests of the monitor: tests/integration/tiny.S.
$(B)/tiny.elf: tests/integration/tiny.S
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -nostdlib -static -no-pie -Wl,--build-id=none,-N,--no-warn-rwx-segments,-Ttext=0x100000,-e,start -o $@ $<
all: $(B)/pagevisor.1
test: $(B)/tiny.elf

# The same run as `make run`.  The page goes through standard output, as that comes back
# from the lab, too.
.PHONY: report
report: all images
	$(call say,RUN,$(B)/report.html)
	$(Q)tests/lab/with-kvm bash -c 'json=$$(mktemp) && trap "rm -f $$json $$json.folded" EXIT; \
		$(B)/pagevisor run --mem 256M --cpus 2 --console none --disk $(DISK),ro \
			--disk $(SCRATCH) $(RUN_OPTIONS) --append "$(RUN_APPEND)" --report $$json \
			--profile $$json.folded $(B)/guest.elf 2>/dev/null; status=$$?; \
		$(B)/pagevisor report $$json && exit $$status' >$(B)/report.part; \
	status=$$?; [ -s $(B)/report.part ] && mv $(B)/report.part $(B)/report.html; \
	echo "the report: $(B)/report.html"; exit $$status
#: make report     run the guest, and make a page of it: build/report.html

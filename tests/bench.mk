# bench: measurements, never part of the tests.  Ratios travel between machines.
BENCH := $(B)/bench/bench_mm $(B)/bench/bench_compaction $(B)/bench/bench_malloc

$(B)/bench/bench_mm: $(B)/host/tests/bench/bench_mm.o $(B)/host/libmm.a
$(B)/bench/bench_compaction: $(B)/host/tests/bench/bench_compaction.o $(B)/host/libmm.a
$(B)/bench/bench_malloc: $(B)/host/tests/bench/bench_malloc.o
$(BENCH):
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -lpthread

.PHONY: bench bench-guest
bench: all images $(BENCH)
	$(Q)tests/bench/compare $(B)
	$(Q)tests/bench/vmm-figures $(B)
	$(Q)jq -s add $(B)/bench-allocators.json $(B)/bench-vmm.json >$(B)/bench.json
#: make bench      mm/ beside Debian's mallocs, and the monitor's own figures

bench-guest: $(B)/guest.elf
	$(Q)tests/bench/guest-counts $(B)
#: make bench-guest  instructions of each allocator in the guest, beside a stock Linux

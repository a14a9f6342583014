/* SPDX-License-Identifier: MIT */
/*
 * The DMA checker between a guest that tells it anything and a device that does anything.
 * The input is a list of actions: entries into the guest's two rings, damage to what it
 * publishes, accesses of two devices, resets.  What the checker says is bounded and its
 * books agree.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/lib/fuzz.h"
#include "vmm/dma_check/dma_check_internal.h"

#define RAM_BASE  0x10000ull /* the first page that the guest may publish */
#define RAM_SIZE  0x8000u
#define RINGS	  2u
#define ENTRIES	  16u
#define RING_AT	  0x1000u
#define RING_GAP  0x1000u
#define DATA_AT	  0x4000u /* what is mapped and moved, up to the end */
#define DEVICES	  2u
#define LINE_MAX  2048u
#define LINES_MAX 100000u

static _Alignas(4096) uint8_t ram_bytes[RAM_SIZE];

struct world {
	struct ram ram;
	struct dma_port port[DEVICES];
	struct dma_checker *checker;
	uint32_t head[RINGS];
	uint64_t seq;
	unsigned int lines;
};

static struct dma_port *find_port(void *ctx, uint32_t endpoint)
{
	struct world *w = ctx;

	return endpoint < DEVICES ? &w->port[endpoint] : NULL;
}

static void describe(void *ctx, uint64_t pc, char *buf, size_t size)
{
	(void)ctx;
	(void)pc;
	memset(buf, 'f', size);
	buf[size - 1] = '\0';
}

static void say(void *ctx, bool information, const char *line)
{
	struct world *w = ctx;

	(void)information;
	FUZZ_CHECK(strlen(line) < LINE_MAX && !strchr(line, '\n'));
	FUZZ_CHECK(w->lines++ < LINES_MAX);
}

static struct dma_check_area *area(void)
{
	return (struct dma_check_area *)(void *)ram_bytes;
}

static struct dma_check_ring *ring(unsigned int i)
{
	return (struct dma_check_ring *)(void *)(ram_bytes + RING_AT + i * RING_GAP);
}

static struct dma_check_entry *entry(unsigned int i, uint32_t n)
{
	return (struct dma_check_entry *)(void *)(ring(i) + 1) + n % ENTRIES;
}

static void publish(struct world *w)
{
	memset(ram_bytes, 0, DATA_AT);
	area()->magic = DMA_CHECK_MAGIC;
	area()->version = DMA_CHECK_VERSION;
	area()->nr_rings = RINGS;
	area()->ring_entries = ENTRIES;
	area()->text_start = RAM_BASE + RAM_SIZE - 256;
	area()->text_end = RAM_BASE + RAM_SIZE;
	for (unsigned int i = 0; i < RINGS; i++) {
		area()->ring[i] = RAM_BASE + RING_AT + i * RING_GAP;
		w->head[i] = 0;
	}
	w->seq = 0;
	dma_checker_write(w->checker, RAM_BASE >> 12);
}

/* An address in the data, at a multiple of 16 in one byte; or any. */
static uint64_t any_address(struct fuzz *f)
{
	uint8_t at = fuzz_u8(f);

	return at == 0xff ? fuzz_u64(f)
			  : RAM_BASE + DATA_AT + at * ((RAM_SIZE - DATA_AT) / 256u) +
				    (at & 1);
}

static uint64_t any_size(struct fuzz *f)
{
	uint8_t n = fuzz_u8(f);

	return n == 0xff ? fuzz_u64(f) : n * 16ull;
}

static void tell(struct world *w, struct fuzz *f)
{
	unsigned int i = fuzz_below(f, RINGS);
	uint8_t style = fuzz_u8(f);
	struct dma_check_entry e = {
		.seq = style & 1 ? fuzz_u8(f) : w->seq + 1,
		.kind = fuzz_u8(f) % (DMA_CHECK_KINDS + 1),
		.dir = style >> 1 & 3,
		.flags = style >> 3 & 1,
		.depth = style >> 4 & 15,
		.endpoint = style & 8 ? fuzz_u8(f) : fuzz_below(f, DEVICES),
		.addr = any_address(f),
		.size = any_size(f),
	};

	e.phys = style & 16 ? any_address(f) : e.addr;
	if (style & 32) {
		e.limit = fuzz_u32(f);
		e.boundary = fuzz_u16(f);
		e.max_segment = fuzz_u16(f);
	}
	if (style & 64) {
		e.entries = fuzz_u8(f);
		e.index = fuzz_u8(f);
	}
	for (unsigned int c = 0; c < DMA_CHECK_CHAIN && c < e.depth; c++)
		e.chain[c] = 0xffffffff80000000ull + e.kind * 16u + c;
	w->seq = e.seq;
	*entry(i, w->head[i]) = e;
	ring(i)->head = ++w->head[i];
}

static void access_memory(struct world *w, struct fuzz *f)
{
	struct dma_port *port = &w->port[fuzz_below(f, DEVICES)];
	uint8_t buf[512];
	uint64_t addr = any_address(f), len = 1 + fuzz_below(f, sizeof(buf));

	port->request = (dma_request)addr;
	if (fuzz_u8(f) & 1) {
		fuzz_bytes(f, buf, 8);
		memset(buf + 8, (int)len, sizeof(buf) - 8);
		/* What the guest publishes stays its own. */
		if (addr >= RAM_BASE + DATA_AT)
			dma_write(port, addr, buf, len);
	} else {
		dma_read(port, addr, buf, len);
	}
}

static void hold(struct world *w, struct fuzz *f)
{
	struct dma_port *port = &w->port[fuzz_below(f, DEVICES)];
	struct dma_hold held = { .port = NULL };
	struct iovec iov[2];
	uint64_t mapped;
	uint64_t addr = any_address(f), len = any_size(f);

	if (dma_map_iov(port, &held, addr, len, fuzz_u8(f) & 1, iov, 2, &mapped) > 0) {
		tell(w, f);
		dma_checker_write(w->checker, DMA_CHECK_TAKE);
	}
	dma_unmap(&held);
}

static void damage(struct world *w, struct fuzz *f)
{
	uint32_t at = fuzz_u16(f) % (DATA_AT - 8);
	uint64_t value = fuzz_number(f, 4);

	(void)w;
	memcpy(ram_bytes + at, &value, 1 + at % 4);
}

static void step(struct world *w, struct fuzz *f)
{
	switch (fuzz_u8(f) % 16) {
	case 0:
		damage(w, f);
		break;
	case 1:
		dma_checker_write(w->checker, fuzz_u8(f) % 32);
		break;
	case 2:
		publish(w);
		break;
	case 3:
		dma_checker_reset(w->checker);
		break;
	case 4:
		area()->provoked = fuzz_u32(f);
		break;
	case 5:
		ram_bytes[DATA_AT + fuzz_u16(f) % (RAM_SIZE - DATA_AT)] ^= 1;
		break;
	case 6:
		hold(w, f);
		break;
	case 7 ... 9:
		access_memory(w, f);
		break;
	default:
		tell(w, f);
		break;
	}
}

static void check_report(struct world *w)
{
	json_t *report;

	dma_checker_settle(w->checker);
	FUZZ_CHECK(w->checker->nr_reports <= DMA_REPORTS_MAX);
	FUZZ_CHECK(w->checker->nr_infos <= DMA_INFOS_MAX);
	report = dma_checker_report(w->checker);
	FUZZ_CHECK(report);
	json_decref(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	struct world w = { .lines = 0 };
	struct dma_checker_config config = { .ram = &w.ram,
					     .hash = fuzz_u8(&f) & 1,
					     .port = find_port,
					     .describe = describe,
					     .say = say,
					     .ctx = &w };

	FUZZ_CHECK(!ram_add(&w.ram, RAM_BASE, RAM_SIZE, ram_bytes));
	FUZZ_CHECK(!dma_checker_create(&config, &w.checker));
	for (unsigned int i = 0; i < DEVICES; i++) {
		dma_port_init(&w.port[i], "device", i, NULL, &w.ram);
		dma_set_enabled(&w.port[i], true);
		w.port[i].witness = dma_checker_witness(w.checker);
	}
	publish(&w);
	while (f.left)
		step(&w, &f);
	check_report(&w);
	for (unsigned int i = 0; i < DEVICES; i++)
		dma_port_fini(&w.port[i]);
	dma_checker_destroy(w.checker);
	return 0;
}

/* Puts an entry: ring, style (dir << 1), kind, device, place, length / 16. */
static void put_call(struct fuzz_out *out, uint8_t kind, uint8_t dir, uint8_t at,
		     uint8_t len)
{
	const uint8_t bytes[] = { 15, 0, (uint8_t)(dir << 1), kind, 0, at, len };

	fuzz_put_bytes(out, bytes, sizeof(bytes));
}

static void put_access(struct fuzz_out *out, uint8_t at, uint8_t len, bool write)
{
	const uint8_t bytes[] = { 7, 0, at, (uint8_t)(len - 1), 0, write };

	fuzz_put_bytes(out, bytes, sizeof(bytes));
	if (write)
		fuzz_put(out, 0x5a5a, 8);
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
	struct fuzz_out out = { buf, size };

	if (n > 5)
		return 0;
	fuzz_put(&out, n & 1, 1);
	put_call(&out, n == 4 ? DMA_CHECK_MAP_SG : DMA_CHECK_MAP, n % 3, 4, 8);
	put_call(&out, DMA_CHECK_ERROR_ASKED, 0, 4, 0);
	put_call(&out, DMA_CHECK_STARTED, 0, 0, 0);
	put_access(&out, n == 2 ? 40 : 4, 64, n != 1);
	put_call(&out, DMA_CHECK_SYNC_FOR_CPU, n % 3, 4, 8);
	put_call(&out, n == 4 ? DMA_CHECK_UNMAP_SG : DMA_CHECK_UNMAP, n % 3, 4, 8);
	put_call(&out, DMA_CHECK_ALLOC, 0, 32, 16);
	put_access(&out, 32, 32, true);
	if (n != 3)
		put_call(&out, DMA_CHECK_FREE, 0, 32, 16);
	put_call(&out, DMA_CHECK_RELEASED, 0, 0, 0);
	return size - out.left;
}

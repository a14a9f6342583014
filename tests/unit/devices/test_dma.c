/* SPDX-License-Identifier: MIT */
/*
 * The DMA interface: identity and translated, every way to move bytes, against a model that
 * translates one byte at a time.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "devices/dma_cursor.h"
#include "devices/util.h"
#include "tests/unit/devices/mock_machine.h"

/* --- a translator: one entry a page of I/O addresses ------------------------------------ */

#define PAGE	  4096ull
#define PAGES	  32
#define IOVA_BASE 0x7f0000000000ull

struct paging {
	struct dma_translator t;
	bool mapped[PAGES], can_read[PAGES], can_write[PAGES];
	uint64_t gpa[PAGES];
};

static int64_t translate(const struct dma_translator *t, uint32_t endpoint, uint64_t iova,
			 uint64_t len, enum dma_dir dir, uint64_t *gpa)
{
	const struct paging *p = container_of(t, struct paging, t);
	uint64_t page = (iova - IOVA_BASE) / PAGE, rest = PAGE - iova % PAGE;

	assert_int_equal(endpoint, 0x18);
	if (page >= PAGES || !p->mapped[page])
		return -EFAULT;
	if (dir == DMA_READ ? !p->can_read[page] : !p->can_write[page])
		return -EACCES;
	*gpa = p->gpa[page] + iova % PAGE;
	return (int64_t)(rest < len ? rest : len);
}

struct fixture {
	struct machine *m;
	struct dma_port port;
	struct paging paging;
	struct dma_fault fault; /* the last one */
	unsigned int faults, released;
};

static void on_fault(void *arg, struct dma_port *port, const struct dma_fault *fault)
{
	struct fixture *f = arg;

	assert_ptr_equal(port, &f->port);
	f->fault = *fault;
	f->faults++;
	assert_int_equal(port->count.faults, f->faults);
}

static void on_released(void *arg, struct dma_port *port)
{
	(void)port;
	((struct fixture *)arg)->released++;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->m = machine_new();
	dma_port_init(&f->port, "disk0", 0x18, &f->m->mh.host, &f->m->ram);
	dma_set_enabled(&f->port, true);
	f->port.fault = on_fault;
	f->port.released = on_released;
	f->port.arg = f;
	f->paging.t.translate = translate;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	machine_free(f->m);
	free(f);
	return 0;
}

/* Random pages of low RAM, some absent, some read-only or write-only. */
static void shuffle(struct fixture *f)
{
	f->port.translator = &f->paging.t;
	for (unsigned int i = 0; i < PAGES; i++) {
		unsigned int kind = (unsigned int)rand() % 16;

		f->paging.mapped[i] = kind != 0;
		f->paging.can_read[i] = kind != 1;
		f->paging.can_write[i] = kind != 2;
		/* Often the neighbour of the one before, so that runs meet. */
		if (i && rand() % 2)
			f->paging.gpa[i] = f->paging.gpa[i - 1] + PAGE;
		else
			f->paging.gpa[i] = (uint64_t)(rand() % 900) * PAGE;
	}
	dma_invalidate(&f->port);
}

/* --- RAM -------------------------------------------------------------------------------- */

static void ram_regions(void **state)
{
	uint8_t bytes[64];
	struct ram ram = { 0 };
	void *host;

	(void)state;
	assert_int_equal(ram_add(&ram, 0x1000, 32, bytes), 0);
	assert_int_equal(ram_add(&ram, 0x101f, 2, bytes), -EEXIST);
	assert_int_equal(ram_add(&ram, 0xfff, 2, bytes), -EEXIST);
	assert_int_equal(ram_add(&ram, 0xff0, 0x40, bytes), -EEXIST);
	assert_int_equal(ram_add(&ram, 0, 0, bytes), -EINVAL);
	assert_int_equal(ram_add(&ram, ~0ull, 2, bytes), -EINVAL);
	assert_int_equal(ram_add(&ram, 0, 1, NULL), -EINVAL);
	assert_int_equal(ram_add(&ram, ~0ull, 1, bytes + 40), 0);
	assert_int_equal(ram_add(&ram, 0xffc, 4, bytes + 32), 0);
	assert_int_equal(ram_size(&ram), 37);
	assert_ptr_equal(ram_at(&ram, 0x1000, 32), bytes);
	assert_ptr_equal(ram_at(&ram, 0x101f, 1), bytes + 31);
	assert_null(ram_at(&ram, 0x101f, 2));
	assert_null(ram_at(&ram, 0x1000, 0));
	assert_null(ram_at(&ram, 0xffc, 8)); /* two regions */
	assert_null(ram_at(&ram, 0x1000, ~0ull));
	assert_null(ram_at(&ram, ~0ull, 2));
	assert_ptr_equal(ram_at(&ram, ~0ull, 1), bytes + 40);
	assert_int_equal(ram_span(&ram, 0x1010, &host), 16);
	assert_ptr_equal(host, bytes + 16);
	assert_int_equal(ram_span(&ram, 0x1020, NULL), 0);
	for (unsigned int i = ram.nr; i < RAM_MAX_REGIONS; i++)
		assert_int_equal(ram_add(&ram, 0x9000 + i, 1, bytes), 0);
	assert_int_equal(ram_add(&ram, 0x10000, 1, bytes), -ENOSPC);
}

/* Any range of a region, whatever its place in the host's pages. */
static void ram_residency(void **state)
{
	enum { N = 200 };
	struct ram ram = { 0 };
	uint8_t *map = mmap(NULL, N * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool there[N];

	(void)state;
	assert_ptr_not_equal(map, MAP_FAILED);
	madvise(map, N * PAGE, MADV_NOHUGEPAGE);
	for (int i = 0; i < N; i++) {
		there[i] = rand() % 3;
		if (there[i])
			map[(uint64_t)i * PAGE] = 1;
	}
	/* 100 bytes into a page, to 300 bytes before the end of one. */
	assert_int_equal(ram_add(&ram, 1ull << 32, N * PAGE - 400, map + 100), 0);
	for (int turn = 0; turn < 500; turn++) {
		uint64_t from = (uint64_t)rand() % (N * PAGE - 400), want = 0;
		uint64_t len = 1 + (uint64_t)rand() % (N * PAGE - 400 - from);

		for (uint64_t at = from; at < from + len; at++)
			want += there[(at + 100) / PAGE];
		assert_int_equal(ram_resident(&ram, (1ull << 32) + from, len), want);
	}
	assert_int_equal(ram_resident(&ram, 0, 4096), 0);
	assert_int_equal(ram_resident(&ram, 1ull << 32, 0), 0);
	assert_int_equal(ram_resident(&ram, 1ull << 32, N * PAGE), 0);
	assert_int_equal(ram_resident(&ram, ~0ull, 2), 0);
	munmap(map, N * PAGE);
}

/* --- identity --------------------------------------------------------------------------- */

static void identity(void **state)
{
	struct fixture *f = *state;
	char buf[8] = "1234567";
	char back[8] = "";

	assert_int_equal(dma_write(&f->port, 0x1234, buf, 8), 0);
	assert_memory_equal(f->m->low + 0x1234, "1234567", 8);
	assert_int_equal(dma_read(&f->port, 0x1234, back, 8), 0);
	assert_string_equal(back, "1234567");
	assert_int_equal(f->port.count.reads, 1);
	assert_int_equal(f->port.count.writes, 1);
	assert_int_equal(f->port.count.read_bytes, 8);
	assert_int_equal(f->port.count.written_bytes, 8);
	assert_int_equal(dma_read(&f->port, 0x1234, back, 0), -EINVAL);
	assert_int_equal(f->faults, 0);
}

struct bad {
	uint64_t iova, len, at;
	enum dma_reason reason;
};

static void faults_move_nothing(void **state)
{
	static const struct bad bad[] = {
		{ MOCK_LOW_SIZE, 1, MOCK_LOW_SIZE, DMA_UNMAPPED },
		{ MOCK_LOW_SIZE - 4, 8, MOCK_LOW_SIZE, DMA_UNMAPPED },
		{ MOCK_HIGH_BASE - 4, 8, MOCK_HIGH_BASE - 4, DMA_UNMAPPED },
		{ MOCK_HIGH_BASE + MOCK_HIGH_SIZE - 1, 2, MOCK_HIGH_BASE + MOCK_HIGH_SIZE,
		  DMA_UNMAPPED },
		{ MOCK_LOW_SIZE - 8, ~0ull >> 8, MOCK_LOW_SIZE, DMA_UNMAPPED },
		{ 0x1000, ~0ull, 0x1000, DMA_WRAPS },
		{ ~0ull, 2, ~0ull, DMA_WRAPS },
		{ ~0ull, 1, ~0ull, DMA_UNMAPPED },
		{ PV_ECAM_BASE, 4, PV_ECAM_BASE, DMA_UNMAPPED },
	};
	struct fixture *f = *state;
	uint64_t before = machine_hash(f->m, NULL, 0), mapped;
	struct dma_hold hold = { 0 };
	struct iovec iov[4];
	struct dma_run run;
	uint8_t buf[16] = { 1 };

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t iova = bad[i].iova, len = bad[i].len;

		assert_int_equal(dma_write(&f->port, iova, buf, len), -EFAULT);
		assert_int_equal(f->faults, 4 * i + 1);
		assert_int_equal(f->fault.reason, bad[i].reason);
		assert_true(f->fault.bad == bad[i].at);
		assert_true(f->fault.iova == iova && f->fault.len == len);
		assert_int_equal(f->fault.dir, DMA_WRITE);
		assert_int_equal(dma_read(&f->port, iova, buf, len), -EFAULT);
		assert_int_equal(f->fault.dir, DMA_READ);
		assert_int_equal(dma_map_iov(&f->port, &hold, iova, len, DMA_READ, iov, 4,
					     &mapped),
				 -EFAULT);
		assert_null(hold.port);
		assert_int_equal(dma_describe(&f->port, iova, len, &run, 1), -EFAULT);
		assert_null(dma_direct(&f->port, iova, len, DMA_READ));
		assert_true(dma_reachable(&f->port, iova, len, DMA_READ) ==
			    bad[i].at - iova);
	}
	assert_int_equal(f->port.count.reads + f->port.count.writes, 0);
	assert_true(machine_hash(f->m, NULL, 0) == before);
	/* Reports do not grow with the number of faults. */
	assert_true(f->m->mh.reports < f->faults);
}

static void disabled(void **state)
{
	struct fixture *f = *state;
	uint64_t generation = f->port.generation;
	uint8_t byte = 1;

	dma_set_enabled(&f->port, false);
	assert_true(f->port.generation != generation);
	assert_int_equal(dma_write(&f->port, 0, &byte, 1), -EFAULT);
	assert_int_equal(f->fault.reason, DMA_DISABLED);
	assert_null(dma_direct(&f->port, 0, 1, DMA_READ));
	assert_int_equal(dma_reachable(&f->port, 0, 1, DMA_READ), 1);
	dma_set_enabled(&f->port, true);
	assert_int_equal(dma_write(&f->port, 0, &byte, 1), 0);
}

/* --- translated, against the model ------------------------------------------------------- */

/* Where the byte is, or NULL. */
static uint8_t *model_byte(struct fixture *f, uint64_t iova, enum dma_dir dir)
{
	uint64_t page = (iova - IOVA_BASE) / PAGE;

	if (page >= PAGES || !f->paging.mapped[page])
		return NULL;
	if (dir == DMA_READ ? !f->paging.can_read[page] : !f->paging.can_write[page])
		return NULL;
	return f->m->low + f->paging.gpa[page] + iova % PAGE;
}

static uint64_t model_reachable(struct fixture *f, uint64_t iova, uint64_t len,
				enum dma_dir dir)
{
	uint64_t n = 0;

	while (n < len && model_byte(f, iova + n, dir))
		n++;
	return n;
}

static void check_runs(struct fixture *f, uint64_t iova, uint64_t len)
{
	struct dma_run runs[PAGES];
	int64_t nr = dma_describe(&f->port, iova, len, runs, PAGES);
	uint64_t at = 0;

	assert_in_range(nr, 1, PAGES);
	for (int64_t i = 0; i < nr; i++) {
		for (uint64_t b = 0; b < runs[i].len; b += 64)
			assert_ptr_equal(f->m->low + runs[i].gpa + b,
					 model_byte(f, iova + at + b, DMA_READ));
		at += runs[i].len;
		if (i + 1 < nr)
			assert_true(runs[i].gpa + runs[i].len != runs[i + 1].gpa);
	}
	assert_int_equal(at, len);
	assert_int_equal(dma_describe(&f->port, iova, len, NULL, 0), nr);
}

static void check_iov(struct fixture *f, uint64_t iova, uint64_t len, enum dma_dir dir,
		      unsigned int max)
{
	struct dma_hold hold = { 0 };
	struct iovec iov[PAGES];
	uint64_t mapped, at = 0;
	int nr = dma_map_iov(&f->port, &hold, iova, len, dir, iov, max, &mapped);

	assert_in_range(nr, 0, max);
	for (int i = 0; i < nr; i++) {
		assert_ptr_equal(iov[i].iov_base, model_byte(f, iova + at, dir));
		at += iov[i].iov_len;
	}
	assert_int_equal(at, mapped);
	assert_true(mapped == len || nr == (int)max);
	if (mapped) {
		assert_true(dma_held(&f->port, iova, iova));
		assert_true(dma_held(&f->port, iova + mapped - 1, ~0ull));
		assert_false(dma_held(&f->port, 0, iova - 1));
		assert_false(dma_held(&f->port, iova + mapped, ~0ull));
	}
	dma_unmap(&hold);
	assert_false(dma_held(&f->port, 0, ~0ull));
}

static void check_access(struct fixture *f, uint64_t iova, uint64_t len)
{
	static uint8_t buf[PAGES * PAGE];
	unsigned int faults = f->faults;

	memset(buf, 0xee, sizeof(buf));
	if (model_reachable(f, iova, len, DMA_READ) < len) {
		assert_int_equal(dma_read(&f->port, iova, buf, len), -EFAULT);
		assert_int_equal(buf[0], 0xee);
		assert_int_equal(f->faults, faults + 1);
		assert_true(f->fault.bad - iova ==
			    model_reachable(f, iova, len, DMA_READ));
	} else {
		assert_int_equal(dma_read(&f->port, iova, buf, len), 0);
		for (uint64_t i = 0; i < len; i++)
			if (buf[i] != *model_byte(f, iova + i, DMA_READ))
				fail();
		assert_int_equal(buf[len], 0xee);
		check_runs(f, iova, len);
		check_iov(f, iova, len, DMA_READ, PAGES);
		check_iov(f, iova, len, DMA_READ, (unsigned int)rand() % 3);
	}
}

static void check_write(struct fixture *f, uint64_t iova, uint64_t len)
{
	static uint8_t buf[PAGES * PAGE];
	uint64_t before = machine_hash(f->m, NULL, 0);

	memset(buf, rand(), len);
	if (model_reachable(f, iova, len, DMA_WRITE) < len) {
		assert_int_equal(dma_write(&f->port, iova, buf, len), -EFAULT);
		assert_true(machine_hash(f->m, NULL, 0) == before);
		return;
	}
	assert_int_equal(dma_write(&f->port, iova, buf, len), 0);
	for (uint64_t i = 0; i < len; i++)
		if (*model_byte(f, iova + i, DMA_WRITE) != buf[0])
			fail();
}

static void random_translated(void **state)
{
	struct fixture *f = *state;

	srand(2);
	for (uint64_t i = 0; i < MOCK_LOW_SIZE; i++)
		f->m->low[i] = (uint8_t)(i * 2654435761u >> 24);
	for (unsigned int round = 0; round < 40; round++) {
		shuffle(f);
		for (unsigned int k = 0; k < 8; k++) {
			uint64_t iova = IOVA_BASE + (uint64_t)rand() % (PAGES * PAGE);
			uint64_t room = IOVA_BASE + PAGES * PAGE - iova;
			uint64_t len =
				1 + (uint64_t)rand() % (room < 20000 ? room : 20000);

			if (len == PAGES * PAGE)
				len--;
			check_access(f, iova, len);
			if (k == 0)
				check_write(f, iova, len);
		}
	}
}

static void denied_direction(void **state)
{
	struct fixture *f = *state;
	uint8_t byte = 7;

	f->port.translator = &f->paging.t;
	f->paging.mapped[0] = f->paging.can_read[0] = true;
	f->paging.gpa[0] = 0x5000;
	assert_int_equal(dma_write(&f->port, IOVA_BASE, &byte, 1), -EFAULT);
	assert_int_equal(f->fault.reason, DMA_DENIED);
	assert_int_equal(dma_read(&f->port, IOVA_BASE, &byte, 1), 0);
	/* Mapped by the IOMMU, but to nothing. */
	f->paging.gpa[0] = MOCK_LOW_SIZE;
	assert_int_equal(dma_read(&f->port, IOVA_BASE, &byte, 1), -EFAULT);
	assert_int_equal(f->fault.reason, DMA_UNMAPPED);
}

/* --- holds ------------------------------------------------------------------------------ */

#define HOLDS 16

static void random_holds(void **state)
{
	struct fixture *f = *state;
	struct dma_hold hold[HOLDS] = { 0 };
	uint64_t first[HOLDS] = { 0 }, last[HOLDS] = { 0 }, mapped;
	unsigned int unmaps = 0;
	struct iovec iov;

	srand(3);
	for (unsigned int round = 0; round < 3000; round++) {
		unsigned int i = (unsigned int)rand() % HOLDS;
		uint64_t a = (uint64_t)rand() % 500, b = a + (uint64_t)rand() % 50;
		bool expected = false;

		if (hold[i].port) {
			dma_unmap(&hold[i]);
			unmaps++;
		} else {
			first[i] = (uint64_t)rand() % 500;
			last[i] = first[i] + (uint64_t)rand() % 50;
			assert_int_equal(dma_map_iov(&f->port, &hold[i], first[i],
						     last[i] - first[i] + 1, DMA_WRITE,
						     &iov, 1, &mapped),
					 1);
		}
		for (unsigned int k = 0; k < HOLDS; k++)
			expected |= hold[k].port && first[k] <= b && last[k] >= a;
		assert_int_equal(dma_held(&f->port, a, b), expected);
		assert_int_equal(f->released, unmaps);
	}
	for (unsigned int i = 0; i < HOLDS; i++)
		dma_unmap(&hold[i]);
	assert_null(f->port.holds);
}

/* --- cursors ---------------------------------------------------------------------------- */

#define SEGS 12

/* Random segments in fresh memory; the stream's bytes count up from 0. */
static uint64_t make_segs(struct fixture *f, struct dma_seg *segs)
{
	uint64_t at = 0;

	for (unsigned int i = 0; i < SEGS; i++) {
		segs[i].len = 1 + (uint64_t)rand() % 100;
		segs[i].iova = machine_alloc(f->m, segs[i].len + 8, 1);
		for (uint64_t b = 0; b < segs[i].len; b++)
			f->m->low[segs[i].iova + b] = (uint8_t)at++;
	}
	return at;
}

static void cursor_reads_the_stream(void **state)
{
	struct fixture *f = *state;
	struct dma_seg segs[SEGS];
	uint8_t buf[SEGS * 100];

	srand(4);
	for (unsigned int round = 0; round < 200; round++) {
		uint64_t len = make_segs(f, segs), at = 0;
		struct dma_cursor c = dma_cursor(&f->port, DMA_READ, segs, SEGS);
		struct dma_cursor tail;

		assert_int_equal(c.left, len);
		tail = c;
		assert_int_equal(dma_cursor_take(&tail, len - 1).left, len - 1);
		assert_int_equal(tail.left, 1);
		assert_int_equal(dma_cursor_read(&tail, buf, 1), 0);
		assert_int_equal(buf[0], (uint8_t)(len - 1));
		while (at < len) {
			uint64_t n = (uint64_t)rand() % (len - at + 1);

			if (rand() % 4 == 0) {
				assert_int_equal(dma_cursor_skip(&c, n), 0);
			} else {
				assert_int_equal(dma_cursor_read(&c, buf, n), 0);
				for (uint64_t b = 0; b < n; b++)
					assert_int_equal(buf[b], (uint8_t)(at + b));
			}
			at += n;
			assert_int_equal(c.left, len - at);
			assert_int_equal(dma_cursor_read(&c, buf, len - at + 1),
					 -ENODATA);
			assert_int_equal(dma_cursor_skip(&c, len - at + 1), -ENODATA);
		}
		assert_int_equal(dma_cursor_write(&c, buf, 0), -EINVAL);
	}
}

static void cursor_writes_the_stream(void **state)
{
	struct fixture *f = *state;
	struct dma_seg segs[SEGS];
	uint8_t buf[SEGS * 100];
	uint64_t len, at = 0;
	struct dma_cursor c;

	srand(5);
	len = make_segs(f, segs);
	c = dma_cursor(&f->port, DMA_WRITE, segs, SEGS);
	for (uint64_t i = 0; i < len; i++)
		buf[i] = (uint8_t)(200 - i);
	while (at < len) {
		uint64_t n = 1 + (uint64_t)rand() % (len - at);

		assert_int_equal(dma_cursor_write(&c, buf + at, n), 0);
		at += n;
	}
	at = 0;
	for (unsigned int i = 0; i < SEGS; i++) {
		for (uint64_t b = 0; b < segs[i].len; b++)
			assert_int_equal(f->m->low[segs[i].iova + b],
					 (uint8_t)(200 - at++));
		assert_int_equal(f->m->low[segs[i].iova + segs[i].len], 0);
	}
}

static void cursor_stays_when_it_fails(void **state)
{
	struct fixture *f = *state;
	struct dma_seg segs[] = { { 0x1000, 8 }, { MOCK_LOW_SIZE - 4, 8 } };
	struct dma_cursor c = dma_cursor(&f->port, DMA_READ, segs, 2);
	struct dma_hold hold = { 0 };
	struct iovec iov[4];
	uint8_t buf[16];

	assert_int_equal(dma_cursor_read(&c, buf, 16), -EFAULT);
	assert_int_equal(c.left, 16);
	assert_int_equal(f->faults, 1);
	/* The first segment had been mapped when the second failed. */
	assert_int_equal(dma_cursor_map(&c, &hold, iov, 4), -EFAULT);
	assert_int_equal(c.left, 16);
	assert_null(hold.port);
	assert_false(dma_held(&f->port, 0, ~0ull));
	/* A hold that was live before stays what it was. */
	segs[1].iova = 0x3000;
	assert_int_equal(dma_cursor_map(&c, &hold, iov, 4), 2);
	segs[1].iova = MOCK_LOW_SIZE;
	segs[0].iova = 0x8000;
	c = dma_cursor(&f->port, DMA_READ, segs, 2);
	assert_int_equal(dma_cursor_map(&c, &hold, iov, 4), -EFAULT);
	assert_true(dma_held(&f->port, 0x1000, 0x3007));
	assert_false(dma_held(&f->port, 0x3008, ~0ull));
	dma_unmap(&hold);
}

static void cursor_maps_in_parts(void **state)
{
	struct fixture *f = *state;
	struct dma_seg segs[SEGS];
	struct dma_hold hold = { 0 };
	struct iovec iov[5];
	struct dma_cursor c;
	uint64_t at = 0;

	srand(6);
	make_segs(f, segs);
	c = dma_cursor(&f->port, DMA_READ, segs, SEGS);
	while (c.left) {
		int nr = dma_cursor_map(&c, &hold, iov, 5);

		assert_in_range(nr, 1, 5);
		for (int i = 0; i < nr; i++)
			for (uint64_t b = 0; b < iov[i].iov_len; b++)
				assert_int_equal(((uint8_t *)iov[i].iov_base)[b],
						 (uint8_t)at++);
	}
	for (unsigned int i = 0; i < SEGS; i++)
		assert_true(dma_held(&f->port, segs[i].iova, segs[i].iova));
	dma_unmap(&hold);
	dma_unmap(&hold);
	assert_int_equal(f->released, 1);
}

#define WITH(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ram_regions),
		cmocka_unit_test(ram_residency),
		WITH(identity),
		WITH(faults_move_nothing),
		WITH(disabled),
		WITH(random_translated),
		WITH(denied_direction),
		WITH(random_holds),
		WITH(cursor_reads_the_stream),
		WITH(cursor_writes_the_stream),
		WITH(cursor_stays_when_it_fails),
		WITH(cursor_maps_in_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

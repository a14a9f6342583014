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

#include "devices/dma/dma.h"
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
	bool no_domain;
	unsigned int finds, faults, released, gone;
};

static int find(const struct dma_translator *t, uint32_t endpoint, uint64_t iova,
		struct dma_mapping *mapping)
{
	struct paging *p = container_of(t, struct paging, t);
	uint64_t page = (iova - IOVA_BASE) / PAGE;

	assert_int_equal(endpoint, 0x18);
	p->finds++;
	if (p->no_domain)
		return -ENODEV;
	if (page >= PAGES || !p->mapped[page])
		return -EFAULT;
	*mapping = (struct dma_mapping){ .first = iova - iova % PAGE,
					 .last = iova - iova % PAGE + PAGE - 1,
					 .gpa = p->gpa[page],
					 .read = p->can_read[page],
					 .write = p->can_write[page] };
	return 0;
}

struct fixture {
	struct machine *m;
	struct dma_port port;
	struct paging paging;
	struct dma_witness witness;
	struct dma_fault fault; /* the last one */
	uint64_t reached; /* by the last access */
	unsigned int begun, ended, faults, windows;
};

static struct fixture *of(struct dma_witness *w)
{
	return container_of(w, struct fixture, witness);
}

static void on_begin(struct dma_witness *w, struct dma_port *port,
		     const struct dma_access *access)
{
	assert_ptr_equal(port, &of(w)->port);
	assert_int_equal(port->count.faults, of(w)->faults);
	assert_true(access->fault ? access->reached < access->len
				  : access->reached == access->len);
	of(w)->begun++;
}

static void on_end(struct dma_witness *w, struct dma_port *port,
		   const struct dma_access *access)
{
	assert_ptr_equal(port, &of(w)->port);
	of(w)->ended++;
	of(w)->reached = access->reached;
	if (!access->fault)
		return;
	of(w)->fault = *access->fault;
	of(w)->faults++;
}

static void on_window(struct dma_witness *w, struct dma_port *port, uint64_t iova,
		      uint64_t len, enum dma_dir dir)
{
	(void)port;
	assert_int_equal(iova, IOVA_BASE);
	assert_int_equal(len, PAGE);
	assert_int_equal(dir, DMA_WRITE);
	of(w)->windows++;
}

static void on_fault(struct dma_translator *t, struct dma_port *port,
		     const struct dma_fault *fault)
{
	(void)port;
	(void)fault;
	container_of(t, struct paging, t)->faults++;
}

static void on_released(struct dma_translator *t, struct dma_port *port,
			const struct dma_hold *hold)
{
	(void)port;
	/* It still says what it was. */
	assert_true(dma_hold_touches(hold, hold->seg->iova, hold->seg->iova));
	container_of(t, struct paging, t)->released++;
}

static void on_gone(struct dma_translator *t, struct dma_port *port)
{
	(void)port;
	container_of(t, struct paging, t)->gone++;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->m = machine_new();
	dma_port_init(&f->port, "disk0", 0x18, &f->m->mh.host, &f->m->ram);
	dma_set_enabled(&f->port, true);
	f->witness = (struct dma_witness){ on_begin, on_end, on_window };
	f->port.witness = &f->witness;
	f->paging.t = (struct dma_translator){
		.find = find, .fault = on_fault, .released = on_released, .gone = on_gone
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->begun, f->ended);
	assert_int_equal(f->port.count.faults, f->faults);
	machine_free(f->m);
	free(f);
	return 0;
}

/* Random pages of low RAM, some absent, some read-only or write-only. */
static void shuffle(struct fixture *f)
{
	dma_set_translator(&f->port, &f->paging.t);
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
		f->faults++; /* no transfer: not witnessed */
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
	uint8_t byte = 1;

	dma_set_enabled(&f->port, false);
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
	uint64_t mapped, at = 0, reach = model_reachable(f, iova, len, dir);
	int nr = dma_map_iov(&f->port, &hold, iova, len, dir, iov, max, &mapped);

	assert_int_equal(nr == -EFAULT, !reach);
	if (!reach)
		return;
	assert_in_range(nr, 0, max);
	for (int i = 0; i < nr; i++) {
		assert_ptr_equal(iov[i].iov_base, model_byte(f, iova + at, dir));
		at += iov[i].iov_len;
	}
	assert_int_equal(at, mapped);
	assert_true(mapped == reach || (mapped < reach && nr == (int)max));
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
	uint64_t part;

	memset(buf, 0xee, sizeof(buf));
	if (model_reachable(f, iova, len, DMA_READ) < len) {
		assert_int_equal(dma_read(&f->port, iova, buf, len), -EFAULT);
		part = model_reachable(f, iova, len, DMA_READ);
		for (uint64_t i = 0; i < part; i++)
			if (buf[i] != *model_byte(f, iova + i, DMA_READ))
				fail();
		assert_int_equal(buf[part], 0xee);
		assert_int_equal(f->faults, faults + 1);
		assert_int_equal(f->fault.bad - iova, part);
		assert_int_equal(f->reached, part);
		assert_int_equal(dma_describe(&f->port, iova, len, NULL, 0), -EFAULT);
		assert_int_equal(f->faults, faults + 1); /* no transfer: not witnessed */
		assert_int_equal(f->port.count.faults, ++f->faults);
		check_iov(f, iova, len, DMA_READ, PAGES);
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
	uint64_t reach = model_reachable(f, iova, len, DMA_WRITE);
	struct mock_range may[PAGES + 1] = { 0 };
	unsigned int nr = 0;
	uint64_t before;

	for (uint64_t at = 0; at < reach; nr++) {
		may[nr].gpa = (uint64_t)(model_byte(f, iova + at, DMA_WRITE) - f->m->low);
		may[nr].len = PAGE - (iova + at) % PAGE;
		if (may[nr].len > reach - at)
			may[nr].len = reach - at;
		at += may[nr].len;
	}
	before = machine_hash(f->m, may, nr);
	memset(buf, rand(), len);
	assert_int_equal(dma_write(&f->port, iova, buf, len), reach < len ? -EFAULT : 0);
	assert_true(machine_hash(f->m, may, nr) == before);
	for (uint64_t i = 0; i < reach; i++)
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

	dma_set_translator(&f->port, &f->paging.t);
	f->paging.mapped[0] = f->paging.can_read[0] = true;
	f->paging.gpa[0] = 0x5000;
	assert_int_equal(dma_write(&f->port, IOVA_BASE, &byte, 1), -EFAULT);
	assert_int_equal(f->fault.reason, DMA_DENIED);
	assert_int_equal(dma_read(&f->port, IOVA_BASE, &byte, 1), 0);
	/* Mapped by the IOMMU, but to nothing. */
	f->paging.gpa[0] = MOCK_LOW_SIZE;
	dma_invalidate(&f->port);
	assert_int_equal(dma_read(&f->port, IOVA_BASE, &byte, 1), -EFAULT);
	assert_int_equal(f->fault.reason, DMA_UNMAPPED);
	assert_int_equal(dma_read(&f->port, IOVA_BASE + PAGE, &byte, 1), -EFAULT);
	assert_int_equal(f->fault.reason, DMA_NO_MAPPING);
	f->paging.no_domain = true;
	dma_invalidate(&f->port);
	assert_int_equal(dma_read(&f->port, IOVA_BASE, &byte, 1), -EFAULT);
	assert_int_equal(f->fault.reason, DMA_NO_DOMAIN);
	assert_int_equal(f->paging.faults, 4);
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
		assert_int_equal(f->ended, unmaps);
	}
	for (unsigned int i = 0; i < HOLDS; i++)
		dma_unmap(&hold[i]);
	assert_null(f->port.holds);
}

/* Only what began before an epoch counts, and the translator hears of each end. */
static void holds_and_epochs(void **state)
{
	struct fixture *f = *state;
	struct dma_hold early = { 0 }, late = { 0 };
	uint64_t mapped;
	struct iovec iov;

	dma_set_translator(&f->port, &f->paging.t);
	memset(f->paging.mapped, true, sizeof(f->paging.mapped));
	memset(f->paging.can_read, true, sizeof(f->paging.can_read));
	f->paging.t.epoch = 5;
	assert_int_equal(
		dma_map_iov(&f->port, &early, IOVA_BASE, 8, DMA_READ, &iov, 1, &mapped),
		1);
	f->paging.t.epoch++;
	assert_int_equal(
		dma_map_iov(&f->port, &late, IOVA_BASE, 8, DMA_READ, &iov, 1, &mapped),
		1);
	assert_false(dma_held_before(&f->port, IOVA_BASE, IOVA_BASE, 5));
	assert_true(dma_held_before(&f->port, IOVA_BASE + 7, ~0ull, 6));
	assert_false(dma_held_before(&f->port, IOVA_BASE + 8, ~0ull, 6));
	dma_unmap(&early);
	assert_int_equal(f->paging.released, 1);
	assert_false(dma_held_before(&f->port, 0, ~0ull, 6));
	assert_true(dma_held(&f->port, 0, ~0ull));
	dma_unmap(&late);
	assert_int_equal(f->paging.released, 2);
	dma_unmap(&late);
	assert_int_equal(f->paging.released, 2);
}

/* --- the cache and windows --------------------------------------------------------------- */

static void touch(struct fixture *f, unsigned int page, int expected)
{
	uint8_t byte;

	assert_int_equal(dma_read(&f->port, IOVA_BASE + page * PAGE, &byte, 1), expected);
}

/* A page is asked for once; after its invalidation again, and only it. */
static void cache_is_exact(void **state)
{
	struct fixture *f = *state;

	dma_set_translator(&f->port, &f->paging.t);
	memset(f->paging.mapped, true, sizeof(f->paging.mapped));
	memset(f->paging.can_read, true, sizeof(f->paging.can_read));
	for (unsigned int round = 0; round < 3; round++)
		for (unsigned int i = 0; i < DMA_CACHE_SIZE; i++)
			touch(f, i, 0);
	assert_int_equal(f->paging.finds, DMA_CACHE_SIZE);
	assert_int_equal(f->port.count.cache_misses, DMA_CACHE_SIZE);
	assert_int_equal(f->port.count.cache_hits, 2 * DMA_CACHE_SIZE);
	f->paging.mapped[3] = false;
	dma_invalidate_range(&f->port, IOVA_BASE + 4 * PAGE - 1,
			     IOVA_BASE + 4 * PAGE - 1);
	for (unsigned int i = 0; i < DMA_CACHE_SIZE; i++)
		touch(f, i, i == 3 ? -EFAULT : 0);
	assert_int_equal(f->paging.finds, DMA_CACHE_SIZE + 1);
	assert_int_equal(f->paging.faults, 1);
	/* The entry met longest ago makes room. */
	touch(f, 20, 0);
	touch(f, 21, 0);
	touch(f, 1, 0);
	assert_int_equal(f->paging.finds, DMA_CACHE_SIZE + 3);
	touch(f, 0, 0);
	assert_int_equal(f->paging.finds, DMA_CACHE_SIZE + 4);
	dma_invalidate(&f->port);
	touch(f, 21, 0);
	assert_int_equal(f->paging.finds, DMA_CACHE_SIZE + 5);
}

static void windows(void **state)
{
	struct fixture *f = *state;
	struct dma_window w;

	memset(f->paging.mapped, true, sizeof(f->paging.mapped));
	memset(f->paging.can_write, true, sizeof(f->paging.can_write));
	f->paging.gpa[0] = 0x7000;
	dma_window_open(&w, &f->port, IOVA_BASE, PAGE, DMA_WRITE);
	assert_false(w.fresh);
	dma_window_refresh(&w);
	assert_null(w.host);
	assert_int_equal(f->windows, 0);
	dma_set_translator(&f->port, &f->paging.t);
	assert_false(w.fresh);
	dma_window_refresh(&w);
	assert_ptr_equal(w.host, f->m->low + 0x7000);
	assert_int_equal(f->windows, 1);
	dma_invalidate_range(&f->port, IOVA_BASE + PAGE, ~0ull);
	dma_invalidate_range(&f->port, 0, IOVA_BASE - 1);
	assert_true(w.fresh);
	f->paging.can_write[0] = false;
	dma_invalidate_range(&f->port, IOVA_BASE + 5, IOVA_BASE + 6);
	assert_false(w.fresh);
	dma_window_refresh(&w);
	assert_null(w.host);
	dma_set_enabled(&f->port, false);
	assert_false(w.fresh);
	assert_int_equal(f->port.count.faults, 0);
	dma_port_fini(&f->port);
	assert_null(w.port);
	assert_int_equal(f->paging.gone, 1);
	dma_window_close(&w);
}

static int note_piece(void *arg, void *piece, uint64_t len)
{
	uint64_t *left = arg;

	(void)piece;
	*left -= len;
	return *left == 0;
}

/* A witness looks without being an access; a walk that is ended early says how far it was. */
static void peek_and_early_end(void **state)
{
	struct fixture *f = *state;
	uint64_t left = ~0ull, moved;

	dma_set_translator(&f->port, &f->paging.t);
	for (unsigned int i = 0; i < 3; i++) {
		f->paging.mapped[i] = f->paging.can_read[i] = true;
		f->paging.gpa[i] = (7 - 2 * i) * PAGE;
	}
	assert_int_equal(
		dma_peek(&f->port, IOVA_BASE, 9 * PAGE, DMA_READ, note_piece, &left),
		3 * PAGE);
	assert_int_equal(
		dma_peek(&f->port, IOVA_BASE, PAGE, DMA_WRITE, note_piece, &left), 0);
	assert_int_equal(f->port.count.faults + f->begun, 0);
	left = 2 * PAGE;
	assert_int_equal(dma_walk(&f->port, IOVA_BASE, 9 * PAGE, DMA_READ, note_piece,
				  &left, &moved),
			 1);
	assert_int_equal(moved, PAGE);
	assert_int_equal(f->port.count.read_bytes, PAGE);
	assert_int_equal(f->port.count.faults, 0);
	/* What the device did not ask for in the end is no fault; the witness saw it planned. */
	f->faults = 0;
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
		WITH(holds_and_epochs),
		WITH(cache_is_exact),
		WITH(windows),
		WITH(peek_and_early_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

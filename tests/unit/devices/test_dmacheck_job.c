/* SPDX-License-Identifier: MIT */
/*
 * What dmacheck computes, against a model: every byte of a stream is looked up on its
 * own in a page table that scatters two regions of RAM, and all RAM is compared after
 * each request.
 */
#include "devices/dmacheck/dmacheck_job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define PAGE	     4096u
#define HALF	     (64 * PAGE)
#define HIGH_BASE    (1ull << 32)
#define PAGES	     128u /* mapped I/O pages: all RAM */
#define MAX_SEGS     20
#define RUN_ROOM     64
#define REQUEST	     (1ull << 40) /* where the request lies, outside the table */
#define REQUEST_GPA  (HIGH_BASE + (1ull << 32))
#define REQUEST_SIZE (256u * 1024)

static struct {
	struct ram ram;
	struct dma_port port;
	struct dma_translator translator;
	uint8_t *bytes; /* RAM: low half, high half */
	uint8_t *model;
	uint8_t *request;
	unsigned int page_of[PAGES]; /* I/O page to RAM page */
	bool mapped[PAGES], writable[PAGES];
	struct dmacheck_job job;
	unsigned int faults;
} t;

static uint64_t random_state = 1;

static uint32_t rnd(uint32_t below)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((random_state >> 33) % below);
}

static uint64_t gpa_of_page(unsigned int page)
{
	return page < PAGES / 2 ? page * (uint64_t)PAGE
				: HIGH_BASE + (page - PAGES / 2) * (uint64_t)PAGE;
}

static int find(const struct dma_translator *translator, uint32_t endpoint, uint64_t iova,
		struct dma_mapping *m)
{
	uint64_t page = iova / PAGE;

	(void)translator;
	(void)endpoint;
	*m = (struct dma_mapping){ REQUEST, REQUEST + REQUEST_SIZE - 1, REQUEST_GPA, true,
				   true };
	if (iova >= REQUEST && iova < REQUEST + REQUEST_SIZE)
		return 0;
	if (page >= PAGES || !t.mapped[page])
		return -EFAULT;
	*m = (struct dma_mapping){ .first = page * PAGE,
				   .last = page * PAGE + PAGE - 1,
				   .gpa = gpa_of_page(t.page_of[page]),
				   .read = true,
				   .write = t.writable[page] };
	return 0;
}

static void on_fault(struct dma_translator *translator, struct dma_port *port,
		     const struct dma_fault *fault)
{
	(void)translator;
	(void)port;
	(void)fault;
	t.faults++;
}

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.bytes = mmap(NULL, 2 * HALF, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(t.bytes, 2 * HALF, MADV_NOHUGEPAGE);
	t.model = malloc(2 * HALF);
	t.request = malloc(REQUEST_SIZE);
	for (size_t i = 0; i < 2 * HALF; i++)
		t.bytes[i] = (uint8_t)rnd(256);
	memcpy(t.model, t.bytes, 2 * HALF);
	if (ram_add(&t.ram, 0, HALF, t.bytes) ||
	    ram_add(&t.ram, HIGH_BASE, HALF, t.bytes + HALF) ||
	    ram_add(&t.ram, REQUEST_GPA, REQUEST_SIZE, t.request))
		return -1;
	for (unsigned int i = 0; i < PAGES; i++) {
		unsigned int j = rnd(i + 1);

		t.page_of[i] = t.page_of[j];
		t.page_of[j] = i;
		t.mapped[i] = true;
		t.writable[i] = true;
	}
	/* Some neighbours stay neighbours, also across the two halves. */
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int at = rnd(PAGES - 1), want = t.page_of[at] + 1, other = 0;

		while (other < PAGES && t.page_of[other] != want)
			other++;
		if (other < PAGES) {
			t.page_of[other] = t.page_of[at + 1];
			t.page_of[at + 1] = want;
		}
	}
	t.translator.find = find;
	t.translator.fault = on_fault;
	dma_port_init(&t.port, "dmacheck", 0, NULL, &t.ram);
	dma_set_translator(&t.port, &t.translator);
	dma_set_enabled(&t.port, true);
	return dmacheck_job_init(&t.job);
}

static int teardown(void **state)
{
	(void)state;
	dmacheck_job_fini(&t.job);
	munmap(t.bytes, 2 * HALF);
	free(t.model);
	free(t.request);
	return 0;
}

/* --- the model -------------------------------------------------------------------- */

struct stream {
	struct dmacheck_seg seg[MAX_SEGS];
	uint32_t nr;
	uint64_t len;
};

/* Where byte `at` of a stream lies in RAM, or -1 when it cannot be reached. */
static int64_t place(const struct stream *s, uint64_t at, enum dma_dir dir)
{
	struct dma_mapping m;
	uint64_t iova, gpa;
	uint32_t i = 0;

	while (at >= s->seg[i].len)
		at -= s->seg[i++].len;
	iova = s->seg[i].addr + at;
	if (find(NULL, 0, iova, &m) || !(dir == DMA_READ ? m.read : m.write))
		return -1;
	gpa = m.gpa + (iova - m.first);
	return (int64_t)(gpa < HALF ? gpa : gpa - HIGH_BASE + HALF);
}

static uint64_t model_gather(const struct stream *s, uint8_t *to, uint64_t from,
			     uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		int64_t at = place(s, from + i, DMA_READ);

		if (at < 0)
			return i;
		to[i] = t.model[at];
	}
	return n;
}

static void model_scatter(const struct stream *s, const uint8_t *bytes, uint64_t from,
			  uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		t.model[place(s, from + i, DMA_WRITE)] = bytes[i];
}

static struct stream random_stream(uint64_t max)
{
	struct stream s = { .nr = 1 + rnd(MAX_SEGS) };

	for (uint32_t i = 0; i < s.nr; i++) {
		uint64_t len = 1 + rnd((uint32_t)(max / s.nr));

		s.seg[i].len = len;
		s.seg[i].addr = rnd((uint32_t)(PAGES * PAGE - len));
		s.len += len;
	}
	return s;
}

/* Of the same length as `other`. */
static struct stream matching_stream(const struct stream *other)
{
	struct stream s = { .nr = 1 + rnd(MAX_SEGS), .len = other->len };
	uint64_t left = s.len;

	if (s.nr > left)
		s.nr = 1;
	for (uint32_t i = 0; i < s.nr; i++) {
		uint64_t rest = s.nr - i - 1;
		uint64_t len = rest ? 1 + rnd((uint32_t)((left - rest + 1) / 2)) : left;

		if (len > left - rest)
			len = left - rest;
		s.seg[i].len = len;
		s.seg[i].addr = rnd((uint32_t)(PAGES * PAGE - len + 1));
		left -= len;
	}
	return s;
}

/* --- running a request ------------------------------------------------------------ */

static struct dma_seg request_seg[64];

/* The request as a cursor, cut into small descriptors at random. */
static struct dma_cursor request_cursor(uint64_t len)
{
	uint64_t at = 0;
	unsigned int nr = 0;

	while (at < len) {
		uint64_t n = nr == 63 ? len - at : 1 + rnd(40);

		n = n > len - at ? len - at : n;
		request_seg[nr++] = (struct dma_seg){ REQUEST + at, n };
		at += n;
	}
	return dma_cursor(&t.port, DMA_READ, request_seg, nr);
}

static uint64_t put_request(const struct dmacheck_req *req, const struct stream *src,
			    const struct stream *dst)
{
	uint8_t *at = t.request;

	memcpy(at, req, sizeof(*req));
	at += sizeof(*req);
	if (src)
		memcpy(at, src->seg, src->nr * sizeof(src->seg[0]));
	at += src ? src->nr * sizeof(src->seg[0]) : 0;
	if (dst)
		memcpy(at, dst->seg, dst->nr * sizeof(dst->seg[0]));
	at += dst ? dst->nr * sizeof(dst->seg[0]) : 0;
	return (uint64_t)(at - t.request);
}

static const struct dmacheck_resp *run(uint16_t op, uint64_t seed,
				       const struct stream *src, const struct stream *dst,
				       uint64_t room)
{
	struct dmacheck_req req = { .op = op,
				    .n_src = src ? src->nr : 0,
				    .n_dst = dst ? dst->nr : 0,
				    .seed = seed,
				    .tag = rnd(1u << 30) };
	uint64_t len = put_request(&req, src, dst);

	if (dmacheck_job_start(&t.job, request_cursor(len), 1ull << 30, room)) {
		memset(t.request, 0xee, REQUEST_SIZE); /* a snapshot was taken */
		while (dmacheck_job_step(&t.job))
			;
	}
	assert_true(t.job.resp.tag == req.tag);
	return &t.job.resp;
}

static void assert_ram(void)
{
	assert_memory_equal(t.bytes, t.model, 2 * HALF);
}

static void test_hash(void **state)
{
	static uint8_t gathered[300000];

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct stream s = random_stream(i % 3 ? 20000 : sizeof(gathered));
		const struct dmacheck_resp *resp = run(DMACHECK_OP_HASH, 0, &s, NULL, 0);

		assert_int_equal(resp->status, DMACHECK_S_OK);
		assert_true(resp->bytes == s.len);
		assert_true(model_gather(&s, gathered, 0, s.len) == s.len);
		assert_true(resp->hash == XXH3_64bits(gathered, s.len));
		dmacheck_job_end(&t.job);
	}
	assert_ram();
}

static void test_fill(void **state)
{
	static uint8_t pattern[300000];

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct stream s = random_stream(i % 3 ? 20000 : sizeof(pattern));
		uint64_t seed = random_state;
		const struct dmacheck_resp *resp =
			run(DMACHECK_OP_FILL, seed, NULL, &s, 0);

		for (uint64_t at = 0; at < s.len; at++)
			pattern[at] =
				(uint8_t)(DMACHECK_PATTERN(seed, at / 8) >> at % 8 * 8);
		model_scatter(&s, pattern, 0, s.len);
		assert_int_equal(resp->status, DMACHECK_S_OK);
		assert_true(resp->bytes == s.len);
		assert_true(resp->hash == XXH3_64bits(pattern, s.len));
		assert_ram();
		dmacheck_job_end(&t.job);
	}
}

/* Piece by piece, as the ABI says: so overlapping ranges have one right result. */
static void test_copy(void **state)
{
	static uint8_t piece[DMACHECK_COPY_PIECE];
	XXH3_state_t *hash = XXH3_createState();

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct stream src = random_stream(i % 3 ? 20000 : 300000);
		struct stream dst = matching_stream(&src);
		const struct dmacheck_resp *resp;

		XXH3_64bits_reset(hash);
		resp = run(DMACHECK_OP_COPY, 0, &src, &dst, 0);
		for (uint64_t at = 0; at < src.len; at += sizeof(piece)) {
			uint64_t n = src.len - at < sizeof(piece) ? src.len - at
								  : sizeof(piece);

			model_gather(&src, piece, at, n);
			model_scatter(&dst, piece, at, n);
			XXH3_64bits_update(hash, piece, n);
		}
		assert_int_equal(resp->status, DMACHECK_S_OK);
		assert_true(resp->bytes == src.len);
		assert_true(resp->hash == XXH3_64bits_digest(hash));
		assert_ram();
		dmacheck_job_end(&t.job);
	}
	XXH3_freeState(hash);
}

static uint64_t gpa_at(const struct stream *s, uint64_t at)
{
	int64_t where = place(s, at, DMA_READ);

	return (uint64_t)where < HALF ? (uint64_t)where
				      : (uint64_t)where - HALF + HIGH_BASE;
}

/* Counts breaks byte by byte and compares the runs that were kept. */
static void check_runs(const struct stream *s, uint64_t len, uint64_t room)
{
	struct dmacheck_run run = { 0 };
	uint64_t nr = 0, first_break = len;

	for (uint64_t at = 0; at <= len; at++) {
		if (at < len && nr && gpa_at(s, at) == run.addr + run.len) {
			run.len++;
			continue;
		}
		if (nr && nr <= room)
			assert_memory_equal(&t.job.runs[nr - 1], &run, sizeof(run));
		if (at == len)
			break;
		if (nr == 1)
			first_break = at;
		run = (struct dmacheck_run){ gpa_at(s, at), 1 };
		nr++;
	}
	assert_int_equal(t.job.resp.n_runs, nr);
	assert_true(t.job.resp.first_break == first_break);
}

static void test_describe(void **state)
{
	struct stream one = { .nr = 2, .len = 200 };

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct stream s = random_stream(i % 3 ? 20000 : 300000);
		uint64_t room = rnd(3) ? RUN_ROOM : rnd(5);
		const struct dmacheck_resp *resp =
			run(DMACHECK_OP_DESCRIBE, 0, &s, NULL, room);

		assert_int_equal(resp->status, DMACHECK_S_OK);
		assert_true(resp->bytes == s.len);
		assert_true(resp->hash == 0);
		check_runs(&s, s.len, room);
		dmacheck_job_end(&t.job);
	}
	/* Two segments that meet are one run. */
	one.seg[0] = (struct dmacheck_seg){ 100, 150 };
	one.seg[1] = (struct dmacheck_seg){ 250, 50 };
	assert_int_equal(run(DMACHECK_OP_DESCRIBE, 0, &one, NULL, 4)->n_runs, 1);
	assert_int_equal(t.job.resp.first_break, 200);
	assert_int_equal(t.job.runs[0].len, 200);
	dmacheck_job_end(&t.job);
	assert_ram();
}

/* The identity, far longer than a unit: still one run. */
static void test_describe_identity(void **state)
{
	struct stream s = { .nr = 1, .len = HALF };

	(void)state;
	t.port.translator = NULL;
	s.seg[0] = (struct dmacheck_seg){ HIGH_BASE, HALF };
	memcpy(t.request,
	       &(struct dmacheck_req){ .op = DMACHECK_OP_DESCRIBE, .n_src = 1 },
	       sizeof(struct dmacheck_req));
	memcpy(t.request + sizeof(struct dmacheck_req), s.seg, sizeof(s.seg[0]));
	request_seg[0] = (struct dma_seg){ REQUEST_GPA, 48 };
	assert_true(dmacheck_job_start(
		&t.job, dma_cursor(&t.port, DMA_READ, request_seg, 1), 1ull << 30, 1));
	while (dmacheck_job_step(&t.job))
		;
	assert_int_equal(t.job.resp.n_runs, 1);
	assert_true(t.job.resp.first_break == HALF);
	assert_true(t.job.runs[0].addr == HIGH_BASE);
}

/* Takes the host's memory away from some pages of RAM, which are zero then. */
static void drop_pages(bool *dropped, uint32_t one_in)
{
	for (unsigned int i = 0; i < PAGES; i++) {
		dropped[i] = !rnd(one_in);
		if (dropped[i]) {
			madvise(t.bytes + i * PAGE, PAGE, MADV_DONTNEED);
			memset(t.model + i * PAGE, 0, PAGE);
		} else {
			t.bytes[i * PAGE] = t.model[i * PAGE];
		}
	}
}

static void test_resident(void **state)
{
	bool dropped[PAGES];

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct stream s = random_stream(i % 3 ? 20000 : 300000);
		const struct dmacheck_resp *resp;
		uint64_t want = 0;

		drop_pages(dropped, 1 + rnd(4));
		/* Looking leaves no trace: the same answer again. */
		for (int twice = 0; twice < 2; twice++) {
			resp = run(DMACHECK_OP_RESIDENT, 0, &s, NULL, RUN_ROOM);
			want = 0;
			for (uint64_t at = 0; at < s.len; at++)
				want += !dropped[place(&s, at, DMA_READ) / PAGE];
			assert_int_equal(resp->status, DMACHECK_S_OK);
			assert_true(resp->bytes == s.len);
			assert_true(resp->resident == want);
			assert_int_equal(resp->n_runs, 0);
			assert_true(resp->hash == 0);
			dmacheck_job_end(&t.job);
		}
	}
	assert_ram();
}

/* --- faults ----------------------------------------------------------------------- */

/* The offset is exact, one fault is counted, and what lies before it in the same
 * piece is not touched beyond what a write may have done. */
static void test_faults(void **state)
{
	static uint8_t scratch[300000];
	unsigned int hits = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct stream s = random_stream(i % 3 ? 20000 : sizeof(scratch));
		static const uint16_t ops[] = { DMACHECK_OP_HASH, DMACHECK_OP_DESCRIBE,
						DMACHECK_OP_RESIDENT };
		uint16_t op = ops[rnd(3)];
		unsigned int hole = rnd(PAGES);
		const struct dmacheck_resp *resp;
		uint64_t good;

		t.mapped[hole] = false;
		dma_invalidate(&t.port);
		t.faults = 0;
		good = model_gather(&s, scratch, 0, s.len);
		resp = run(op, 0, &s, NULL, RUN_ROOM);
		if (good < s.len) {
			hits++;
			assert_int_equal(resp->status, DMACHECK_S_FAULT);
			assert_true(resp->bytes == good);
			assert_true(resp->hash == 0);
			assert_true(op != DMACHECK_OP_RESIDENT || !resp->resident);
			assert_int_equal(t.faults, 1);
		} else {
			assert_int_equal(resp->status, DMACHECK_S_OK);
			assert_int_equal(t.faults, 0);
		}
		t.mapped[hole] = true;
		dma_invalidate(&t.port);
		dmacheck_job_end(&t.job);
	}
	assert_true(hits > 10);
	assert_ram();
}

/* Does no later byte of the stream that is written fall on the same place? */
static bool is_last_write(const struct stream *s, uint64_t at, uint64_t end)
{
	int64_t where = place(s, at, DMA_WRITE);

	for (uint64_t i = at + 1; i < end; i++)
		if (place(s, i, DMA_WRITE) == where)
			return false;
	return true;
}

/* Writing: all up to the failing byte, nothing from it on, and the exact offset. */
static void test_write_faults(void **state)
{
	(void)state;
	for (int i = 0; i < 60; i++) {
		struct stream src = random_stream(20000);
		struct stream dst = matching_stream(&src);
		uint16_t op = rnd(2) ? DMACHECK_OP_FILL : DMACHECK_OP_COPY;
		unsigned int sealed = (unsigned int)(dst.seg[dst.nr - 1].addr / PAGE);
		uint64_t bad = 0;
		const struct dmacheck_resp *resp;

		t.writable[sealed] = false;
		dma_invalidate(&t.port);
		while (place(&dst, bad, DMA_WRITE) >= 0)
			bad++;
		t.faults = 0;
		resp = run(op, 1, op == DMACHECK_OP_COPY ? &src : NULL, &dst, 0);
		assert_int_equal(resp->status, DMACHECK_S_FAULT);
		assert_true(resp->bytes == bad);
		assert_true(resp->hash == 0);
		assert_int_equal(t.faults, 1);
		/* The sealed page did not change, nor anything outside the stream. */
		for (uint64_t at = 0; at < bad; at++) {
			int64_t where = place(&dst, at, DMA_WRITE);
			le64 word = DMACHECK_PATTERN(1, at / 8);

			if (op == DMACHECK_OP_FILL && is_last_write(&dst, at, bad))
				assert_int_equal(t.bytes[where],
						 (uint8_t)(word >> at % 8 * 8));
			t.model[where] = t.bytes[where];
		}
		assert_ram();
		t.writable[sealed] = true;
		dma_invalidate(&t.port);
		dmacheck_job_end(&t.job);
	}
}

static void test_no_bus(void **state)
{
	struct stream s = random_stream(5000);

	(void)state;
	put_request(&(struct dmacheck_req){ .op = DMACHECK_OP_HASH, .n_src = s.nr }, &s,
		    NULL);
	assert_true(dmacheck_job_start(
		&t.job, request_cursor(sizeof(struct dmacheck_req) + s.nr * 16),
		1ull << 30, 0));
	dma_set_enabled(&t.port, false);
	assert_false(dmacheck_job_step(&t.job));
	assert_int_equal(t.job.resp.status, DMACHECK_S_FAULT);
	assert_int_equal(t.job.resp.bytes, 0);
}

/* --- refusals --------------------------------------------------------------------- */

static uint32_t status_of(const struct dmacheck_req *req, const struct stream *src,
			  const struct stream *dst, int64_t more_bytes)
{
	uint64_t len = put_request(req, src, dst);
	uint32_t status;

	assert_false(dmacheck_job_start(
		&t.job, request_cursor((uint64_t)((int64_t)len + more_bytes)), 1ull << 20,
		0));
	status = t.job.resp.status;
	assert_true(t.job.resp.bytes == 0);
	assert_true(t.job.resp.hash == 0);
	dmacheck_job_end(&t.job);
	return status;
}

static void test_refusals(void **state)
{
	struct stream s = { .seg = { { 0, 100 }, { PAGE, 100 } }, .nr = 2 };
	struct stream d = { .seg = { { 2 * PAGE, 201 } }, .nr = 1 };
	struct dmacheck_req req = { .op = DMACHECK_OP_HASH, .n_src = 2 };

	(void)state;
	req.op = 0;
	assert_int_equal(status_of(&req, &s, NULL, 0), DMACHECK_S_UNSUPP);
	req.op = 6;
	assert_int_equal(status_of(&req, &s, NULL, 0), DMACHECK_S_UNSUPP);
	req.op = DMACHECK_OP_HASH;
	req.flags = 1;
	assert_int_equal(status_of(&req, &s, NULL, 0), DMACHECK_S_INVAL);
	req.flags = 0;
	req.reserved = 1;
	assert_int_equal(status_of(&req, &s, NULL, 0), DMACHECK_S_INVAL);
	req.reserved = 0;
	assert_int_equal(status_of(&req, &s, NULL, -1), DMACHECK_S_INVAL);
	assert_int_equal(status_of(&req, NULL, NULL, 0), DMACHECK_S_INVAL);
	assert_int_equal(status_of(&req, NULL, NULL, -1), DMACHECK_S_INVAL);
	req.n_dst = 1;
	assert_int_equal(status_of(&req, &s, &d, 0), DMACHECK_S_INVAL);
	req.op = DMACHECK_OP_FILL;
	assert_int_equal(status_of(&req, &s, &d, 0), DMACHECK_S_INVAL);
	req.op = DMACHECK_OP_COPY; /* 200 and 201 bytes */
	assert_int_equal(status_of(&req, &s, &d, 0), DMACHECK_S_INVAL);
	req.n_dst = 0;
	assert_int_equal(status_of(&req, &s, NULL, 0), DMACHECK_S_INVAL);
	req.op = DMACHECK_OP_DESCRIBE;
	req.n_src = 0;
	assert_int_equal(status_of(&req, NULL, NULL, 0), DMACHECK_S_INVAL);
	req.op = DMACHECK_OP_RESIDENT;
	assert_int_equal(status_of(&req, NULL, NULL, 0), DMACHECK_S_INVAL);
	req.n_src = 2;
	req.n_dst = 1;
	assert_int_equal(status_of(&req, &s, &d, 0), DMACHECK_S_INVAL);
	req.n_dst = 0;
	req.n_src = DMACHECK_MAX_SEGMENTS + 1;
	assert_int_equal(status_of(&req, &s, NULL, 0), DMACHECK_S_TOOBIG);
	req.n_src = 0xffffffff;
	assert_int_equal(status_of(&req, &s, NULL, 0), DMACHECK_S_TOOBIG);
	req.n_src = 2;
	s.seg[1].len = 0;
	assert_int_equal(status_of(&req, &s, NULL, 0), DMACHECK_S_INVAL);
	s.seg[1] = (struct dmacheck_seg){ UINT64_MAX - 10, 12 };
	assert_int_equal(status_of(&req, &s, NULL, 0), DMACHECK_S_INVAL);
	s.seg[1] = (struct dmacheck_seg){ 0, UINT64_MAX - 50 };
	assert_int_equal(status_of(&req, &s, NULL, 0), DMACHECK_S_TOOBIG);
	s.seg[1] = (struct dmacheck_seg){ 0, (1u << 20) - 99 };
	assert_int_equal(status_of(&req, &s, NULL, 0), DMACHECK_S_TOOBIG);
	assert_ram();
}

/* Segments may overlap and repeat: 4096 of them, the same page each. */
static void test_most_segments(void **state)
{
	struct dmacheck_req req = { .op = DMACHECK_OP_HASH,
				    .n_src = DMACHECK_MAX_SEGMENTS };
	struct dmacheck_seg seg = { 0, 300 };
	static uint8_t gathered[DMACHECK_MAX_SEGMENTS * 300];
	struct stream one = { .seg = { { 0, 300 } }, .nr = 1, .len = 300 };

	(void)state;
	memcpy(t.request, &req, sizeof(req));
	for (uint32_t i = 0; i < req.n_src; i++) {
		memcpy(t.request + sizeof(req) + i * sizeof(seg), &seg, sizeof(seg));
		model_gather(&one, gathered + (size_t)i * 300, 0, 300);
	}
	assert_true(dmacheck_job_start(
		&t.job, request_cursor(sizeof(req) + req.n_src * sizeof(seg)), 1ull << 30,
		0));
	while (dmacheck_job_step(&t.job))
		;
	assert_int_equal(t.job.resp.status, DMACHECK_S_OK);
	assert_true(t.job.resp.hash == XXH3_64bits(gathered, sizeof(gathered)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fill, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_describe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_describe_identity, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resident, setup, teardown),
		cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_bus, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_most_segments, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

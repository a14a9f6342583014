/* SPDX-License-Identifier: MIT */
/* A list of I/O ranges as one stream: read, written, mapped, and where it stands then. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "devices/dma/dma_cursor.h"
#include "devices/util.h"
#include "tests/unit/devices/mock_machine.h"

struct fixture {
	struct machine *m;
	struct dma_port port;
	struct dma_witness witness;
	uint64_t begun, ended; /* bytes */
};

static void on_begin(struct dma_witness *w, struct dma_port *port,
		     const struct dma_access *access)
{
	(void)port;
	container_of(w, struct fixture, witness)->begun += access->reached;
}

static void on_end(struct dma_witness *w, struct dma_port *port,
		   const struct dma_access *access)
{
	(void)port;
	container_of(w, struct fixture, witness)->ended += access->reached;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->m = machine_new();
	dma_port_init(&f->port, "disk0", 0x18, &f->m->mh.host, &f->m->ram);
	dma_set_enabled(&f->port, true);
	f->witness = (struct dma_witness){ .begin = on_begin, .end = on_end };
	f->port.witness = &f->witness;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	/* A witness saw each byte come and go. */
	assert_int_equal(f->begun, f->ended);
	assert_int_equal(f->begun,
			 f->port.count.read_bytes + f->port.count.written_bytes);
	machine_free(f->m);
	free(f);
	return 0;
}

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

static void cursor_stands_behind_what_moved(void **state)
{
	struct fixture *f = *state;
	struct dma_seg segs[] = { { 0x1000, 8 }, { MOCK_LOW_SIZE - 4, 8 } };
	struct dma_cursor c = dma_cursor(&f->port, DMA_READ, segs, 2);
	struct dma_hold hold = { 0 };
	struct iovec iov[4];
	uint8_t buf[16];

	/* Without an IOMMU nothing of a bad segment moves. */
	assert_int_equal(dma_cursor_read(&c, buf, 16), -EFAULT);
	assert_int_equal(c.left, 8);
	assert_int_equal(f->port.count.faults, 1);
	assert_int_equal(dma_cursor_map(&c, &hold, iov, 4), -EFAULT);
	assert_int_equal(c.left, 8);
	assert_null(hold.port);
	assert_int_equal(f->port.count.faults, 2);
	/* What comes before it is mapped; asked for again, it is the one fault. */
	c = dma_cursor(&f->port, DMA_READ, segs, 2);
	assert_int_equal(dma_cursor_map(&c, &hold, iov, 4), 1);
	assert_int_equal(c.left, 8);
	assert_int_equal(f->port.count.faults, 2);
	assert_true(dma_held(&f->port, 0x1000, 0x1007));
	assert_false(dma_held(&f->port, 0x1008, ~0ull));
	dma_unmap(&hold);
	assert_int_equal(dma_cursor_map(&c, &hold, iov, 4), -EFAULT);
	assert_int_equal(f->port.count.faults, 3);
	assert_false(dma_held(&f->port, 0, ~0ull));
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
		uint64_t left = c.left;
		struct dma_seg at_seg = *c.seg;
		int nr = dma_cursor_map(&c, &hold, iov, 5);

		assert_in_range(nr, 1, 5);
		assert_int_equal(hold.len, left - c.left);
		assert_true(dma_held(&f->port, at_seg.iova + at_seg.len - 1,
				     at_seg.iova + at_seg.len - 1));
		for (int i = 0; i < nr; i++)
			for (uint64_t b = 0; b < iov[i].iov_len; b++)
				assert_int_equal(((uint8_t *)iov[i].iov_base)[b],
						 (uint8_t)at++);
		dma_unmap(&hold);
		dma_unmap(&hold);
		assert_false(dma_held(&f->port, 0, ~0ull));
	}
}

#define WITH(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(cursor_reads_the_stream),
		WITH(cursor_writes_the_stream),
		WITH(cursor_stands_behind_what_moved),
		WITH(cursor_maps_in_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

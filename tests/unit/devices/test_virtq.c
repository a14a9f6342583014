/* SPDX-License-Identifier: MIT */
/*
 * The device side of the split ring: order, suppression of notifications and interrupts,
 * wrapping, rings that are not one piece of RAM, chains rewritten while they are read.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "devices/util.h"
#include "devices/virtio/virtio_pci.h"
#include "tests/unit/devices/mock_model.h"

#define SLOT  PCI_DEVFN(2, 0)
#define EVENT VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX)

static struct machine *m;
static struct mock_model *mm;
static struct drv d;
static struct drvq q;

static int setup(void **state)
{
	(void)state;
	m = machine_new();
	mm = mock_model_plug(m, SLOT);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	machine_free(m);
	return 0;
}

static void start(uint64_t features, uint16_t size)
{
	drv_probe(&d, m, SLOT);
	drv_msix_on(&d);
	assert_true(drv_negotiate(&d, features));
	drv_queue(&d, &q, 0, size);
	drv_ok(&d);
}

static uint64_t page;

/* A request of 1 readable and 2 writable bytes in memory that all of them share. */
static uint16_t add_small(void)
{
	struct drv_seg segs[2];

	if (!page)
		page = machine_alloc(m, 4096, 4096);
	segs[0] = (struct drv_seg){ page, 1, false };
	segs[1] = (struct drv_seg){ page + 8, 2, true };
	return drvq_add(&q, segs, 2);
}

static unsigned int take_all(void)
{
	struct vring_used_elem elem;
	unsigned int n = 0;

	while (drvq_get(&q, &elem))
		n++;
	return n;
}

static unsigned int interrupts(void)
{
	return mock_host_fired_data(&m->mh, DRV_MSI_DATA(&d, 1));
}

static le16 *used_event(void)
{
	return machine_at(m, q.avail + VRING_USED_EVENT_OFFSET(q.size), 2);
}

static uint16_t avail_event(void)
{
	return *(le16 *)machine_at(m, q.used + VRING_AVAIL_EVENT_OFFSET(q.size), 2);
}

/* --- who is told ------------------------------------------------------------------------- */

static void interrupts_by_flag(void **state)
{
	(void)state;
	page = 0;
	start(DRV_FEATURES & ~EVENT, 16);
	add_small();
	add_small();
	drvq_kick(&q);
	assert_int_equal(take_all(), 2);
	assert_int_equal(interrupts(), 1); /* one for both */
	drvq_avail(&q)->flags = VRING_AVAIL_F_NO_INTERRUPT;
	add_small();
	drvq_kick(&q);
	assert_int_equal(take_all(), 1);
	assert_int_equal(interrupts(), 1);
	drvq_avail(&q)->flags = 0;
	drvq_kick(&q); /* nothing new: nothing to say */
	assert_int_equal(interrupts(), 1);
}

static void interrupts_by_event(void **state)
{
	(void)state;
	page = 0;
	start(DRV_FEATURES, 16);
	drvq_avail(&q)->flags = VRING_AVAIL_F_NO_INTERRUPT; /* means nothing here */
	*used_event() = 0;
	add_small();
	drvq_kick(&q);
	assert_int_equal(interrupts(), 1);
	*used_event() = 3; /* when the fourth is used */
	for (unsigned int i = 0; i < 2; i++) {
		add_small();
		drvq_kick(&q);
		assert_int_equal(interrupts(), 1);
	}
	add_small();
	drvq_kick(&q);
	assert_int_equal(interrupts(), 2);
	/* Passed by a batch. */
	*used_event() = 5;
	for (unsigned int i = 0; i < 3; i++)
		add_small();
	drvq_kick(&q);
	assert_int_equal(interrupts(), 3);
	add_small();
	drvq_kick(&q);
	assert_int_equal(interrupts(), 3);
	assert_int_equal(take_all(), 8);
}

static void notifications_by_flag(void **state)
{
	struct virtq *dq = &mm->vd.queue[0];

	(void)state;
	page = 0;
	start(DRV_FEATURES & ~EVENT, 16);
	virtq_notify_off(dq);
	assert_int_equal(drvq_used(&q)->flags, VRING_USED_F_NO_NOTIFY);
	add_small();
	assert_true(virtq_notify_on(dq)); /* there is something already */
	assert_int_equal(drvq_used(&q)->flags, 0);
	drvq_kick(&q);
	assert_int_equal(take_all(), 1);
	assert_int_equal(drvq_used(&q)->flags, 0);
	virtq_notify_off(dq);
	assert_false(virtq_notify_on(dq));
}

static void notifications_by_event(void **state)
{
	(void)state;
	page = 0;
	start(DRV_FEATURES, 16);
	for (unsigned int i = 1; i < 40; i++) {
		add_small();
		if (i % 3)
			continue;
		drvq_kick(&q);
		assert_int_equal(avail_event(), i);
		assert_int_equal(drvq_used(&q)->flags, 0);
		take_all();
	}
}

/* --- order and wrapping --------------------------------------------------------------------- */

/* 8: indices pass 65535; each batch of another size. */
static void pass_65535(uint64_t features)
{
	unsigned int total = 0, batch = 1;

	page = 0;
	start(features, 64);
	while (total < 70000) {
		for (unsigned int i = 0; i < batch; i++)
			add_small();
		*used_event() = (le16)(q.last_used + batch - 1);
		machine_write(m, q.bell, 2, 0);
		mock_host_poll(&m->mh, 0);
		assert_int_equal(take_all(), batch);
		total += batch;
		batch = batch % 32 + 1;
	}
	assert_int_equal(drv_status(&d), 0xf);
	assert_true(interrupts() > 4000);
}

static void indices_wrap_with_events(void **state)
{
	(void)state;
	pass_65535(DRV_FEATURES);
}

static void indices_wrap_with_flags(void **state)
{
	(void)state;
	pass_65535(DRV_FEATURES & ~EVENT);
}

static void out_of_order(void **state)
{
	uint16_t head[8];
	bool done[8] = { 0 };
	struct vring_used_elem elem;

	(void)state;
	page = 0;
	mm->hold = true;
	srand(9);
	start(DRV_FEATURES, 16);
	for (unsigned int i = 0; i < 8; i++)
		head[i] = add_small();
	drvq_kick(&q);
	assert_int_equal(mm->nr_held, 8);
	while (mm->nr_held) {
		unsigned int i = (unsigned int)rand() % mm->nr_held, k = 0;
		uint16_t expected = mm->held[i]->head;

		mock_model_complete(mm, i);
		assert_true(drvq_get(&q, &elem));
		assert_int_equal(elem.id, expected);
		while (head[k] != elem.id)
			k++;
		assert_false(done[k]);
		done[k] = true;
	}
	assert_false(drvq_get(&q, &elem));
}

static void take_back(void **state)
{
	struct virtq *dq = &mm->vd.queue[0];
	struct virtq_chain *chain;
	struct vring_used_elem elem;
	uint16_t head;

	(void)state;
	page = 0;
	start(DRV_FEATURES, 16);
	head = add_small();
	add_small();
	chain = virtq_pop(dq);
	assert_int_equal(chain->head, head);
	virtq_unpop(chain);
	assert_int_equal(dq->nr_in_flight, 0);
	chain = virtq_pop(dq);
	assert_int_equal(chain->head, head);
	/* A device may not claim more than there was to write. */
	virtq_push(chain, 1000);
	assert_true(drvq_get(&q, &elem));
	assert_int_equal(elem.len, 2);
	drvq_kick(&q);
	assert_int_equal(take_all(), 1);
}

static bool endless(void *arg, struct virtq_chain *chain)
{
	unsigned int *served = arg;

	(*served)++;
	virtq_push(chain, 0);
	take_all();
	add_small();
	return true;
}

/* A driver that always adds one more does not keep the lock for ever. */
static void endless_driver(void **state)
{
	struct virtq *dq = &mm->vd.queue[0];
	unsigned int served = 0;

	(void)state;
	page = 0;
	start(DRV_FEATURES, 16);
	add_small();
	virtq_process(dq, endless, &served);
	assert_int_equal(served, 16);
	/* The queue rang itself, so the rest is not forgotten. */
	assert_true(mock_host_run(&m->mh, 10));
	assert_int_equal(take_all(), 1);
}

static bool forty(void *arg, struct virtq_chain *chain)
{
	unsigned int *served = arg;

	(*served)++;
	virtq_push(chain, 0);
	take_all();
	if (*served < 40)
		add_small();
	return true;
}

/* Where no event loop could come back to the queue, everything is served at once. */
static void no_event_loop(void **state)
{
	struct mock_model *second = mock_model_new();
	unsigned int served = 0;

	(void)state;
	m->mh.fail_watch = -ENOSYS;
	assert_int_equal(virtio_pci_plug(&m->pci, PCI_DEVFN(3, 0), &second->vd, NULL), 0);
	assert_int_equal(pci_assign(&m->pci), 0);
	m->mh.fail_watch = 0;
	page = 0;
	drv_start(&d, m, PCI_DEVFN(3, 0), &q, 0, 16);
	add_small();
	machine_write(m, q.bell, 2, 0);
	assert_int_equal(take_all(), 1);
	add_small();
	virtq_process(&second->vd.queue[0], forty, &served);
	assert_int_equal(served, 40);
}

/* --- rings that are not one piece of RAM -------------------------------------------------------- */

#define SCATTER_IOVA  0x100000000000ull
#define SCATTER_PAGES 8

/* Maps 8 pages of I/O addresses to pages in reverse order; all else is the identity. */
struct scatter {
	struct dma_translator t;
	uint64_t gpa[SCATTER_PAGES];
	bool gone;
};

static int scatter_find(const struct dma_translator *t, uint32_t endpoint, uint64_t iova,
			struct dma_mapping *to)
{
	const struct scatter *s = container_of(t, struct scatter, t);
	uint64_t index = (iova - SCATTER_IOVA) / 4096;

	(void)endpoint;
	*to = (struct dma_mapping){ 0, SCATTER_IOVA - 1, 0, true, true };
	if (iova < SCATTER_IOVA)
		return 0;
	if (s->gone || index >= SCATTER_PAGES)
		return -EFAULT;
	to->first = iova & ~4095ull;
	to->last = to->first + 4095;
	to->gpa = s->gpa[index];
	return 0;
}

static void scatter_init(struct scatter *s)
{
	*s = (struct scatter){ .t.find = scatter_find };
	for (unsigned int i = 0; i < SCATTER_PAGES; i++)
		s->gpa[SCATTER_PAGES - 1 - i] = machine_alloc(m, 4096, 4096);
	dma_set_translator(mm->vd.dma, &s->t);
}

/* One request through rings at I/O addresses; the test's view follows the translation. */
struct scattered_ring {
	struct scatter s;
	uint64_t desc, avail, used; /* I/O addresses */
};

static void *at_iova(struct scattered_ring *r, uint64_t iova, uint64_t len)
{
	struct dma_mapping to;

	assert_int_equal(scatter_find(&r->s.t, 0, iova, &to), 0);
	assert_true(to.last - iova >= len - 1);
	return machine_at(m, to.gpa + (iova - to.first), len);
}

static void start_scattered(struct scattered_ring *r)
{
	scatter_init(&r->s);
	drv_probe(&d, m, SLOT);
	drv_msix_on(&d);
	assert_true(drv_negotiate(&d, DRV_FEATURES));
	drvq_alloc(&d, &q, 0, 64);
	/* Each of the three crosses a page boundary. */
	r->desc = q.desc = SCATTER_IOVA + 4096 - 32;
	r->avail = q.avail = SCATTER_IOVA + 3 * 4096 - 4;
	r->used = q.used = SCATTER_IOVA + 5 * 4096 - 8;
	assert_true(drvq_enable(&q));
	drv_ok(&d);
}

static void request_scattered(struct scattered_ring *r, uint16_t n)
{
	struct vring_desc first = { page, 4, VRING_DESC_F_NEXT, 3 };
	struct vring_desc second = { page + 16, 8, VRING_DESC_F_WRITE, 0 };

	*(struct vring_desc *)at_iova(r, r->desc + 1 * 16, 16) = first;
	*(struct vring_desc *)at_iova(r, r->desc + 3 * 16, 16) = second;
	*(le16 *)at_iova(r, r->avail + 4 + n % 64 * 2, 2) = 1;
	*(le16 *)at_iova(r, r->avail + 2, 2) = (le16)(n + 1);
	drvq_kick(&q);
}

static void rings_in_scattered_pages(void **state)
{
	static struct scattered_ring r; /* until the machine goes */

	(void)state;
	page = machine_alloc(m, 4096, 4096);
	start_scattered(&r);
	assert_null(mm->vd.queue[0].area[VIRTQ_DESC].window.host);
	for (uint16_t n = 0; n < 200; n++) {
		const struct vring_used_elem *elem;

		request_scattered(&r, n);
		assert_int_equal(*(le16 *)at_iova(&r, r.used + 2, 2), n + 1);
		elem = at_iova(&r, r.used + 4 + n % 64 * 8, 4);
		assert_int_equal(elem->id, 1);
		assert_int_equal(*(le32 *)at_iova(&r, r.used + 8 + n % 64 * 8, 4), 8);
	}
	assert_int_equal(drv_status(&d), 0xf);
}

static void rings_that_go_away(void **state)
{
	static struct scattered_ring r; /* until the machine goes */

	(void)state;
	page = machine_alloc(m, 4096, 4096);
	start_scattered(&r);
	request_scattered(&r, 0);
	r.s.gone = true;
	dma_invalidate(mm->vd.dma);
	drvq_kick(&q);
	assert_true(drv_needs_reset(&d));
	assert_true(mm->vd.dma->count.faults > 0);
	dma_set_translator(mm->vd.dma, NULL);
	start(DRV_FEATURES, 16);
	add_small();
	drvq_kick(&q);
	assert_int_equal(take_all(), 1);
}

/* A ring whose pages are replaced: the device goes where the translation says now. */
static void rings_that_move(void **state)
{
	static struct scattered_ring r; /* until the machine goes */
	uint64_t old, fresh;

	(void)state;
	page = machine_alloc(m, 4096, 4096);
	start_scattered(&r);
	r.used = q.used = SCATTER_IOVA + 6 * 4096;
	drv_reset(&d);
	assert_true(drv_negotiate(&d, DRV_FEATURES));
	assert_true(drvq_enable(&q));
	drv_ok(&d);
	request_scattered(&r, 0);
	assert_int_equal(*(le16 *)at_iova(&r, r.used + 2, 2), 1);
	old = r.s.gpa[6];
	fresh = machine_alloc(m, 4096, 4096);
	r.s.gpa[6] = fresh;
	dma_invalidate(mm->vd.dma);
	request_scattered(&r, 1);
	assert_int_equal(*(le16 *)machine_at(m, old + 2, 2), 1);
	assert_int_equal(*(le16 *)machine_at(m, fresh + 2, 2), 2);
}

static void without_bus_mastering(void **state)
{
	(void)state;
	page = 0;
	start(DRV_FEATURES, 16);
	add_small();
	machine_config_write(m, SLOT, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	drvq_kick(&q);
	assert_true(drv_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET);
	assert_int_equal(take_all(), 0);
	start(DRV_FEATURES, 16);
	add_small();
	drvq_kick(&q);
	assert_int_equal(take_all(), 1);
}

/* --- any chain -------------------------------------------------------------------------------- */

#define MOST_SEGS 20

/* Random segments; the device answers what mock_model.h says, whatever the cut. */
static void random_chains(void **state)
{
	struct drv_seg segs[MOST_SEGS];
	uint64_t next = m->next;

	(void)state;
	srand(10);
	start(DRV_FEATURES, 64);
	for (unsigned int round = 0; round < 2000; round++) {
		unsigned int nr_out = (unsigned int)rand() % (MOST_SEGS / 2);
		unsigned int nr_in = 1 + (unsigned int)rand() % (MOST_SEGS / 2);
		unsigned int in_at = 0, in_len = 0;
		uint8_t in[MOST_SEGS * 40];
		struct vring_used_elem elem;

		m->next = next + 65536;
		for (unsigned int i = 0; i < nr_out + nr_in; i++) {
			segs[i].len = 1 + (uint32_t)rand() % 40;
			segs[i].addr = machine_alloc(m, segs[i].len, 1);
			segs[i].write = i >= nr_out;
			for (unsigned int b = 0; i < nr_out && b < segs[i].len; b++)
				in[in_len++] = m->low[segs[i].addr + b] = (uint8_t)rand();
		}
		if (rand() % 2)
			drvq_add(&q, segs, nr_out + nr_in);
		else
			drvq_add_indirect(&q, segs, nr_out + nr_in, NULL);
		assert_true(drvq_wait(&q, &elem));
		for (unsigned int i = nr_out; i < nr_out + nr_in; i++)
			for (unsigned int b = 0; b < segs[i].len; b++, in_at++) {
				uint8_t want = in_len ? in[in_at % in_len] + 1 : 0x5a;

				if (in_at + 1 == elem.len)
					want = 0;
				assert_int_equal(m->low[segs[i].addr + b], want);
			}
		assert_int_equal(in_at, elem.len);
	}
}

/* Direct descriptors, then one indirect: allowed (2.7.5.3.2). */
static void direct_then_indirect(void **state)
{
	struct drv_seg tail[] = { { 0, 8, false }, { 0, 16, true } };
	struct vring_used_elem elem;
	uint64_t table, buf;
	uint16_t head;

	(void)state;
	start(DRV_FEATURES, 16);
	buf = machine_alloc(m, 64, 16);
	tail[0].addr = buf + 16;
	tail[1].addr = buf + 32;
	table = machine_alloc(m, 32, 16);
	drv_fill_chain(machine_at(m, table, 32), tail, 2);
	head = 5;
	drvq_set_desc(&q, head, buf, 8, VRING_DESC_F_NEXT, 9);
	/* WRITE on an indirect descriptor is ignored. */
	drvq_set_desc(&q, 9, table, 32, VRING_DESC_F_INDIRECT | VRING_DESC_F_WRITE, 0);
	drvq_offer(&q, head);
	assert_true(drvq_wait(&q, &elem));
	assert_int_equal(elem.id, head);
	assert_int_equal(elem.len, 16);
}

/* --- 22: another CPU rewrites the chain while the device reads it --------------------------------- */

#define TARGET_BYTES 64u

struct flipper {
	struct vring_desc *desc;
	uint64_t good;
	bool stop;
};

static void *flip(void *arg)
{
	struct flipper *f = arg;

	for (unsigned int i = 0; !__atomic_load_n(&f->stop, __ATOMIC_RELAXED); i++) {
		__atomic_store_n(&f->desc->len, i % 3 ? TARGET_BYTES : 0x7fffffff,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&f->desc->addr,
				 i % 5 ? f->good : MOCK_LOW_SIZE - TARGET_BYTES / 2,
				 __ATOMIC_RELAXED);
		__atomic_store_n(&f->desc->flags,
				 i % 7 ? VRING_DESC_F_WRITE : VRING_DESC_F_INDIRECT,
				 __ATOMIC_RELAXED);
	}
	return NULL;
}

static void rewritten_meanwhile(void **state)
{
	struct flipper f = { 0 };
	struct mock_range may[3];
	pthread_t thread;
	uint64_t before;

	(void)state;
	start(DRV_FEATURES, 16);
	f.good = machine_alloc(m, TARGET_BYTES, 64);
	for (unsigned int round = 0; round < 20; round++) {
		struct vring_used_elem elem;

		f.desc = drvq_desc(&q, 0);
		f.stop = false;
		*f.desc = (struct vring_desc){ f.good, TARGET_BYTES, VRING_DESC_F_WRITE,
					       0 };
		may[0] = (struct mock_range){ f.good, TARGET_BYTES };
		may[1] = drvq_used_range(&q);
		may[2] = (struct mock_range){ q.desc,
					      VRING_AVAIL_EVENT_OFFSET(q.size) + 512 };
		before = machine_hash(m, may, 3);
		assert_int_equal(pthread_create(&thread, NULL, flip, &f), 0);
		for (unsigned int i = 0; i < 100; i++) {
			drvq_offer(&q, 0);
			machine_write(m, q.bell, 2, 0);
			mock_host_run(&m->mh, 10);
			if (drv_status(&d) & VIRTIO_CONFIG_S_NEEDS_RESET)
				break;
			assert_true(drvq_get(&q, &elem));
			assert_true(elem.len == 0 || elem.len == TARGET_BYTES);
		}
		__atomic_store_n(&f.stop, true, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
		assert_true(machine_hash(m, may, 3) == before);
		drv_reset(&d);
		start(DRV_FEATURES, 16);
	}
}

#define WITH(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(interrupts_by_flag),
		WITH(interrupts_by_event),
		WITH(notifications_by_flag),
		WITH(notifications_by_event),
		WITH(indices_wrap_with_events),
		WITH(indices_wrap_with_flags),
		WITH(out_of_order),
		WITH(take_back),
		WITH(endless_driver),
		WITH(no_event_loop),
		WITH(rings_in_scattered_pages),
		WITH(rings_that_go_away),
		WITH(rings_that_move),
		WITH(without_bus_mastering),
		WITH(random_chains),
		WITH(direct_then_indirect),
		WITH(rewritten_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

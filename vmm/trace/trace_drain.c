/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "devices/probe.h"
#include "vmm/trace/trace_drain.h"

#define INTERVAL_NS 5000000

/* --- probes ------------------------------------------------------------------------------ */

static void probe_pages(const struct trace_event *e, const struct trace_values *v)
{
	switch (e->id) {
	case TRACE_MM_PAGE_ALLOC:
		PROBE(mm_page_alloc, e->cpu, e->site, v->value[0], v->value[1],
		      v->value[2], v->value[3]);
		break;
	case TRACE_MM_PAGE_FREE:
		PROBE(mm_page_free, e->cpu, e->site, v->value[0], v->value[1]);
		break;
	default:
		PROBE(mm_page_alloc_extfrag, e->cpu, v->value[0], v->value[1],
		      v->value[2], v->value[3], v->value[4], v->value[5]);
	}
}

static void probe_objects(const struct trace_event *e, const struct trace_values *v)
{
	switch (e->id) {
	case TRACE_KMALLOC:
		PROBE(kmalloc, e->cpu, e->site, v->value[1], v->value[2], v->value[3],
		      v->value[4]);
		break;
	case TRACE_KFREE:
		PROBE(kfree, e->cpu, e->site, v->value[1]);
		break;
	case TRACE_KMEM_CACHE_ALLOC:
		PROBE(kmem_cache_alloc, e->cpu, e->site, v->value[1], v->name,
		      v->value[2], v->value[3], v->value[4]);
		break;
	default:
		PROBE(kmem_cache_free, e->cpu, e->site, v->value[1], v->name);
	}
}

static void probe_areas(const struct trace_event *e, const struct trace_values *v)
{
	switch (e->id) {
	case TRACE_ALLOC_VMAP_AREA:
		PROBE(alloc_vmap_area, e->cpu, e->site, v->value[0], v->value[1],
		      v->value[2], v->value[5]);
		break;
	case TRACE_PURGE_VMAP_AREA_LAZY:
		PROBE(purge_vmap_area_lazy, e->cpu, v->value[0], v->value[1],
		      v->value[2]);
		break;
	default:
		PROBE(free_vmap_area_noflush, e->cpu, e->site, v->value[0], v->value[1],
		      v->value[2]);
	}
}

static void probe_reclaim(const struct trace_event *e, const struct trace_values *v)
{
	switch (e->id) {
	case TRACE_DIRECT_RECLAIM_BEGIN:
		PROBE(mm_vmscan_direct_reclaim_begin, e->cpu, v->value[0], v->value[1]);
		break;
	case TRACE_DIRECT_RECLAIM_END:
		PROBE(mm_vmscan_direct_reclaim_end, e->cpu, v->value[0]);
		break;
	case TRACE_KSWAPD_WAKE:
		PROBE(mm_vmscan_kswapd_wake, e->cpu, v->value[0], v->value[1],
		      v->value[2]);
		break;
	default:
		PROBE(mm_vmscan_kswapd_sleep, e->cpu, v->value[0]);
	}
}

static void probe_dma(const struct trace_event *e, const struct trace_values *v)
{
	switch (e->id) {
	case TRACE_DMA_MAP_PAGE:
		PROBE(dma_map_page, e->cpu, e->site, v->name, e->arg[1], e->arg[2],
		      v->bytes, e->arg[0] >> 32);
		break;
	case TRACE_DMA_UNMAP_PAGE:
		PROBE(dma_unmap_page, e->cpu, e->site, v->name, e->arg[2], v->bytes,
		      e->arg[0] >> 32);
		break;
	case TRACE_DMA_ALLOC:
		PROBE(dma_alloc, e->cpu, e->site, v->name, e->arg[1], e->arg[2],
		      v->bytes);
		break;
	case TRACE_DMA_FREE:
		PROBE(dma_free, e->cpu, e->site, v->name, e->arg[1], e->arg[2], v->bytes);
		break;
	case TRACE_DMA_MAP_SG:
		PROBE(dma_map_sg, e->cpu, e->site, v->name, (uint32_t)e->arg[1],
		      e->arg[1] >> 32, v->bytes, e->arg[0] >> 32);
		break;
	default:
		PROBE(dma_unmap_sg, e->cpu, e->site, v->name, (uint32_t)e->arg[1],
		      v->bytes, e->arg[0] >> 32);
	}
}

static void raise_probe(void *arg, const struct trace_event *e, uint64_t lost)
{
	struct trace_drain *d = arg;
	struct trace_values v;

	if (lost)
		PROBE(events_lost, e->cpu, lost);
	trace_values(e, &d->names, &v);
	if (e->id <= TRACE_MM_PAGE_ALLOC_EXTFRAG)
		probe_pages(e, &v);
	else if (e->id <= TRACE_KMEM_CACHE_FREE)
		probe_objects(e, &v);
	else if (e->id <= TRACE_FREE_VMAP_AREA_NOFLUSH)
		probe_areas(e, &v);
	else if (e->id <= TRACE_KSWAPD_SLEEP)
		probe_reclaim(e, &v);
	else
		probe_dma(e, &v);
}

/* --- the rings --------------------------------------------------------------------------- */

static int read_ram(void *arg, uint64_t gpa, void *buf, size_t len)
{
	const void *host = ram_at(arg, gpa, len);

	if (!host)
		return -EFAULT;
	memcpy(buf, host, len);
	/* The guest writes meanwhile: what is checked and what is used is the copy. */
	__asm__ volatile("" : : : "memory");
	return 0;
}

static void forget(struct trace_drain *d)
{
	if (!d->area_gpa)
		return;
	d->past.events += d->reader.counts.events;
	d->past.lost += d->reader.counts.lost;
	d->past.wrong += d->reader.counts.wrong;
	trace_reader_close(&d->reader);
	d->area_gpa = 0;
	d->names.nr_caches = 0;
}

/* 0, or -ENODEV: the guest has none, or makes no sense. */
static int find(struct trace_drain *d)
{
	struct trace_source source = { read_ram, (void *)(uintptr_t)d->ram };
	struct error ignored;
	uint64_t gpa;

	if (d->area_gpa)
		return 0;
	if (!d->memstate_gpa || memstate_open(&d->view, d->ram, d->memstate_gpa) ||
	    !d->view.mm.trace_va ||
	    memstate_translate(&d->view, d->view.mm.trace_va, &gpa) ||
	    trace_reader_open(&d->reader, &source, gpa, true, &ignored))
		return -ENODEV;
	d->names.state = &d->view;
	d->area_gpa = gpa;
	return 0;
}

/* Byte by byte, as the guest reads them. */
static int write_enable(const struct trace_drain *d, const uint8_t *enable)
{
	uint8_t *to = ram_at(d->ram, d->area_gpa + offsetof(struct trace_area, enable),
			     TRACE_IDS_MAX);
	unsigned int id;

	if (!to)
		return -ENODEV;
	for (id = 0; id < TRACE_IDS_MAX; id++)
		__atomic_store_n(&to[id], enable[id], __ATOMIC_RELAXED);
	return 0;
}

static int read_enable(const struct trace_drain *d, uint8_t *enable)
{
	return read_ram((void *)(uintptr_t)d->ram,
			d->area_gpa + offsetof(struct trace_area, enable), enable,
			TRACE_IDS_MAX);
}

static bool any(const uint8_t *enable)
{
	unsigned int id;

	for (id = 0; id < TRACE_IDS_MAX; id++)
		if (enable[id])
			return true;
	return false;
}

static void set_timer(const struct trace_drain *d, bool on)
{
	struct timespec interval = { .tv_nsec = on ? INTERVAL_NS : 0 };
	struct itimerspec timer = { interval, interval };

	if (d->watch.fd >= 0)
		timerfd_settime(d->watch.fd, 0, &timer, NULL);
}

/* A guest that was told by its command line, too, keeps that. */
static void want_more(const struct trace_drain *d)
{
	uint8_t enable[TRACE_IDS_MAX];
	unsigned int id;

	if (read_enable(d, enable))
		return;
	for (id = 0; id < TRACE_IDS_MAX; id++)
		if (d->wanted[id] > enable[id])
			enable[id] = d->wanted[id];
	write_enable(d, enable);
}

void trace_drain_poll(struct trace_drain *d)
{
	struct error ignored;

	if (!d->area_gpa) {
		if (find(d))
			return;
		if (any(d->wanted))
			want_more(d);
	}
	memstate_refresh(&d->view);
	/* After a reset everything is somewhere else, or will be. */
	if (trace_reader_poll(&d->reader, raise_probe, d, &ignored))
		forget(d);
}

int trace_drain_switch(struct trace_drain *d, const uint8_t *enable, uint8_t *before)
{
	int ret = find(d);

	if (!ret && before)
		ret = read_enable(d, before);
	if (ret || !enable)
		return ret;
	memcpy(d->wanted, enable, sizeof(d->wanted));
	set_timer(d, any(enable));
	if (!any(enable))
		trace_drain_poll(d);
	return write_enable(d, enable);
}

static void on_timer(void *arg, uint32_t events)
{
	struct trace_drain *d = arg;
	uint64_t expired;

	(void)events;
	if (read(d->watch.fd, &expired, sizeof(expired)) == sizeof(expired))
		trace_drain_poll(d);
}

int trace_drain_start(struct trace_drain *d, struct loop *loop, const struct ram *ram,
		      uint64_t memstate_gpa, const uint8_t *wanted)
{
	int ret;

	*d = (struct trace_drain){ .ram = ram, .memstate_gpa = memstate_gpa };
	d->watch = (struct host_watch){
		.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
		.fn = on_timer,
		.arg = d,
	};
	if (d->watch.fd < 0)
		return -errno;
	ret = loop_watch_control(loop, &d->watch, EPOLLIN);
	if (ret) {
		close(d->watch.fd);
		d->watch.fd = -1;
		return ret;
	}
	if (wanted)
		memcpy(d->wanted, wanted, sizeof(d->wanted));
	set_timer(d, any(d->wanted));
	return 0;
}

void trace_drain_stop(struct trace_drain *d)
{
	if (d->ram && any(d->wanted))
		trace_drain_poll(d);
	forget(d);
	if (d->ram && d->watch.fd >= 0)
		close(d->watch.fd);
	d->ram = NULL;
}

/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "vmm/memstate/memstate_sampler.h"

#define FIRST_INTERVAL_US 20000
#define COST_SHARE	  50 /* a sample may take one part in so many of the interval */
#define TRIES		  3

enum frame_kind frame_map_most(const struct frame_map *map, uint64_t pfn, uint64_t n)
{
	uint64_t count[FRAME_KINDS] = { 0 };
	enum frame_kind most = FRAME_NONE, kind;
	uint64_t end = pfn + n < map->nr ? pfn + n : map->nr;

	for (; pfn < end; pfn++)
		count[map->kind[pfn]]++;
	count[FRAME_NONE] = 0;
	for (kind = FRAME_NONE; kind < FRAME_KINDS; kind++)
		if (count[kind] > count[most])
			most = kind;
	return most;
}

static uint64_t now_us(const struct memstate_sampler *s)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)((now.tv_sec - s->start.tv_sec) * 1000000 +
			  (now.tv_nsec - s->start.tv_nsec) / 1000);
}

static void set_timer(const struct memstate_sampler *s)
{
	struct timespec interval = {
		.tv_sec = (time_t)(s->interval_us / 1000000),
		.tv_nsec = (long)(s->interval_us % 1000000 * 1000),
	};
	struct itimerspec timer = { interval, interval };

	if (s->watch.fd >= 0)
		timerfd_settime(s->watch.fd, 0, &timer, NULL);
}

/* --- one sample --------------------------------------------------------------------------- */

static void fill_cells(struct memstate_sampler *s, struct memstate_sample *sample)
{
	unsigned int i;

	s->cell_pages = 1;
	while (s->cell_pages * SAMPLE_CELLS_MAX < s->frames.nr)
		s->cell_pages *= 2;
	s->nr_cells = (unsigned int)((s->frames.nr + s->cell_pages - 1) / s->cell_pages);
	for (i = 0; i < s->nr_cells; i++)
		sample->cell[i] = (uint8_t)frame_map_most(&s->frames, i * s->cell_pages,
							  s->cell_pages);
}

/* Keeps the caches, which are the sampler's now, if they have the most pages so far. */
static void note_caches(struct memstate_sampler *s, struct cache_states *caches,
			uint64_t us)
{
	uint64_t pages = 0;
	size_t i;

	for (i = 0; i < caches->nr; i++)
		pages += caches->cache[i].pages;
	if (pages < s->busiest_pages) {
		free(caches->cache);
		return;
	}
	free(s->busiest.cache);
	s->busiest = *caches;
	s->busiest_pages = pages;
	s->busiest_us = us;
}

/* What a running guest is just changing is read again. */
static int read_sample(struct memstate_sampler *s, struct memstate_view *view,
		       struct memstate_sample *sample)
{
	struct areas areas = { 0 };
	int ret = -1, i;

	for (i = 0; i < TRIES && ret; i++) {
		ret = memstate_read_zones(view, &sample->zones);
		if (!ret && !memstate_read_areas(view, &areas))
			ret = memstate_read_frames(view, &areas, &s->frames);
		else if (!ret)
			ret = memstate_read_frames(view, NULL, &s->frames);
	}
	free(areas.area);
	return ret;
}

/* Every second one goes, and from now on they come half as often. */
static void thin_out(struct memstate_sampler *s)
{
	unsigned int i;

	for (i = 0; i < s->nr_samples / 2; i++)
		s->sample[i] = s->sample[2 * i];
	s->nr_samples /= 2;
	s->interval_us *= 2;
	set_timer(s);
}

void memstate_sampler_take(struct memstate_sampler *s, uint64_t us)
{
	struct cache_states caches = { 0 };
	struct memstate_sample *sample;
	struct memstate_view view;

	if (memstate_open(&view, s->ram, s->gpa))
		return;
	if (s->nr_samples == SAMPLES_MAX)
		thin_out(s);
	sample = &s->sample[s->nr_samples];
	*sample = (struct memstate_sample){ .us = us };
	/* Without caches the memory subsystem is not up yet: nothing to see. */
	if (read_sample(s, &view, sample) || memstate_read_caches(&view, &caches) ||
	    !caches.nr)
		return;
	memcpy(sample->pages, s->frames.count, sizeof(sample->pages));
	fill_cells(s, sample);
	note_caches(s, &caches, us);
	s->nr_samples++;
}

/* --- the timer ------------------------------------------------------------------------------ */

static void on_timer(void *arg, uint32_t events)
{
	struct memstate_sampler *s = arg;
	uint64_t expired, before = now_us(s);

	(void)events;
	if (read(s->watch.fd, &expired, sizeof(expired)) != sizeof(expired))
		return;
	memstate_sampler_take(s, before);
	if ((now_us(s) - before) * COST_SHARE > s->interval_us) {
		s->interval_us *= 2;
		set_timer(s);
	}
}

void memstate_sampler_start(struct memstate_sampler *s, struct loop *loop,
			    const struct ram *ram, uint64_t gpa)
{
	*s = (struct memstate_sampler){
		.ram = ram,
		.gpa = gpa,
		.interval_us = FIRST_INTERVAL_US,
		.watch = { .fd = -1, .fn = on_timer, .arg = s },
	};
	clock_gettime(CLOCK_MONOTONIC, &s->start);
	if (!gpa)
		return;
	s->watch.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (s->watch.fd < 0)
		return;
	if (loop_watch_urgent(loop, &s->watch))
		memstate_sampler_stop(s);
	set_timer(s);
}

void memstate_sampler_stop(struct memstate_sampler *s)
{
	/* Closing takes it out of the loop. */
	if (s->watch.fd >= 0)
		close(s->watch.fd);
	s->watch.fd = -1;
}

void memstate_sampler_fini(struct memstate_sampler *s)
{
	memstate_sampler_stop(s);
	free(s->busiest.cache);
	free(s->frames.kind);
	s->busiest = (struct cache_states){ 0 };
	s->frames = (struct frame_map){ 0 };
}

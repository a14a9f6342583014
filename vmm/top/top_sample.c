/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmm/cli/rundir.h"
#include "vmm/top/top_sample.h"

#define TRIES 3 /* a guest that runs may be in the middle of a change */

/* --- the monitor ------------------------------------------------------------------------- */

static uint64_t number(const json_t *object, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(object, name));

	return n > 0 ? (uint64_t)n : 0;
}

static void add_exits(struct top_sample *s, const json_t *counts)
{
	const char *reason;
	json_t *value;
	unsigned int i;

	json_object_foreach((json_t *)counts, reason, value)
	{
		for (i = 0; i < s->nr_exits; i++)
			if (!strcmp(s->exits[i].reason, reason))
				break;
		if (i == TOP_EXITS || json_integer_value(value) < 0)
			continue;
		if (i == s->nr_exits) {
			s->exits[i] = (struct top_exits){ .count = 0 };
			snprintf(s->exits[i].reason, TOP_NAME_MAX, "%.*s",
				 TOP_NAME_MAX - 1, reason);
			s->nr_exits++;
		}
		s->exits[i].count += (uint64_t)json_integer_value(value);
	}
}

static void add_device(struct top_sample *s, const char *name, const json_t *counts)
{
	struct top_device *d = &s->devices[s->nr_devices];

	if (s->nr_devices == TOP_DEVICES || !json_object_get(counts, "dma.read_bytes"))
		return;
	snprintf(d->name, sizeof(d->name), "%.*s", TOP_NAME_MAX - 1, name);
	d->read_bytes = number(counts, "dma.read_bytes");
	d->written_bytes = number(counts, "dma.written_bytes");
	d->faults = number(counts, "dma.faults");
	s->nr_devices++;
}

static void read_counters(struct top_sample *s, const json_t *counters)
{
	const char *who;
	json_t *counts;

	json_object_foreach((json_t *)counters, who, counts)
	{
		if (!strncmp(who, "vcpu", 4))
			add_exits(s, counts);
		else
			add_device(s, who, counts);
	}
}

static void read_status(struct top_sample *s, const json_t *answer)
{
	const char *status = json_string_value(json_object_get(answer, "status"));

	snprintf(s->status, sizeof(s->status), "%.15s", status ? status : "");
}

/* One that was late once is not waited for again before it has answered. */
static json_t *ask(struct top_source *source, const char *question,
		   struct top_sample *sample)
{
	struct ctl *ctl = &source->ctl;
	struct error err = { "" };
	json_t *answer;

	ctl->patience_ms = ctl->late ? 0 : source->patience_ms;
	answer = ctl_execute(ctl, question, NULL, -1, &err);
	if (!answer && ctl->late)
		snprintf(sample->silence, sizeof(sample->silence), "%.159s", err.text);
	if (!answer && !ctl->late) {
		ctl_close(ctl);
		source->asked = false;
	}
	return answer;
}

static void ask_monitor(struct top_source *source, struct top_sample *s)
{
	json_t *counters = NULL, *status = NULL;

	s->nr_exits = s->nr_devices = 0;
	s->status[0] = s->silence[0] = '\0';
	if (source->asked)
		counters = ask(source, "query-pagevisor-counters", s);
	if (counters)
		status = ask(source, "query-status", s);
	s->told = status;
	if (s->told) {
		read_counters(s, counters);
		read_status(s, status);
	}
	json_decref(counters);
	json_decref(status);
}

/* --- the guest --------------------------------------------------------------------------- */

static int read_guest(struct memstate_view *view, struct top_sample *s)
{
	struct areas areas = { 0 };
	int ret = memstate_read_zones(view, &s->zones);

	free(s->caches.cache);
	s->caches = (struct cache_states){ 0 };
	if (!ret)
		ret = memstate_read_caches(view, &s->caches);
	if (!ret)
		ret = memstate_read_dma(view, &s->dma);
	if (!ret)
		ret = memstate_read_areas(view, &areas);
	if (!ret)
		ret = memstate_read_frames(view, &areas, &s->frames);
	free(areas.area);
	return ret;
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void count_objects(struct top_source *source, struct top_sample *s)
{
	struct top_events *events = &source->events;

	s->counted = events->on && s->published;
	if (!s->counted)
		return;
	top_events_poll(events);
	s->kmallocs = events->count[TRACE_KMALLOC];
	s->cache_allocs = events->count[TRACE_KMEM_CACHE_ALLOC];
	s->uncounted = top_events_lost(events);
}

int top_sample_take(struct top_source *source, struct top_sample *s, struct error *err)
{
	struct view *view = &source->view;
	int ret = 0, i;

	s->published = false;
	for (i = 0; i < TRIES && !s->published; i++) {
		ret = view_refresh(view, err);
		if (ret)
			break;
		s->us = now_us();
		s->published = view->published && !read_guest(&view->state, s);
	}
	if (ret) {
		top_sample_free(s);
		return ret;
	}
	snprintf(s->why, sizeof(s->why), "%.159s",
		 view->published ? view->state.err.text : view->why.text);
	count_objects(source, s);
	ask_monitor(source, s);
	return 0;
}

void top_sample_free(struct top_sample *s)
{
	free(s->caches.cache);
	free(s->frames.kind);
	*s = (struct top_sample){ 0 };
}

/* --- source and search ------------------------------------------------------------------- */

int top_open(struct top_source *source, const char *what, bool events, struct error *err)
{
	struct error ignored;
	int ret = view_open(&source->view, what, NULL, err), fd;

	source->asked = source->events.on = false;
	source->patience_ms = CTL_PATIENCE_MS;
	if (!ret && events) {
		ret = top_events_open(&source->events, &source->view, err);
		if (ret)
			view_close(&source->view);
	}
	if (ret || !source->view.live)
		return ret;
	fd = rundir_connect(source->view.name, &ignored);
	if (fd < 0)
		return 0;
	source->asked = !ctl_start(&source->ctl, source->view.name, fd, &ignored);
	if (!source->asked)
		ctl_close(&source->ctl);
	return 0;
}

void top_close(struct top_source *source)
{
	top_events_close(&source->events);
	if (source->asked)
		ctl_close(&source->ctl);
	view_close(&source->view);
}

const struct cache_state *top_find_cache(const struct top_sample *s, uint64_t va)
{
	size_t i;

	for (i = 0; i < s->caches.nr; i++)
		if (s->caches.cache[i].va == va)
			return &s->caches.cache[i];
	return NULL;
}

const struct top_device *top_find_device(const struct top_sample *s, const char *name)
{
	unsigned int i;

	for (i = 0; i < s->nr_devices; i++)
		if (!strcmp(s->devices[i].name, name))
			return &s->devices[i];
	return NULL;
}

const struct top_exits *top_find_exits(const struct top_sample *s, const char *reason)
{
	unsigned int i;

	for (i = 0; i < s->nr_exits; i++)
		if (!strcmp(s->exits[i].reason, reason))
			return &s->exits[i];
	return NULL;
}

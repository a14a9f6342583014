/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "devices/util.h"
#include "vmm/top/top_events.h"

static void begin(struct trace_writer *w, const struct trace_setting *setting)
{
	w->setting = setting;
}

static void count(struct trace_writer *w, const struct trace_entry *entry)
{
	struct top_events *events = container_of(w, struct top_events, writer);

	events->count[entry->event->id]++;
}

static void end(struct trace_writer *w, uint64_t lost)
{
	(void)w;
	(void)lost;
}

int top_events_open(struct top_events *events, struct view *view, struct error *err)
{
	uint8_t enable[TRACE_IDS_MAX];
	int ret;

	*events = (struct top_events){
		.name = view->name,
		.filter = { .vcpu = TRACE_ANY_VCPU, .bytes_max = UINT64_MAX },
		.writer = { begin, count, end, NULL, NULL, 0 },
	};
	if (!view->live || view->copied)
		return error_set(err, EINVAL,
				 "--events: %s is no machine whose memory can be read as "
				 "it runs",
				 view->name);
	events->filter.enable[TRACE_KMALLOC] = TRACE_PLAIN;
	events->filter.enable[TRACE_KMEM_CACHE_ALLOC] = TRACE_PLAIN;
	ret = trace_session_open(&events->session, view, &events->filter, &events->writer,
				 false, err);
	if (ret)
		return ret;
	ret = trace_switch(events->name, NULL, events->before, err);
	memcpy(enable, events->filter.enable, sizeof(enable));
	trace_join_levels(enable, events->before);
	if (!ret)
		ret = trace_switch(events->name, enable, NULL, err);
	events->on = !ret;
	if (ret)
		trace_session_close(&events->session);
	return ret;
}

void top_events_poll(struct top_events *events)
{
	struct error ignored;

	trace_session_poll(&events->session, &ignored);
}

uint64_t top_events_lost(const struct top_events *events)
{
	return events->session.reader.counts.lost;
}

void top_events_close(struct top_events *events)
{
	struct error ignored;

	if (!events->on)
		return;
	trace_switch(events->name, events->before, NULL, &ignored);
	trace_session_close(&events->session);
	events->on = false;
}

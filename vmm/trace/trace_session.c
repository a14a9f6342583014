/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "vmm/cli/ctl.h"
#include "vmm/cli/rundir.h"
#include "vmm/memstate/memstate_kernel.h"
#include "vmm/trace/trace_levels.h"
#include "vmm/trace/trace_session.h"

/* --- reading ----------------------------------------------------------------------------- */

/* What a guest writes at this moment is read past the view's shadow, which stands still. */
static int read_guest(void *arg, uint64_t gpa, void *buf, size_t len)
{
	struct view *view = arg;
	uint64_t first = view_host_address(view, gpa);
	uint64_t last = view_host_address(view, gpa + len - 1);
	struct iovec local = { buf, len };
	/* An address of the monitor's, which only the kernel follows. */
	struct iovec remote = {
		(void *)(uintptr_t)first, /* NOLINT(performance-no-int-to-ptr) */
		len
	};

	if (!view->live || view->copied)
		return view_read(view, gpa, buf, len);
	if (!first || last - first != len - 1)
		return -EFAULT;
	if (process_vm_readv(view->facts.pid, &local, 1, &remote, 1, 0) != (ssize_t)len)
		return -EFAULT;
	return 0;
}

static uint64_t to_ns(const struct trace_session *s, uint64_t tsc)
{
	if (!s->tsc_khz || tsc < s->tsc_base)
		return tsc;
	return (uint64_t)((unsigned __int128)(tsc - s->tsc_base) * 1000000 / s->tsc_khz);
}

static void read_clock(struct trace_session *s)
{
	struct memstate_view *state = &s->view->state;
	struct memstate_kernel kernel;
	uint32_t khz;
	uint64_t base;

	if (memstate_read_kernel(state, &kernel) ||
	    memstate_read(state, kernel.clock.khz_va, &khz, sizeof(khz), "the clock") ||
	    memstate_read_pointer(state, kernel.clock.base_va, &base, "the clock"))
		return;
	s->tsc_khz = khz;
	s->tsc_base = base;
}

/* Where in the kernel's file its code begins; 0 where that is not to be found. */
static uint64_t text_offset(const char *path, uint64_t text)
{
	FILE *f = path ? fopen(path, "re") : NULL;
	uint64_t offset = 0;
	Elf64_Ehdr header;
	Elf64_Phdr part;
	unsigned int i;

	if (!f)
		return 0;
	if (fread(&header, sizeof(header), 1, f) == 1 &&
	    !fseek(f, (long)header.e_phoff, SEEK_SET))
		for (i = 0; i < header.e_phnum && fread(&part, sizeof(part), 1, f) == 1;
		     i++)
			if (part.p_type == PT_LOAD && text >= part.p_vaddr &&
			    text - part.p_vaddr < part.p_filesz)
				offset = part.p_offset + (text - part.p_vaddr);
	fclose(f);
	return offset;
}

/* --- what is wanted ---------------------------------------------------------------------- */

static bool is_in(const char *glob, uint64_t pc, const struct symbols *symbols)
{
	const struct symbol *symbol = pc ? symbols_find(symbols, pc - 1) : NULL;

	return symbol && trace_matches(glob, symbol->name);
}

static bool site_passes(const char *glob, const struct trace_event *event,
			const struct symbols *symbols)
{
	unsigned int i;

	if (!glob || is_in(glob, event->site, symbols))
		return true;
	for (i = 0; i < event->depth; i++)
		if (is_in(glob, event->chain[i], symbols))
			return true;
	return false;
}

bool trace_filter_passes(const struct trace_filter *f, const struct trace_event *event,
			 const struct trace_values *values, const struct symbols *symbols)
{
	bool sized = f->bytes_min || f->bytes_max != UINT64_MAX;

	if (!f->enable[event->id])
		return false;
	if (f->vcpu != TRACE_ANY_VCPU && f->vcpu != event->cpu)
		return false;
	if (sized && (!values->bytes || values->bytes < f->bytes_min ||
		      values->bytes > f->bytes_max))
		return false;
	return site_passes(f->site, event, symbols);
}

/* --- a session --------------------------------------------------------------------------- */

static void take(void *arg, const struct trace_event *event, uint64_t lost)
{
	struct trace_session *s = arg;
	struct trace_values values;
	struct trace_entry entry = { event, &values, to_ns(s, event->tsc), 0 };

	s->lost[event->cpu] += lost;
	trace_values(event, &s->names, &values);
	if (!trace_filter_passes(s->filter, event, &values, &s->view->symbols))
		return;
	entry.lost = s->lost[event->cpu];
	s->lost[event->cpu] = 0;
	s->writer->event(s->writer, &entry);
}

int trace_session_open(struct trace_session *s, struct view *view,
		       const struct trace_filter *filter, struct trace_writer *writer,
		       bool all, struct error *err)
{
	struct trace_source source = { read_guest, view };
	struct memstate_view *state = &view->state;
	int ret;

	*s = (struct trace_session){ .view = view, .filter = filter, .writer = writer };
	if (!view->published)
		return error_set(err, EAGAIN, "%s: %s", view->name, view->why.text);
	if (!state->mm.trace_va ||
	    memstate_translate(state, state->mm.trace_va, &s->area_gpa))
		return error_set(err, EBADMSG, "%s: its kernel has no memory events",
				 view->name);
	ret = trace_reader_open(&s->reader, &source, s->area_gpa, all, err);
	if (ret)
		return ret;
	read_clock(s);
	s->names.state = state;
	s->setting = (struct trace_setting){
		.guest = view->name,
		.kernel = view->facts.kernel,
		.text_start = state->map.text_start,
		.text_end = state->map.text_end,
		.text_offset = text_offset(view->facts.kernel, state->map.text_start),
		.symbols = &view->symbols,
		.cpus = s->reader.area.nr_rings,
		.pages_va = state->mm.pages.va,
		.page_bytes = state->mm.pages.stride,
		/* A page block is the largest block that the allocator hands out. */
		.block_order = state->mm.pages.max_order,
	};
	memcpy(s->setting.enable, filter->enable, sizeof(s->setting.enable));
	writer->begin(writer, &s->setting);
	return 0;
}

int trace_session_poll(struct trace_session *s, struct error *err)
{
	memstate_refresh(&s->view->state);
	return trace_reader_poll(&s->reader, take, s, err);
}

void trace_session_close(struct trace_session *s)
{
	s->writer->end(s->writer, s->reader.counts.lost);
	trace_reader_close(&s->reader);
}

/* --- on and off -------------------------------------------------------------------------- */

int trace_switch(const char *name, const uint8_t *enable, uint8_t *before,
		 struct error *err)
{
	struct ctl ctl;
	json_t *answer = NULL;
	unsigned int id;
	int ret, fd = rundir_connect(name, err);

	if (fd < 0)
		return fd;
	ret = ctl_open(&ctl, name, fd, err);
	if (!ret) {
		answer = ctl_execute(
			&ctl, "x-pagevisor-trace",
			enable ? json_pack("{s:o}", "enable", trace_levels_pack(enable))
			       : NULL,
			-1, err);
		ret = answer ? 0 : -EREMOTEIO;
	}
	for (id = 0; id < TRACE_IDS_MAX && before && !ret; id++)
		before[id] = (uint8_t)json_integer_value(
			json_array_get(json_object_get(answer, "before"), id));
	json_decref(answer);
	ctl_close(&ctl);
	return ret;
}

void trace_join_levels(uint8_t *enable, const uint8_t *others)
{
	unsigned int id;

	for (id = 0; id < TRACE_IDS_MAX; id++)
		if (others[id] > enable[id])
			enable[id] = others[id];
}

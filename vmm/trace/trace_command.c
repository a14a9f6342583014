/* SPDX-License-Identifier: MIT */
/*
 * The rings are read from this process (vmm/inspect/view.h): the monitor does no more than
 * switch events on and off, so neither its confinement nor its threads come into it, and a
 * file grows as long as the user likes.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmm/report/outcome.h"
#include "vmm/trace/trace_command.h"
#include "vmm/trace/trace_session.h"
#include "vmm/util/log.h"

#define POLL_NS	     1000000
#define RINGS_WAIT_S 10 /* for a guest that is booting */
#define FILE_BUFFER  (1u << 20)

struct trace_options {
	const char *output;
	const char *kernel;
	const char *format; /* NULL: by the name of the output */
	double seconds; /* 0: until interrupted, or the guest ends */
	bool all;
	struct trace_filter filter;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* --- options ----------------------------------------------------------------------------- */

static int set_format(void *target, const char *value, struct error *err)
{
	struct trace_options *o = target;

	if (strcmp(value, "perf") != 0 && strcmp(value, "json") != 0 &&
	    strcmp(value, "text") != 0)
		return error_set(err, EINVAL, "--format %s: give perf, json or text",
				 value);
	o->format = value;
	return 0;
}

static int set_events(void *target, const char *value, struct error *err)
{
	struct trace_options *o = target;
	struct error why;

	if (trace_parse_events(value, o->filter.enable, &why))
		return error_set(err, EINVAL, "--events %s", why.text);
	return 0;
}

static int set_for(void *target, const char *value, struct error *err)
{
	struct trace_options *o = target;

	if (parse_seconds(value, &o->seconds))
		return error_set(err, EINVAL, "--for %s: give seconds", value);
	return 0;
}

static int set_vcpu(void *target, const char *value, struct error *err)
{
	struct trace_options *o = target;

	if (parse_count(value, &o->filter.vcpu))
		return error_set(err, EINVAL, "--vcpu %s: give a number", value);
	return 0;
}

static int set_bytes(void *target, const char *value, struct error *err)
{
	struct trace_options *o = target;
	const char *dots = strstr(value, "..");
	unsigned long long min = 0, max = UINT64_MAX;
	char low[32];

	if (!dots || (size_t)(dots - value) >= sizeof(low))
		return error_set(err, EINVAL, "--bytes %s: give MIN..MAX, such as 4K..",
				 value);
	snprintf(low, sizeof(low), "%.*s", (int)(dots - value), value);
	if ((low[0] && parse_size(low, &min)) || (dots[2] && parse_size(dots + 2, &max)))
		return error_set(err, EINVAL, "--bytes %s: give MIN..MAX, such as 4K..",
				 value);
	o->filter.bytes_min = min;
	o->filter.bytes_max = max;
	return 0;
}

static const struct option option_table[] = {
	{ "output", 'o', "FILE", "Write to FILE. Default: text on standard output.",
	  OPTION_TO(struct trace_options, output) },
	{ "format", 0, "FORMAT",
	  "perf (perf.data: perf script reads it), json (Chrome's and Perfetto's), or text. "
	  "Default: json for a FILE that ends in .json, text for one in .txt, else perf.",
	  set_format, 0 },
	{ "events", 'e', "GLOB,...",
	  "The events, by Linux's names, such as kmem:kmalloc or kmem:*; `chain` among them "
	  "adds call chains. Default: all without chains.",
	  set_events, 0 },
	{ "for", 0, "SECONDS",
	  "How long. Default: until Ctrl-C. The end of the guest ends it, too.", set_for,
	  0 },
	{ "all", 0, NULL, "Also what the rings hold from before.",
	  OPTION_TO(struct trace_options, all) },
	{ "vcpu", 0, "N", "Only events of vCPU N.", set_vcpu, 0 },
	{ "bytes", 0, "MIN..MAX",
	  "Only events about so many bytes; either bound may be left out.", set_bytes,
	  0 },
	{ "site", 0, "GLOB",
	  "Only events whose call site is in a function so called, or, with chains, that came "
	  "through one.",
	  OPTION_TO(struct trace_options, filter.site) },
	{ "kernel", 0, "FILE",
	  "Take the names of functions from FILE. Default: the kernel that the machine was "
	  "started with.",
	  OPTION_TO(struct trace_options, kernel) },
	{ .name = NULL },
};

/* --- running ----------------------------------------------------------------------------- */

static void nap(void)
{
	const struct timespec ts = { .tv_nsec = POLL_NS };

	nanosleep(&ts, NULL);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A guest that has just been started has no rings yet. */
static int open_session(struct trace_session *s, struct view *view,
			const struct trace_options *o, struct trace_writer *writer,
			struct error *err)
{
	bool all = o->all || !view->live;
	double end = now() + RINGS_WAIT_S;
	int ret;

	for (;;) {
		ret = trace_session_open(s, view, &o->filter, writer, all, err);
		if (ret != -EAGAIN || !view->live || interrupted || now() > end)
			return ret;
		nap();
		if (view_refresh(view, err))
			return -ESRCH;
	}
}

static void follow(struct trace_session *s, const struct trace_options *o)
{
	double end = o->seconds > 0 ? now() + o->seconds : INFINITY;
	struct error err;
	int ret = 0;

	while (!interrupted && ret != -EFAULT && now() < end &&
	       !ferror(s->writer->file)) {
		ret = trace_session_poll(s, &err);
		if (ret == -EBADMSG)
			log_line("%s: %s", s->view->name, err.text);
		nap();
	}
}

static int trace_live(struct trace_session *s, const struct trace_options *o,
		      struct error *err)
{
	uint8_t before[TRACE_IDS_MAX], enable[TRACE_IDS_MAX];
	struct error ignored;
	int ret;

	memset(enable, TRACE_OFF, sizeof(enable));
	ret = trace_switch(s->view->name, NULL, before, err);
	if (ret)
		return ret;
	memcpy(enable, o->filter.enable, sizeof(enable));
	trace_join_levels(enable, before);
	ret = trace_switch(s->view->name, enable, NULL, err);
	if (ret)
		return ret;
	follow(s, o);
	/* What came last; then all as it was.  The guest may have ended. */
	trace_switch(s->view->name, before, NULL, &ignored);
	trace_session_poll(s, &ignored);
	return 0;
}

static int trace(struct view *view, const struct trace_options *o,
		 struct trace_writer *writer, struct error *err)
{
	static struct trace_session session; /* too big for a stack */
	int ret = open_session(&session, view, o, writer, err);

	if (ret)
		return ret;
	ret = view->live ? trace_live(&session, o, err)
			 : trace_session_poll(&session, err);
	trace_session_close(&session);
	if (!ret)
		log_line("%s: %" PRIu64 " events, %" PRIu64 " lost%s", view->name,
			 writer->events, session.reader.counts.lost,
			 session.reader.counts.wrong ? ", some make no sense" : "");
	return ret;
}

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && !strcmp(name + n - m, end);
}

static void choose_writer(const struct trace_options *o, struct trace_writer *w, FILE *f)
{
	const char *format = o->format;

	if (!format)
		format = !o->output || ends_in(o->output, ".txt") ? "text"
			 : ends_in(o->output, ".json")		  ? "json"
								  : "perf";
	if (!strcmp(format, "json"))
		trace_json_writer(w, f);
	else if (!strcmp(format, "text"))
		trace_text_writer(w, f);
	else
		trace_perf_writer(w, f);
}

static int write_file(struct view *view, const struct trace_options *o, struct error *err)
{
	const char *name = o->output ? o->output : "standard output";
	FILE *f = o->output ? fopen(o->output, "we") : stdout;
	struct trace_writer writer;
	int ret, bad;

	if (!f)
		return error_set(err, errno, "--output %s: %s", name, strerror(errno));
	setvbuf(f, NULL, _IOFBF, FILE_BUFFER);
	choose_writer(o, &writer, f);
	ret = trace(view, o, &writer, err);
	bad = ferror(f) | (f == stdout ? fflush(f) : fclose(f));
	if (!ret && bad)
		ret = error_set(err, EIO, "--output %s: %s", name, strerror(errno));
	return ret;
}

static void init(void *target)
{
	struct trace_options *options = target;
	struct error ignored;

	*options = (struct trace_options){ .filter = { .vcpu = TRACE_ANY_VCPU,
						       .bytes_max = UINT64_MAX } };
	trace_parse_events("*", options->filter.enable, &ignored);
}

static int run(void *target, const struct parsed *parsed, struct error *err)
{
	const struct trace_options *options = target;
	struct sigaction action = { .sa_handler = on_signal };
	static struct view view; /* too big for a stack */
	int ret;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	ret = view_open(&view, parsed->operand, options->kernel, err);
	if (!ret) {
		ret = write_file(&view, options, err);
		view_close(&view);
	}
	return ret ? STATUS_USAGE : STATUS_WELL;
}

const struct command trace_command = {
	.name = "trace",
	.operand = "NAME|FILE",
	.summary =
		"memory events of a guest by Linux's names, for perf script and Perfetto",
	.text = "Switches memory events on in the machine NAME of this user, reads them out of "
		"its memory while it runs, and switches off again what was off before; of an "
		"ELF core FILE it takes what the dead guest has left. Events are "
		"kmem:mm_page_alloc, mm_page_free, mm_page_alloc_extfrag, kmalloc, kfree, "
		"kmem_cache_alloc, kmem_cache_free; vmalloc:alloc_vmap_area, "
		"purge_vmap_area_lazy, free_vmap_area_noflush; "
		"vmscan:mm_vmscan_direct_reclaim_begin, mm_vmscan_direct_reclaim_end, "
		"mm_vmscan_kswapd_wake, mm_vmscan_kswapd_sleep; dma:dma_map_page, "
		"dma_unmap_page, dma_alloc, dma_free, dma_map_sg, dma_unmap_sg. Names, fields "
		"and texts are those of Linux 6.17, but: kmem_cache_alloc has the cache's name "
		"at its end; no object is accounted; pageblock_order is the guest's, 10; call "
		"sites have their function's name in text, and in perf's sym; of a list, a "
		"ring that is small holds fewer entries than Linux's 128. What the guest "
		"overwrote before it was read is counted as lost. A guest can begin by itself, "
		"with trace=GLOB,...[,chain] in its command line; trace_buf_size=SIZE there "
		"sets what it keeps for each CPU.",
	.options = option_table,
	.target_size = sizeof(struct trace_options),
	.init = init,
	.run = run,
};

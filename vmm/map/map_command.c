/* SPDX-License-Identifier: MIT */
/* `pagevisor map`: takes pictures of a guest's memory and draws them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmm/inspect/view.h"
#include "vmm/map/map_command.h"
#include "vmm/map/map_json.h"
#include "vmm/map/map_svg.h"
#include "vmm/report/outcome.h"
#include "vmm/report/report_json.h"

#define MOMENTS_MAX  1000u
#define EVERY_MS_MIN 10u

struct map_options {
	const char *output; /* file, or NULL: standard output */
	const char *kernel;
	unsigned int every_ms; /* 0: one moment */
	double seconds;
};

static int set_every(void *target, const char *value, struct error *err)
{
	struct map_options *o = target;

	if (parse_count(value, &o->every_ms) || o->every_ms < EVERY_MS_MIN)
		return error_set(err, EINVAL, "--every %s: give milliseconds, %u or more",
				 value, EVERY_MS_MIN);
	return 0;
}

static int set_for(void *target, const char *value, struct error *err)
{
	struct map_options *o = target;

	if (parse_seconds(value, &o->seconds))
		return error_set(err, EINVAL, "--for %s: give seconds", value);
	return 0;
}

static const struct option option_table[] = {
	{ "output", 'o', "FILE", "Write the picture to FILE. Default: standard output.",
	  OPTION_TO(struct map_options, output) },
	{ "every", 0, "MS",
	  "Show the guest over time: a moment every MS milliseconds, one after the other in "
	  "one picture that moves. Needs --for.",
	  set_every, 0 },
	{ "for", 0, "SECONDS", "How long to look. The end of the guest ends it, too.",
	  set_for, 0 },
	{ "kernel", 0, "FILE",
	  "Take the names of functions from FILE. Default: the kernel that the machine was "
	  "started with.",
	  OPTION_TO(struct map_options, kernel) },
	{ .name = NULL },
};

static int check(const struct map_options *o, struct error *err)
{
	if (!o->every_ms != !(o->seconds > 0))
		return error_set(err, EINVAL,
				 "--every and --for: one needs the other; give both");
	if (o->every_ms && o->seconds * 1000 / o->every_ms > MOMENTS_MAX)
		return error_set(err, EINVAL,
				 "--every %u --for %g: more than %u moments; give a "
				 "longer distance",
				 o->every_ms, o->seconds, MOMENTS_MAX);
	return 0;
}

/* --- looking ----------------------------------------------------------------------------- */

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void sleep_until(uint64_t us)
{
	struct timespec when = { .tv_sec = (time_t)(us / 1000000),
				 .tv_nsec = (long)(us % 1000000 * 1000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
		;
}

/* Appends the map of this moment.  0; -EAGAIN: the guest is in the middle of something, or
 * publishes nothing; the line is in err. */
static int look(struct view *view, json_t *maps, uint64_t us, struct error *err)
{
	struct memstate_snapshot snapshot = { 0 };
	json_t *map;
	int ret;

	if (!view->published)
		return error_set(err, EAGAIN, "%s: %s", view->name, view->why.text);
	ret = memstate_snapshot_take(&view->state, &snapshot);
	if (ret)
		return error_set(err, EAGAIN, "%s: %s", view->name,
				 ret == -EBADMSG ? view->state.err.text : strerror(-ret));
	map = map_json(&view->state, &snapshot, &view->symbols);
	report_number(map, "us", us);
	json_array_append_new(maps, map);
	memstate_snapshot_free(&snapshot);
	return 0;
}

/* What could not be read of a moment does not matter as long as there is another. */
static int look_for_long(struct view *view, json_t *maps, const struct map_options *o,
			 struct error *err)
{
	uint64_t start = now_us(), end = start + (uint64_t)(o->seconds * 1e6);
	uint64_t next;
	int ret = 0;

	for (next = start; next <= end && !ret; next += o->every_ms * 1000ull) {
		sleep_until(next);
		ret = view_refresh(view, err);
		if (!ret)
			look(view, maps, now_us() - start, err);
	}
	return json_array_size(maps) ? 0 : -EAGAIN;
}

static int draw(const struct map_options *options, const struct view *view,
		const json_t *maps, struct error *err)
{
	const char *name = options->output ? options->output : "standard output";
	FILE *f = options->output ? fopen(options->output, "we") : stdout;
	int ret, bad;

	if (!f)
		return error_set(err, errno, "--output %s: %s", name, strerror(errno));
	ret = map_svg_file(f, view->name, maps, view->state.mm.page_size);
	bad = ferror(f) | (f == stdout ? fflush(f) : fclose(f));
	if (ret)
		return error_set(err, -ret, "%s: there is no memory to be seen",
				 view->name);
	return bad ? error_set(err, EIO, "--output %s: %s", name, strerror(errno)) : 0;
}

static int map(struct view *view, const struct map_options *o, struct error *err)
{
	json_t *maps;
	int ret;

	if (o->every_ms && (view->copied || !view->live))
		return error_set(err, EPERM,
				 "--every: %s is %s, which does not change; leave it out",
				 view->name,
				 view->live ? "a copy (its monitor cannot be read)"
					    : "a core");
	maps = json_array();
	ret = o->every_ms ? look_for_long(view, maps, o, err) : look(view, maps, 0, err);

	if (!ret)
		ret = draw(o, view, maps, err);
	json_decref(maps);
	return ret;
}

static int run(void *target, const struct parsed *parsed, struct error *err)
{
	const struct map_options *options = target;
	static struct view view; /* too big for a stack */
	int ret = check(options, err);

	if (!ret)
		ret = view_open(&view, parsed->operand, options->kernel, err);
	if (!ret) {
		ret = map(&view, options, err);
		view_close(&view);
	}
	return ret ? STATUS_USAGE : STATUS_WELL;
}

const struct command map_command = {
	.name = "map",
	.operand = "MACHINE",
	.summary = "draws a guest's physical memory",
	.text = "Draws the physical memory of a guest as a picture (SVG): a cell for each page, "
		"or for a few where there are many, in the colour of its use. MACHINE is a "
		"machine that was started with --name, or the file of a core. It is read from "
		"outside: the guest notices nothing. Lines go around the slabs of one cache, "
		"the areas of vmalloc, and what devices have mapped (a guest with "
		"dma_debug=on tells); what the pointer is on says what it is. The picture "
		"needs nothing else, and follows the light or dark of who looks at it.",
	.options = option_table,
	.target_size = sizeof(struct map_options),
	.run = run,
};

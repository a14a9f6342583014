/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vmm/report/outcome.h"
#include "vmm/top/top.h"

#define BATCH_WIDTH 132
#define FIRST_DELAY 0.2 /* seconds: rates need two looks */

struct top_options {
	bool batch;
	unsigned int looks; /* 0: no end */
	double delay;
	int sort;
	bool reversed;
	bool events;
};

static int set_looks(void *target, const char *value, struct error *err)
{
	struct top_options *o = target;

	if (parse_count(value, &o->looks) || !o->looks)
		return error_set(err, EINVAL, "--iterations %s: give a number above 0",
				 value);
	return 0;
}

static int set_once(void *target, const char *value, struct error *err)
{
	struct top_options *o = target;

	(void)value, (void)err;
	o->batch = true;
	o->looks = 1;
	return 0;
}

static int set_delay(void *target, const char *value, struct error *err)
{
	struct top_options *o = target;
	char *end;

	o->delay = strtod(value, &end);
	if (end == value || *end || !(o->delay >= TOP_DELAY_MIN) ||
	    o->delay > TOP_DELAY_MAX)
		return error_set(err, EINVAL, "--delay %s: give seconds, %g to %g", value,
				 TOP_DELAY_MIN, TOP_DELAY_MAX);
	return 0;
}

static int set_sort(void *target, const char *value, struct error *err)
{
	struct top_options *o = target;

	o->sort = strlen(value) == 1 ? top_sort_find(value[0]) : -1;
	if (o->sort < 0)
		return error_set(
			err, EINVAL,
			"--sort %s: give one of the letters r a b c l v n o p s u",
			value);
	return 0;
}

static const struct option option_table[] = {
	{ "batch", 'b', NULL, "Print plain text, one page a look, and take no keys.",
	  OPTION_TO(struct top_options, batch) },
	{ "once", 'o', NULL, "One page of plain text: -b -n 1.", set_once, 0 },
	{ "iterations", 'n', "N", "Leave after N pages. Default: go on.", set_looks, 0 },
	{ "delay", 'd', "SECONDS", "Between two looks, 0.05 to 3600. Default: 1.",
	  set_delay, 0 },
	{ "sort", 's', "LETTER",
	  "Sort caches by: r change of objects in use (default), a objects in use, b objects "
	  "in a slab, c size of the cache, l slabs, v slabs in use, n name, o objects, p pages "
	  "of a slab, s size of an object, u share in use.",
	  set_sort, 0 },
	{ "events", 'e', NULL,
	  "Count every allocation of an object, by switching the guest's memory events kmalloc "
	  "and kmem_cache_alloc on meanwhile: each costs it up to 30 instructions then.",
	  OPTION_TO(struct top_options, events) },
	{ "reverse", 0, NULL, "Sort the other way round.",
	  OPTION_TO(struct top_options, reversed) },
	{ .name = NULL },
};

int top_look(struct top *top, struct error *err)
{
	top->now ^= 1;
	return top_sample_take(&top->source, &top->samples[top->now], err);
}

int top_fill(struct top *top)
{
	/* Known once the guest publishes. */
	top->settings.page_bytes = top->source.view.state.mm.page_size;
	return top_page_fill(&top->page, &top->settings, &top->samples[top->now],
			     &top->samples[top->now ^ 1]);
}

static void sleep_for(double seconds)
{
	struct timespec time = { .tv_sec = (time_t)seconds };

	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	nanosleep(&time, NULL);
}

/* Two looks, so that the first page has rates. */
static int look_twice(struct top *top, struct error *err)
{
	double delay = top->settings.delay;
	int ret = top_look(top, err);

	if (ret || !top->source.view.live)
		return ret;
	sleep_for(delay < FIRST_DELAY ? delay : FIRST_DELAY);
	return top_look(top, err);
}

static volatile sig_atomic_t ended_by;

static void on_signal(int number)
{
	ended_by = number;
}

/* Events that were switched on are to be switched off, whatever ends this. */
static void catch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	struct sigaction action = { .sa_handler = on_signal };
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

static int batch(struct top *top, unsigned int looks, struct error *err)
{
	unsigned int nr = 0;
	int ret = 0;

	top->page.width = BATCH_WIDTH;
	top->settings.strip_rows = 2;
	while (!ret && !ended_by) {
		if (top_fill(top))
			return error_set(err, ENOMEM, "no memory for a page");
		if (nr)
			putchar('\n');
		top_page_print(stdout, &top->page);
		if (fflush(stdout) || (looks && ++nr == looks))
			break;
		nr += !looks;
		sleep_for(top->settings.delay);
		ret = top_look(top, err);
	}
	return ret;
}

static void describe(struct top *top, const struct top_options *o)
{
	const struct guest_facts *facts = &top->source.view.facts;

	top->settings = (struct top_settings){
		.name = top->source.view.name,
		.mem_bytes = ram_size(&top->source.view.ram),
		.copied = top->source.view.copied,
		.cpus = facts->cpus,
		.started = top->source.view.live ? facts->started : 0,
		.sort = o->sort,
		.reversed = o->reversed,
		.delay = o->delay,
	};
}

static int watch(const char *what, const struct top_options *o, int *signal_number,
		 struct error *err)
{
	static struct top top; /* too big for a stack */
	int ret;

	if (o->batch)
		catch_signals();
	ret = top_open(&top.source, what, o->events, err);
	if (ret)
		return ret;
	describe(&top, o);
	ret = look_twice(&top, err);
	if (!ret)
		ret = o->batch ? batch(&top, o->looks, err)
			       : top_terminal(&top, o->looks, signal_number, err);
	if (o->batch)
		*signal_number = ended_by;
	top_sample_free(&top.samples[0]);
	top_sample_free(&top.samples[1]);
	top_page_free(&top.page);
	top_close(&top.source);
	return ret;
}

/* Ends as somebody who did not catch it would; Ctrl-C is one more way to leave. */
static void die_by(int signal_number)
{
	if (!signal_number || signal_number == SIGINT)
		return;
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static void init(void *target)
{
	*(struct top_options *)target = (struct top_options){ .delay = 1 };
}

static int run(void *target, const struct parsed *parsed, struct error *err)
{
	const struct top_options *options = target;
	int signal_number = 0, ret;

	if (!options->batch && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))) {
		error_set(err, ENOTTY, "top: there is no terminal; give -b");
		return STATUS_USAGE;
	}
	ret = watch(parsed->operand, options, &signal_number, err);
	die_by(signal_number);
	/* That a machine ends is no failure of who watches it. */
	return ret && ret != -ESRCH ? STATUS_USAGE : STATUS_WELL;
}

static const struct command_key keys[] = {
	{ "q, F10", "Leaves; so does Ctrl-C." },
	{ "h, ?, F1", "Lists the keys." },
	{ "a letter",
	  "Sorts caches, as --sort, small or capital; < and > (F6) take the one before, the "
	  "next one." },
	{ "I", "Sorts the other way round." },
	{ "arrows", "Move among the caches, as do PgUp, PgDn, Home and End." },
	{ "/, F3",
	  "Searches a cache by a part of its name, as it is typed; F3 goes to the next." },
	{ "\\, F4",
	  "Shows only caches with a part of their name, or one of several: a|b. Esc shows all." },
	{ "space", "Looks now; Ctrl-L also paints anew." },
	{ "Z", "Holds the picture, and lets it go on." },
	{ "d", "Asks for the seconds between two looks." },
	{ NULL, NULL },
};

const struct command top_command = {
	.name = "top",
	.operand = "MACHINE",
	.summary = "shows a guest's memory live",
	.text = "Shows a guest live, on the terminal: exits by reason, allocations a second, "
		"DMA by device, what memory is used for and where, zones with their watermarks "
		"and free blocks by order, and the slab caches. MACHINE is a machine that was "
		"started with --name. It is read from outside: no vCPU stops or runs anything "
		"for it. Exits and devices are asked of its monitor; while that does not "
		"answer, the line of exits says so. What it counts so: every allocation of "
		"pages, in Pages/s; of objects, in Objs/s, how many more or less are in use, "
		"and slabs made. An object that is allocated and freed again is told by "
		"nothing but the guest's events: --events. Keys and columns are slabtop's and "
		"htop's, but: the sort at first is r, not o; sizes have their units, an "
		"object's is in bytes; ASLABS, PAGES and +-OBJ/S are more, and Active / Total "
		"is one line; s sorts, as in slabtop, d is the delay; F6 takes the next sort "
		"and has no menu; arrows move the caches, there is no bar among them that "
		"marks one, so no tags, no F2, F5, F7 to F9, and nothing to the left or right.",
	.options = option_table,
	.keys = keys,
	.target_size = sizeof(struct top_options),
	.init = init,
	.run = run,
};

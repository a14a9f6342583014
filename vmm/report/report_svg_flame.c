/* SPDX-License-Identifier: MIT */
/*
 * Picture: where the guest spent its time, a flame graph (Gregg 2013).  Each box is a function,
 * as wide as it was met often, on top of its caller.
 *
 * The lines of the profile are sorted so that those which begin with the same frames are side
 * by side (folded_compare()); a box of level d is then a run of lines with the same first d
 * frames.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/profile/profile_folded.h"
#include "vmm/report/html.h"
#include "vmm/report/report_html.h"

#define WIDTH	   1000.0
#define ROW	   17
#define LEVELS_MAX 48 /* above that nothing is drawn */
#define LINES_MAX  20000
#define LEAST	   0.6 /* width of a box that is drawn */
#define GLYPH	   7.4 /* width of a character, at most in the mean */
#define COLOURS	   5

struct line {
	const char *stack;
	uint64_t count;
	double left; /* where it begins, in samples */
};

struct flame {
	size_t nr;
	struct line *line;
	double all; /* samples */
	unsigned int levels; /* that have a box */
};

static int by_stack(const void *a, const void *b)
{
	return folded_compare(((const struct line *)a)->stack,
			      ((const struct line *)b)->stack);
}

static bool read_lines(struct flame *flame, const json_t *stacks)
{
	size_t n = json_array_size(stacks), i;

	if (n > LINES_MAX)
		n = LINES_MAX;
	flame->line = n ? calloc(n, sizeof(*flame->line)) : NULL;
	if (!flame->line)
		return false;
	for (i = 0; i < n; i++) {
		const json_t *stack = json_array_get(stacks, i);
		struct line line = { json_text(stack, "stack"),
				     json_number(stack, "count"), 0 };

		if (*line.stack && line.count)
			flame->line[flame->nr++] = line;
	}
	qsort(flame->line, flame->nr, sizeof(*flame->line), by_stack);
	for (i = 0; i < flame->nr; i++) {
		flame->line[i].left = flame->all;
		flame->all += (double)flame->line[i].count;
	}
	return flame->nr;
}

/* Where frame `level` of a stack begins; its length.  0: it has none. */
static size_t frame_of(const char *stack, unsigned int level, const char **frame)
{
	const char *at = stack;

	for (; level; level--) {
		at = strchr(at, ';');
		if (!at++)
			return 0;
	}
	*frame = at;
	return strcspn(at, ";");
}

/* One past the last line from i on that begins with the first n bytes of line i's stack, whole
 * frames. */
static size_t same_until(const struct flame *flame, size_t i, size_t n)
{
	size_t j;

	for (j = i + 1; j < flame->nr; j++) {
		const char *other = flame->line[j].stack;

		if (strncmp(other, flame->line[i].stack, n) != 0 ||
		    (other[n] && other[n] != ';'))
			break;
	}
	return j;
}

static unsigned int colour_of(const char *name, size_t n)
{
	unsigned int hash = 0;

	while (n--)
		hash = hash * 31 + (unsigned char)*name++;
	return hash % COLOURS;
}

static void put_part(FILE *f, const char *text, size_t n)
{
	char part[160];

	if (n > sizeof(part) - 1)
		n = sizeof(part) - 1;
	memcpy(part, text, n);
	part[n] = '\0';
	html_text(f, part);
}

/* As much of the name as has room; none where that is too little to tell anything. */
static void draw_name(FILE *f, double x, double y, double width, const char *name,
		      size_t n)
{
	size_t room = (size_t)((width - 6) / GLYPH);

	if (width < 6 + GLYPH || (n > room && room < 5))
		return;
	fprintf(f, "<text x=\"%.1f\" y=\"%.1f\">", x + 3, y + ROW - 5);
	if (n <= room) {
		put_part(f, name, n);
	} else {
		put_part(f, name, room - 2);
		fputs("..", f);
	}
	fputs("</text>", f);
}

static void draw_box(FILE *f, const struct flame *flame, double left, double samples,
		     double y, const char *name, size_t n)
{
	double x = left / flame->all * WIDTH, width = samples / flame->all * WIDTH;
	bool idle = n == strlen("[idle]") && !strncmp(name, "[idle]", n);

	if (width < LEAST)
		return;
	fprintf(f, "<g><title>%" PRIu64 " samples, %.1f%%: ", whole_number(samples),
		100 * samples / flame->all);
	put_part(f, name, n);
	fprintf(f,
		"</title><rect class=\"%s\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" "
		"height=\"%d\"",
		idle ? "k-free" : "flame", x, y, width > 1 ? width - 0.4 : width,
		ROW - 1);
	if (!idle)
		fprintf(f, " fill-opacity=\"%.2f\"", 0.22 + 0.07 * colour_of(name, n));
	fputs("/>", f);
	draw_name(f, x, y, width, name, n);
	fputs("</g>", f);
}

static double samples_of(const struct flame *flame, size_t from, size_t to)
{
	double end = to < flame->nr ? flame->line[to].left : flame->all;

	return end - flame->line[from].left;
}

/* All boxes of a level, or, without a file, whether there is one to draw. */
static bool level(FILE *f, const struct flame *flame, unsigned int d)
{
	double y = (flame->levels - 1.0 - d) * ROW, samples;
	const char *name;
	size_t i, next, n;
	bool any = false;

	for (i = 0; i < flame->nr; i = next) {
		next = i + 1;
		n = frame_of(flame->line[i].stack, d, &name);
		if (!n)
			continue;
		next = same_until(flame, i, (size_t)(name - flame->line[i].stack) + n);
		samples = samples_of(flame, i, next);
		any |= samples / flame->all * WIDTH >= LEAST;
		if (f)
			draw_box(f, flame, flame->line[i].left, samples, y, name, n);
	}
	return any;
}

static void say_totals(FILE *f, const json_t *profile)
{
	char text[200];

	snprintf(text, sizeof(text),
		 "%" PRIu64 " samples at %" PRIu64
		 " a second of a vCPU's processor time, %" PRIu64
		 " more while halted; %" PRIu64 " lost, %" PRIu64
		 " with a call chain cut "
		 "short.",
		 json_number(profile, "samples"), json_number(profile, "hz"),
		 json_number(profile, "idle"), json_number(profile, "lost"),
		 json_number(profile, "cut"));
	fputs("<p class=\"caption\">", f);
	html_text(f, text);
	fputs("</p>\n", f);
}

void report_svg_flame(FILE *f, const json_t *report)
{
	const json_t *profile = json_object_get(report, "profile");
	struct flame flame = { .nr = 0 };
	unsigned int d;

	if (read_lines(&flame, json_object_get(profile, "stacks"))) {
		while (flame.levels < LEVELS_MAX && level(NULL, &flame, flame.levels))
			flame.levels++;
		fputs("<section id=\"profile\"><h2>Profile</h2>\n", f);
		report_figure(
			f, "Where the guest spent its time",
			"A flame graph, read from outside: each box is a function, as wide "
			"as it was met often, on top of its caller.");
		fprintf(f,
			"<svg viewBox=\"0 0 %.0f %u\" role=\"img\" aria-label=\"flame graph "
			"of the guest\">",
			WIDTH, flame.levels * ROW);
		for (d = 0; d < flame.levels; d++)
			level(f, &flame, d);
		fputs("</svg>\n", f);
		say_totals(f, profile);
		report_figure_end(f);
		fputs("</section>\n", f);
	}
	free(flame.line);
}

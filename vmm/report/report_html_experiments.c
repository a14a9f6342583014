/* SPDX-License-Identifier: MIT */
/* The experiments with their verdicts and evidence, chapter by chapter. */
#include <string.h>

#include "vmm/report/html.h"
#include "vmm/report/report_html.h"

/* The chapter of an experiment: its name up to the dot. */
static size_t chapter(const char *name)
{
	return strcspn(name, ".");
}

static bool same_chapter(const char *a, const char *b)
{
	return chapter(a) == chapter(b) && !strncmp(a, b, chapter(a));
}

static const char *badge(const char *result)
{
	if (!strcmp(result, "pass"))
		return "pass\">ok";
	return !strcmp(result, "fail") ? "fail\">not ok" : "skip\">skipped";
}

static void write_experiment(FILE *f, const json_t *e)
{
	fprintf(f, "<tr><td><span class=\"badge %s</span></td><th scope=\"row\">",
		badge(json_text(e, "result")));
	html_member(f, e, "name");
	fputs("</th><td>", f);
	html_member(f, e, "evidence");
	fputs("</td></tr>\n", f);
}

static void write_chapter(FILE *f, const char *name)
{
	fputs("<tr class=\"chapter\"><th colspan=\"3\" scope=\"colgroup\">", f);
	for (size_t i = 0; i < chapter(name); i++) {
		const char letter[2] = { name[i], '\0' };

		html_text(f, letter);
	}
	fputs("</th></tr>\n", f);
}

void report_html_experiments(FILE *f, const json_t *report)
{
	const json_t *list = json_object_get(report, "experiments"), *e;
	const char *before = NULL, *name;
	size_t i;

	if (!json_array_size(list))
		return;
	fputs("<section id=\"experiments\"><h2>Experiments</h2>\n<div class=\"wide\">"
	      "<table class=\"experiments\"><tbody>\n",
	      f);
	for (i = 0; i < json_array_size(list); i++) {
		e = json_array_get(list, i);
		name = json_text(e, "name");
		if (!before || !same_chapter(before, name))
			write_chapter(f, name);
		write_experiment(f, e);
		before = name;
	}
	fputs("</tbody></table></div></section>\n", f);
}

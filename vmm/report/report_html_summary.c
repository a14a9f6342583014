/* SPDX-License-Identifier: MIT */
/* The head of the page: how the run ended, and what was run. */
#include <inttypes.h>
#include <string.h>

#include "vmm/report/html.h"
#include "vmm/report/report_html.h"

static void write_count(FILE *f, const json_t *counts, const char *name,
			const char *class)
{
	uint64_t n = json_number(counts, name);

	fprintf(f, "<div class=\"tile %s\"><b>%" PRIu64 "</b><span>%s</span></div>",
		n ? class : "", n, name);
}

static void write_tiles(FILE *f, const json_t *report)
{
	const json_t *counts = json_object_get(report, "counts");
	const json_t *config = json_object_get(report, "config");

	fputs("<div class=\"tiles\">", f);
	write_count(f, counts, "passed", "pass");
	write_count(f, counts, "failed", "fail");
	write_count(f, counts, "skipped", "skip");
	fputs("<div class=\"tile\"><b>", f);
	html_bytes(f, json_number(config, "mem_bytes"));
	fprintf(f,
		"</b><span>memory</span></div><div class=\"tile\"><b>%" PRIu64
		"</b><span>vCPUs</span></div><div class=\"tile\"><b>",
		json_number(config, "cpus"));
	html_time(f, json_number(json_object_get(report, "time"), "run_us"));
	fputs("</b><span>run time</span></div></div>\n", f);
}

static void write_fact(FILE *f, const char *name, const json_t *object,
		       const char *member)
{
	if (!*json_text(object, member))
		return;
	fprintf(f, "<dt>%s</dt><dd>", name);
	html_member(f, object, member);
	fputs("</dd>", f);
}

/* The page in one line. */
static void write_headline(FILE *f, const json_t *report)
{
	const json_t *counts = json_object_get(report, "counts");
	uint64_t passed = json_number(counts, "passed");
	uint64_t failed = json_number(counts, "failed");

	fputs("<p class=\"brand\">pagevisor report</p><h1>", f);
	if (failed)
		fprintf(f, "%" PRIu64 " of %" PRIu64 " experiments failed", failed,
			passed + failed);
	else if (passed)
		fprintf(f, "All %" PRIu64 " experiments that ran passed", passed);
	else
		fputs("A run without experiments", f);
	fputs("</h1>\n", f);
}

/* What failed is not to be searched for. */
static void write_failures(FILE *f, const json_t *report)
{
	const json_t *list = json_object_get(report, "experiments"), *e;
	size_t i;

	if (!json_number(json_object_get(report, "counts"), "failed"))
		return;
	fputs("<ul class=\"failures\">", f);
	for (i = 0; i < json_array_size(list); i++) {
		e = json_array_get(list, i);
		if (strcmp(json_text(e, "result"), "fail") != 0)
			continue;
		fputs("<li><b>", f);
		html_member(f, e, "name");
		fputs("</b> ", f);
		html_member(f, e, "evidence");
		fputs("</li>", f);
	}
	fputs("</ul>\n", f);
}

void report_html_summary(FILE *f, const json_t *report)
{
	const json_t *config = json_object_get(report, "config");

	fputs("<header>", f);
	write_headline(f, report);
	write_tiles(f, report);
	write_failures(f, report);
	fputs("<dl class=\"facts\">", f);
	write_fact(f, "Outcome", json_object_get(report, "outcome"), "text");
	write_fact(f, "Kernel", config, "kernel");
	write_fact(f, "Command line", config, "append");
	write_fact(f, "pagevisor", report, "version");
	fputs("</dl></header>\n", f);
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "vmm/report/outcome.h"
#include "vmm/report/report_command.h"
#include "vmm/report/report_html.h"

struct report_options {
	const char *output; /* file, or NULL: standard output */
};

static const struct option option_table[] = {
	{ "output", 'o', "FILE", "Write the page to FILE. Default: standard output.",
	  OPTION_TO(struct report_options, output) },
	{ .name = NULL },
};

static int load(const char *path, json_t **report, struct error *err)
{
	json_error_t why;

	*report = json_load_file(path, 0, &why);
	if (!*report && why.line < 0)
		return error_set(err, ENOENT,
				 "report %s: %s; name what run --report wrote", path,
				 strerror(errno));
	if (!*report)
		return error_set(
			err, EINVAL,
			"report %s: line %d: %s; give a file that `pagevisor run "
			"--report` wrote",
			path, why.line, why.text);
	if (json_is_object(json_object_get(*report, "outcome")))
		return 0;
	json_decref(*report);
	return error_set(err, EINVAL,
			 "report %s: is JSON, but no report; give a file that `pagevisor "
			 "run --report` wrote",
			 path);
}

static int write_page(const struct report_options *options, const json_t *report,
		      struct error *err)
{
	const char *name = options->output ? options->output : "standard output";
	FILE *f = options->output ? fopen(options->output, "we") : stdout;
	int bad;

	if (!f)
		return error_set(err, errno,
				 "--output %s: %s; name a file that can be written", name,
				 strerror(errno));
	report_html(f, report);
	bad = ferror(f) | (f == stdout ? fflush(f) : fclose(f));
	if (bad)
		return error_set(err, EIO, "--output %s: %s", name, strerror(errno));
	return 0;
}

static int run(void *target, const struct parsed *parsed, struct error *err)
{
	json_t *report;
	int ret = load(parsed->operand, &report, err);

	if (!ret) {
		ret = write_page(target, report, err);
		json_decref(report);
	}
	return ret ? STATUS_USAGE : STATUS_WELL;
}

const struct command report_command = {
	.name = "report",
	.operand = "REPORT",
	.summary = "makes a page of tables and pictures from a report",
	.text = "Reads REPORT, the JSON file that `pagevisor run --report` wrote, and writes "
		"one HTML page with all verdicts, the guest's tables, and pictures of its "
		"memory. The page needs nothing else: no scripts, no network.",
	.options = option_table,
	.target_size = sizeof(struct report_options),
	.run = run,
};

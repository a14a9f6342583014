/* SPDX-License-Identifier: MIT */
#include "vmm/report/html.h"
#include "vmm/report/report_html.h"

void report_figure(FILE *f, const char *title, const char *caption)
{
	fputs("<figure><figcaption><h3>", f);
	html_text(f, title);
	fputs("</h3><p class=\"caption\">", f);
	html_text(f, caption);
	fputs("</p></figcaption>\n", f);
}

void report_figure_end(FILE *f)
{
	fputs("</figure>\n", f);
}

static void write_memory(FILE *f, const json_t *report)
{
	const json_t *memory = json_object_get(report, "memory");

	if (!memory)
		return;
	fputs("<section id=\"memory\"><h2>Memory</h2>\n", f);
	if (*json_text(memory, "error")) {
		fputs("<p class=\"error\">", f);
		html_member(f, memory, "error");
		fputs("</p>\n", f);
	}
	report_svg_uses(f, report);
	report_svg_orders(f, report);
	report_svg_strip(f, report);
	report_svg_lapse(f, report);
	report_svg_map(f, memory);
	report_svg_blocks(f, memory);
	report_svg_slabs(f, memory);
	report_html_zones(f, memory);
	report_html_areas(f, memory);
	fputs("</section>\n", f);
}

void report_html(FILE *f, const json_t *report)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n"
	      "<head>\n<meta charset=\"utf-8\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
	      "<meta name=\"color-scheme\" content=\"light dark\"/>\n"
	      "<title>pagevisor report</title>\n<style>\n",
	      f);
	fputs(report_colours, f);
	fputs(report_html_style, f);
	fputs("</style>\n</head>\n<body>\n<main>\n", f);
	report_html_summary(f, report);
	report_html_tables(f, report);
	write_memory(f, report);
	report_svg_flame(f, report);
	report_html_experiments(f, report);
	report_html_machine(f, report);
	fputs("</main>\n</body>\n</html>\n", f);
}

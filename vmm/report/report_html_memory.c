/* SPDX-License-Identifier: MIT */
/* Zones and vmalloc areas at the end of the run, as tables. */
#include <inttypes.h>
#include <string.h>

#include "vmm/report/html.h"
#include "vmm/report/report_html.h"

#define AREAS_SHOWN 100

static void write_pages(FILE *f, uint64_t pages, uint64_t page_bytes)
{
	fputs("<td class=\"number\">", f);
	html_bytes(f, pages * page_bytes);
	fputs("</td>", f);
}

static void write_zone(FILE *f, const json_t *z, size_t orders, uint64_t page_bytes)
{
	const json_t *blocks = json_object_get(z, "free_blocks");
	const json_t *marks = json_object_get(z, "watermarks");
	size_t i;

	fputs("<tr><th scope=\"row\">", f);
	html_member(f, z, "name");
	fputs("</th>", f);
	write_pages(f, json_number(z, "managed_pages"), page_bytes);
	write_pages(f, json_number(z, "free_pages"), page_bytes);
	write_pages(f, json_number(z, "pcp_pages"), page_bytes);
	fprintf(f, "<td class=\"number\">%" PRIu64 " / %" PRIu64 " / %" PRIu64 "</td>",
		json_number(marks, "min_pages"), json_number(marks, "low_pages"),
		json_number(marks, "high_pages"));
	for (i = 0; i < orders; i++)
		fprintf(f, "<td class=\"number\">%" PRIu64 "</td>",
			json_number_at(blocks, i));
	fputs("</tr>\n", f);
}

void report_html_zones(FILE *f, const json_t *memory)
{
	const json_t *zones = json_object_get(memory, "zones");
	uint64_t page_bytes = json_number(memory, "page_bytes");
	size_t i, orders = json_array_size(
			  json_object_get(json_array_get(zones, 0), "free_blocks"));

	if (!orders)
		return;
	report_figure(f, "Zones at the end of the run",
		      "Watermarks in pages; free blocks by order, as /proc/buddyinfo.");
	fputs("<div class=\"wide\"><table><thead><tr><th>zone</th>"
	      "<th class=\"number\">managed</th><th class=\"number\">free</th>"
	      "<th class=\"number\">in per-CPU lists</th>"
	      "<th class=\"number\">min / low / high</th>",
	      f);
	for (i = 0; i < orders; i++)
		fprintf(f, "<th class=\"number\">%zu</th>", i);
	fputs("</tr></thead><tbody>\n", f);
	for (i = 0; i < json_array_size(zones); i++)
		write_zone(f, json_array_get(zones, i), orders, page_bytes);
	fputs("</tbody></table></div>\n", f);
	report_figure_end(f);
}

static void write_area(FILE *f, const json_t *a)
{
	fputs("<tr><td class=\"mono\">", f);
	html_member(f, a, "start");
	fputs("</td><td class=\"number\">", f);
	html_bytes(f, json_number(a, "bytes"));
	fputs("</td><td>", f);
	html_member(f, a, "kind");
	fputs("</td><td class=\"mono\">", f);
	html_member(f, a, "phys");
	fputs("</td><td class=\"mono\">", f);
	html_member(f, a, "caller");
	fputs("</td></tr>\n", f);
}

void report_html_areas(FILE *f, const json_t *memory)
{
	const json_t *areas = json_object_get(memory, "areas"), *a;
	size_t i, shown = 0, live = 0;

	for (i = 0; i < json_array_size(areas); i++)
		live += !strcmp(json_text(json_array_get(areas, i), "state"), "live");
	if (!live)
		return;
	report_figure(f, "Live areas of the vmalloc range at the end of the run",
		      "Sizes include the guard page.");
	fputs("<div class=\"wide\"><table><thead><tr><th>address</th>"
	      "<th class=\"number\">size</th>"
	      "<th>kind</th><th>maps</th><th>made by</th></tr></thead><tbody>\n",
	      f);
	for (i = 0; i < json_array_size(areas) && shown < AREAS_SHOWN; i++) {
		a = json_array_get(areas, i);
		if (strcmp(json_text(a, "state"), "live") != 0)
			continue;
		write_area(f, a);
		shown++;
	}
	fputs("</tbody></table></div>\n", f);
	if (live > shown)
		fprintf(f, "<p class=\"caption\">%zu more are not shown.</p>",
			live - shown);
	report_figure_end(f);
}

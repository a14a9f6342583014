/* SPDX-License-Identifier: MIT */
/* What the machine did: exits of its processors, work of its devices. */
#include <inttypes.h>

#include "vmm/report/html.h"
#include "vmm/report/report_html.h"

/* name value, name value ... of the numbers in an object. */
static void write_numbers(FILE *f, json_t *object)
{
	const char *name;
	json_t *value;

	fputs("<td><ul class=\"numbers\">", f);
	json_object_foreach(object, name, value)
	{
		if (!json_is_integer(value))
			continue;
		fputs("<li>", f);
		html_text(f, name);
		fprintf(f, " <b>%" PRIu64 "</b></li>", json_number(object, name));
	}
	fputs("</ul></td>", f);
}

static void write_vcpus(FILE *f, const json_t *vcpus)
{
	size_t i;

	for (i = 0; i < json_array_size(vcpus); i++) {
		const json_t *vcpu = json_array_get(vcpus, i);

		fprintf(f, "<tr><th scope=\"row\">vCPU %" PRIu64 " exits</th>",
			json_number(vcpu, "id"));
		write_numbers(f, json_object_get(vcpu, "exits"));
		fputs("</tr>\n", f);
	}
}

static void write_devices(FILE *f, json_t *devices)
{
	const char *name;
	json_t *stats;

	json_object_foreach(devices, name, stats)
	{
		if (!json_object_size(stats))
			continue;
		fputs("<tr><th scope=\"row\">", f);
		html_text(f, name);
		fputs("</th>", f);
		write_numbers(f, stats);
		fputs("</tr>\n", f);
	}
}

void report_html_machine(FILE *f, const json_t *report)
{
	json_t *dma = json_object_get(json_object_get(report, "memory"), "dma");

	fputs("<section id=\"machine\"><h2>The machine</h2>\n<div class=\"wide\"><table>"
	      "<tbody>\n",
	      f);
	write_vcpus(f, json_object_get(report, "vcpus"));
	write_devices(f, json_object_get(report, "devices"));
	if (dma) {
		fputs("<tr><th scope=\"row\">DMA mappings left</th>", f);
		write_numbers(f, dma);
		fputs("</tr>\n", f);
	}
	fputs("</tbody></table></div></section>\n", f);
}

/* SPDX-License-Identifier: MIT */
/* Tables that the guest printed as "# table {...}" lines: one row each. */
#include <string.h>

#include "vmm/report/html.h"
#include "vmm/report/report_html.h"

/* What is longer may be broken into lines. */
#define SHORT 16

/* A word that is a verdict by itself gets a colour. */
static const char *class_of(const char *value)
{
	if (!strcmp(value, "yes"))
		return " class=\"yes\"";
	if (!strncmp(value, "no", 2) && (!value[2] || value[2] == ','))
		return " class=\"no\"";
	if (!strcmp(value, "n/a"))
		return " class=\"na\"";
	if (!strncmp(value, "not run", 7))
		return " class=\"na text\"";
	return strlen(value) > SHORT ? " class=\"text\"" : "";
}

static void write_head(FILE *f, json_t *row)
{
	const char *name;
	json_t *value;

	fputs("<thead><tr>", f);
	json_object_foreach(row, name, value)
	{
		fputs("<th scope=\"col\">", f);
		html_text(f, name);
		fputs("</th>", f);
	}
	fputs("</tr></thead>\n", f);
}

/* The columns are those of the first row. */
static void write_row(FILE *f, json_t *columns, const json_t *row)
{
	const char *name;
	json_t *column;
	bool first = true;

	fputs("<tr>", f);
	json_object_foreach(columns, name, column)
	{
		const char *value = json_text(row, name);

		if (first)
			fputs("<th scope=\"row\">", f);
		else
			fprintf(f, "<td%s>", class_of(value));
		html_text(f, value);
		fputs(first ? "</th>" : "</td>", f);
		first = false;
	}
	fputs("</tr>\n", f);
}

void report_html_tables(FILE *f, const json_t *report)
{
	const json_t *tables = json_object_get(report, "table");
	json_t *columns = json_array_get(tables, 0);
	size_t i;

	if (!columns)
		return;
	fputs("<section id=\"allocators\"><h2>Ways to memory, measured in this guest</h2>\n"
	      "<div class=\"wide\"><table>",
	      f);
	write_head(f, columns);
	fputs("<tbody>\n", f);
	for (i = 0; i < json_array_size(tables); i++)
		write_row(f, columns, json_array_get(tables, i));
	fputs("</tbody></table></div></section>\n", f);
}

/* SPDX-License-Identifier: MIT */
/*
 * A report as one page: HTML with its style and its pictures (SVG) in it, without scripts
 * and without a network, for light and dark.  It is well-formed XML, too: a strict parser can
 * check it.
 *
 * The report is data from outside: what is missing or of another shape than report.c makes
 * leaves a gap in the page, and no more.
 */
#ifndef VMM_REPORT_HTML_H
#define VMM_REPORT_HTML_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Writes the whole page; whether that worked is in ferror(f). */
void report_html(FILE *f, const json_t *report);

/* --- its parts; each writes nothing where the report has nothing to show ------------- */

/* The colours of pictures, and the style of the rest. */
extern const char report_colours[], report_html_style[];

void report_html_summary(FILE *f, const json_t *report);
void report_html_tables(FILE *f, const json_t *report);
void report_html_experiments(FILE *f, const json_t *report);
void report_html_zones(FILE *f, const json_t *memory);
void report_html_areas(FILE *f, const json_t *memory);
void report_html_machine(FILE *f, const json_t *report);

/* Pictures. */
void report_svg_map(FILE *f, const json_t *memory);
void report_svg_blocks(FILE *f, const json_t *memory);
void report_svg_uses(FILE *f, const json_t *report);
void report_svg_flame(FILE *f, const json_t *report);
void report_svg_orders(FILE *f, const json_t *report);
void report_svg_lapse(FILE *f, const json_t *report);
void report_svg_strip(FILE *f, const json_t *report);
void report_svg_slabs(FILE *f, const json_t *memory);

/* <figure> with a heading and a line that says how to read it; report_figure_end() closes. */
void report_figure(FILE *f, const char *title, const char *caption);
void report_figure_end(FILE *f);

#endif

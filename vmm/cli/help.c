/* SPDX-License-Identifier: MIT */
/*
 * The help and the man page.  Both show the tables of command.h and the few texts below;
 * only the mark-up differs.
 */
#include <stdio.h>
#include <string.h>

#include "vmm/cli/command.h"
#include "vmm/sandbox/sandbox_calls.h"
#include "vmm/sandbox/sandbox_command.h"
#include "vmm/trace/probes.h"

#define WIDTH	    79
#define TEXT_COLUMN 8

static const char summary[] = "virtual machines that show what guest memory looks like "
			      "to a device";

static const char description[] =
	"pagevisor runs a guest on KVM and gives it virtio devices that do real DMA. "
	"One of them, dmacheck, hashes, fills and describes guest memory as a device sees "
	"it, so that every promise an allocator of the guest makes can be checked from the "
	"other side.";

static const char exit_status[][2][256] = {
	{ "0", "The guest finished well: it wrote 0 to the exit port 0x501, or switched "
	       "itself off." },
	{ "1",
	  "The guest reported failure (it wrote another value to the exit port), "
	  "panicked, crashed, or was ended before it finished: from outside, or by the monitor's "
	  "confinement." },
	{ "2", "Usage or environment: one line on standard error names the thing and the "
	       "mend." },
};

static const char confinement[] =
	"While a guest runs, unless --sandbox off was given, the threads of the monitor have no "
	"capabilities and gain nothing by executing a file; started as root, they are the user "
	"nobody. They may open nothing (Landlock, where the kernel has it): disks, kernel, "
	"console and report are open before. They may make these system calls and no others "
	"(seccomp); the main thread serves events, each vCPU has a thread, and both kinds "
	"execute the devices. Another call is not made: it fails, and the run ends with status 1 "
	"and a line that names the thread and the call. Rings of io_uring, whose work passes by "
	"such filters, take the four operations of a disk and no others. "
	"A machine that makes sockets has a second process, pv-sweeper, which removes them when "
	"the monitor has gone, in whatever way; it hears nothing of a confined monitor, and a "
	"call that is not permitted to it ends it, which the monitor tells when it goes.";

static const char probing[] =
	"The binary has static probes (USDT) of the provider pagevisor; one that nobody "
	"watches is one nop (vcpu_exit, which is timed, also the test of a word). perf "
	"buildid-cache --add /path/to/pagevisor makes them known to perf, perf probe "
	"sdt_pagevisor:NAME (or 'sdt_pagevisor:*') readies them, perf record -e "
	"'sdt_pagevisor:*' records them; perf calls the arguments arg1, arg2 and so on. Probes "
	"with the names of Linux's tracepoints are events of the guest, where run --trace or "
	"pagevisor trace has switched them on.";

/* --- plain text --------------------------------------------------------------------- */

/* The text, wrapped, each line indented. */
static void print_wrapped(const char *text, int indent)
{
	int column = 0;

	while (*text) {
		int n = (int)strcspn(text, " ");

		if (column && column + 1 + n > WIDTH) {
			putchar('\n');
			column = 0;
		}
		column += column ? printf(" %.*s", n, text)
				 : printf("%*s%.*s", indent, "", n, text);
		text += n;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_option(const struct option *o)
{
	printf("  ");
	if (o->letter)
		printf("-%c, ", o->letter);
	printf("--%s%s%s\n", o->name, o->arg && o->arg[0] != '[' ? " " : "",
	       o->arg ? o->arg : "");
	print_wrapped(o->text, TEXT_COLUMN);
}

static void print_usage(const struct command *c)
{
	printf("pagevisor %s%s%s%s%s%s\n", c->name, c->options->name ? " [options]" : "",
	       c->operand ? " " : "", c->operand ? c->operand : "", c->rest ? " " : "",
	       c->rest ? c->rest : "");
}

void help_command(const struct command *c)
{
	const struct command_key *k;
	const struct option *o;
	size_t i;

	printf("usage: ");
	print_usage(c);
	printf("\n");
	print_wrapped(c->text, 0);
	if (c->options->name)
		printf("\noptions:\n");
	for (o = c->options; o->name; o++)
		print_option(o);
	if (c->keys)
		printf("\nkeys, on a terminal:\n");
	for (k = c->keys; k && k->key; k++)
		printf("  %-14s %s\n", k->key, k->text);
	printf("\nexit status:\n");
	for (i = 0; i < sizeof(exit_status) / sizeof(exit_status[0]); i++) {
		printf("  %s\n", exit_status[i][0]);
		print_wrapped(exit_status[i][1], TEXT_COLUMN);
	}
}

void help_overview(void)
{
	const struct command *const *c;

	printf("pagevisor %s: %s\n\n", PAGEVISOR_VERSION, summary);
	print_wrapped(description, 0);
	printf("\ncommands:\n");
	for (c = commands; *c; c++) {
		printf("  ");
		print_usage(*c);
		printf("        %s\n", (*c)->summary);
	}
	printf("\n`pagevisor COMMAND --help` tells more; `pagevisor --version` the version.\n");
}

/* --- man(7) --------------------------------------------------------------------------- */

/* Text for roff: no control lines, and hyphens that stay hyphens. */
static void man_text(const char *s)
{
	if (*s == '.' || *s == '\'')
		printf("\\&");
	for (; *s; s++) {
		if (*s == '\\')
			printf("\\e");
		else if (*s == '-')
			printf("\\-");
		else
			putchar(*s);
	}
}

static void man_item(const char *head, const char *text)
{
	printf(".TP\n.B ");
	man_text(head);
	printf("\n");
	man_text(text);
	printf("\n");
}

static void man_option(const struct option *o)
{
	printf(".TP\n");
	if (o->letter)
		printf("\\fB\\-%c\\fR, ", o->letter);
	printf("\\fB\\-\\-");
	man_text(o->name);
	printf("\\fR");
	if (o->arg) {
		printf("%s\\fI", o->arg[0] == '[' ? "" : " ");
		man_text(o->arg);
		printf("\\fR");
	}
	printf("\n");
	man_text(o->text);
	printf("\n");
}

static void man_synopsis(const struct command *c)
{
	printf("\\fBpagevisor %s\\fR%s", c->name,
	       c->options->name ? " [\\fIoptions\\fR]" : "");
	if (c->operand)
		printf(" \\fI%s\\fR", c->operand);
	if (c->rest)
		printf(" \\fI%s\\fR", c->rest);
	printf("\n");
}

static void man_command(const struct command *c)
{
	const struct option *o;

	printf(".SS ");
	man_synopsis(c);
	man_text(c->text);
	printf("\n");
	for (o = c->options; o->name; o++)
		man_option(o);
}

static void man_confinement(void)
{
	char head[sizeof(struct sandbox_row)];
	struct sandbox_row row;
	size_t i;

	printf(".SH CONFINEMENT\n");
	man_text(confinement);
	printf("\n");
	for (i = 0; i < sandbox_nr_calls; i++) {
		sandbox_row_describe(&sandbox_calls[i], &row);
		snprintf(head, sizeof(head), "%s: %s", row.call, row.threads);
		man_item(head, row.why);
	}
}

static void man_probes(void)
{
	const struct probe *p;
	char head[256];

	printf(".SH PROBES\n");
	man_text(probing);
	printf("\n");
	for (p = probes; p->name; p++) {
		snprintf(head, sizeof(head), "%s(%s)", p->name, p->args);
		man_item(head, p->text);
	}
}

static void man_keys(void)
{
	const struct command *const *c;
	const struct command_key *k;

	printf(".SH KEYS\n");
	for (c = commands; *c; c++) {
		if ((*c)->keys)
			printf(".SS pagevisor %s\n", (*c)->name);
		for (k = (*c)->keys; k && k->key; k++)
			man_item(k->key, k->text);
	}
}

void help_man_page(void)
{
	const struct command *const *c;
	size_t i;

	printf(".TH PAGEVISOR 1 \"\" \"pagevisor %s\"\n.SH NAME\npagevisor \\- ",
	       PAGEVISOR_VERSION);
	man_text(summary);
	printf("\n.SH SYNOPSIS\n");
	for (c = commands; *c; c++) {
		man_synopsis(*c);
		printf(".br\n");
	}
	printf("\\fBpagevisor\\fR [\\fB\\-\\-help\\fR | \\fB\\-\\-version\\fR]\n"
	       ".SH DESCRIPTION\n");
	man_text(description);
	printf("\n.SH COMMANDS\n");
	for (c = commands; *c; c++)
		man_command(*c);
	man_keys();
	man_probes();
	man_confinement();
	printf(".SH \"EXIT STATUS\"\n");
	for (i = 0; i < sizeof(exit_status) / sizeof(exit_status[0]); i++)
		man_item(exit_status[i][0], exit_status[i][1]);
}

/* SPDX-License-Identifier: MIT */
/*
 * The run: picks the experiments that the command line names, runs them one after another
 * in one thread, and prints a KTAP line for each, the comparison of all ways
 * to memory, and the counts.
 *
 *	experiments=GLOB[,GLOB...]	which; without it all but measurements, panics and what
 *		leaves something behind
 *	repeat=N|forever		how many rounds
 *	verbose				the claim and the time of each, as comments
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/sprintf.h>
#include <linux/string.h>

#include <guest/balloon.h>
#include <guest/blk.h>
#include <guest/dma_check.h>
#include <guest/dmacheck.h>
#include <guest/edu.h>
#include <guest/machine.h>
#include <guest/process.h>

#include "census.h"
#include "experiment.h"
#include "fault_watch.h"
#include "table.h"

#define EXIT_FAILED	 1 /* an experiment failed */
#define EXIT_NO_SUCH	 2 /* the command line names none that exists */
#define FAILURES_PRINTED 8 /* of one trial */

extern const struct experiment __start_experiments[], __stop_experiments[];

static const char *selection;
static unsigned int rounds = 1; /* 0: for ever */
static bool verbose;

static int set_selection(char *value)
{
	selection = value;
	return value ? 0 : -EINVAL;
}
early_param("experiments", set_selection);

static int set_rounds(char *value)
{
	if (!value)
		return -EINVAL;
	if (!strcmp(value, "forever")) {
		rounds = 0;
		return 0;
	}
	return kstrtouint(value, 10, &rounds) || !rounds ? -EINVAL : 0;
}
early_param("repeat", set_rounds);

static int set_verbose(char *value)
{
	(void)value;
	verbose = true;
	return 0;
}
early_param("verbose", set_verbose);

/* --- what experiments call ------------------------------------------------------------ */

void evidence(struct trial *x, const char *fmt, ...)
{
	va_list args;

	if (x->said)
		x->said += (size_t)scnprintf(x->evidence + x->said,
					     sizeof(x->evidence) - x->said, ", ");
	va_start(args, fmt);
	x->said += (size_t)vscnprintf(x->evidence + x->said,
				      sizeof(x->evidence) - x->said, fmt, args);
	va_end(args);
}

void trial_fail(struct trial *x, const char *file, int line, const char *cond,
		const char *fmt, ...)
{
	char text[160];
	va_list args;

	if (x->failures++ >= FAILURES_PRINTED)
		return;
	va_start(args, fmt);
	vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printk("# %s: %s:%d: %s (expected: %s)\n", x->experiment->name, file, line, text,
	       cond);
}

void provoke(struct trial *x, unsigned int n)
{
	printk("# %s: the complaint that follows is provoked\n", x->experiment->name);
	x->provokes += n;
}

void skip(struct trial *x, const char *reason)
{
	x->skipped = reason;
}

/* --- one trial ------------------------------------------------------------------------ */

static const char *missing_need(unsigned int needs)
{
	if ((needs & NEEDS_FAULTS) && !hypervisor.injects)
		return "no device makes mistakes here: give --inject";
	if ((needs & NEEDS_DMACHECK) && !dmacheck_device())
		return "this machine has no dmacheck device";
	if ((needs & NEEDS_DMA_CHECK) && !dma_check_area())
		return "nobody judges DMA here: give --dma-check";
	if ((needs & NEEDS_DMA_HASH) && !hypervisor.dma_check_hash)
		return "nobody hashes buffers here: give --dma-check=hash";
	if ((needs & NEEDS_IOMMU) && !device_behind_iommu())
		return "this machine has no IOMMU: add --iommu virtio";
	if ((needs & NEEDS_EDU) && !edu_device())
		return "this machine has no edu device: add --edu 28";
	if ((needs & NEEDS_BALLOON) && !balloon_there())
		return "this machine has no balloon: add --balloon 4M";
	if ((needs & NEEDS_DISK) && !blk_get(0))
		return "this machine has no virtio disk";
	if ((needs & NEEDS_2_CPUS) && num_online_cpus() < 2)
		return "this machine has one CPU";
	if ((needs & NEEDS_USER_MODE) && !process_supported())
		return PROCESS_UNSUPPORTED;
	return NULL;
}

static void run_trial(struct trial *x)
{
	static struct census before; /* one trial at a time */
	u64 start, books, ran;

	x->skipped = missing_need(x->experiment->needs);
	if (x->skipped)
		return;
	balloon_hold_reports(true);
	start = ktime_get_ns();
	census_take(&before);
	books = ktime_get_ns() - start;
	x->experiment->run(x);
	ran = ktime_get_ns() - start - books;
	census_check(x, &before);
	balloon_hold_reports(false);
	books = ktime_get_ns() - start - ran;
	if (verbose)
		printk("# %s: %lu us, its books %lu us\n", x->experiment->name,
		       ran / NSEC_PER_USEC, books / NSEC_PER_USEC);
}

static enum verdict verdict_of(const struct trial *x)
{
	if (x->failures)
		return VERDICT_FAIL;
	if (x->skipped)
		return VERDICT_SKIP;
	return x->experiment->popular ? VERDICT_REFUTED : VERDICT_PASS;
}

static enum verdict try_experiment(const struct experiment *e, unsigned int number,
				   bool ends_chapter)
{
	struct trial x = { .experiment = e,
			   .cpus = num_online_cpus(),
			   .ends_chapter = ends_chapter };
	enum verdict verdict;
	char line[320];

	if (verbose)
		printk("# %s: %s\n", e->name, e->claim);
	run_trial(&x);
	if (x.failures)
		evidence(&x, "%u of its expectations failed, see above", x.failures);
	verdict = verdict_of(&x);
	ktap_line(line, sizeof(line), verdict, number, e->name,
		  verdict == VERDICT_SKIP ? x.skipped : x.evidence);
	printk("%s\n", line);
	return verdict;
}

/* --- the run -------------------------------------------------------------------------- */

static size_t nr_experiments(void)
{
	return ((unsigned long)__stop_experiments - (unsigned long)__start_experiments) /
	       sizeof(struct experiment);
}

#define for_each_experiment(e)                                                         \
	for (size_t _i = 0; _i < nr_experiments() && ((e) = &__start_experiments[_i]); \
	     _i++)

static bool comes_before(const struct experiment *a, const struct experiment *b)
{
	return a->chapter != b->chapter ? a->chapter < b->chapter : a->line < b->line;
}

static bool is_selected(const struct experiment *e)
{
	if (!selection || !*selection)
		return !e->measurement && !e->leaves && !e->fatal;
	return glob_list_match(selection, e->name);
}

/* The selected experiments in the order of the run; how many. */
static unsigned int select_experiments(const struct experiment **run)
{
	const struct experiment *e;
	unsigned int n = 0;

	for_each_experiment(e)
	{
		unsigned int hole = n;

		if (!is_selected(e))
			continue;
		for (; hole && comes_before(e, run[hole - 1]); hole--)
			run[hole] = run[hole - 1];
		run[hole] = e;
		n++;
	}
	return n;
}

static bool names_one(const char *pattern, size_t length)
{
	const struct experiment *e;

	for_each_experiment(e) if (glob_match(pattern, length, e->name)) return true;
	return false;
}

/* Each pattern must name something: a misspelt one shall not look like a success. */
static bool selection_makes_sense(void)
{
	const char *list = selection, *pattern;
	bool good = true;
	size_t length;

	while (glob_list_next(&list, &pattern, &length)) {
		if (names_one(pattern, length))
			continue;
		printk("# experiments=: no experiment matches \"%.*s\"\n", (int)length,
		       pattern);
		good = false;
	}
	return good;
}

/* The table would cost more than what is measured. */
static bool only_measurements(const struct experiment **run, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (!run[i]->measurement)
			return false;
	return true;
}

static int run_rounds(const struct experiment **run, unsigned int n)
{
	unsigned int counts[VERDICT_REFUTED + 1] = { 0 }, number = 1;

	printk("KTAP version 1\n");
	if (rounds)
		printk("1..%u\n", n * rounds);
	for (unsigned int round = 0; !rounds || round < rounds; round++)
		for (unsigned int i = 0; i < n; i++) {
			bool last = i + 1 == n || run[i + 1]->chapter != run[i]->chapter;

			counts[try_experiment(run[i], number++, last)]++;
		}
	if (!only_measurements(run, n))
		print_comparison();
	printk("%u passed, %u failed, %u skipped\n",
	       counts[VERDICT_PASS] + counts[VERDICT_REFUTED], counts[VERDICT_FAIL],
	       counts[VERDICT_SKIP]);
	return counts[VERDICT_FAIL] ? EXIT_FAILED : 0;
}

int experiments_run(void)
{
	const struct experiment **run;
	int status;

	comparison_begin();
	if (!selection_makes_sense())
		return EXIT_NO_SUCH;
	run = kmalloc_array(nr_experiments(), sizeof(void *), GFP_KERNEL);
	if (!run)
		return EXIT_FAILED;
	status = run_rounds(run, select_experiments(run));
	kfree(run);
	return status;
}

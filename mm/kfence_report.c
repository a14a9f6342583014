/* SPDX-License-Identifier: MIT */
/* KFENCE's reports.  The wording is Linux's (mm/kfence/report.c), for log watchers. */
#include <linux/jiffies.h>
#include <linux/sprintf.h>
#include "mm/kfence.h"
#include "mm/slab.h"

static const char *access_name(bool is_write)
{
	return is_write ? "write" : "read";
}

void kfence_print_track(const struct kfence_track *track, bool freed)
{
	unsigned int ms = jiffies_to_msecs(track->when);

	if (!track->ip)
		return;
	pr_err("%s by task %d on cpu %u at %u.%03us:\n", freed ? "freed" : "allocated",
	       track->pid, track->cpu, ms / 1000, ms % 1000);
	pr_err(" %pS\n", (void *)track->ip);
	for (unsigned int i = 0; i < KFENCE_CHAIN && track->chain[i]; i++)
		pr_err(" %pS\n", (void *)track->chain[i]);
	pr_err("\n");
}

/* How far outside of its object the access was. */
static void report_oob(const struct kfence_bug *bug)
{
	const struct kfence_meta *meta = &bug->meta;
	bool left = bug->address < meta->addr;
	unsigned long bytes = left ? meta->addr - bug->address
				   : bug->address - (meta->addr + meta->size) + 1;

	pr_err("BUG: KFENCE: out-of-bounds %s in %pS\n", access_name(bug->is_write),
	       (void *)bug->ip);
	pr_err("\n");
	pr_err("Out-of-bounds %s at 0x%p (%luB %s of kfence-#%u):\n",
	       access_name(bug->is_write), (void *)bug->address, bytes,
	       left ? "left" : "right", bug->object);
}

static void report_uaf(const struct kfence_bug *bug)
{
	pr_err("BUG: KFENCE: use-after-free %s in %pS\n", access_name(bug->is_write),
	       (void *)bug->ip);
	pr_err("\n");
	pr_err("Use-after-free %s at 0x%p (in kfence-#%u):\n", access_name(bug->is_write),
	       (void *)bug->address, bug->object);
}

/* The bytes from the first wrong one on: a dot for each that is right. */
static void report_corruption(const struct kfence_bug *bug)
{
	char line[KFENCE_SHOWN * 5 + 1];
	size_t used = 0;

	for (unsigned int i = 0; i < bug->nr_bytes; i++) {
		bool right = bug->bytes[i] == kfence_canary(bug->address + i);

		used += (size_t)scnprintf(line + used, sizeof(line) - used,
					  right ? ". " : "0x%02x ", bug->bytes[i]);
	}
	pr_err("BUG: KFENCE: memory corruption in %pS\n", (void *)bug->ip);
	pr_err("\n");
	pr_err("Corrupted memory at 0x%p [ %s] (in kfence-#%u):\n", (void *)bug->address,
	       line, bug->object);
}

static void report_invalid(const struct kfence_bug *bug)
{
	pr_err("BUG: KFENCE: invalid %s in %pS\n", access_name(bug->is_write),
	       (void *)bug->ip);
	pr_err("\n");
	pr_err("Invalid %s at 0x%p:\n", access_name(bug->is_write), (void *)bug->address);
}

static void report_invalid_free(const struct kfence_bug *bug)
{
	pr_err("BUG: KFENCE: invalid free in %pS\n", (void *)bug->ip);
	pr_err("\n");
	if (bug->has_object)
		pr_err("Invalid free of 0x%p (in kfence-#%u):\n", (void *)bug->address,
		       bug->object);
	else
		pr_err("Invalid free of 0x%p:\n", (void *)bug->address);
}

static void report_object(const struct kfence_bug *bug)
{
	const struct kfence_meta *meta = &bug->meta;

	if (!bug->has_object || meta->state == KFENCE_UNUSED)
		return;
	pr_err("\n");
	pr_err("kfence-#%u: 0x%p-0x%p, size=%u, cache=%s\n", bug->object,
	       (void *)meta->addr, (void *)(meta->addr + meta->size - 1), meta->size,
	       meta->cache ? meta->cache->name : "<destroyed>");
	pr_err("\n");
	kfence_print_track(&meta->alloc, false);
	kfence_print_track(&meta->free, true);
}

void kfence_report(const struct kfence_bug *bug)
{
	static void (*const heads[])(const struct kfence_bug *bug) = {
		[KFENCE_ERROR_OOB] = report_oob,
		[KFENCE_ERROR_UAF] = report_uaf,
		[KFENCE_ERROR_CORRUPTION] = report_corruption,
		[KFENCE_ERROR_INVALID] = report_invalid,
		[KFENCE_ERROR_INVALID_FREE] = report_invalid_free,
	};

	slab_count_bug();
	pr_err("==================================================================\n");
	heads[bug->error](bug);
	dump_stack();
	report_object(bug);
	pr_err("==================================================================\n");
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/inspect/facts.h"
#include "vmm/util/process.h"

#define PAGE 4096u

/* --- writing ---------------------------------------------------------------------------- */

static json_t *pack_regions(const struct guest_facts *facts)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < facts->nr_regions; i++) {
		const struct facts_region *r = &facts->region[i];

		json_array_append_new(list, json_pack("{s:I, s:I, s:I}", "gpa",
						      (json_int_t)r->gpa, "size",
						      (json_int_t)r->size, "at",
						      (json_int_t)r->at));
	}
	return list;
}

json_t *facts_pack(const struct guest_facts *facts)
{
	return json_pack("{s:i, s:i, s:I, s:I, s:i, s:I, s:b, s:s*, s:s*, s:o}",
			 "version", FACTS_VERSION, "pid", (int)facts->pid, "birth",
			 (json_int_t)facts->birth, "started", (json_int_t)facts->started,
			 "cpus", (int)facts->cpus, "memstate",
			 (json_int_t)facts->memstate_gpa, "private", facts->private_ram,
			 "kernel", facts->kernel, "cmdline", facts->cmdline, "ram",
			 pack_regions(facts));
}

/* --- reading ---------------------------------------------------------------------------- */

static int bad(const char *what, const char *which, struct error *err)
{
	return error_set(err, EPROTO, "%s: what it says of itself makes no sense: %s",
			 what, which);
}

/* The number `name`; other values count as 0. */
static uint64_t number(const json_t *json, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(json, name));
}

static int unpack_region(struct guest_facts *facts, const json_t *json)
{
	struct facts_region r = { number(json, "gpa"), number(json, "size"),
				  number(json, "at") };
	uint64_t end = 0, end_at;

	if (facts->nr_regions == RAM_MAX_REGIONS)
		return -EPROTO;
	if (facts->nr_regions) {
		const struct facts_region *last = &facts->region[facts->nr_regions - 1];

		end = last->gpa + last->size;
	}
	if (!r.size || (r.gpa | r.size) % PAGE || r.gpa < end ||
	    __builtin_add_overflow(r.gpa, r.size, &end) ||
	    __builtin_add_overflow(r.at, r.size, &end_at))
		return -EPROTO;
	facts->region[facts->nr_regions++] = r;
	return 0;
}

static char *text_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? strdup(text) : NULL;
}

int facts_unpack(struct guest_facts *facts, const json_t *json, const char *what,
		 struct error *err)
{
	uint64_t cpus = number(json, "cpus");
	const json_t *region;
	size_t i;

	*facts = (struct guest_facts){ 0 };
	if (number(json, "version") != FACTS_VERSION)
		return bad(what, "its version", err);
	if (!cpus || cpus > FACTS_CPUS_MAX)
		return bad(what, "how many vCPUs it has", err);
	json_array_foreach(json_object_get(json, "ram"), i, region)
	{
		if (unpack_region(facts, region))
			return bad(what, "where its RAM is", err);
	}
	if (!facts->nr_regions)
		return bad(what, "where its RAM is", err);
	facts->pid = (pid_t)number(json, "pid");
	facts->birth = number(json, "birth");
	facts->started = (int64_t)number(json, "started");
	facts->cpus = (unsigned int)cpus;
	facts->memstate_gpa = number(json, "memstate");
	facts->private_ram = json_is_true(json_object_get(json, "private"));
	facts->kernel = text_of(json, "kernel");
	facts->cmdline = text_of(json, "cmdline");
	return 0;
}

int facts_parse(struct guest_facts *facts, const char *text, size_t size,
		const char *what, struct error *err)
{
	json_t *json = json_loadb(text, size, 0, NULL);
	int ret = facts_unpack(facts, json, what, err);

	json_decref(json);
	return ret;
}

void facts_free(struct guest_facts *facts)
{
	free(facts->kernel);
	free(facts->cmdline);
	*facts = (struct guest_facts){ 0 };
}

uint64_t facts_birth_of(pid_t pid)
{
	struct process_stat stat;

	process_stat(pid, &stat);
	return stat.birth;
}

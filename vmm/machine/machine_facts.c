/* SPDX-License-Identifier: MIT */
/* What others have to know to read this guest's memory: vmm/inspect/facts.h. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vmm/cli/rundir.h"
#include "vmm/machine/machine.h"
#include "vmm/util/log.h"

static void fill(struct machine *m, struct guest_facts *facts)
{
	const struct ram *ram = &m->mem.ram;
	unsigned int i;

	facts_free(facts);
	*facts = (struct guest_facts){
		.pid = getpid(),
		.birth = facts_birth_of(getpid()),
		.started = time(NULL),
		.cpus = m->config.cpus,
		.memstate_gpa = m->boot.kernel.memstate_gpa,
		.private_ram = m->mem.backend == MEMORY_PRIVATE,
		.nr_regions = ram->nr,
		.kernel = realpath(m->config.kernel, NULL),
		.cmdline = strdup(m->config.cmdline),
	};
	for (i = 0; i < ram->nr; i++)
		facts->region[i] =
			(struct facts_region){ .gpa = ram->region[i].gpa,
					       .size = ram->region[i].size,
					       .at = (uintptr_t)ram->region[i].host };
}

void machine_make_facts(struct machine *m)
{
	const char *name = m->config.name ? m->config.name : m->config.title;
	char *text, *path = NULL;
	struct error err;
	json_t *json;

	/* It asks the host for a seed, which a confined process cannot. */
	json_object_seed(0);
	fill(m, &m->facts);
	if (!name || !rundir_name_ok(name))
		return;
	json = facts_pack(&m->facts);
	text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	/* The guest runs as well without being looked at. */
	if (text && rundir_write_facts(name, text, &path, &err))
		log_step("%s", err.text);
	if (path)
		sweep_add(&m->sweep, path);
	free(path);
	free(text);
	json_decref(json);
}

void machine_end_facts(struct machine *m)
{
	facts_free(&m->facts);
}

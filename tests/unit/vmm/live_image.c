/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <unistd.h>
#include <jansson.h>

#include "tests/unit/vmm/live_image.h"
#include "tests/unit/vmm/vmm_test.h"
#include "vmm/cli/rundir.h"

struct guest_facts live_facts(const struct image *image)
{
	return (struct guest_facts){
		.pid = getpid(),
		.birth = facts_birth_of(getpid()),
		.started = 1,
		.cpus = 2,
		.memstate_gpa = IMAGE_TABLE,
		.private_ram = true,
		.nr_regions = 1,
		.region = { { 0, IMAGE_SIZE, (uintptr_t)image->bytes } },
	};
}

void live_publish(const struct guest_facts *facts)
{
	struct error err = { "" };
	json_t *json = facts_pack(facts);
	char *text = json_dumps(json, 0), *path;

	if (rundir_write_facts("it", text, &path, &err))
		fail_msg("%s", err.text);
	free(path);
	free(text);
	json_decref(json);
}

/* SPDX-License-Identifier: MIT */
/* Programs as parts of an experiment: user.h. */
#include <linux/err.h>
#include <linux/slab.h>

#include <guest/process.h>
#include <guest/xxhash.h>

#include "user.h"

struct process *user_start(struct trial *x, const char *program, const char *arg)
{
	const char *const args[] = { arg, NULL };
	struct process *p = process_start(program, args);

	return expect(x, !IS_ERR(p), "%s does not start: %ld", program, PTR_ERR(p))
		       ? p
		       : NULL;
}

bool user_pause(struct trial *x, struct process *p)
{
	bool paused = process_wait_pause(p);

	expect(x, paused, "it ended too early, with status %#x", process_wait(p));
	return paused;
}

void user_wait(struct trial *x, struct process *p, int status)
{
	int ended;

	while (process_wait_pause(p))
		process_resume(p);
	ended = process_wait(p);
	expect(x, ended == status, "it ended with status %#x, not %#x", ended, status);
}

u64 user_hash_of_offsets(size_t size)
{
	u64 *copy = kvmalloc(size, GFP_KERNEL), hash;

	if (!copy)
		return 0;
	for (size_t at = 0; at < size; at += 8)
		copy[at / 8] = at;
	hash = xxh3_64(copy, size);
	kvfree(copy);
	return hash;
}

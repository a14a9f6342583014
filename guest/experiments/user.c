/* SPDX-License-Identifier: MIT */
/* Programs as parts of an experiment: user.h. */
#include <linux/err.h>
#include <guest/process.h>

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

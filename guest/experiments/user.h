/* SPDX-License-Identifier: MIT */
/* Programs as parts of an experiment: what goes wrong with one fails the trial. */
#ifndef GUEST_EXPERIMENTS_USER_H
#define GUEST_EXPERIMENTS_USER_H

#include "experiment.h"

struct process;

/* Starts a program with one argument, or none (NULL); NULL when it does not start. */
struct process *user_start(struct trial *x, const char *program, const char *arg);
/* Waits until it pauses; false when it ended instead. */
bool user_pause(struct trial *x, struct process *p);
/* Lets it run on through all its pauses to its end, which is to be with this status. */
void user_wait(struct trial *x, struct process *p, int status);

/* XXH3-64 of so many bytes in which each word holds its own offset, as programs fill the
 * buffers that the device looks at; 0 without memory. */
u64 user_hash_of_offsets(size_t size);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The event loop of the main thread: two epoll sets of struct host_watch.
 *
 * The first belongs to the devices; its callbacks run with the device lock held.  The
 * second is for what must come through even while a vCPU holds that lock for long (signals,
 * the end of the run): its callbacks run without the lock and leave devices alone.
 *
 * No watch is called after it was taken away: events are fetched with the lock held, and
 * unwatching, under the same lock, strikes out what was fetched.
 */
#ifndef VMM_LOOP_H
#define VMM_LOOP_H

#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "devices/host.h"

#define LOOP_BATCH 32

struct loop {
	int fd; /* the devices' set; */
	int urgent_fd; /* and the other */
	pthread_mutex_t *lock;
	struct epoll_event batch[LOOP_BATCH]; /* fetched, under lock */
	int nr_batch;
};

/* 0 or a negative errno. */
int loop_init(struct loop *loop, pthread_mutex_t *lock);
void loop_fini(struct loop *loop);

/* As host_ops.watch and .unwatch: with the lock held.  Events 0: none for now.
 * -EPERM: the descriptor is a plain file, always ready. */
int loop_watch(struct loop *loop, struct host_watch *w, uint32_t events);
void loop_unwatch(struct loop *loop, struct host_watch *w);

/* Watches for input without the lock, for the whole life of the loop. */
int loop_watch_urgent(struct loop *loop, struct host_watch *w);

/* Waits for events and calls their watches.  Main thread, lock not held. */
void loop_run_once(struct loop *loop);

#endif

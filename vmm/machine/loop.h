/* SPDX-License-Identifier: MIT */
/*
 * The event loop of the main thread: three epoll sets of struct host_watch.
 *
 * The first belongs to the devices; its callbacks run with the device lock held.  The
 * second is for what must come through even while a vCPU holds that lock for long (signals,
 * the end of the run): its callbacks run without the lock and leave devices alone.  The
 * third is for control from outside: without the lock, since its callbacks pause and reset
 * the machine, and in turn with the devices, so that no client can keep those waiting.
 *
 * No watch is called after it was taken away: unwatching strikes out what was fetched.  The
 * devices' events are fetched, and their watches taken away, under the lock; those of
 * control on the main thread only.
 */
#ifndef VMM_LOOP_H
#define VMM_LOOP_H

#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "devices/host.h"

#define LOOP_BATCH 32

struct loop_set {
	int fd; /* of epoll */
	int nr_batch;
	struct epoll_event batch[LOOP_BATCH]; /* fetched and not called yet */
};

struct loop {
	pthread_mutex_t *lock; /* of the devices and their set */
	struct loop_set devices;
	struct loop_set control;
	int urgent_fd;
};

/* 0 or a negative errno. */
int loop_init(struct loop *loop, pthread_mutex_t *lock);
/* Also for one whose loop_init() failed. */
void loop_fini(struct loop *loop);

/* As host_ops.watch and .unwatch: with the lock held.  Events 0: none for now.
 * -EPERM: the descriptor is a plain file, always ready. */
int loop_watch(struct loop *loop, struct host_watch *w, uint32_t events);
void loop_unwatch(struct loop *loop, struct host_watch *w);

/* Watches for input without the lock, for the whole life of the loop. */
int loop_watch_urgent(struct loop *loop, struct host_watch *w);

/* The same as loop_watch() and loop_unwatch(), for control: main thread, lock not held. */
int loop_watch_control(struct loop *loop, struct host_watch *w, uint32_t events);
void loop_unwatch_control(struct loop *loop, struct host_watch *w);

/* Waits for events and calls their watches.  Main thread, lock not held. */
void loop_run_once(struct loop *loop);

#endif

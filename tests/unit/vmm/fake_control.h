/* SPDX-License-Identifier: MIT */
/* A machine that is none: it notes what was asked of it. */
#ifndef TESTS_UNIT_VMM_FAKE_CONTROL_H
#define TESTS_UNIT_VMM_FAKE_CONTROL_H

#include "vmm/machine/control.h"

struct fake_control {
	struct control control;
	enum control_status status;
	unsigned int stops, conts, resets, powerdowns, nmis, quits, dumps;
	bool refuse; /* whatever can fail does */
	bool confined, without_kvm;
	const char *uuid;
	int disk_error; /* of the second disk */
	bool reports; /* its disks' errors go to the guest, when it is managed */
	bool managed; /* its disks, console and balloon have libvirt's names */
	uint64_t balloon_bytes; /* 0: there is no balloon */
	uint32_t balloon_interval;
	struct control_actions actions;
	struct control_dump dump; /* the last one; its descriptor gets one byte */
};

/* Prelaunch; named "fake", with two vCPUs, two disks and one console. */
void fake_control_init(struct fake_control *fake);

#endif

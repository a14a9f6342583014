/* SPDX-License-Identifier: MIT */
/* The small guest of memstate_image.h as a machine whose monitor is this very process. */
#ifndef TESTS_UNIT_VMM_LIVE_IMAGE_H
#define TESTS_UNIT_VMM_LIVE_IMAGE_H

#include "tests/unit/vmm/memstate_image.h"
#include "vmm/inspect/facts.h"

/* What such a machine says of itself. */
struct guest_facts live_facts(const struct image *image);
/* Puts it down in the run-time directory, as of the machine "it". */
void live_publish(const struct guest_facts *facts);

#endif
